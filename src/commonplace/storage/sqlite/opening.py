"""Opening: look first, change nothing on a refusal, then create, migrate and connect.

A new memory is built under another name and renamed when it is whole, while the turn to write
is held: of two processes that create at once one does, and nobody sees half a file.
"""

import errno
import os
import stat
import time
from collections.abc import Sequence
from typing import Final

import apsw

from commonplace import limits
from commonplace.errors import (
    EngineUnavailable,
    NewerSchema,
    NotAMemory,
    NotFound,
    UnsafeStorage,
)
from commonplace.storage.migrations import Migration
from commonplace.storage.sqlite import faults
from commonplace.storage.sqlite.filesystem import FilesystemOf, is_network
from commonplace.storage.sqlite.migrations import APPLICATION_ID, migrate, schema_of
from commonplace.storage.turn import Turn

MEMORY: Final = ":memory:"

_HEADER: Final = b"SQLite format 3\0"
_HEADER_BYTES: Final = 100
_USER_VERSION: Final = slice(60, 64)
_APPLICATION_ID: Final = slice(68, 72)
_FULL: Final = 2
"""`PRAGMA synchronous`: each commit is on the disk before it is acknowledged."""
_BUSY_TIMEOUT_MS: Final = 5_000
_STATEMENTS_CACHED: Final = 256
_POLL_S: Final = 0.005


def check(path: str, *, create: bool, newest: int, filesystem_of: FilesystemOf) -> bool:
    """Look whether the memory at `path` can be opened; True if it has yet to be created.

    Only reads. `path` is absolute and without links, `newest` the last schema known here.
    """
    folder = os.path.dirname(path)
    if not os.path.isdir(folder):
        raise NotFound(f"There is no directory {folder}: create it first.", path=folder)
    kind = filesystem_of(folder)
    if is_network(kind):
        raise UnsafeStorage(
            f"{folder} is on a network file system ({kind}), where SQLite's locks and shared "
            "memory do not hold between hosts. Put the memory on a local disk, or use a server.",
            path=path,
            filesystem=kind,
        )
    try:
        status = os.stat(path)
    except FileNotFoundError:
        status = None
    except OSError as error:
        raise faults.translate_os(error, path) from error
    if status is None and not create:
        raise NotFound(f"There is no memory at {path}.", path=path)
    if status is not None:
        _check_file(path, status, newest=newest)
    _check_writable(path, folder, exists=status is not None)
    if status is not None and status.st_size == 0:
        if not create:
            raise NotAMemory(f"{path} is an empty file, not a memory.", path=path)
        return True
    return status is None


def _check_file(path: str, status: os.stat_result, *, newest: int) -> None:
    if stat.S_ISDIR(status.st_mode):
        raise NotAMemory(f"{path} is a directory; name a file in it.", path=path)
    if not stat.S_ISREG(status.st_mode):
        raise NotAMemory(f"{path} is not a regular file; it was not touched.", path=path)
    if status.st_nlink > 1:
        raise UnsafeStorage(
            f"{path} has {status.st_nlink} hard links: two names would get two logs and lose "
            "writes. Remove the other links.",
            path=path,
        )
    if status.st_size == 0:
        return
    try:
        with open(path, "rb") as file:
            header = file.read(_HEADER_BYTES)
    except OSError as error:
        raise faults.translate_os(error, path) from error
    if not header.startswith(_HEADER) or len(header) < _HEADER_BYTES:
        raise NotAMemory(f"{path} is not a SQLite file; it was not touched.", path=path)
    if int.from_bytes(header[_APPLICATION_ID]) != APPLICATION_ID:
        raise NotAMemory(
            f"{path} is a SQLite file of another program; it was not touched.", path=path
        )
    refuse_newer(path, int.from_bytes(header[_USER_VERSION]), newest=newest)


def refuse_newer(path: str, schema: int, *, newest: int) -> None:
    """Raise `NewerSchema` if `schema` is beyond `newest`."""
    if schema > newest:
        raise NewerSchema(
            f"{path} has schema {schema}, and this release knows up to {newest}: upgrade "
            "commonplace. The file was not touched.",
            path=path,
            schema=schema,
            newest=newest,
        )


def _check_writable(path: str, folder: str, *, exists: bool) -> None:
    for place, what in ((path, "file"), (folder, "directory")):
        if place == path and not exists:
            continue
        mode = os.W_OK | os.R_OK | (os.X_OK if place == folder else 0)
        effective = os.access in os.supports_effective_ids
        if not os.access(place, mode, effective_ids=effective):
            raise EngineUnavailable(
                f"The {what} {place} is read-only for this user. Readers too need to write "
                "beside it (SQLite's -shm): make it writable, or open a copy.",
                path=place,
            )


