"""verify: reports from files, pipes and entries; for people and for CI."""

import json
from pathlib import Path

import pytest

from commonplace import Memory
from commonplace.cli import exits
from commonplace.cli.meanings import OBJECTS
from commonplace.limits import MAX_REPORT_BYTES
from shell import Shell, references

TASK = ("--task", "task/q3")
REPORT = """# Churn

Churn fell 11% [findings@3#L1]. Revenue rose [findings@2#L2]; costs rose 9% [findings@3#L3].
It was 12% before [findings@2#L1]. Nine of 9 agree.
"""


@pytest.fixture
def reader(team: Shell, memory: Memory) -> Shell:
    """The team, of whom `web` read the findings at version 3 in a turn."""
    with memory.as_actor("web") as web, web.turn() as turn:
        turn.read("task/q3:findings@3")
    return team


@pytest.fixture
def report(tmp_path: Path) -> str:
    path = tmp_path / "brief.md"
    path.write_text(REPORT, "utf-8")
    return str(path)


def test_it_prints_a_line_for_each_finding_and_a_summary(reader: Shell, report: str) -> None:
    found = reader.run("verify", report, *TASK)
    assert found.exit_code == exits.FINDINGS
    lines = found.stdout.splitlines()
    assert [line.split("  ")[:3] for line in lines[:-2]] == [
        [f"{report}:3:46", "mismatch", "task/q3:findings@2#L2"],
        [f"{report}:3:77", "mismatch", "task/q3:findings@3#L3"],
        [f"{report}:4:19", "unserved", "task/q3:findings@2#L1"],
    ]
    assert lines[2].endswith("(also stale)")
    assert lines[-2] == f'{report}:4  uncited  "Nine of 9 agree."'
    assert lines[-1] == (
        "FINDINGS  4 citations: 2 mismatch, 1 unserved, 1 ok; 1 with numbers and no citation"
    )


def test_every_reference_it_prints_pastes(reader: Shell, report: str) -> None:
    printed = references(reader.run("verify", report, *TASK).stdout)
    assert "task/q3:findings@2#L1" in printed
    for each in printed:
        assert reader.run("show", each).exit_code == exits.OK


def test_all_is_ok_is_exit_0(reader: Shell) -> None:
    good = reader.run("verify", "-", *TASK, stdin="Churn fell 11% [findings@3#L1].\n")
    assert (good.exit_code, good.stdout) == (exits.OK, "ok  1 citation: 1 ok\n")
    none = reader.run("verify", "-", *TASK, stdin="Nothing.\n")
    assert (none.exit_code, none.stdout) == (exits.OK, "ok  0 citations\n")


def test_strict_fails_on_a_number_without_a_citation(reader: Shell) -> None:
    text = "Churn fell 11% [findings@3#L1]. Nine of 9.\n"
    assert reader.run("verify", "-", *TASK, stdin=text).exit_code == exits.OK
    assert reader.run("verify", "-", *TASK, "--strict", stdin=text).exit_code == exits.FINDINGS


def test_stale_can_be_allowed_and_nothing_else_with_it(reader: Shell, memory: Memory) -> None:
    memory.task("q3").block("findings").replace("11%", "10%")
    stale = "Churn fell 11% [findings@3#L1].\n"
    found = reader.run("verify", "-", *TASK, stdin=stale)
    assert (found.exit_code, found.stdout[:8]) == (exits.FINDINGS, "-:1:16  ")
    found = reader.run("verify", "-", *TASK, "--allow-stale", stdin=stale)
    assert found.exit_code == exits.OK
    assert found.stdout.splitlines()[-1] == "ok  1 citation: 1 stale"
    both = stale + "It is 9 [findings@3#L1].\n"
    assert reader.run("verify", "-", *TASK, "--allow-stale", stdin=both).exit_code == 1


def test_json_has_one_object_for_each_and_a_summary(reader: Shell, report: str) -> None:
    found = reader.run("verify", report, *TASK, "--json")
    assert found.exit_code == exits.FINDINGS
    objects = [json.loads(line) for line in found.stdout.splitlines()]
    kinds = [each["type"] for each in objects]
    assert kinds == ["citation"] * 4 + ["uncited", "verification"]
    for each in objects:
        assert tuple(each) == ("type", *OBJECTS[each["type"]].fields)
    assert [each["verdict"] for each in objects[:4]] == ["ok", "mismatch", "mismatch", "unserved"]
    assert objects[3]["also"] == ["stale"]
    summary = objects[-1]
    assert (summary["ok"], summary["citations"], summary["uncited"]) == (False, 4, 1)
    assert sum(summary["verdicts"].values()) == 4
    assert summary["turns"] == 1


