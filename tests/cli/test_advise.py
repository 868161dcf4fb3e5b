"""advise: findings for people and for CI."""

import json

import pytest

from commonplace import Memory, NamespacePrefix
from commonplace.cli import exits
from commonplace.cli.meanings import OBJECTS
from commonplace.explain.advice import FEW_WRITES, MANY_GRANTS
from shell import Shell


@pytest.fixture
def lonely(memory: Memory, shell: Shell) -> Shell:
    """A memory in which one actor writes everything, and many may read it."""
    block = memory.create_task("q3").create_block("findings")
    for number in range(FEW_WRITES):
        block.append(str(number))
    names = [f"w {number}" for number in range(MANY_GRANTS)]
    memory.share(dict.fromkeys(names, "reader"), prefix=NamespacePrefix.of())
    return shell


def test_it_prints_each_finding_with_its_numbers_and_its_fix(lonely: Shell) -> None:
    found = lonely.run("advise")
    assert found.exit_code == exits.FINDINGS
    lines = found.stdout.splitlines()
    assert lines[0] == "one_writer  task/q3:findings"
    assert lines[2] == f"  evidence: writes {FEW_WRITES}, by sup, share 100%, actors 1"
    assert lines[3] == "  fix: commonplace demote task/q3:findings sup"
    assert lines[4] == "shared_by_default  /"
    assert lines[7] == "  fix: commonplace unshare / 'w 0'"
    assert lines[8].startswith("FINDINGS  r1..r")
    assert lines[9].startswith("not judged: No agent works in turns")


def test_a_fix_that_is_a_command_can_be_pasted(lonely: Shell) -> None:
    assert lonely.run("demote", "task/q3:findings", "sup").exit_code == exits.OK
    assert lonely.run("unshare", "/", "w 0").exit_code == exits.OK
    found = lonely.run("advise")
    assert (found.exit_code, found.stdout.split()[0]) == (exits.OK, "ok")


def test_json_has_one_object_for_each_and_the_window(lonely: Shell) -> None:
    found = lonely.run("advise", "--json")
    objects = [json.loads(line) for line in found.stdout.splitlines()]
    assert [each["type"] for each in objects] == ["advice", "advice", "survey"]
    for each in objects:
        assert tuple(each) == ("type", *OBJECTS[each["type"]].fields)
    assert objects[0]["evidence"]["writes"] == FEW_WRITES
    assert (objects[-1]["ok"], objects[-1]["advice"]) == (False, 2)


def test_the_window_can_be_chosen(lonely: Shell, memory: Memory) -> None:
    head = memory.position().revision
    memory.task("q3").block("findings").append("one more")
    lines = lonely.run("advise", "--since", f"r{head}").stdout.splitlines()
    assert lines[-2].startswith(f"FINDINGS  r{head + 1}..r{head + 1}, from ")
    assert lonely.run("advise", "--since", "1h").stdout.count("one_writer") == 1
    assert lonely.run("advise", "--since", "soon").exit_code == exits.USAGE
    assert lonely.run("advise", "--since", "r99999").exit_code == exits.NOT_FOUND


def test_it_takes_reader_over_everything(team: Shell) -> None:
    assert team.run("advise", actor="aud").exit_code == exits.OK
    denied = team.run("advise", actor="web")
    assert denied.exit_code == exits.DENIED
    assert "commonplace share / web=reader" in denied.stderr
