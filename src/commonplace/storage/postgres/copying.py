"""Copying: a whole memory to one new file and back, through PostgreSQL's COPY.

One snapshot for all tables, while writers go on beside it; one transaction to take them back.
Both take a role that row-level security does not bind: any other would copy the rows of no
tenant, and call it a copy.
"""

import contextlib
from collections.abc import Iterator, Sequence, Set
from typing import Any, Final

import psycopg
from psycopg import sql

from commonplace.errors import EngineUnavailable, NewerSchema, NotAMemory, OutcomeUnknown
from commonplace.storage.migrations import Migration
from commonplace.storage.postgres import opening
from commonplace.storage.postgres.copyfile import (
    Contents,
    CopyReader,
    CopyWriter,
    Table,
    new_file,
)
from commonplace.storage.postgres.migrations import ask, grant, state_of
from commonplace.storage.postgres.place import Place
from commonplace.storage.postgres.statements import statements

_Connection = psycopg.Connection[Any]

SCHEMA: Final = "commonplace"
_MIGRATION: Final = "migration"
_NOT_COPIED: Final = frozenset({_MIGRATION, "ticket"})
"""Tables that belong to the database or to a moment, and not to the memory."""


def write_copy(place: Place, path: str) -> None:
    """Copy everything committed now to a new file; it has its name only when it is whole."""
    with new_file(path) as file, _connected(place, "copied") as connection:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        connection.read_only = True
        with connection.transaction():
            ask(connection, "copies_snapshot_lock")
            contents = Contents(state_of(connection) or 0, tuple(_tables(connection)))
            writer = CopyWriter(file, contents)
            for table in contents.tables:
                with connection.cursor().copy(_of_table("copied_out", table)) as rows:
                    for data in rows:
                        writer.write(data)
                writer.end_table()
            writer.finish()


def read_copy(place: Place, path: str, steps: Sequence[Migration]) -> None:
    """Become the copy in `path`, brought to the newest schema, or change nothing.

    Refused unless nothing was ever written here. The copy is only read.
    """
    with CopyReader(path) as reader:
        reader.check()
        _refuse_schema(path, reader.contents.schema, len(steps))
        loaded = False
        try:
            with _connected(place, "restored") as connection:
                with connection.transaction():
                    _load(connection, place, reader, steps)
                    loaded = True
                loaded = False
                with contextlib.suppress(psycopg.Error):
                    for table in reader.contents.tables:
                        connection.execute(_of_table("copied_count", table))
        except EngineUnavailable as error:
            if not loaded:
                raise
            raise OutcomeUnknown(
                f"Sent, and the connection was lost while it was committed ({error}). Look "
                f"whether {place.name} holds the copy before you repeat it."
            ) from error


def tenants(place: Place) -> list[str]:
    """The names of all tenants, in order."""
    with _connected(place, "listed") as connection:
        if not state_of(connection):
            return []
        found: list[str] = []
        while row := ask(connection, "tenant_next", found[-1] if found else ""):
            found.append(str(row[0]))
        return found


def _load(
    connection: _Connection, place: Place, reader: CopyReader, steps: Sequence[Migration]
) -> None:
    ask(connection, "copies_lock_wait")
    ask(connection, "copies_restore_lock")
    if ask(connection, "tenant_any"):
        raise EngineUnavailable(
            "Not restored: this memory is not empty. Restore into another database.",
            path=place.name,
        )
    contents = reader.contents
    if contents.schema == len(steps):
        connection.execute(_of_all("copied_empty", connection))
    else:
        connection.execute(_of_all("copied_drop", connection))
        ask(connection, "copied_unnote")
        _apply(connection, steps[: contents.schema])
    here = {table.name: table for table in _tables(connection)}
    if {name: set(table.columns) for name, table in here.items()} != {
        table.name: set(table.columns) for table in contents.tables
    }:
        raise NotAMemory(
            f"Not restored: the tables of the copy are not those of schema {contents.schema}. "
            "Restore it with the release that wrote it.",
            path=place.name,
        )
    for table in contents.tables:
        with connection.cursor().copy(_of_table("copied_in", table)) as rows:
            for data in reader.frames():
                rows.write(data)
    reader.finish()
    if contents.schema < len(steps):
        _apply(connection, steps[contents.schema :])
        grant(connection)


def _apply(connection: _Connection, steps: Sequence[Migration]) -> None:
    for step in steps:
        ask(connection, "migration_note", step.number)
        connection.execute(step.script.encode())


def _refuse_schema(path: str, schema: int, newest: int) -> None:
    if schema > newest:
        raise NewerSchema(
            f"{path} has schema {schema}, and this release knows up to {newest}: upgrade "
            "commonplace. Nothing was touched.",
            path=path,
            schema=schema,
        )
    if schema < 1:
        raise NotAMemory(f"{path} is a copy of nothing: it has no schema.", path=path)


def _names(connection: _Connection, but: Set[str]) -> list[str]:
    cursor = psycopg.RawCursor(connection)
    cursor.execute(statements()["copied_tables"].encode())
    return [row[0] for row in cursor.fetchall() if row[0] not in but]


def _tables(connection: _Connection) -> Iterator[Table]:
    cursor = psycopg.RawCursor(connection)
    for name in _names(connection, _NOT_COPIED):
        cursor.execute(statements()["copied_columns"].encode(), (name,))
        yield Table(name, tuple(row[0] for row in cursor.fetchall()))


def _named(table: str) -> sql.Identifier:
    return sql.Identifier(SCHEMA, table)


def _of_table(statement: str, table: Table) -> sql.Composed:
    columns = sql.SQL(", ").join(map(sql.Identifier, table.columns))
    return sql.SQL(statements()[statement]).format(table=_named(table.name), columns=columns)


def _of_all(statement: str, connection: _Connection) -> sql.Composed:
    tables = sql.SQL(", ").join(map(_named, _names(connection, {_MIGRATION})))
    return sql.SQL(statements()[statement]).format(tables=tables)


@contextlib.contextmanager
def _connected(place: Place, done: str) -> Iterator[_Connection]:
    """A session that row-level security does not bind, or an `EngineUnavailable`."""
    with opening.reached(place), contextlib.closing(opening.connect(place)) as connection:
        if ask(connection, "role_is_unbound") != (True,):
            raise EngineUnavailable(
                f"Not {done}: this role sees one tenant of {place.name} at a time, since "
                "row-level security binds it. Connect as a superuser or a role with BYPASSRLS, "
                "use pg_dump as one, or copy tenant by tenant with `commonplace copy`.",
                path=place.name,
            )
        ask(connection, "copies_show_all")
        yield connection
