"""Migrations: numbered `.sql` files, applied forward only; those done are listed in a table.

A migration is never edited once released. Each is applied in a transaction that begins by
noting its number: of two processes that come at once, one waits for the other's note and then
finds it taken, so no lock is needed that some PostgreSQL would lack.
"""

import contextlib
import functools
from collections.abc import Sequence
from typing import Any, Final, LiteralString

import psycopg
from psycopg import errors, sql

from commonplace.storage.migrations import Migration, read_migrations
from commonplace.storage.postgres.statements import FOLDER

APPLICATION_ROLE: Final = "commonplace"
"""The role that transactions take on: it owns nothing, so row-level security binds it."""

_RACED: Final = (
    errors.UniqueViolation,
    errors.DuplicateSchema,
    errors.DuplicateTable,
    errors.DuplicateObject,
)
_BEGIN: Final = (
    "CREATE SCHEMA IF NOT EXISTS commonplace",
    "CREATE TABLE IF NOT EXISTS commonplace.migration"
    " (number bigint PRIMARY KEY, at timestamptz NOT NULL DEFAULT now())",
)
_STATE: Final = """
SELECT to_regclass('commonplace.migration') IS NOT NULL,
       EXISTS (SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
               WHERE n.nspname = 'commonplace')
"""
_TRIES: Final = 10


@functools.cache
def migrations() -> tuple[Migration, ...]:
    """The migrations of this release."""
    return read_migrations(FOLDER)


def state_of(connection: "psycopg.Connection[Any]") -> int | None:
    """The number of the last migration; 0 where there is none, None where others use the schema."""
    row = connection.execute(_STATE).fetchone()
    assert row is not None
    noted, used = row
    if not noted:
        return None if used else 0
    row = connection.execute(
        "SELECT coalesce(max(number), 0) FROM commonplace.migration"
    ).fetchone()
    return 0 if row is None else int(row[0])


def migrate(connection: "psycopg.Connection[Any]", steps: Sequence[Migration]) -> None:
    """Apply those of `steps` that are missing, each whole or not at all; then see to the role."""
    for statement in _BEGIN:
        _or_raced(connection, statement)
    for step in steps[state_of(connection) or 0 :]:
        with contextlib.suppress(errors.UniqueViolation), connection.transaction():
            connection.execute(
                "INSERT INTO commonplace.migration (number) VALUES (%s)", (step.number,)
            )
            connection.execute(step.script.encode())
    grant(connection)


def grant(connection: "psycopg.Connection[Any]") -> bool:
    """Make the application role and let it, and this role, use the tables, as far as may be done.

    False where this role may make none: then it is bound by forced row-level security alone.
    """
    role = sql.Identifier(APPLICATION_ROLE)
    try:
        _or_raced(connection, sql.SQL("CREATE ROLE {} NOLOGIN").format(role))
        with connection.transaction():
            for words in (
                "GRANT USAGE ON SCHEMA commonplace TO {}",
                "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA commonplace TO {}",
                "REVOKE INSERT, UPDATE, DELETE ON commonplace.migration FROM {}",
            ):
                connection.execute(sql.SQL(words).format(role))
        _or_raced(connection, sql.SQL("GRANT {} TO CURRENT_USER").format(role))
    except errors.InsufficientPrivilege:
        return False
    return True


def applied(connection: "psycopg.Connection[Any]") -> bool:
    """Whether this role can take on the application role, and that may use the tables."""
    row = connection.execute(
        "SELECT pg_has_role(oid, 'MEMBER')"
        " AND has_table_privilege(oid, 'commonplace.log', 'INSERT')"
        " FROM pg_roles WHERE rolname = %s",
        (APPLICATION_ROLE,),
    ).fetchone()
    return bool(row and row[0])


def _or_raced(
    connection: "psycopg.Connection[Any]", statement: LiteralString | sql.Composed
) -> None:
    """Run what another process may be doing in the same moment."""
    for attempt in range(_TRIES):
        try:
            with connection.transaction():
                connection.execute(statement)
            return
        except (errors.DuplicateObject, errors.DuplicateSchema, errors.DuplicateTable):
            return
        except (errors.UniqueViolation, errors.InternalError_):
            if attempt == _TRIES - 1:
                raise
