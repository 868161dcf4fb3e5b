"""create, append, share and unshare: what agents and people write on a shell."""

import json
from pathlib import Path

import pytest

from commonplace import Identity, Memory
from commonplace.cli import exits
from commonplace.cli.options import Settings
from shell import Shell


def test_from_nothing_to_a_shared_block(shell: Shell) -> None:
    assert shell.lines("create", "task/q3") == ["task/q3"]
    assert shell.lines("create", "task/q3:findings") == ["task/q3:findings"]
    assert shell.lines("append", "task/q3:findings", "First.") == ["task/q3:findings@1  r4"]
    assert shell.lines("share", "task/q3", "web=editor", "docs=reader") == ["r5  task/q3"]
    assert shell.lines("append", "task/q3:findings", "Second.", actor="web")
    assert shell.run("append", "task/q3:findings", "No.", actor="docs").exit_code == exits.DENIED
    assert shell.lines("show", "task/q3:findings", "--raw", actor="docs") == ["First.", "Second."]
    assert shell.lines("unshare", "task/q3", "docs")
    assert shell.run("show", "task/q3:findings", actor="docs").exit_code == exits.DENIED


def test_creating_again_changes_nothing(shell: Shell) -> None:
    for _ in range(2):
        shell.lines("create", "task/q3")
        shell.lines("create", "task/q3:findings")
    assert shell.objects("position")[0]["revision"] == 3


def test_append_takes_what_every_write_takes(team: Shell) -> None:
    words = ("append", "findings", "-", "--in", "task/q3", "--reason", "page 9", "--kind")
    result = team.run(*words, "inference", "--based-on", "findings@1", "--key", "k", stdin="a\nb\n")
    assert result.exit_code == 0, result.stderr
    record = team.objects("log", "--limit", "1")[0]
    assert record["arguments"]["text"] == "a\nb\n"
    assert (record["reason"], record["kind"]) == ("page 9", "inference")
    assert record["based_on"] == ["task/q3:findings@1"]


@pytest.mark.parametrize(
    "words",
    [
        ("- an item",),
        ("-5 degrees", "--reason", "- because"),
        ("--- a/b", "--reason=- why not"),
        ("- mostly", "--kind", "inference"),
        ("--", "-x"),
        ("--reason", "r", "--", "--json"),
    ],
)
def test_a_text_may_begin_with_a_dash(team: Shell, words: tuple[str, ...]) -> None:
    result = team.run("append", "task/q3:findings", *words)
    assert result.exit_code == exits.OK, result.stderr
    text = words[-1] if "--" in words else words[0]
    assert team.objects("log", "--limit", "1")[0]["arguments"] == {"text": text}


def test_a_mistyped_option_is_no_text(team: Shell) -> None:
    assert team.run("append", "task/q3:findings", "x", "--resaon", "y").exit_code == exits.USAGE
    assert team.run("append", "task/q3:findings", "-x").exit_code == exits.USAGE


def test_the_same_key_writes_once(team: Shell) -> None:
    words = ("append", "task/q3:findings", "Once.", "--key", "k1")
    (first,), (second,) = team.objects(*words), team.objects(*words)
    assert (first["repeated"], second["repeated"]) == (False, True)
    assert first["revision"] == second["revision"]
    other = team.run("append", "task/q3:findings", "Twice.", "--key", "k1")
    assert other.exit_code == exits.CONFLICT


def test_a_conflict_is_exit_code_3_and_names_what_stands(team: Shell) -> None:
    words = ("append", "task/q3:findings", "late", "--expect", "3", "--json")
    result = team.run(*words)
    assert (result.exit_code, result.stdout) == (exits.CONFLICT, "")
    error = json.loads(result.stderr)
    assert error["code"] == "version_conflict"
    assert error["facts"]["current"] == "task/q3:findings@5"
    assert error["facts"]["changes"] == ["task/q3:findings@4", "task/q3:findings@5"]
    assert team.run(*words[:-3], "--expect", "5").exit_code == exits.OK


def test_share_over_a_prefix_and_over_the_tenant(team: Shell) -> None:
    assert team.run("namespaces", "task/", actor="new").stdout == ""
    team.lines("share", "task/", "new=reader")
    assert team.lines("namespaces", actor="new") == ["task/q3"]
    assert team.run("create", "task/q4", actor="new").exit_code == exits.DENIED
    team.lines("share", "tenant", "new=contributor")
    assert team.lines("create", "task/q4", actor="new") == ["task/q4"]


def test_share_without_history_hides_what_was(team: Shell) -> None:
    team.lines("share", "task/q3:findings", "late=reader", "--no-history")
    assert team.lines("log", actor="late") == []
    team.lines("append", "task/q3:findings", "Later.")
    assert len(team.lines("log", actor="late")) == 1


def test_what_cannot_be_shared_or_appended_to_is_usage(team: Shell) -> None:
    for words in (
        ("share", "task/q3", "web=emperor"),
        ("share", "task/", "web=reader", "--no-history"),
        ("share", "task/q3:findings@3", "web=reader"),
        ("append", "task/q3:findings@3", "x"),
        ("append", "task/q3:findings", ""),
        ("create", "task/"),
        ("create", "task/q3:findings@1"),
        ("create", "task/q3:_grants"),
    ):
        result = team.run(*words)
        assert result.exit_code == exits.USAGE, (words, result.stderr)


def test_reading_creates_neither_file_nor_tenant(team: Shell, tmp_path: Path) -> None:
    here = set(tmp_path.iterdir())
    for words in (
        ("log",),
        ("show", "task/q3:findings"),
        ("append", "task/q3:findings", "x"),
        ("audit",),
        ("namespaces",),
    ):
        absent = team.run(*words, "--memory", str(tmp_path / "absent.db"))
        assert absent.exit_code == exits.NOT_FOUND
        elsewhere = team.run(*words, "--tenant", "other")
        assert (elsewhere.exit_code, "other" in elsewhere.stderr) == (exits.NOT_FOUND, True)
    assert {path.name for path in tmp_path.iterdir()} == {path.name for path in here}


def test_options_stand_before_the_command_or_behind_it(team: Shell, tmp_path: Path) -> None:
    before = team.run("--as", "docs", "--json", "log")
    behind = team.run("log", "--json", "--as", "docs")
    assert before.stdout == behind.stdout
    assert len(before.stdout.splitlines()) == 5
    both = team.run("--memory", str(tmp_path / "absent.db"), "log", "-m", str(team.address))
    assert both.exit_code == exits.OK


def test_without_as_you_are_the_systems_user(team: Shell, memory: Memory) -> None:
    actor = Settings().who()
    assert actor.identity is Identity.HOST
    memory.task("q3").share({actor.name: "editor"})
    assert team.run("append", "task/q3:findings", "By a person.", actor="").exit_code == exits.OK
    record = team.objects("log", "--limit", "1")[0]
    assert (record["actor"], record["identity"]) == (actor.name, "host")
    assert Settings(actor="web").who().identity is Identity.DECLARED


def test_without_a_memory_it_says_how_to_name_one(shell: Shell) -> None:
    result = shell.run("log", "--memory", "")
    assert result.exit_code in {exits.OK, exits.NOT_FOUND}  # the environment names one
    shell.address = Path()
    assert "There is no" in shell.run("log", "--memory", "/nowhere/x.db").stderr
