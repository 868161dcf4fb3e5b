"""Connections: those of one engine, opened as they are needed, each used by one thread at a time.

Not psycopg's pool: after a failover that one tries again on a clock of its own (one second, two,
four), and keeps the reason to itself.
"""

import threading
import time
from collections.abc import Callable
from typing import Final

from commonplace import limits
from commonplace.errors import EngineUnavailable
from commonplace.storage.postgres.driver import Driver

_PAUSE_S: Final = 0.05

_KEPT: Final = 8
"""Connections kept open while nobody uses them."""


class Connections:
    """At most `most` sessions with one server. `open_driver` raises `EngineUnavailable`."""

    def __init__(self, open_driver: Callable[[], Driver], most: int) -> None:
        self._open = open_driver
        self._most = most
        self._idle: list[Driver] = []
        self._all: set[Driver] = set()
        self._opening = 0
        self._free = threading.Condition()
        self._closed = False

    @property
    def is_ready(self) -> bool:
        """Whether a connection is at rest and nothing was heard of its end."""
        with self._free:
            return any(driver.wire.is_alive for driver in self._idle)

    def take(self, timeout_s: float = limits.DEADLINE_S) -> Driver:
        """A connection of one's own until it is given back; a server that is away is waited for."""
        with self._free:
            while True:
                if self._closed:
                    raise EngineUnavailable("The memory is closed. Open it first.")
                while self._idle:
                    driver = self._idle.pop()
                    if driver.wire.is_alive:
                        return driver
                    self._drop(driver)
                if len(self._all) + self._opening < self._most:
                    break
                if not self._free.wait(timeout_s):
                    raise EngineUnavailable(
                        f"All {self._most} connections of this process are in use, and none came "
                        f"free within {timeout_s:g} s. Retry, or use fewer threads."
                    )
            self._opening += 1
        try:
            driver = self._opened(timeout_s)
            self._all.add(driver)
            return driver
        finally:
            with self._free:
                self._opening -= 1
                self._free.notify()

    def _opened(self, timeout_s: float) -> Driver:
        until_s = time.monotonic() + timeout_s
        while True:
            try:
                return self._open()
            except EngineUnavailable:
                if self._closed or time.monotonic() > until_s:
                    raise
                time.sleep(_PAUSE_S)

    def give_back(self, driver: Driver) -> None:
        """Take a connection back; one that is broken is closed."""
        with self._free:
            if self._closed or driver.wire.is_lost or len(self._idle) >= _KEPT:
                self._drop(driver)
            else:
                self._idle.append(driver)
            self._free.notify()

    def _drop(self, driver: Driver) -> None:
        self._all.discard(driver)
        driver.wire.close()

    def close(self) -> None:
        """Close those at rest now, and the others when they are given back."""
        with self._free:
            self._closed = True
            while self._idle:
                self._drop(self._idle.pop())
            self._free.notify_all()

    def disown(self) -> None:
        """In a forked child: leave the parent's sessions alone."""
        self._closed = True
        _ABANDONED.append(self._all)


_ABANDONED: Final[list[object]] = []
"""Sessions of a parent process: never used, closed or collected in the child."""
