"""Schema: what migrations a database has, and bringing it up to date, without opening a memory."""

import contextlib
from collections.abc import Iterator, Sequence
from typing import Any

import psycopg

from commonplace.storage.migrations import Migration
from commonplace.storage.postgres import opening
from commonplace.storage.postgres.migrations import grant, migrations
from commonplace.storage.postgres.place import Place, place_of


def look(address: str) -> tuple[int, int]:
    """The last migration it has, 0 for none, and the last there is. Changes nothing."""
    return _look(place_of(address), len(migrations())), len(migrations())


def migrate(address: str, steps: Sequence[Migration] | None = None) -> tuple[int, int]:
    """Apply the migrations it lacks, and grant the application role what it needs.

    What `look` says of it before. Raises as opening does; then nothing was changed.
    """
    steps = migrations() if steps is None else steps
    place = place_of(address)
    found = _look(place, len(steps))
    opening.open_server(place, steps, create=True)
    with _connected(place) as connection:
        grant(connection)  # to who came since: a role, or rights that were taken from it
    return found, len(steps)


def _look(place: Place, newest: int) -> int:
    with _connected(place) as connection:
        return opening.check_schema(place, connection, newest, create=True)


@contextlib.contextmanager
def _connected(place: Place) -> Iterator["psycopg.Connection[Any]"]:
    with opening.reached(place), contextlib.closing(opening.connect(place)) as connection:
        yield connection
