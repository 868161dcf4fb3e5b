"""Tail: the thread that brings the source's records into the copy.

Of all processes on one file the one that holds the turn tails; the others look at the source
now and then, so as to know how far the copy is behind, and take over when the turn is free. A
holder that is stopped keeps the turn: when the copy stands still behind its source, another
goes on without it. Two that tail at once do no harm, since records that follow from nothing
are refused.
"""

import logging
import threading
from collections.abc import Callable, Sequence
from typing import Final, Protocol

from commonplace import limits
from commonplace.errors import CommonplaceError, FollowerDiverged, UnfitRecord
from commonplace.model.receipt import Position
from commonplace.model.record import Record
from commonplace.storage.engine import Engine
from commonplace.storage.following.feed import page
from commonplace.storage.following.keeping import Keeper, concerns
from commonplace.storage.following.lags import Lags
from commonplace.storage.programs import reading
from commonplace.storage.programs.upkeep.applying import apply_items
from commonplace.storage.turn import Turn

_log = logging.getLogger("commonplace.following")

_STILL_S: Final = 1.0
"""A copy that stands still for so long behind its source is taken on by whoever sees it."""
_RETRY_S: Final = 0.5


class Ends(Protocol):
    """The two ends of a follower, as its tail needs them."""

    @property
    def local(self) -> Engine:
        """The copy."""
        ...

    def matched(self) -> Engine:
        """The source, opened, once the copy is known to be the beginning of its log."""
        ...

    def doubt(self) -> None:
        """Match the two logs again before going on."""
        ...


class Tail:
    """Tails one tenant from `start` until `stop`."""

    def __init__(
        self, ends: Ends, tenant: str, turn: Turn, lags: Lags, monotonic_s: Callable[[], float]
    ) -> None:
        self._ends = ends
        self._tenant = tenant
        self._turn = turn
        self._lags = lags
        self._monotonic_s = monotonic_s
        self._rung = threading.Event()
        self._stopped = False
        self._holds = False
        self._is_kept = False
        self._moved_s = monotonic_s()
        self._unfit: tuple[int, int] = (0, 0)
        self._end: Callable[[], None] | None = None
        self.trouble: CommonplaceError | None = None
        self._thread = threading.Thread(target=self._run, name="commonplace-tail", daemon=True)

    @property
    def holder(self) -> str:
        """Who tails, if it is another process and can be named."""
        return "" if self._holds else self._turn.holder()

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End, and wait until the step under way is over; idempotent."""
        self._stopped = True
        self._rung.set()
        if self._thread.is_alive():
            self._thread.join()

    def nudge(self) -> None:
        """Look at once."""
        self._rung.set()

    def disown(self) -> None:
        """In a forked child, where the thread is not: leave the turn to the parent."""
        self._turn.close()

    def _run(self) -> None:
        try:
            while not self._stopped:
                self._rung.clear()
                if not self._round():
                    self._rung.wait(limits.BACKSTOP_S if self.trouble is None else _RETRY_S)
        finally:
            self._unsubscribe()
            if self._holds:
                self._turn.release()
            self._turn.close()

    def _round(self) -> bool:
        """One step; whether there is more to do at once."""
        try:
            more = self._step()
            self.trouble = None
            return more
        except FollowerDiverged as error:
            self.trouble = error
        except CommonplaceError as error:
            self._unsubscribe()
            if not isinstance(error, UnfitRecord) or self._is_unfit(error):
                self.trouble = error
            self._ends.doubt()
        except Exception as error:  # boundary: a thread has nobody to raise to; reads will tell
            _log.exception("the tail of %s failed", self._tenant)
            self.trouble = CommonplaceError(f"the follower failed: {type(error).__name__}: {error}")
        return False

    def _is_unfit(self, error: UnfitRecord) -> bool:
        """Whether a record did not fit twice: once, another process may just have applied it."""
        place = error.facts["revision"], error.facts["index"]
        again, self._unfit = place == self._unfit, place
        return again

    def _step(self) -> bool:
        ends, tenant = self._ends, self._tenant
        source = ends.matched()
        self._holds = self._holds or self._turn.try_take()
        here = self._look_here()
        at_s = self._monotonic_s()
        if not (self._holds or self._stands_still()):
            # Another process tails: this one need not look at each commit of the source.
            self._lags.looked(at_s, source.position(tenant).revision)
            return False
        if self._end is None:
            self._end = source.subscribe(tenant, self._rung.set)
        self._keep(source)
        found = source.read(tenant, page(tenant, here.revision))
        self._lags.looked(at_s, found.head.revision)
        if not found.items:
            if found.head != here and here.revision:
                ends.doubt()
            return False
        program = apply_items(tenant, found.items, found.retained)
        there = ends.local.execute(tenant, program, limits.UPKEEP_S).revision
        self._reach(there)
        self._keep(source, [item.record for item in found.items])
        return there < found.head.revision and not self._stopped

    def _keep(self, source: Engine, records: Sequence[Record] | None = None) -> None:
        """Do what retention did at the source: with the records that tell of it, or all of it."""
        if records is None and self._is_kept:
            return
        if records is None or any(concerns(record) for record in records):
            after = records[0].revision - 1 if records is not None else 0
            self._is_kept = False
            Keeper(source, self._ends.local, self._tenant).catch_up(after)
        self._is_kept = True

    def _look_here(self) -> Position:
        here = self._ends.local.read(self._tenant, reading.head(self._tenant))
        self._reach(here.revision)
        return here

    def _reach(self, revision: int) -> None:
        if revision > self._lags.reached:
            self._moved_s = self._monotonic_s()
        self._lags.reach(revision)

    def _stands_still(self) -> bool:
        """Whether the copy lacks something and nobody has moved it for a while."""
        if self._lags.lag().revisions == 0:
            self._moved_s = self._monotonic_s()
        return self._monotonic_s() - self._moved_s > _STILL_S

    def _unsubscribe(self) -> None:
        end, self._end = self._end, None
        if end is not None:
            try:
                end()
            except CommonplaceError as error:
                _log.debug("the source was gone before the subscription ended: %s", error)
