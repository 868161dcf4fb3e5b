"""RowTurn: the right to write a tenant, which is its row, passed on by PostgreSQL.

Where nobody else writes, a batch takes the row in the same round trip that loads its state. It
does not wait there: once the row was found taken, the next batches wait for it before they are
picked up, so that whatever queues meanwhile goes along, and a deadline that passes meanwhile
is known to have written nothing.
"""

import threading
import time
from collections.abc import Callable
from typing import Final

from commonplace import limits
from commonplace.errors import EngineUnavailable
from commonplace.storage.postgres.connections import Connections
from commonplace.storage.postgres.driver import Driver, Terms
from commonplace.storage.postgres.faults import NotHad

_WAIT_MS: Final = 1_000
_CONTENDED_S: Final = 0.0005
"""A row that is given so much later than twice the quickest ever was somebody else's: what the
way to the server and back takes is not known otherwise."""
_PAUSES_S: Final = (0.0, 0.02, 0.05, 0.1, 0.2)


class RowTurn:
    """The turn to write one tenant.

    `terms` gives those of a program that waits so many milliseconds for the row (0: not at
    all); `holder_of` says in words who keeps the row.
    """

    def __init__(
        self,
        connections: Connections,
        terms: Callable[[int], Terms],
        holder_of: Callable[[], str],
    ) -> None:
        self._connections = connections
        self._terms = terms
        self._holder_of = holder_of
        self._contended = False
        self._quickest_s = 0.0
        self._stopped = threading.Event()
        self._why = ""
        self.driver: Driver | None = None
        """The connection that holds the row, or none yet."""

    def try_take(self) -> bool:
        """Take it if it seems free, without waiting."""
        return not self._contended and self._connections.is_ready

    def take(self) -> None:
        """Wait for the server, and for the row if others want it, however long that is."""
        failures = 0
        while not self._stopped.is_set() and not self._try():
            self._stopped.wait(_PAUSES_S[min(failures, len(_PAUSES_S) - 1)])
            failures += 1
        self._why = ""

    def _try(self) -> bool:
        """Whether the server is there, and the row was had if others want it."""
        try:
            driver = self._connections.take(_WAIT_MS / 1000)
        except EngineUnavailable as error:
            self._why = str(error)
            return False
        if not self._contended:
            self._connections.give_back(driver)
            return True
        while not self._stopped.is_set():
            asked_s = time.monotonic()
            try:
                terms = self._terms(_WAIT_MS)._replace(silence_s=limits.DEADLINE_S)
                driver.hold(terms, self._look_who)
            except NotHad as error:
                if time.monotonic() - asked_s > _WAIT_MS / 2000 and not driver.wire.is_lost:
                    continue  # somebody keeps it
                self._why = str(error)
                break
            took_s = time.monotonic() - asked_s
            self._contended = took_s > 2 * self._quickest_s + _CONTENDED_S
            self._quickest_s = min(self._quickest_s or took_s, took_s)
            self.driver = driver
            return True
        self._connections.give_back(driver)
        return False

    def _look_who(self) -> None:
        self._why = self._holder_of()

    def found_taken(self) -> None:
        """A batch found the row taken: wait for it before the next is picked up."""
        self._contended = True

    def release(self) -> None:
        """Give it up; harmless when it is not held."""
        driver, self.driver = self.driver, None
        if driver is not None:
            driver.let_go()
            self._connections.give_back(driver)

    def holder(self) -> str:
        """Why it could not be had so far, in words; "" when nobody can say."""
        return self._why or self._connections.trouble

    def stop(self) -> None:
        """Wait no longer."""
        self._stopped.set()

    def close(self) -> None:
        """Let go of it for good; idempotent."""
        self.stop()
        self.release()
