"""Schema: what migrations a file has, and bringing it up to date, without opening a memory."""

import contextlib
import os
from collections.abc import Sequence

import apsw

from commonplace.storage.migrations import Migration
from commonplace.storage.sqlite import faults, fork, opening
from commonplace.storage.sqlite.filesystem import filesystem_of
from commonplace.storage.sqlite.migrations import migrations, schema_of
from commonplace.storage.sqlite.turn import FileTurn


def look(address: str) -> tuple[int, int]:
    """The last migration it has, and the last there is. Changes nothing."""
    return _look(os.path.realpath(address), len(migrations())), len(migrations())


def migrate(address: str, steps: Sequence[Migration] | None = None) -> tuple[int, int]:
    """Apply the migrations it lacks. What `look` says of it before.

    Raises as opening does; then nothing was changed.
    """
    steps = migrations() if steps is None else steps
    path = os.path.realpath(address)
    found = _look(path, len(steps))
    if found < len(steps):
        with contextlib.closing(FileTurn(path)) as turn:
            opening.upgrade(path, steps, turn)
    return found, len(steps)


def _look(path: str, newest: int) -> int:
    opening.check(path, create=False, newest=newest, filesystem_of=filesystem_of)
    fork.refuse_tainted(path)
    with contextlib.closing(opening.connect(path, reader=True)) as connection:
        try:
            found = schema_of(connection)
        except apsw.Error as error:
            raise faults.translate(error, path) from error
    opening.refuse_newer(path, found, newest=newest)
    return found
