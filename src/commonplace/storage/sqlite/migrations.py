"""Migrations: numbered `.sql` files, applied forward only; the file's number is `user_version`.

A migration is never edited once released. All that are missing are applied in one
transaction, so that a file is at one version or another and never between.
"""

import functools
from collections.abc import Sequence
from typing import Final

import apsw

from commonplace.storage.migrations import Migration, read_migrations
from commonplace.storage.sqlite.statements import FOLDER

APPLICATION_ID: Final = 0x434D4E50
"""In the header of every memory ("CMNP"), so that no other SQLite file is taken for one."""


@functools.cache
def migrations() -> tuple[Migration, ...]:
    """The migrations of this release."""
    return read_migrations(FOLDER)


def schema_of(connection: apsw.Connection) -> int:
    """The number of the last migration applied to an open file."""
    return int(connection.pragma("user_version"))


def migrate(connection: apsw.Connection, steps: Sequence[Migration]) -> None:
    """Apply those of `steps` that are missing; nothing is applied when one fails.

    The version is read inside the transaction: of two processes that come at once, the
    second finds nothing left to do.
    """
    connection.execute("BEGIN IMMEDIATE")
    with _Rollback(connection):
        done = schema_of(connection)
        for step in steps[done:]:
            connection.execute(step.script)
            connection.pragma("user_version", step.number)
        connection.pragma("application_id", APPLICATION_ID)
        connection.execute("COMMIT")


class _Rollback:
    """Leaves no transaction open behind an error."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection

    def __enter__(self) -> None:
        return None

    def __exit__(self, *error: object) -> None:
        if self._connection.in_transaction:
            self._connection.execute("ROLLBACK")
