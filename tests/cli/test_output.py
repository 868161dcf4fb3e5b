"""Output: colours for people on a terminal, and for nobody else."""

import io
import sys

import pytest

from commonplace.cli.output import Output, to_json


class Terminal(io.StringIO):
    """A standard output that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def _terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    screen = Terminal()
    monkeypatch.setattr(sys, "stdout", screen)
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    return screen


def test_a_terminal_gets_colours(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = _terminal(monkeypatch)
    out = Output(as_json=False)
    out.emit({}, out.style("r1", "yellow"))
    assert terminal.getvalue() == "\x1b[33mr1\x1b[0m\n"


@pytest.mark.parametrize(
    ("name", "value", "as_json"),
    [("NO_COLOR", "1", False), ("TERM", "dumb", False), ("TERM", "xterm", True)],
)
def test_a_terminal_that_wants_none_gets_none(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, as_json: bool
) -> None:
    _terminal(monkeypatch)
    monkeypatch.setenv(name, value)
    assert Output(as_json=as_json).style("r1", "yellow") == "r1"


def test_a_pipe_gets_no_colours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", io.StringIO())
    assert Output(as_json=False).style("r1", "yellow") == "r1"


def test_json_is_one_line_of_ascii_whatever_it_holds() -> None:
    line = to_json({"text": "a\nb\x7f\x9b\u2028Gr\u00f6\u00dfe", "digest": b"\x01\xff"})
    assert line.isascii()
    assert line.isprintable()
    assert '"digest":"01ff"' in line
