"""Copying: a whole memory to a new file and back, through SQLite's backup."""

import os
from typing import Final

import apsw

from commonplace.errors import EngineUnavailable, NotFound
from commonplace.storage.migrations import Migration
from commonplace.storage.sqlite import faults, opening
from commonplace.storage.sqlite.driver import Driver
from commonplace.storage.sqlite.migrations import migrate

_ALL_PAGES: Final = -1


def write_copy(source: apsw.Connection, path: str) -> None:
    """Copy everything committed now to a new file; it has its name only when it is whole."""
    if os.path.lexists(path):
        raise EngineUnavailable(
            f"{path} exists and was not touched: name a file that does not exist.", path=path
        )
    folder = os.path.dirname(path)
    if not os.path.isdir(folder):
        raise NotFound(f"There is no directory {folder}: create it first.", path=folder)
    building = f"{path}-new"
    try:
        flags = apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE
        target = apsw.Connection(building, flags=flags)
        try:
            _copy(source, target)
            target.pragma("journal_mode", "delete")  # so that the copy is one file
            target.pragma("journal_mode", "wal")
        finally:
            target.close()
        opening.sync_file(building)
        os.rename(building, path)
        opening.sync_directory(folder)
    except apsw.Error as error:
        raise faults.translate(error, path) from error
    except OSError as error:
        raise faults.translate_os(error, path) from error
    finally:
        for leftover in (building, f"{building}-wal", f"{building}-shm"):
            opening.remove(leftover)


def read_copy(driver: Driver, path: str, steps: tuple[Migration, ...]) -> None:
    """Become the copy in `path`, brought to the newest schema; the turn to write is held.

    Refused unless nothing was ever written here. The copy is only read.
    """
    target = driver.connection
    if driver.ask("tenant_any"):
        raise EngineUnavailable(
            "Not restored: this memory is not empty. Restore into a new file.", path=path
        )
    source = opening.connect(path, reader=True)
    try:
        _copy(source, target)
        migrate(target, steps)
    except apsw.Error as error:
        raise faults.translate(error, path) from error
    finally:
        source.close()


def _copy(source: apsw.Connection, target: apsw.Connection) -> None:
    """All pages in one go: one snapshot, while writers go on beside it."""
    with target.backup("main", source, "main") as backup:
        while not backup.done:
            backup.step(_ALL_PAGES)
