"""Faults: what SQLite and the system report, as errors of ours with a next step."""

import errno
import os
from typing import Final

import apsw

from commonplace.errors import CommonplaceError, DamagedMemory, EngineUnavailable, NotAMemory

_NEXT: Final[tuple[tuple[type[apsw.Error], str], ...]] = (
    (apsw.FullError, "the disk is full. Free some space, then retry"),
    (apsw.ReadOnlyError, "the file or its directory is read-only. Make both writable, then retry"),
    (
        apsw.BusyError,
        "another program holds SQLite's own write lock, past the side file. Let it finish, "
        "then retry",
    ),
    (apsw.CantOpenError, "the file cannot be opened. Check that it and its directory are there"),
    (apsw.PermissionsError, "permission was denied. Check the file's owner and mode"),
    (apsw.NoMemError, "the system is out of memory. Retry when there is more"),
    (apsw.IOError, "the disk reported an error. Check the disk and the system's log, then retry"),
)


class CommitUnknown(Exception):
    """COMMIT itself failed: the transaction may have landed. Internal to this engine."""


def translate(error: apsw.Error, path: str) -> CommonplaceError:
    """The error for callers; whatever failed was rolled back."""
    if isinstance(error, apsw.CorruptError):
        if "fts5" in str(error):
            return DamagedMemory(
                f"The text index of {path} is damaged ({error}), and nothing else is known to be. "
                "Run `commonplace reindex`, or memory.reindex(), and ask again.",
                path=path,
            )
        return DamagedMemory(
            f"Nothing was written: {path} is damaged ({error}). Stop writing, keep a copy of "
            "the file with its -wal, and run `commonplace audit`.",
            path=path,
        )
    if isinstance(error, apsw.NotADBError):
        return NotAMemory(f"{path} is not a SQLite file; it was not touched.", path=path)
    for kind, words in _NEXT:
        if isinstance(error, kind):
            return EngineUnavailable(
                f"Nothing was written to {path}: {words}. ({error}{_system(error)})", path=path
            )
    return EngineUnavailable(
        f"Nothing was written to {path}: SQLite reported {type(error).__name__}: {error}. "
        "This is a defect of the library or of the file: run `commonplace audit`.",
        path=path,
    )


def translate_os(error: OSError, path: str) -> EngineUnavailable:
    """The error for callers, from what the system said about a file beside the memory."""
    words = {
        errno.ENOSPC: "the disk is full. Free some space, then retry",
        errno.EDQUOT: "the disk quota is used up. Free some space, then retry",
        errno.EROFS: "the file system is read-only. Make it writable, then retry",
        errno.EACCES: "permission was denied. Check owner and mode, then retry",
        errno.EPERM: "permission was denied. Check owner and mode, then retry",
        errno.EMFILE: "this process has too many files open. Close some, then retry",
        errno.ENFILE: "the system has too many files open. Close some, then retry",
    }.get(error.errno or 0, f"{error.strerror or error}. Mend that, then retry")
    return EngineUnavailable(f"Nothing was written to {path}: {words}.", path=path)


def _system(error: apsw.Error) -> str:
    number = getattr(error, "errno", 0) or 0
    return f"; {os.strerror(number)}" if number else ""


def commit_failed_for_certain(error: apsw.Error) -> bool:
    """Whether an error of COMMIT says by its kind that nothing landed.

    Full: the frame that commits is the last one written, and did not fit. Busy, a constraint
    and the like leave the transaction open. Any other may have happened after the frames
    were whole, and recovery would then find them.
    """
    return isinstance(
        error, apsw.FullError | apsw.BusyError | apsw.ConstraintError | apsw.ReadOnlyError
    )
