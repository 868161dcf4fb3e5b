"""Bare PostgreSQL: the same rows written and read through psycopg with nothing around it.

Each transaction is one round trip (psycopg's pipeline) of plain statements, parsed once, in the
name of the superuser, whom row-level security does not hold.
"""

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

from commonplace._lazy import lazy_import
from commonplace.bench.commit_rows import CommitRows, Rows
from commonplace.bench.server import connect
from commonplace.storage.statements import sections

SQL: Final = dict(sections(Path(__file__).with_name("bare_postgres.sql").read_text("utf-8")))
BELL: Final = "bare_bell"
_STEPS: Final = ("log_insert", "entry_update", "idempotency_insert", "tenant_advance")


class BarePostgres:
    """A copy of a memory's database, whose last commit (one write) is written again and again.

    `address` is that of the copy; `tenant` and `entry` are where its last commit wrote.
    """

    def __init__(self, address: str, tenant: str, entry: Sequence[str]) -> None:
        self._stack = ExitStack()
        self._connection = self._stack.enter_context(connect(address))
        where = (tenant, *entry)
        self._rows = CommitRows(
            self._one("newest_record", (tenant,)),
            self._one("newest_key", (tenant,)),
            self._one("entry", where),
            self._one("tenant", (tenant,)),
        )
        theirs = lazy_import("commonplace.storage.postgres.statements", "postgres").statements()
        self._where, self._point = where, theirs["point_read"]
        self._connection.execute(SQL["cell_table"])
        self._cursor = self._connection.cursor(binary=True)
        self._reader = self._connection.cursor(binary=True)
        self._pipeline = self._stack.enter_context(self._connection.pipeline())

    def _one(self, name: str, values: tuple[Any, ...]) -> tuple[Any, ...]:
        (row,) = self._connection.execute(SQL[name], values).fetchall()
        return tuple(row)

    def next_rows(self) -> Rows:
        """The rows of the next commit, in the order of its statements; made before the clock."""
        return self._rows.next()

    def write(self, rows: Rows, bell: str = "") -> None:
        """One durable transaction with these rows, and a notification if `bell` names one."""
        execute = self._cursor.execute
        execute(SQL["begin"])
        for name, row in zip(_STEPS, rows, strict=True):
            execute(SQL[name], row)
        if bell:
            execute(SQL["notify"], (bell,))
        execute(SQL["commit"])
        self._pipeline.sync()

    def read(self) -> list[Any]:
        """The rows of a point read, in a transaction that says whose they are."""
        execute = self._cursor.execute
        execute(SQL["begin"])
        execute(SQL["set_tenant"], self._where[:1])
        self._reader.execute(self._point, self._where)
        execute(SQL["commit"])
        self._pipeline.sync()
        found: list[Any] = self._reader.fetchall()
        return found

    def insert(self, name: str, value: str) -> None:
        """One row into the plainest table, durable by itself."""
        self._cursor.execute(SQL["cell_insert"], (name, value))
        self._pipeline.sync()

    def select(self, name: str) -> list[Any]:
        """A row of the plainest table."""
        self._reader.execute(SQL["cell_select"], (name,))
        self._pipeline.sync()
        found: list[Any] = self._reader.fetchall()
        return found

    def close(self) -> None:
        """End the session."""
        self._stack.close()
