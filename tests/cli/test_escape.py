"""Stored text is data: no terminal may obey it."""

import json
import unicodedata

import pytest

from commonplace import Memory
from commonplace.cli.escape import escape, excerpt, quoted
from shell import Shell

POISON = (
    "\x1b]0;owned\x07",  # retitles the window
    "\x1b[2J\x1b[1;1H",  # clears the screen
    "\x9b31m",  # an escape sequence in one character
    "a\x08b",  # overwrites
    "\u202egnp.exe",  # turns the line round
    "\u2066x\u2069",
    "\u2028next",
    "\x7f",
    "\u200b\ufeff",
    "tab\tkept",
)

COMMANDS = [
    ("log",),
    ("log", "--region", "_grants"),
    ("show", "task/q3:findings"),
    ("show", "r4"),
    ("diff", "task/q3:findings"),
    ("blame", "task/q3:findings"),
    ("watch", "task/q3", "--after", "0", "--timeout", "0"),
    ("describe", "task/q3:findings"),
    ("audit",),
]


@pytest.fixture
def poisoned(memory: Memory, shell: Shell) -> Shell:
    block = memory.create_task("q3").create_block("findings")
    for text in POISON:
        block.append(text, reason=f"why {text}")
    block.update(lambda text: text.upper() + "\n" + "\n".join(POISON))
    return shell


def _obeyed(text: str) -> set[str]:
    """Characters that a terminal would act upon."""
    kinds = {"Cc", "Cf", "Cs", "Zl", "Zp"}
    return {c for c in text if unicodedata.category(c) in kinds} - {"\n", "\t"}


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
@pytest.mark.parametrize("form", [(), ("--json",)], ids=["plain", "json"])
def test_no_command_prints_what_a_terminal_obeys(
    poisoned: Shell, words: tuple[str, ...], form: tuple[str, ...]
) -> None:
    result = poisoned.run(*words, *form)
    assert result.exit_code == 0, result.stderr
    assert _obeyed(result.stdout + result.stderr) == set()


def test_one_record_stays_one_line(poisoned: Shell) -> None:
    assert len(poisoned.lines("log")) == len(POISON) + 1


def test_an_error_does_not_print_it_either(team: Shell) -> None:
    for words in (("show", "task/q3:\x1b[31m"), ("log", "\x9b31m"), ("\x1b[2J",)):
        result = team.run(*words)
        assert result.exit_code == 2
        assert _obeyed(result.stderr) == set()


def test_programs_get_the_text_as_it_is(poisoned: Shell) -> None:
    (entry,) = poisoned.objects("show", "task/q3:findings@10")
    assert entry["text"].splitlines()[:2] == [POISON[0], POISON[1]]
    raw = poisoned.run("show", "task/q3:findings@10", "--raw").stdout
    assert raw == "\n".join(POISON) + "\n"


def test_escaping_leaves_what_people_write_alone() -> None:
    for text in ("plain", "Größe 12 %", "数据", "a  b", "\\x1b", "🙂"):
        assert escape(text) == text
    assert escape("a\x1bb\n") == "a\\x1bb\\n"
    assert escape("a\tb\n", keep="\t\n") == "a\tb\n"


def test_an_excerpt_is_one_line_and_says_that_there_is_more() -> None:
    assert excerpt("one") == "one"
    assert excerpt("one\n") == "one"
    assert excerpt("one\ntwo") == "one …"
    assert excerpt("x" * 101) == "x" * 100 + " …"
    assert quoted('say "so"') == '"say \\"so\\""'
    assert json.loads(quoted('say "so"')) == 'say "so"'
