"""Connections: one that writes and a few that read, each used by one thread at a time."""

import threading
from collections.abc import Callable
from typing import Final, TypeVar

import apsw

from commonplace.errors import EngineUnavailable
from commonplace.storage.sqlite.driver import Driver
from commonplace.storage.step import Program

T = TypeVar("T")

_READERS_KEPT: Final = 8
"""Reading connections kept open; more are opened for more threads, and closed after use."""
_REST_S: Final = 5.0
"""How long a fork waits for a connection in use before it gives it up for the child."""


class Line:
    """One connection, opened at its first use, with the mutex under which it is used."""

    __slots__ = ("_open", "driver", "mutex")

    def __init__(self, open_driver: Callable[[], Driver]) -> None:
        self.mutex = threading.Lock()
        self.driver: Driver | None = None
        self._open = open_driver

    def run(self, program: Program[T]) -> T:
        """Run a program when the connection is free."""
        with self.mutex:
            driver = self.driver
            if driver is None:
                driver = self.driver = self._open()
            return driver.run(program)

    def use(self, job: Callable[[Driver], T]) -> T:
        """Call `job` with the driver when the connection is free."""
        with self.mutex:
            driver = self.driver
            if driver is None:
                driver = self.driver = self._open()
            return job(driver)

    def reopen(self) -> None:
        """Close the connection; the next use opens another."""
        with self.mutex:
            self.discard()

    def discard(self) -> None:
        """Close the connection; the next use opens another. Called with the mutex held."""
        driver, self.driver = self.driver, None
        if driver is not None:
            driver.connection.close(True)


class Connections:
    """The connections of one engine.

    `shared` makes readers use the writer's connection: a memory that lives in one connection
    (`:memory:`) has no second.
    """

    def __init__(
        self, writer: Callable[[], Driver], reader: Callable[[], Driver], *, shared: bool
    ) -> None:
        self._open_reader = reader
        self._shared = shared
        self.writer = Line(writer)
        self._idle: list[Line] = []  # push and pop are atomic, so it needs no mutex
        self._lines: list[Line] = [self.writer]  # every one there is
        self._making = threading.Lock()
        self._resting: list[Line] = []
        self._closed = False

    def read(self, program: Program[T]) -> T:
        """Run a reading program; nobody waits for another reader."""
        if self._shared:
            return self.writer.run(program)
        try:
            line = self._idle.pop()
        except IndexError:
            line = self._make()
        try:
            return line.run(program)
        finally:
            if self._closed or len(self._idle) >= _READERS_KEPT:
                self._drop(line)
            else:
                self._idle.append(line)

    def copy_from(self, job: Callable[[Driver], T]) -> T:
        """Call `job` with a connection of its own, closed after; nobody waits for it."""
        line = self.reader()
        try:
            return line.use(job)
        finally:
            if line is not self.writer:
                self._drop(line)

    def close(self) -> None:
        """Close all, waiting for those in use."""
        self._closed = True
        with self._making:
            lines, self._lines = self._lines, []
            for line in lines:
                with line.mutex:
                    line.discard()

    def rest(self) -> None:
        """Before a fork: wait until no connection is in use, and keep it so."""
        self._making.acquire()
        self._resting = [line for line in self._lines if line.mutex.acquire(timeout=_REST_S)]

    def resume(self) -> None:
        """After a fork, in the parent."""
        for line in self._resting:
            line.mutex.release()
        self._resting = []
        self._making.release()

    def disown(self) -> bool:
        """After a fork, in the child: close what was at rest without touching the file.

        False if a connection was in use. Such a one is left alone, and SQLite in this process
        believes for ever that it holds locks.
        """
        clean = len(self._resting) == len(self._lines)
        for line in self._resting:
            if line.driver is not None:
                connection = line.driver.connection
                # Else the last to close would write the log back and remove it.
                connection.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)
                line.discard()
        for line in self._lines:
            if line not in self._resting:
                _ABANDONED.append(line)
        self._closed = True
        return clean

    def reader(self) -> Line:
        """A connection of one's own that reads."""
        return self.writer if self._shared else self._make()

    def _make(self) -> Line:
        line = Line(self._open_reader)
        with self._making:
            if self._closed:
                raise EngineUnavailable("The memory is closed. Open it first.")
            self._lines.append(line)
        return line

    def _drop(self, line: Line) -> None:
        with self._making, line.mutex:
            if line in self._lines:
                self._lines.remove(line)
            line.discard()


_ABANDONED: Final[list[Line]] = []
"""Connections that a fork caught in use: never used, closed or collected in the child."""
