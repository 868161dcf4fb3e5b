"""What the kernel offers: whole-file locks, and the place of a descriptor in the file system.

An flock belongs to the open file, not to the process: it ends when the last descriptor of
that opening is closed, however its processes die. A platform without it (Windows) keeps every
guarantee, since SQLite's own locks hold there too; it gives up fairness among processes,
presence, and the quick doorbell: `HAS_FLOCK` and `HAS_BELLS` say so.
"""

import errno
import os
import socket
import sys
from typing import Final

HAS_FLOCK: Final = sys.platform != "win32"
HAS_BELLS: Final = sys.platform == "linux" and hasattr(socket, "AF_UNIX")

if sys.platform != "win32":
    import fcntl

    def hold(fd: int) -> None:
        """Hold `fd`'s file alone; wait for it."""
        fcntl.flock(fd, fcntl.LOCK_EX)

    def try_hold(fd: int) -> bool:
        """Hold `fd`'s file alone if nobody does."""
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno in (errno.EWOULDBLOCK, errno.EACCES):
                return False
            raise
        return True

    def is_held(fd: int) -> bool:
        """Whether another opening of `fd`'s file is held."""
        try:
            fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno in (errno.EWOULDBLOCK, errno.EACCES):
                return True
            raise
        fcntl.flock(fd, fcntl.LOCK_UN)
        return False

    def let_go(fd: int) -> None:
        """End the hold of `fd`, if any, whichever process shares it."""
        fcntl.flock(fd, fcntl.LOCK_UN)

else:

    def hold(fd: int) -> None:
        """Do nothing: SQLite's own lock is taken next."""

    def try_hold(fd: int) -> bool:
        """Say yes: SQLite's own lock is taken next."""
        return True

    def is_held(fd: int) -> bool:
        """Say yes: nobody can tell."""
        return True

    def let_go(fd: int) -> None:
        """Do nothing."""


def open_side_file(path: str) -> int:
    """Open or make a small file beside the memory; the descriptor is closed on exec."""
    return os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), 0o666)
