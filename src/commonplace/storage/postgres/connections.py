"""Connections: those of one engine, opened as they are needed, each used by one thread at a time.

Who finds none free waits in a queue and is handed one in turn: a writer among many readers gets
his. Not psycopg's pool: after a failover that one tries again on a clock of its own (one second,
two, four), and keeps the reason to itself.
"""

import threading
import time
import weakref
from collections import deque
from collections.abc import Callable
from typing import Final

from commonplace import limits
from commonplace.errors import EngineUnavailable
from commonplace.storage.postgres.driver import Driver

_PAUSE_S: Final = 0.05

_KEPT: Final = 8
"""Connections kept open while nobody uses them."""


class _Place:
    """A place in the queue, and what came of it: a connection, or (None) leave to open one."""

    __slots__ = ("called", "driver")

    def __init__(self) -> None:
        self.called = threading.Event()
        self.driver: Driver | None = None


class Connections:
    """At most `most` sessions with one server. `open_driver` raises `EngineUnavailable`."""

    def __init__(self, open_driver: Callable[[], Driver], most: int) -> None:
        self._open = open_driver
        self._most = most
        self._mutex = threading.Lock()
        self._idle: list[Driver] = []
        self._queue: deque[_Place] = deque()
        # Weak: one that an interrupt kept from being given back is ended, and counts no more.
        self._all: weakref.WeakSet[Driver] = weakref.WeakSet()
        self._opening = 0
        self._trouble: EngineUnavailable | None = None
        self._closed = False

    @property
    def is_ready(self) -> bool:
        """Whether a connection is at rest and nothing was heard of its end."""
        with self._mutex:
            return any(driver.wire.is_alive for driver in self._idle)

    @property
    def trouble(self) -> str:
        """Why the last connection could not be opened; "" when it could."""
        return "" if self._trouble is None else str(self._trouble)

    def take(self, timeout_s: float | None = None) -> Driver:
        """A connection of one's own until it is given back; a server that is away is waited for.

        Not for longer than `timeout_s`, which is `limits.DEADLINE_S` if it is not given.
        """
        timeout_s = limits.DEADLINE_S if timeout_s is None else timeout_s
        until_s = time.monotonic() + timeout_s
        place = _Place()
        try:
            with self._mutex:
                self._queue.append(place)
                self._serve()
            if not place.called.wait(timeout_s) and not self._is_served(place):
                raise self._none_free(timeout_s)
            if self._closed:
                raise EngineUnavailable("The memory is closed. Open it first.")
            return place.driver or self._opened(place, until_s)
        except BaseException:
            self._leave(place)
            raise

    def give_back(self, driver: Driver) -> None:
        """Take a connection back; one that is broken, or inside a transaction, is closed."""
        with self._mutex:
            is_unfit = driver.wire.is_lost or driver.wire.is_inside
            is_spare = len(self._idle) >= _KEPT and not self._queue
            if self._closed or is_unfit or is_spare:
                self._drop(driver)
            else:
                self._idle.append(driver)
            self._serve()

    def close(self) -> None:
        """Close those at rest now, and the others when they are given back; nobody waits on."""
        with self._mutex:
            self._closed = True
            while self._idle:
                self._drop(self._idle.pop())
            self._serve()

    def disown(self) -> None:
        """In a forked child: leave the parent's sessions alone."""
        self._closed = True
        _ABANDONED.append(list(self._all))

    # --- inside ----------------------------------------------------------------------------------

    def _serve(self) -> None:
        """Call those whose turn it is; with the mutex held."""
        while self._queue:
            place = self._queue[0]
            place.driver = self._resting()
            if place.driver is None and not self._closed:
                if len(self._all) + self._opening >= self._most:
                    return
                self._opening += 1
            self._queue.popleft()
            place.called.set()

    def _resting(self) -> Driver | None:
        while self._idle:
            driver = self._idle.pop()
            if driver.wire.is_alive:
                return driver
            self._drop(driver)
        return None

    def _is_served(self, place: _Place) -> bool:
        with self._mutex:
            return place not in self._queue

    def _leave(self, place: _Place) -> None:
        """Give up a place, and whatever came of it."""
        with self._mutex:
            if place in self._queue:
                self._queue.remove(place)
            elif place.driver is not None:
                self._drop(place.driver)
            elif place.called.is_set() and not self._closed:
                self._opening -= 1
            self._serve()

    def _opened(self, place: _Place, until_s: float) -> Driver:
        while True:
            try:
                driver = self._open()
            except EngineUnavailable as error:
                self._trouble = error
                if self._closed or time.monotonic() > until_s:
                    raise
                time.sleep(_PAUSE_S)
                continue
            with self._mutex:
                self._all.add(driver)
                self._opening -= 1
                place.driver = driver
                self._trouble = None
            return driver

    def _none_free(self, timeout_s: float) -> EngineUnavailable:
        trouble = self._trouble
        if trouble is not None:  # they are not in use: nobody gets one
            return EngineUnavailable(str(trouble), **trouble.facts)
        return EngineUnavailable(
            f"All {self._most} connections of this process are in use, and none came free within "
            f"{timeout_s:g} s. Retry, or use fewer threads."
        )

    def _drop(self, driver: Driver) -> None:
        self._all.discard(driver)
        driver.wire.close()


_ABANDONED: Final[list[object]] = []
"""Sessions of a parent process: never used, closed or collected in the child."""
