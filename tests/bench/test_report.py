import json
import re
import socket
from pathlib import Path

import pytest
from click.testing import CliRunner

from commonplace.bench import machine
from commonplace.bench.command import bench
from commonplace.bench.report import BEGIN, END, machine_line, page_part, rewritten, row_lines
from commonplace.bench.result import Result
from commonplace.bench.row import Row

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "benchmarks.md"
RESULT = ROOT / "docs" / "benchmarks.json"

MACHINE = {
    "cores": 2,
    "processor": "one",
    "memory_gb": 4.0,
    "system": "Linux 6",
    "filesystem": "ext4",
    "sync_us": 200.0,
    "python": "3.11",
    "sqlite": "3.50",
    "sqlite_of_python": "3.40",
    "langgraph_checkpoint_sqlite": None,
    "postgres": {"version": "18.1", "settings": "fsync on"},
    "langgraph_checkpoint_postgres": None,
}
ROWS = (
    Row("fast", "a ratio", 12.34, "x", 10.0, True, (11.0, 13.0), {"ours, us": 5.0}, "a note"),
    Row("slow", "a wait", 70.0, "ms", 50.0, False),
    Row("none", "a share", None, "share", 0.9, True, note="not measured"),
)
MADE = Result("2026-01-02", "0.1", MACHINE, {"rounds": 3, "seconds": 1.0}, ROWS)


def test_an_aim_is_a_floor_or_a_ceiling_or_open():
    assert [row.met for row in ROWS] == [True, False, None]


def test_a_result_survives_json():
    again = Result.from_json(MADE.to_json())
    assert again.to_json() == MADE.to_json()
    assert again.rows[0] == ROWS[0]
    with pytest.raises(ValueError, match="format"):
        Result.from_json("[]")


def test_the_terminal_says_what_was_missed():
    lines = [next(row_lines(row)) for row in ROWS]
    assert lines[0].startswith("ok")
    assert lines[1].startswith("MISSED")
    assert "70.0 ms" in lines[1]


def test_only_the_measured_part_of_the_page_is_rewritten():
    page = f"before\n{BEGIN}\nold\n{END}\nafter\n"
    fresh = rewritten(page, MADE)
    assert fresh.startswith("before\n")
    assert fresh.endswith("\nafter\n")
    assert "old" not in fresh
    assert rewritten(fresh, MADE) == fresh
    with pytest.raises(ValueError, match="no part"):
        rewritten("nothing here", MADE)


def test_the_machine_is_described_and_not_named(tmp_path):
    told = machine.describe(tmp_path, None)
    assert set(told) == set(MACHINE)
    assert socket.gethostname() not in json.dumps(told)


def test_a_server_is_named_with_its_settings_where_there_was_one():
    assert "PostgreSQL 18.1 (fsync on)" in machine_line(MACHINE)
    assert "PostgreSQL" not in machine_line({**MACHINE, "postgres": None})


def test_without_a_server_its_rows_are_left_out_with_a_line(tmp_path, monkeypatch):
    monkeypatch.setenv("COMMONPLACE_TEST_POSTGRES", "postgresql://nobody@127.0.0.1:1/none")
    done = CliRunner().invoke(bench, ["--only", "postgres", "--folder", str(tmp_path)])
    assert done.exit_code == 0, done.output
    lines = [line for line in done.output.splitlines() if line]
    assert len(lines) == 2
    assert lines[0].startswith("No rows of PostgreSQL: the server does not answer")


def test_the_page_shows_the_result_kept_beside_it():
    result = Result.from_json(RESULT.read_text("utf-8"))
    assert page_part(result) in PAGE.read_text("utf-8")


def test_a_kept_result_is_shown_and_put_into_a_page_without_measuring(tmp_path):
    source, page = tmp_path / "result.json", tmp_path / "page.md"
    source.write_text(MADE.to_json())
    page.write_text(f"{BEGIN}\n{END}\n")
    done = CliRunner().invoke(bench, ["--from", str(source), "--page", str(page)])
    assert done.exit_code == 0, done.output
    assert "MISSED" in done.output
    assert "12.3x" in page.read_text()


def test_the_command_measures_and_writes_json(tmp_path):
    output = tmp_path / "result.json"
    options = ["--quick", "--rounds", "1", "--seconds", "0.05", "--only", "alone"]
    folder = ["--folder", str(tmp_path), "--json", str(output)]
    done = CliRunner().invoke(bench, [*options, *folder])
    assert done.exit_code == 0, done.output
    kept = Result.from_json(output.read_text())
    assert [row.name for row in kept.rows] == [
        "lone-writer",
        "point-read",
        "point-read-first",
    ]
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", kept.day)
    assert [path.name for path in tmp_path.iterdir()] == ["result.json"]


@pytest.mark.parametrize("content", [None, "no json", "[]", '{"format": 1}'])
def test_what_is_no_result_is_a_usage_error(content, tmp_path):
    source = tmp_path / "result.json"
    if content is not None:
        source.write_text(content)
    done = CliRunner().invoke(bench, ["--from", str(source)])
    assert done.exit_code == 2
