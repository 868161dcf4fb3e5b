"""Opening: look first, change nothing on a refusal, then migrate and connect."""

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import psycopg

from commonplace.errors import (
    EngineUnavailable,
    NewerSchema,
    NotAMemory,
    NotFound,
    UnsafeStorage,
)
from commonplace.storage.migrations import Migration
from commonplace.storage.postgres import faults
from commonplace.storage.postgres.bells import Session
from commonplace.storage.postgres.driver import Driver
from commonplace.storage.postgres.migrations import (
    APPLICATION_ROLE,
    ask,
    is_granted,
    migrate,
    state_of,
)
from commonplace.storage.postgres.place import Place
from commonplace.storage.postgres.statements import statements
from commonplace.storage.postgres.trigrams import EACH_TIME
from commonplace.storage.postgres.wire import Failed, Wire

_OLDEST: Final = 15
_WEAK: Final = ("off", "local", "remote_write")


@dataclass(frozen=True, slots=True)
class Server:
    """What was found at a place: whether a pooler stands before it, and the role to take on."""

    place: Place
    is_pooled: bool
    role: str

    def driver(self) -> Driver:
        """A new connection. Raises `EngineUnavailable`."""
        return Driver(self._wire, self.place.name)

    def _wire(self) -> Wire:
        with reached(self.place):
            connection = connect(self.place)
            if not self.is_pooled:
                ask(connection, "session_keep")
            prepare = not self.is_pooled
            return Wire(connection, statements(), prepare=prepare, each_time=EACH_TIME)

    def session(self) -> Session | None:
        """A session that lasts; None behind a pooler, which gives none to anybody."""
        if self.is_pooled:
            return None
        with reached(self.place):
            connection = connect(self.place)
            row = ask(connection, "session_self")
            return Session(connection, f"{row[0]}-{row[1]}" if row else "")


@contextlib.contextmanager
def reached(place: Place) -> Iterator[None]:
    """What psycopg raises of a place, as an `EngineUnavailable` with the reason."""
    try:
        yield
    except psycopg.Error as error:
        reason = " ".join(str(error).split())
        if error.sqlstate:
            raise faults.translate(Failed(0, error.sqlstate, reason), place.name) from error
        raise faults.unreachable(place.name, reason) from error


def connect(place: Place) -> "psycopg.Connection[Any]":
    """A session, or `EngineUnavailable` with the reason."""
    with reached(place):
        return place.connect()


def open_server(place: Place, steps: Sequence[Migration], *, create: bool) -> Server:
    """Check the server and the schema, and bring the schema up to date.

    Raises `UnsafeStorage`, `NotFound`, `NotAMemory`, `NewerSchema` or another
    `EngineUnavailable`; then nothing was changed.
    """
    with reached(place), connect(place) as connection:
        found = ask(connection, "server_look")
        version, fsync, durability, encoding, standby, pid, mighty, owner = found
        _refuse(place, version, encoding, standby=standby)
        refuse_unsafe(place, {"fsync": fsync, "synchronous_commit": durability})
        schema = check_schema(place, connection, len(steps), create=create)
        try:
            if schema < len(steps):
                migrate(connection, steps)
        except psycopg.Error as error:
            raise EngineUnavailable(
                f"{place.name} has schema {schema} and this release needs {len(steps)}, and this "
                f"role could not change it ({error}). Run `commonplace migrate` as its owner.",
                path=place.name,
            ) from error
        granted = is_granted(connection)
        # A pooler names none of the server's processes as its connection's other end.
        is_pooled = pid != connection.pgconn.backend_pid
    role = APPLICATION_ROLE if granted and (mighty or owner or not schema) else ""
    return Server(place, is_pooled=is_pooled, role=role)


def refuse_unsafe(place: Place, settings: Mapping[str, str]) -> None:
    """Raise `UnsafeStorage` for settings under which acknowledged writes can be lost."""
    weak = {
        "fsync": settings["fsync"] == "off",
        "synchronous_commit": settings["synchronous_commit"] in _WEAK,
    }
    for name in [name for name, is_weak in weak.items() if is_weak]:
        raise UnsafeStorage(
            f"{place.name} has {name}={settings[name]}, so a crash would lose acknowledged "
            f"writes. Set {name} to on (for synchronous_commit: or stronger), then open it.",
            path=place.name,
            setting=name,
        )


def _refuse(place: Place, version: int, encoding: str, *, standby: bool) -> None:
    if version < _OLDEST:
        raise EngineUnavailable(
            f"{place.name} runs PostgreSQL {version}; {_OLDEST} or later is needed.",
            path=place.name,
        )
    if encoding != "UTF8":
        raise EngineUnavailable(
            f"The database of {place.name} has the encoding {encoding}. Create one with UTF8.",
            path=place.name,
        )
    if standby:
        raise EngineUnavailable(
            f"{place.name} is a standby, which takes no writes. Name the primary, or all hosts: "
            "postgresql://user@host1,host2/database?target_session_attrs=read-write.",
            path=place.name,
        )


def check_schema(
    place: Place, connection: "psycopg.Connection[Any]", newest: int, *, create: bool
) -> int:
    """The schema found, 0 for none. Raises `NotAMemory`, `NewerSchema` or `NotFound`."""
    schema = state_of(connection)
    if schema is None:
        raise NotAMemory(
            f"{place.name} has a schema named commonplace that is something else; it was not "
            "touched. Use another database.",
            path=place.name,
        )
    if schema > newest:
        raise NewerSchema(
            f"{place.name} has schema {schema}, and this release knows up to {newest}: upgrade "
            "commonplace. Nothing was touched.",
            path=place.name,
            schema=schema,
        )
    if schema == 0 and not create:
        raise NotFound(f"There is no memory at {place.name}.", path=place.name)
    return schema
