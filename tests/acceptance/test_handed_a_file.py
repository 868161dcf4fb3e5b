"""Somebody on call is handed a memory's file and a false sentence, and has `--help`."""

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

import commonplace

SENTENCE = "Churn fell 12% in Q3."


@pytest.fixture
def address(tmp_path: Path) -> Path:
    """A crew wrote a false sentence, read it, built a brief on it, and replaced it in time."""
    address = tmp_path / "team.db"
    with commonplace.Memory(address, actor="lead") as lead:
        task = lead.create_task("q3", share={"web-1": "editor", "writer": "editor"})
        findings, brief = task.create_block("findings"), task.create_block("brief")
        with lead.as_actor("web-1") as web, web.turn() as turn:
            web.task("q3").block("findings").append(
                f"{SENTENCE}\nRevenue grew.", reason="page 17", turn=turn
            )
        with lead.as_actor("writer") as writer, writer.turn() as turn:
            turn.render("task/q3:findings")
            writer.task("q3").block("brief").append("Customers stay longer.", turn=turn)
        with lead.as_actor("idle") as idle, idle.turn():
            pass
        findings.replace("Revenue grew.", "Revenue grew 3%.")
        brief.append("The end.")
    return address


def run(address: Path, line: str) -> subprocess.CompletedProcess[str]:
    """A command line, typed as it is printed."""
    program = str(Path(sys.executable).with_name("commonplace"))
    words = shlex.split(line)
    assert words[0] == "commonplace"
    environment = {
        "PATH": os.environ["PATH"],
        "COMMONPLACE_MEMORY": str(address),
        "COMMONPLACE_ACTOR": "lead",
    }
    return subprocess.run(
        [program, *words[1:]], capture_output=True, text=True, check=False, env=environment
    )


def test_three_commands_from_help_alone_find_and_undo_it(address: Path) -> None:
    offered = run(address, "commonplace --help").stdout
    assert "commonplace why 'the false sentence'" in offered

    told = run(address, f"commonplace why {shlex.quote(SENTENCE)}").stdout
    assert "written  by web-1" in told and '"page 17"' in told
    assert "served   to 1 turn: writer (1)" in told
    assert "task/q3:brief@1  writer  inferred" in told
    (next_line,) = [line.strip() for line in told.splitlines() if "commonplace retract" in line]

    foreseen = run(address, next_line)
    assert foreseen.returncode == 0
    assert "told: writer" in foreseen.stdout and "task/q3:brief@1" in foreseen.stdout
    assert "--yes" in foreseen.stderr, "the dry run does not say how to do it"

    done = run(address, f"{next_line} --yes")
    assert done.returncode == 0, done.stderr
    with commonplace.Memory(address, actor="writer") as memory, memory.turn() as turn:
        (notice,) = turn.notices
        assert (notice.text, notice.actor) == (SENTENCE, "lead")
        text = turn.read("task/q3:findings").text
        assert SENTENCE not in text and "Revenue grew 3%." in text
    again = run(address, f"commonplace why {shlex.quote(SENTENCE)}").stdout
    assert "retracted" in again and "commonplace retract" not in again


def test_whoever_may_not_read_is_told_whom_to_ask(address: Path) -> None:
    asked = run(address, f"commonplace why {shlex.quote(SENTENCE)} --as stranger")
    assert SENTENCE not in asked.stdout.replace(f'"{SENTENCE}"', "").replace(f"'{SENTENCE}'", "")
    assert "web-1" not in asked.stdout
    assert "The tenant's owner is lead. To act as another: --as NAME" in asked.stderr
