"""Migrations: numbered `.sql` files, applied forward only; those done are listed in a table.

A migration is never edited once released. Each is applied in a transaction that begins by
noting its number: of two processes that come at once, one waits for the other's note and then
finds it taken, so no lock is needed that some PostgreSQL would lack.
"""

import contextlib
import functools
from collections.abc import Sequence
from typing import Any, Final

import psycopg
from psycopg import errors

from commonplace.storage.migrations import Migration, read_migrations
from commonplace.storage.postgres.statements import FOLDER, statements

APPLICATION_ROLE: Final = "commonplace"
"""The role that transactions take on: it owns nothing, so row-level security binds it."""

_TRIES: Final = 10


@functools.cache
def migrations() -> tuple[Migration, ...]:
    """The migrations of this release."""
    return read_migrations(FOLDER)


def ask(connection: "psycopg.Connection[Any]", name: str, *values: Any) -> tuple[Any, ...]:
    """The first row of a statement on a connection that runs no programs; () if there is none."""
    cursor = psycopg.RawCursor(connection)
    cursor.execute(statements()[name].encode(), values)
    return cursor.fetchone() or () if cursor.description else ()


def state_of(connection: "psycopg.Connection[Any]") -> int | None:
    """The number of the last migration; 0 where there is none, None where others use the schema."""
    noted, used = ask(connection, "schema_state")
    if not noted:
        return None if used else 0
    return int(ask(connection, "schema_newest")[0])


def migrate(connection: "psycopg.Connection[Any]", steps: Sequence[Migration]) -> None:
    """Apply those of `steps` that are missing, each whole or not at all; then see to the role."""
    for name in ("schema_make", "migration_table"):
        _once(connection, name)
    for step in steps[state_of(connection) or 0 :]:
        _apply(connection, step)
    grant(connection)


def _apply(connection: "psycopg.Connection[Any]", step: Migration) -> None:
    """Apply a migration, unless another process did, or does so now: then wait for it."""
    for attempt in range(_TRIES):
        try:
            with connection.transaction():
                if ask(connection, "migration_note", step.number):
                    connection.execute(step.script.encode())
            return
        except errors.DeadlockDetected:  # with one that grants rights, table by table
            if attempt == _TRIES - 1:
                raise


def grant(connection: "psycopg.Connection[Any]") -> bool:
    """Make the application role and let it, and this role, use the tables, as far as may be done.

    False where this role may make none: then it is bound by forced row-level security alone.
    """
    with contextlib.suppress(errors.InsufficientPrivilege):  # another may have made it before
        _once(connection, "role_make")
    try:
        for name in ("role_schema", "role_tables", "role_migrations", "role_take"):
            _once(connection, name)
    except (errors.InsufficientPrivilege, errors.UndefinedObject):
        return False
    return True


def is_granted(connection: "psycopg.Connection[Any]") -> bool:
    """Whether this session can take on the application role, and that may use the tables."""
    return ask(connection, "role_usable") == (True,)


def _once(connection: "psycopg.Connection[Any]", name: str) -> None:
    """Run what another process may be doing, or have done, in the same moment."""
    for attempt in range(_TRIES):
        try:
            with connection.transaction():
                ask(connection, name)
            return
        except (errors.DuplicateObject, errors.DuplicateSchema, errors.DuplicateTable):
            return
        except (errors.UniqueViolation, errors.InternalError_, errors.DeadlockDetected):
            # Two at once; who grants rights on all tables takes them one by one, in any order.
            if attempt == _TRIES - 1:
                raise
