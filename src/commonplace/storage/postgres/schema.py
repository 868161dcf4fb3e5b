"""Schema: what migrations a database has, and bringing it up to date, without opening a memory."""

import contextlib
from collections.abc import Sequence

import psycopg

from commonplace.storage.migrations import Migration
from commonplace.storage.postgres import faults, opening
from commonplace.storage.postgres.migrations import grant, migrations
from commonplace.storage.postgres.place import place_of
from commonplace.storage.postgres.wire import Failed


def look(address: str) -> tuple[int, int]:
    """The last migration it has, 0 for none, and the last there is. Changes nothing."""
    place, newest = place_of(address), len(migrations())
    with contextlib.closing(opening.connect(place)) as connection:
        try:
            return opening.check_schema(place, connection, newest, create=True), newest
        except psycopg.Error as error:
            failed = Failed(0, error.sqlstate or "", str(error))
            raise faults.translate(failed, place.name) from error


def migrate(address: str, steps: Sequence[Migration] | None = None) -> tuple[int, int]:
    """Apply the migrations it lacks, and grant the application role what it needs.

    What `look` says of it before. Raises as opening does; then nothing was changed.
    """
    steps = migrations() if steps is None else steps
    place = place_of(address)
    with contextlib.closing(opening.connect(place)) as connection:
        found = opening.check_schema(place, connection, len(steps), create=True)
    opening.open_server(place, steps, create=True)
    with contextlib.closing(opening.connect(place)) as connection:
        grant(connection)  # to who came since: a role, or rights that were taken from it
    return found, len(steps)
