"""Every reference that is printed pastes into every command that takes one."""

import pytest

from commonplace import Memory, Namespace, Reference
from shell import Shell, references

ASKED = [
    ("log",),
    ("log", "--region", "_grants"),
    ("log", "--region", "_contracts"),
    ("show", "task/q3:findings"),
    ("show", "task/q3:findings@-1#L1-2"),
    ("diff", "task/q3:findings"),
    ("diff", "task/q3:findings@1"),
    ("blame", "task/q3:findings"),
    ("blame", "task/q3:findings", "--origins"),
    ("why", "Churn fell"),
    ("log", "-S", "rose"),
    ("watch", "task/q3", "--after", "0", "--timeout", "0"),
    ("describe", "task/q3"),
    ("describe", "task/q3:findings"),
    ("namespaces",),
    ("create", "task/q3:more"),
    ("append", "task/q3:findings", "more"),
    ("share", "task/q3:findings", "late=reader"),
]
FORMS = [(), ("--json",)]


def _all_printed(shell: Shell) -> set[str]:
    found: set[str] = set()
    revisions = [record["revision"] for record in shell.objects("log", "--limit", "0")]
    for words in [*ASKED, *(("show", f"r{revision}") for revision in revisions)]:
        for form in FORMS:
            result = shell.run(*words, *form)
            assert result.exit_code == 0, result.stderr
            found |= references(result.stdout)
    return found


def test_what_is_printed_pastes_into_show_blame_diff_and_log(team: Shell, memory: Memory) -> None:
    odd = memory.create_namespace(Namespace.of("users", "Zoë Ørsted", "50%"))
    odd.create_block("notes").append("first", based_on=["notes@0"])
    printed = _all_printed(team)
    assert len(printed) >= 40
    assert any("%20" in each for each in printed)
    assert {"#L1" in each for each in printed} == {True, False}
    for each in sorted(printed):
        commands = ["show"] if _is_revision(each) else ["show", "blame", "diff", "log"]
        for command in commands:
            result = team.run(command, each)
            assert result.exit_code == 0, (command, each, result.stderr)


def test_namespaces_paste_into_log_watch_and_describe(team: Shell) -> None:
    for namespace in team.lines("namespaces"):
        for words in (("log",), ("watch", "--timeout", "0"), ("describe",)):
            result = team.run(words[0], namespace, *words[1:])
            assert result.exit_code == 0, (words, result.stderr)


def test_a_position_pastes_into_audit(team: Shell) -> None:
    (position,) = team.lines("position")
    team.lines("append", "task/q3:findings", "later")
    assert team.run("audit", "--expect", position).exit_code == 0


@pytest.mark.parametrize("shown", ["task/q3:findings@3#L1", "r12"])
def test_the_tests_own_eyes_are_open(shown: str) -> None:
    assert references(f'see "{shown}", and 2026-11-20T14:06:57.538021Z or r3:7f6a4f') == {shown}


def _is_revision(text: str) -> bool:
    return ":" not in text and Reference.parse(text).namespace is None
