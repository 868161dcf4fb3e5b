"""FileTurn: the right to write, passed fairly among the processes of one host.

SQLite's own busy handler polls, and starves: of four writers one had a single write in 1.2 s.
An flock on a file beside the memory makes them wait in the kernel instead, and ends with its
process however that dies. The file names its last holder, so that one which was *stopped* can
be named by those who wait for it.
"""

import os
import socket
import time
from datetime import UTC, datetime
from typing import Final

from commonplace.storage.sqlite import kernel

_NAME_BYTES: Final = 256


class FileTurn:
    """The turn to write the memory at `path`, through the side file `<path>-lane`.

    Or the turn to do something else with it that one does at a time, through another `side`.
    """

    def __init__(self, path: str, side: str = "-lane") -> None:
        self._path = path + side
        self._fd = kernel.open_side_file(self._path)
        self._who = f"{os.getpid()} {socket.gethostname()}"

    def try_take(self) -> bool:
        """Take it if it is free, without waiting."""
        if not kernel.try_hold(self._fd):
            return False
        self._sign()
        return True

    def take(self) -> None:
        """Wait for it, however long that is."""
        kernel.hold(self._fd)
        self._sign()

    def release(self) -> None:
        """Give it up; harmless when it is not held."""
        kernel.let_go(self._fd)

    def holder(self) -> str:
        """Who took it last, in words; "" when nobody can say."""
        try:
            words = os.pread(self._fd, _NAME_BYTES, 0).decode("utf-8", "replace").split()
            pid, host, since_ns = int(words[0]), words[1], int(words[2])
        except (OSError, ValueError, IndexError):
            return ""
        held_s = max(0.0, (time.time_ns() - since_ns) / 1e9)
        since = datetime.fromtimestamp(since_ns // 1_000_000_000, UTC)
        return (
            f"process {pid} on {host} has held {self._path} since {since:%Y-%m-%dT%H:%M:%SZ} "
            f"({held_s:.1f} s). If it is stopped, continue it or end it"
        )

    def close(self) -> None:
        """Let go of it for good; idempotent."""
        fd, self._fd = self._fd, -1
        if fd >= 0:
            os.close(fd)

    def _sign(self) -> None:
        line = f"{self._who} {time.time_ns()}\n".encode()
        try:
            os.pwrite(self._fd, line.ljust(_NAME_BYTES), 0)
        except OSError:
            return  # a full disk must not keep anybody from a turn, only from being named


class MemoryTurn:
    """The turn to write a memory that one process has to itself."""

    def try_take(self) -> bool:
        """Take it: the lane uses it from one thread at a time."""
        return True

    def take(self) -> None:
        """Take it: the lane uses it from one thread at a time."""

    def release(self) -> None:
        """Give it up."""

    def holder(self) -> str:
        """Nobody else can have it."""
        return ""

    def close(self) -> None:
        """Let go of it."""
