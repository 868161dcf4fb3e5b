"""Bare: the adversary. The same rows written and read through apsw with nothing around it.

It knows no versions, no rules and no access: its rows are those of a real commit, taken from
a memory's file and written again under the next numbers, in a copy of that file. So tables
and indexes are the same, and what differs is what this project adds.
"""

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import apsw

from commonplace.bench.commit_rows import CommitRows, Rows
from commonplace.storage.sqlite.statements import statements
from commonplace.storage.statements import sections

_OWN: Final = Path(__file__).with_name("bare.sql")
_FULL: Final = 2
_BUSY_MS: Final = 60_000


def sqlite_version() -> str:
    """The version of the SQLite inside apsw."""
    return str(apsw.sqlite_lib_version())


def connect(path: Path) -> apsw.Connection:
    """A connection set like a memory's own: write-ahead log, synchronous=FULL, stable plans."""
    connection = apsw.Connection(str(path))
    connection.set_busy_timeout(_BUSY_MS)
    connection.config(apsw.SQLITE_DBCONFIG_ENABLE_QPSG, 1)  # a statement is planned once, as there
    connection.pragma("journal_mode", "wal")
    connection.pragma("synchronous", _FULL)
    return connection


class BareMemory:
    """A copy of a memory's file, whose last commit (one write) is written again and again.

    The memory at `source` must be closed. `tenant` and `entry` are where its last commit wrote.
    """

    def __init__(self, source: Path, path: Path, tenant: str, entry: Sequence[str]) -> None:
        shutil.copyfile(source, path)
        own, theirs = dict(sections(_OWN.read_text("utf-8"))), statements()
        self._connection = connect(path)
        self._cursor = self._connection.cursor()
        self._steps = [theirs[name] for name in ("log_insert", "entry_update", "idempotency_insert",
                                                 "tenant_advance")]  # fmt: skip
        self._begin, self._commit = theirs["begin_write"], theirs["commit"]
        self._point, self._where = theirs["point_read"], (tenant, *entry)
        self._rows = CommitRows(
            self._one(own["newest_record"], (tenant,)),
            self._one(own["newest_key"], (tenant,)),
            self._one(theirs["entry_load"], self._where),
            self._one(theirs["tenant_read"], (tenant,)),
        )

    def _one(self, sql: str, bindings: tuple[Any, ...]) -> tuple[Any, ...]:
        (row,) = self._cursor.execute(sql, bindings).fetchall()
        return tuple(row)

    def next_rows(self) -> Rows:
        """The rows of the next commit, in the order of its statements; made before the clock."""
        return self._rows.next()

    def write(self, rows: Rows) -> None:
        """One durable transaction with these rows."""
        cursor = self._cursor
        cursor.execute(self._begin)
        for sql, row in zip(self._steps, rows, strict=True):
            cursor.execute(sql, row)
        cursor.execute(self._commit)

    def read(self) -> list[Any]:
        """The rows that a point read asks for, as SQLite gives them."""
        return self._cursor.execute(self._point, self._where).fetchall()

    def close(self) -> None:
        """Let the file go."""
        self._connection.close()


class Cells:
    """One table of names and texts: the least that a durable write and a read can be."""

    def __init__(self, path: Path) -> None:
        own, theirs = dict(sections(_OWN.read_text("utf-8"))), statements()
        self._connection = connect(path)
        self._cursor = self._connection.cursor()
        self._cursor.execute(own["cell_table"])
        self._insert, self._select = own["cell_insert"], own["cell_select"]
        self._begin, self._commit = theirs["begin_write"], theirs["commit"]

    def insert(self, name: str, value: str) -> None:
        """One durable transaction that adds a row."""
        cursor = self._cursor
        cursor.execute(self._begin)
        cursor.execute(self._insert, (name, value))
        cursor.execute(self._commit)

    def select(self, name: str) -> list[Any]:
        """The row of a name."""
        return self._cursor.execute(self._select, (name,)).fetchall()

    def close(self) -> None:
        """Let the file go."""
        self._connection.close()


class Scan:
    """A phrase looked for in every payload of a memory's file, which nobody writes meanwhile."""

    def __init__(self, path: Path, tenant: str) -> None:
        self._connection = connect(path)
        self._cursor = self._connection.cursor()
        self._scan = dict(sections(_OWN.read_text("utf-8")))["scan"]
        self._tenant = tenant

    def find(self, phrase: str, limit: int) -> list[Any]:
        """Where the newest records are that hold the phrase."""
        return self._cursor.execute(self._scan, (self._tenant, phrase, limit)).fetchall()

    def close(self) -> None:
        """Let the file go."""
        self._connection.close()
