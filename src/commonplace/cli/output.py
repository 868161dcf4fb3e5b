"""Output: lines for people, NDJSON for programs, and nothing else on standard output."""

import json
import os
import sys
from collections.abc import Iterable, Mapping
from typing import Any, Final

from commonplace.cli.escape import escape

Fields = Mapping[str, Any]

_STYLES: Final = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33", "cyan": "36"}


class Output:
    """Where a command's results go.

    With `as_json` each result is one JSON object on one line, in ASCII. Otherwise it is one
    or more plain lines; colours only on a terminal, unless NO_COLOR is set.
    """

    def __init__(self, *, as_json: bool) -> None:
        self.as_json = as_json
        self.is_terminal = sys.stdout.isatty()
        self.is_watched = sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
        """Whether remarks go to a terminal."""
        self._coloured = (
            self.is_terminal
            and not as_json
            and not os.environ.get("NO_COLOR")
            and os.environ.get("TERM") != "dumb"
        )

    def emit(self, fields: Fields, lines: str | Iterable[str]) -> None:
        """One result: its fields for programs, its lines for people."""
        if self.as_json:
            sys.stdout.write(to_json(fields) + "\n")
            return
        for line in (lines,) if isinstance(lines, str) else lines:
            sys.stdout.write(line + "\n")

    def raw(self, text: str) -> None:
        """Text as it is stored."""
        sys.stdout.write(text)

    def note(self, text: str) -> None:
        """A remark for people, on standard error; programs have the fields."""
        if not self.as_json:
            sys.stderr.write(escape(text, keep="\n") + "\n")

    def flush(self) -> None:
        """Hand over what was printed so far."""
        sys.stdout.flush()

    def style(self, text: str, name: str) -> str:
        """`text` in a style, on a terminal."""
        return f"\x1b[{_STYLES[name]}m{text}\x1b[0m" if self._coloured else text


def to_json(fields: Fields) -> str:
    """One line of ASCII: no terminal obeys it, and no reader needs to guess an encoding."""
    return json.dumps(fields, default=_plain, separators=(",", ":")).replace("\x7f", "\\u007f")


def _plain(value: Any) -> Any:
    """What JSON has no word for; an entry or a change, as errors carry them, by reference."""
    if hasattr(value, "reference"):
        return str(value.reference)
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, Mapping):
        return dict(value)
    return str(value)
