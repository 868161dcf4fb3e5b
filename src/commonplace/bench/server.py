"""Server: the PostgreSQL that all contestants of a run share.

It is the one that the environment names, or else one from a wheel, started for this run on the
disk that is to be measured and told to be as durable as a memory asks.
"""

import itertools
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from commonplace._lazy import lazy_import
from commonplace.bench.place import Place
from commonplace.storage.statements import sections

EXTRA: Final = "test"
TAG: Final = "postgres-"
SAID: Final = "PostgreSQL: "
SETTINGS: Final[Mapping[str, object]] = {
    "shared_buffers": "512MB",
    "max_wal_size": "4GB",
    "max_connections": 300,
}
"""What a server of our own is told, besides that fsync and synchronous_commit are on."""

_SQL: Final = dict(sections(Path(__file__).with_name("server.sql").read_text("utf-8")))


class Unavailable(RuntimeError):
    """There is no server to measure; the message says why in one line."""


@dataclass(frozen=True, slots=True)
class Server:
    """A server on which databases are made; `described` is what the page says of it."""

    address: str
    described: Mapping[str, str]
    _numbers: Iterator[int]
    _made: list[str]

    def database(self, name: str, template: str | None = None) -> str:
        """The address of a new database, empty or a copy of the one at the address `template`."""
        made = f"commonplace_bench_{os.getpid()}_{next(self._numbers)}_{name.replace('-', '_')}"
        copied = urlsplit(template).path.lstrip("/") if template else "template0"
        with connect(self.address) as connection:
            connection.execute(_named("database_create", name=made, template=copied))
        self._made.append(made)
        return urlsplit(self.address)._replace(path=f"/{made}").geturl()

    def settle(self, address: str) -> None:
        """What autovacuum would have done to a database by the time that it is that old."""
        with connect(address) as connection:
            connection.execute(_SQL["settle"])

    def drop_all(self) -> None:
        """Drop every database that was made here."""
        with connect(self.address) as connection:
            while self._made:
                connection.execute(_named("database_drop", name=self._made.pop()))

    def place(self, history: int) -> Place:
        """Memories in databases of their own."""
        return Place(self.database, history, TAG, SAID)


@contextmanager
def lent(folder: Path) -> Iterator[Server]:
    """A server for one run. Raises `Unavailable`."""
    with _running(folder) as address:
        try:
            with connect(address) as connection:
                (row,) = connection.execute(_SQL["server_settings"]).fetchall()
        except lazy_import("psycopg", "postgres").Error as error:
            raise Unavailable(f"the server does not answer: {_line(error)}") from error
        described = dict(zip(("version", "settings"), row, strict=True))
        server = Server(address, described, itertools.count(), [])
        try:
            yield server
        finally:
            server.drop_all()


@contextmanager
def _running(folder: Path) -> Iterator[str]:
    try:
        lazy_import("psycopg", "postgres")
        module = lazy_import("commonplace.testing.postgres")
        address: str | None = module.server_address()
        server = None if address else module.PostgresServer(folder / "postgres", SETTINGS)
    except ModuleNotFoundError as error:
        raise Unavailable(_line(error)) from error
    if server is None:
        assert address is not None
        yield address
        return
    try:
        server.start()
    except (OSError, RuntimeError) as error:
        raise Unavailable(_line(error)) from error
    with _closing(server.close):
        yield server.conninfo()


@contextmanager
def _closing(close: Callable[[], object]) -> Iterator[None]:
    try:
        yield
    finally:
        close()


def connect(address: str) -> Any:
    """A connection that commits each statement by itself and takes `$1` for a value."""
    psycopg = lazy_import("psycopg", "postgres")
    connection = psycopg.connect(address, autocommit=True, cursor_factory=psycopg.RawCursor)
    connection.prepare_threshold = 0  # each statement is parsed once
    return connection


def _named(statement: str, **names: str) -> Any:
    sql = lazy_import("psycopg.sql", "postgres")
    return sql.SQL(_SQL[statement]).format(**{k: sql.Identifier(v) for k, v in names.items()})


def _line(error: Exception) -> str:
    return " ".join(str(error).split())
