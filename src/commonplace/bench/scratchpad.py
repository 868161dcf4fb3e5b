"""Scratchpad: shared memory on PostgreSQL as a textbook has it, and as many crews build it.

A document is a row. Who changes it takes the row's lock, changes the text in Python, writes it
back with a row for the audit, and commits. That loses nothing; it has no conflicts, no history
of values, no chain.
"""

from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Final

from commonplace._lazy import lazy_import
from commonplace.bench.server import connect
from commonplace.storage.statements import sections

_SQL: Final = dict(sections(Path(__file__).with_name("scratchpad.sql").read_text("utf-8")))
MOST_LINES: Final = 200
"""A full document is begun anew, so that what it costs stays what a small one costs."""


class Scratchpad:
    """One agent's connection to the document `name`, as psycopg's own pages show it."""

    def __init__(self, address: str, name: str, actor: str) -> None:
        psycopg = lazy_import("psycopg", "postgres")
        self._connection = psycopg.connect(address, cursor_factory=psycopg.RawCursor)
        self._name, self._actor = name, actor

    def __enter__(self) -> "Scratchpad":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._connection.close()

    def append(self, line: str) -> None:
        """Add a line to the document."""
        self._change(line, lambda text: _added(text, line))

    def update(self, change: Callable[[str], str]) -> None:
        """Put something else in its place."""
        self._change("", change)

    def _change(self, line: str, change: Callable[[str], str]) -> None:
        with self._connection.transaction():
            execute = self._connection.execute
            version, text = execute(_SQL["document_take"], (self._name,)).fetchone()
            version += 1
            execute(_SQL["document_put"], (self._name, version, change(text)))
            execute(_SQL["audit_insert"], (self._name, version, self._actor, line))


def _added(text: str, line: str) -> str:
    return f"{text}\n{line}" if text.count("\n") < MOST_LINES else line


def begin(address: str, name: str) -> None:
    """Make the tables, and an empty document."""
    with connect(address) as connection:
        connection.execute(_SQL["document_table"])
        connection.execute(_SQL["audit_table"])
        connection.execute(_SQL["document_begin"], (name,))


def read(address: str, name: str) -> tuple[int, str]:
    """The version and the text of a document."""
    with connect(address) as connection:
        row: Any = connection.execute(_SQL["document_read"], (name,)).fetchone()
        return row[0], row[1]