def connect(path: str, *, reader: bool = False) -> apsw.Connection:
    """Open an existing memory, durably or not at all."""
    flags = apsw.SQLITE_OPEN_READWRITE | (apsw.SQLITE_OPEN_CREATE if path == MEMORY else 0)
    try:
        connection = apsw.Connection(path, flags=flags, statementcachesize=_STATEMENTS_CACHED)
    except apsw.Error as error:
        raise faults.translate(error, path) from error
    try:
        connection.set_busy_timeout(_BUSY_TIMEOUT_MS)
        # Else this build of SQLite (STAT4) plans a statement anew whenever it is bound to other
        # values, which takes five times as long as to run it.
        connection.config(apsw.SQLITE_DBCONFIG_ENABLE_QPSG, 1)
        # What is erased is overwritten, not only forgotten.
        connection.pragma("secure_delete", 1)
        if path != MEMORY:
            harden(connection, path)
        if reader:
            connection.pragma("query_only", 1)
    except apsw.Error as error:
        connection.close(True)
        raise faults.translate(error, path) from error
    except BaseException:
        connection.close(True)
        raise
    return connection


def harden(connection: apsw.Connection, path: str) -> None:
    """Ask for what makes an acknowledged write durable, and read back whether it was granted."""
    mode = connection.pragma("journal_mode", "wal")
    if mode != "wal":
        raise UnsafeStorage(
            f"{path} cannot use SQLite's write-ahead log here (it stays at {mode!r}): the file "
            "system lacks shared memory, or another program holds the file in another mode. "
            "Put it on a local disk, or close that program.",
            path=path,
        )
    connection.pragma("synchronous", _FULL)
    # Where fsync does not reach the disk (macOS), this does; elsewhere it changes nothing.
    connection.pragma("fullfsync", 1)
    connection.pragma("checkpoint_fullfsync", 1)
    granted = int(connection.pragma("synchronous"))
    if granted < _FULL:
        raise UnsafeStorage(
            f"{path}: SQLite grants synchronous={granted} and not FULL, so a power cut would "
            "lose acknowledged writes. Use a SQLite that is built without that restriction.",
            path=path,
        )


def create(path: str, steps: Sequence[Migration], turn: Turn) -> None:
    """Create the memory at `path`, unless another process did so meanwhile."""
    with Taken(turn):
        if os.path.exists(path) and os.path.getsize(path) > 0:
            return
        building = f"{path}-new"
        for leftover in (building, f"{building}-wal", f"{building}-shm", f"{building}-journal"):
            remove(leftover)
        try:
            flags = apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE
            connection = apsw.Connection(building, flags=flags)
            try:
                # WAL last: until then every byte, the application's id too, is in the file.
                connection.pragma("synchronous", _FULL)
                migrate(connection, steps)
                harden(connection, path)
            finally:
                connection.close()
            os.rename(building, path)
            sync_directory(os.path.dirname(path))
        except apsw.Error as error:
            raise faults.translate(error, path) from error
        except OSError as error:
            raise faults.translate_os(error, path) from error
        finally:
            remove(building)


def upgrade(path: str, steps: Sequence[Migration], turn: Turn) -> None:
    """Bring an existing memory to the newest schema; most often there is nothing to do."""
    connection = connect(path)
    try:
        schema = schema_of(connection)
        refuse_newer(path, schema, newest=len(steps))
        if schema < len(steps):
            with Taken(turn):
                migrate(connection, steps)
    except apsw.Error as error:
        raise faults.translate(error, path) from error
    finally:
        connection.close()


def sync_directory(folder: str) -> None:
    """Make a new name in `folder` survive a power cut, where directories can be synced."""
    if os.name == "nt":
        return
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    except OSError as error:
        if error.errno != errno.EINVAL:
            raise
    finally:
        os.close(fd)


class Taken:
    """Holds the turn inside a `with`; raises `EngineUnavailable` when it cannot be had in time.

    For the rare jobs of opening, before there is a lane: so it may poll.
    """

    def __init__(
        self, turn: Turn, *, deadline_s: float = limits.DEADLINE_S, poll_s: float = _POLL_S
    ) -> None:
        self._turn = turn
        self._deadline_s = deadline_s
        self._poll_s = poll_s

    def __enter__(self) -> None:
        until = time.monotonic() + self._deadline_s
        while not self._turn.try_take():
            if time.monotonic() >= until:
                raise EngineUnavailable(
                    f"Not opened: no turn to write within {self._deadline_s:g} s, because "
                    f"{self._turn.holder() or 'another process is writing'}. Then retry."
                )
            time.sleep(self._poll_s)

    def __exit__(self, *error: object) -> None:
        self._turn.release()


def sync_file(path: str) -> None:
    """Make a file's bytes survive a power cut."""
    fd = os.open(path, os.O_RDWR)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def remove(path: str) -> None:
    """Remove a file that may not be there."""
    try:
        os.unlink(path)
    except FileNotFoundError:
        return
