"""bisect: a command, or a text, tells good from bad."""

import json
import sys
from pathlib import Path

import pytest

from commonplace import Memory
from commonplace.cli import exits
from commonplace.cli.meanings import OBJECTS
from shell import Shell, references

BLOCK = "task/q3:findings"


@pytest.fixture
def lines(memory: Memory, shell: Shell) -> Shell:
    """A block of ten versions, one line each."""
    block = memory.create_task("q3").create_block("findings")
    for number in range(1, 11):
        block.append(f"line {number}", reason=f"step {number}")
    return shell


def _script(tmp_path: Path, code: str) -> tuple[str, ...]:
    path = tmp_path / "check.py"
    path.write_text("import os, sys\ntext = sys.stdin.read()\n" + code, "utf-8")
    return ("--", sys.executable, str(path))


def test_grep_finds_the_change_that_brought_a_text(lines: Shell) -> None:
    found = lines.run("bisect", BLOCK, "--good", "@1", "--grep", "line 7")
    assert found.exit_code == exits.OK
    said, record = found.stdout.splitlines()
    assert said == f"{BLOCK}@7 is the first bad one; {BLOCK}@6 was good"
    assert f'sup  append  {BLOCK}@7  observation  "step 7"' in record
    assert f"{BLOCK}@10: bad" in found.stderr.splitlines()


def test_missing_finds_the_change_that_took_it_away(lines: Shell, memory: Memory) -> None:
    memory.task("q3").block("findings").replace("line 3\n", "")
    memory.task("q3").block("findings").append("more")
    said, *_ = lines.lines("bisect", BLOCK, "--good", "10", "--missing", "line 3")
    assert said.startswith(f"{BLOCK}@11 is the first bad one")


def test_a_command_is_told_the_text_and_what_it_is(
    lines: Shell, tmp_path: Path, memory: Memory
) -> None:
    seen = tmp_path / "seen"
    code = f"""
with open({str(seen)!r}, "a") as file:
    print(os.environ["COMMONPLACE_REFERENCE"], os.environ["COMMONPLACE_REVISION"],
          len(text.splitlines()), file=file)
print("what a command prints is its own")
sys.exit(3 if "line 4" in text else 0)
"""
    found = lines.run("bisect", BLOCK, "--good", "@2", *_script(tmp_path, code))
    assert found.stdout.startswith(f"{BLOCK}@4 is the first bad one")
    assert "its own" not in found.stdout
    revisions = {str(r.reference): r.revision for r in memory.log()}
    for line in seen.read_text().splitlines():
        reference, revision, count = line.split()
        assert int(revision) == revisions[reference]
        assert reference == f"{BLOCK}@{count}"


def test_exit_code_125_skips(lines: Shell, tmp_path: Path) -> None:
    code = "n = len(text.splitlines()); sys.exit(125 if n in (5, 6) else 1 if n > 4 else 0)"
    found = lines.run("bisect", BLOCK, "--good", "@1", *_script(tmp_path, code))
    assert found.stdout.splitlines()[:2] == [
        f"{BLOCK}@7 is the first bad one; {BLOCK}@4 was good",
        f"or one of these, which could not be tested: {BLOCK}@5, {BLOCK}@6",
    ]
    assert f"{BLOCK}@5: ?" in found.stderr


def test_a_command_that_is_killed_or_not_there_stops_it(lines: Shell, tmp_path: Path) -> None:
    killed = _script(tmp_path, "import signal; os.kill(os.getpid(), signal.SIGKILL)")
    found = lines.run("bisect", BLOCK, "--good", "@1", *killed)
    assert (found.exit_code, found.stdout) == (exits.USAGE, "")
    assert "ended with -9" in found.stderr
    found = lines.run("bisect", BLOCK, "--good", "@1", *_script(tmp_path, "sys.exit(200)"))
    assert found.exit_code == exits.USAGE
    found = lines.run("bisect", BLOCK, "--good", "@1", "--", "no-such-command")
    assert found.exit_code == exits.USAGE
    assert "no-such-command: No such file" in found.stderr


def test_a_namespace_is_tested_by_its_revisions(
    lines: Shell, tmp_path: Path, memory: Memory
) -> None:
    records = memory.log(region="findings")
    eighth = next(r.revision for r in records if r.version == 8)
    first = records[-1].revision
    code = f"sys.exit(text != '' or int(os.environ['COMMONPLACE_REVISION']) >= {eighth})"
    found = lines.run("bisect", "task/q3", "--good", f"r{first}", *_script(tmp_path, code))
    assert found.stdout.startswith(f"r{eighth} is the first bad one; r{eighth - 1} was good")
    assert f"task/q3@r{eighth}: bad" in found.stderr
    refused = lines.run("bisect", "task/q3", "--good", "r3", "--grep", "x")
    assert refused.exit_code == exits.USAGE


def test_a_command_may_ask_the_same_memory_more(lines: Shell, tmp_path: Path) -> None:
    code = """
from commonplace import Memory
with Memory(os.environ["COMMONPLACE_MEMORY"], actor=os.environ["COMMONPLACE_ACTOR"]) as memory:
    text = memory.resolve(f"task/q3:findings@r{os.environ['COMMONPLACE_REVISION']}").text
sys.exit("line 6" in text)
"""
    options = ("--memory", str(lines.address), "--as", "sup")
    lines.address = tmp_path / "another.db"
    found = lines.run("bisect", "task/q3", *options, "--good", "r4", *_script(tmp_path, code))
    assert f"{BLOCK}@6" in found.stdout, found.stderr


def test_json_gives_the_change_and_its_records(lines: Shell) -> None:
    found = lines.run("bisect", BLOCK, "--good", "@1", "--grep", "line 7", "--json")
    bisection, record = [json.loads(line) for line in found.stdout.splitlines()]
    assert tuple(bisection) == ("type", *OBJECTS["bisection"].fields)
    assert (bisection["good"], bisection["bad"]) == (f"{BLOCK}@6", f"{BLOCK}@7")
    assert (record["type"], record["revision"]) == ("record", bisection["revision"])
    assert found.stderr == ""


def test_what_it_prints_pastes(lines: Shell) -> None:
    found = lines.run("bisect", BLOCK, "--good", "@1", "--grep", "line 7")
    for each in references(found.stdout + found.stderr):
        assert lines.run("show", each).exit_code == exits.OK


def test_the_reference_may_be_short(lines: Shell) -> None:
    said, *_ = lines.lines(
        "bisect", "findings", "--in", "task/q3", "--good", f"{BLOCK}@1", "--grep", "line 7"
    )
    assert said.startswith(f"{BLOCK}@7")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((BLOCK, "--good", "@1"), "Say what is bad"),
        ((BLOCK, "--good", "@1", "--grep", "a", "--missing", "b"), "Say what is bad"),
        ((BLOCK, "--grep", "a"), "--good"),
        ((BLOCK, "--good", "@1", "--grep", "line 1"), "is bad, not good"),
        ((BLOCK, "--good", "@1", "--grep", "never"), "is good, not bad"),
        ((BLOCK, "--good", "@5", "--bad", "@2", "--grep", "x"), "newer than bad"),
        ((f"{BLOCK}@3", "--good", "@1", "--grep", "x"), "without version"),
        ((BLOCK, "--good", "soon", "--grep", "x"), "no time"),
    ],
)
def test_what_makes_no_sense_is_a_usage_error(
    lines: Shell, words: tuple[str, ...], message: str
) -> None:
    found = lines.run("bisect", *words)
    assert (found.exit_code, found.stdout) == (exits.USAGE, "")
    assert message in found.stderr
