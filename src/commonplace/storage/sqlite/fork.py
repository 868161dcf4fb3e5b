"""Fork: what SQLite bears no fork of, beside what `storage.forking` sees to.

SQLite remembers locks per process in memory that a fork copies too, so a child that opens the
same file believes it has locks that the kernel never gave it.
"""

import contextlib
import os

from commonplace.errors import ForkedMemory

_tainted: set[tuple[int, int]] = set()


def taint(path: str) -> None:
    """A connection to `path` was in use at the fork: SQLite's view of it here is wrong."""
    with contextlib.suppress(OSError):
        status = os.stat(path)
        _tainted.add((status.st_dev, status.st_ino))


def refuse_tainted(path: str) -> None:
    """Raise `ForkedMemory` if this process cannot open `path` safely any more."""
    with contextlib.suppress(FileNotFoundError):
        status = os.stat(path)
        if (status.st_dev, status.st_ino) in _tainted:
            raise ForkedMemory(
                f"This process was forked while its parent was in the middle of using {path}, "
                "so SQLite cannot lock it here. Start the process by spawn, not by fork.",
                path=path,
            )
