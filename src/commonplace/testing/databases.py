"""Databases: a pool that hands a fresh one to each test in a few milliseconds.

Creating a database copies some megabytes and syncs them. So one that is given back keeps the
schema it was given and loses its rows alone; who needs one without a schema says so.
"""

import os
import secrets
import time
from pathlib import Path
from types import ModuleType, TracebackType
from typing import Any, Final
from urllib.parse import urlsplit

from commonplace._lazy import lazy_import
from commonplace.storage.statements import sections

_SQL: Final = dict(sections(Path(__file__).with_name("postgres.sql").read_text("utf-8")))
_EMPTIEST: Final = "template0"
_PATIENCE_S: Final = 30.0
_POLL_S: Final = 0.001


def _psycopg() -> ModuleType:
    return lazy_import("psycopg", "postgres")


def _named(statement: str, **names: str) -> Any:
    sql = lazy_import("psycopg.sql", "postgres")
    return sql.SQL(_SQL[statement]).format(**{k: sql.Identifier(v) for k, v in names.items()})


def connect(address: str) -> Any:
    """A connection on which every statement commits by itself."""
    psycopg = _psycopg()
    return psycopg.connect(address, autocommit=True, cursor_factory=psycopg.RawCursor)


def rows(address: str, statement: str, *values: Any) -> list[tuple[Any, ...]]:
    """What a statement of `postgres.sql` answers at `address`."""
    with connect(address) as connection:
        found: list[tuple[Any, ...]] = connection.execute(_SQL[statement], values).fetchall()
        return found


def create_database(address: str, name: str, template: str | None = None) -> str:
    """Create a database on the server of `address`; its own address."""
    with connect(address) as connection:
        connection.execute(_named("database_create", name=name, template=template or _EMPTIEST))
    return urlsplit(address)._replace(path=f"/{name}").geturl()


def drop_database(address: str, name: str) -> None:
    """Drop a database of the server of `address`, whoever is connected to it."""
    with connect(address) as connection:
        connection.execute(_named("database_drop", name=name))


def _end_sessions(connection: Any) -> None:
    """Whoever is still there may be committing: what is deleted before they are gone may return."""
    until = time.monotonic() + _PATIENCE_S
    while connection.execute(_SQL["sessions_end"]).fetchone() != (0,):
        if time.monotonic() > until:
            raise TimeoutError(
                f"sessions of a database go on {_PATIENCE_S:g} s after they were ended"
            )
        time.sleep(_POLL_S)


class Databases:
    """Databases of one server, lent and taken back; leaving the block drops them all.

    `address` is a superuser's, of any database of the server. One thread at a time.
    """

    def __init__(self, address: str) -> None:
        self._server = address
        self._names: list[str] = []
        self._idle: list[str] = []

    def __enter__(self) -> "Databases":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def take(self) -> str:
        """The address of a database without rows; it may have the schema already."""
        return self._idle.pop() if self._idle else self._create()

    def take_bare(self) -> str:
        """The address of a database without any schema of ours."""
        if not self._idle:
            return self._create()
        address = self._idle.pop()
        with connect(address) as connection:
            connection.execute(_SQL["schemas_drop"])
        return address

    def give_back(self, address: str) -> None:
        """End what sessions are left there, and make it empty for the next."""
        with connect(address) as connection:
            _end_sessions(connection)
            connection.execute(_SQL["rows_delete"])
        self._idle.append(address)

    def close(self) -> None:
        """Drop every database it ever made."""
        while self._names:
            drop_database(self._server, self._names.pop())

    def _create(self) -> str:
        name = f"commonplace_{os.getpid()}_{secrets.token_hex(4)}"
        self._names.append(name)
        return create_database(self._server, name)