def test_a_report_that_is_an_entry_needs_no_task(reader: Shell, memory: Memory) -> None:
    task = memory.task("q3")
    task.create_block("report", share={"web": "owner"})
    with memory.as_actor("web") as web:
        web.task("q3").block("report").append("Churn fell 11% [findings@3#L1].")
    assert reader.lines("verify", "task/q3:report") == ["ok  1 citation: 1 ok"]
    assert reader.run("verify", "task/q3:absent").exit_code == exits.NOT_FOUND
    assert reader.run("verify", "task/q3:report", actor="nobody").exit_code == exits.DENIED


def test_the_run_can_be_named(reader: Shell, memory: Memory) -> None:
    text = "Churn fell 11% [findings@3#L1].\n"
    with memory.as_actor("docs") as docs, docs.turn() as turn:
        turn.read("task/q3:findings@1")
    with memory.as_actor("web") as web, web.turn() as turn:
        turn.read("task/q3:findings@3")
    for words, code in (
        (("--actor", "web"), exits.OK),
        (("--actor", "docs"), exits.FINDINGS),
        (("--actor", "docs", "--actor", "web"), exits.OK),
        (("--turn", "t0"), exits.FINDINGS),
        (("--turn", "t0", "--turn", turn.id), exits.OK),
        (("--written", "r3"), exits.FINDINGS),
        (("--written", "2000-01-01T00:00Z"), exits.FINDINGS),
        (("--written", f"r{memory.position().revision}"), exits.OK),
    ):
        assert reader.run("verify", "-", *TASK, *words, stdin=text).exit_code == code, words


def test_without_turns_it_says_so_on_standard_error(team: Shell) -> None:
    found = team.run("verify", "-", *TASK, stdin="Churn fell 11% [findings@3#L1].\n")
    assert "unserved" in found.stdout
    assert "work in turns?" in found.stderr


def test_foreign_citations_are_allowed_when_asked_for(reader: Shell) -> None:
    text = "It is 1 [task/q4:findings@1].\n"
    refused = reader.run("verify", "-", *TASK, stdin=text)
    assert (refused.exit_code, refused.stdout) == (exits.USAGE, "")
    assert "task/q4 is foreign" in refused.stderr
    allowed = reader.run("verify", "-", *TASK, "--allow-foreign", stdin=text)
    assert allowed.exit_code == exits.FINDINGS
    assert "missing" in allowed.stdout


def test_faults_of_the_report_are_shown_with_a_caret_and_escaped(reader: Shell) -> None:
    found = reader.run("verify", "-", *TASK, stdin="\x1b[31m [findings@x]\n")
    assert (found.exit_code, found.stdout) == (exits.USAGE, "")
    assert "\x1b" not in found.stderr
    assert found.stderr.splitlines()[1:] == [
        "line 1: 'x' is no time such as 2026-11-20T03:00Z.",
        "  \\x1b[31m [findings@x]",
        "                     ^",
    ]
    as_json = reader.run("verify", "-", *TASK, "--json", stdin="[findings@x]\n")
    error = json.loads(as_json.stderr)
    assert (error["code"], error["facts"]["line"]) == ("invalid_report", 1)
    assert error["facts"]["problems"][0][:2] == [1, 11]


def test_stored_text_is_escaped_on_the_way_out(reader: Shell, memory: Memory) -> None:
    memory.task("q3").block("findings").append("\x1b]0;title\x07 is 5")
    with memory.as_actor("web") as web, web.turn() as turn:
        turn.read("task/q3:findings")
    text = "It is 6 \x1b[1m [findings@6#L6]. \x1b[2m9."
    found = reader.run("verify", "-", *TASK, stdin=text)
    assert "mismatch" in found.stdout
    assert "\x1b" not in found.stdout + found.stderr


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("-",), "Whose report is it?"),
        (("absent.md", *TASK), "There is no file 'absent.md'"),
        (("absent:md", *TASK), "partial"),
        (("-", "--task", "task"), "partial"),
        (("-", *TASK, "--written", "soon"), "no time"),
        (("-", *TASK, "--actor", " "), "space"),
    ],
)
def test_what_is_malformed_is_a_usage_error(
    reader: Shell, words: tuple[str, ...], message: str
) -> None:
    found = reader.run("verify", *words, stdin="x")
    assert (found.exit_code, found.stdout) == (exits.USAGE, "")
    assert message in found.stderr


def test_a_report_that_is_no_text_or_too_long_is_refused(reader: Shell, tmp_path: Path) -> None:
    binary = tmp_path / "binary"
    binary.write_bytes(b"ok \xff\xfe")
    found = reader.run("verify", str(binary), *TASK)
    assert found.exit_code == exits.USAGE
    assert "no UTF-8: see byte 3" in found.stderr
    long = tmp_path / "long"
    long.write_bytes("é".encode() * (MAX_REPORT_BYTES // 2 + 1))
    found = reader.run("verify", str(long), *TASK)
    assert found.exit_code == exits.CONFLICT
    assert "limit_exceeded" in found.stderr
    marked = tmp_path / "marked"
    marked.write_bytes(b"\xef\xbb\xbf# Title\n")
    assert reader.run("verify", str(marked), *TASK).exit_code == exits.OK
