"""Writer: what writes one tenant: its lane, its turn, and what it remembers of the state.

A batch whose answer was lost is committed again, by its keys, to learn how it ended. Whoever
lost the answer held the tenant's row, so the second try waits until the first is over, and
finds its keys if it landed.
"""

import threading
import time
from collections.abc import Callable, Sequence
from typing import Final, TypeVar

from commonplace import limits
from commonplace.core.verdict import Accepted, Duplicate, Unknown, Verdict
from commonplace.errors import EngineUnavailable, OutcomeUnknown
from commonplace.model.write import WriteGroup
from commonplace.storage.cache import StateCache
from commonplace.storage.lane import Lane
from commonplace.storage.postgres import faults
from commonplace.storage.postgres.connections import Connections
from commonplace.storage.postgres.driver import Driver, Terms
from commonplace.storage.postgres.faults import Busy, InDoubt, NotHad
from commonplace.storage.postgres.row_turn import RowTurn
from commonplace.storage.postgres.wire import SILENCE_S
from commonplace.storage.programs.commit import commit_batch
from commonplace.storage.step import Program, Statement
from commonplace.storage.turn import TurnLost

T = TypeVar("T")

_PATIENCE_MS: Final = 900
"""Of each second of a job's deadline, what it waits for the right to write."""
_PAUSES_S: Final = (0.0, 0.02, 0.05, 0.1, 0.2)


class Writer:
    """Writes one tenant. `terms` gives those of a program that waits so many milliseconds.

    `clock_us` stamps commits; the server's clock if there is none. `holder_of` says in words who
    keeps the tenant's row, `after` is told the verdicts of each batch.
    """

    def __init__(
        self,
        connections: Connections,
        terms: Callable[[int], Terms],
        holder_of: Callable[[], str],
        after: Callable[[Sequence[Verdict]], None],
        clock_us: Callable[[], int] | None,
        monotonic_s: Callable[[], float],
    ) -> None:
        self._connections = connections
        self._terms = terms
        self._holder_of = holder_of
        self._clock_us = clock_us
        self._turn = RowTurn(connections, terms, holder_of)
        self._cache = StateCache()
        self._stopped = threading.Event()
        self._mine = threading.local()
        self._lane = Lane(self._commit, self._turn, after=after, monotonic_s=monotonic_s)

    # --- callers ---------------------------------------------------------------------------------

    def propose(self, group: WriteGroup, deadline_s: float) -> Verdict:
        """Commit `group` with whatever else is waiting, and say how it ended."""
        self._mine.until_s = time.monotonic() + deadline_s
        return self._lane.propose(group, deadline_s)

    async def propose_async(self, group: WriteGroup, deadline_s: float) -> Verdict:
        """`propose` for an event loop, which is never blocked."""
        return await self._lane.propose_async(group, deadline_s)

    def execute(self, program: Program[T], deadline_s: float) -> T:
        """Run a program that writes what is not history, holding the right to write."""
        return self._lane.run(lambda: self._execute(program, deadline_s), deadline_s)

    async def execute_async(self, program: Program[T], deadline_s: float) -> T:
        """`execute` for an event loop, which is never blocked."""
        return await self._lane.run_async(lambda: self._execute(program, deadline_s), deadline_s)

    def forget(self) -> None:
        """Remember nothing of the state: it was replaced."""
        self._cache.clear()

    def close(self) -> None:
        """Refuse what is queued and wait for what is in flight, but for no server that is away."""
        self._stopped.set()
        self._turn.stop()
        self._lane.close()

    # --- batches ---------------------------------------------------------------------------------

    def _commit(self, groups: Sequence[WriteGroup]) -> Sequence[Verdict]:
        doubt, failures = "", 0
        until_s = time.monotonic() + limits.SETTLE_S
        # Whoever runs its batch itself has nobody else to look at the clock.
        until_s = min(until_s, getattr(self._mine, "until_s", until_s))
        while True:
            try:
                return self._run_batch(groups, in_doubt=bool(doubt))
            except InDoubt as error:
                doubt = str(error)
            except NotHad as error:
                if not doubt:
                    raise TurnLost(str(error)) from error
            except EngineUnavailable:
                if not doubt:
                    raise
            if time.monotonic() > until_s or self._stopped.is_set():
                reason = f"the connection was lost while the commit was under way: {doubt}"
                return [Unknown(reason)] * len(groups)
            self._stopped.wait(_PAUSES_S[min(failures, len(_PAUSES_S) - 1)])
            failures += 1

    def _run_batch(self, groups: Sequence[WriteGroup], *, in_doubt: bool) -> Sequence[Verdict]:
        held = None if in_doubt else self._turn.driver
        driver = held or self._taken(limits.DEADLINE_S)
        terms = self._terms(limits.ROW_WAIT_MS if in_doubt else 0)
        terms = terms._replace(again=False, silence_s=limits.DEADLINE_S)
        try:
            verdicts = driver.run(commit_batch(groups, self._cache, self._clock_of(driver)), terms)
            if driver.has_standbys and not driver.has_committed and _claims(verdicts):
                driver.run(_touched(terms.tenant), terms._replace(wait_ms=limits.ROW_WAIT_MS))
            return verdicts
        except Busy:
            self._turn.found_taken()
            raise
        except BaseException:
            self._cache.clear()
            raise
        finally:
            if held is None:
                self._connections.give_back(driver)
            else:
                self._turn.release()

    def _taken(self, timeout_s: float) -> Driver:
        try:
            return self._connections.take(timeout_s)
        except EngineUnavailable as error:
            raise NotHad(str(error)) from error

    def _clock_of(self, driver: Driver) -> Callable[[], int]:
        return self._clock_us or (lambda: driver.now_us)

    # --- jobs ------------------------------------------------------------------------------------

    def _execute(self, program: Program[T], deadline_s: float) -> T:
        terms = self._terms(max(int(deadline_s * _PATIENCE_MS), 1))
        terms = terms._replace(silence_s=max(deadline_s, SILENCE_S))
        held = self._turn.driver
        driver = held or self._connections.take(deadline_s)
        try:
            return driver.run(program, terms)
        except NotHad as error:
            if driver.wire.is_lost:
                raise faults.unreachable(driver.place, str(error)) from error
            holder = self._holder_of()
            raise EngineUnavailable(
                f"Nothing was written: {holder or error}. Then retry.", holder=holder
            ) from error
        except InDoubt as error:
            raise OutcomeUnknown(
                f"Sent, and the connection was lost while it was committed ({error}). Look "
                "whether it landed before you repeat it."
            ) from error
        finally:
            if held is None:
                self._connections.give_back(driver)


def _claims(verdicts: Sequence[Verdict]) -> bool:
    """Whether anybody is told that something stands."""
    return any(isinstance(verdict, Accepted | Duplicate) for verdict in verdicts)


def _touched(tenant: str) -> Program[None]:
    """What landed before may be on this server alone: one commit waits for the standby again."""
    yield (Statement("begin_write"),)
    yield (Statement("tenant_touch", [(tenant,)]), Statement("commit"))
