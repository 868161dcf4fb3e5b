"""Commands read from a local copy that follows the memory, and write to the memory."""

from pathlib import Path

import pytest

from commonplace import Memory
from shell import Shell


def test_every_answer_is_that_of_the_memory(team: Shell, tmp_path: Path) -> None:
    copy = str(tmp_path / "copy.db")
    for words in (
        ("show", "task/q3:findings"),
        ("log", "task/q3"),
        ("blame", "task/q3:findings"),
        ("why", "Churn fell 11%"),
        ("timeline", "task/q3"),
        ("describe", "task/q3:findings"),
    ):
        assert team.lines(*words, "--follow", copy) == team.lines(*words), words
    assert Path(copy).exists()


def test_the_environment_names_the_copy_too(
    team: Shell, memory: Memory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COMMONPLACE_FOLLOW", str(tmp_path / "copy.db"))
    assert team.run("append", "task/q3:plan", "Read page 18.").exit_code == 0
    assert "Read page 18." in memory.task("q3").block("plan").read().text
    assert any("Read page 18." in line for line in team.lines("show", "task/q3:plan"))


def test_a_file_of_something_else_is_refused(team: Shell, tmp_path: Path) -> None:
    with Memory(tmp_path / "other.db", actor="sup") as other:
        other.create_task("mine")
    result = team.run("log", "--follow", str(tmp_path / "other.db"))
    assert result.exit_code == 6
    assert "another log" in result.stderr and "was not touched" in result.stderr
