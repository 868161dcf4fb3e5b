"""FollowingEngine: writes go to the engine that decides, reads come from a copy that follows it.

It knows both ends by the engine contract alone. What is derived from the log is read from the
copy; what is not (tickets, presence, whoever holds what) belongs to the source, and so does all
upkeep: its records come here like any others.
"""

import asyncio
import math
import threading
import time
from collections.abc import Callable, Sequence
from typing import Final, TypeVar

from commonplace import limits
from commonplace.core.verdict import Verdict
from commonplace.errors import (
    CommonplaceError,
    EngineUnavailable,
    FollowerBehind,
    FollowerDiverged,
)
from commonplace.model.receipt import Position
from commonplace.model.record import Record
from commonplace.model.write import WriteGroup
from commonplace.storage import forking
from commonplace.storage.engine import Capabilities, Engine, Health, Lag
from commonplace.storage.following import covering
from commonplace.storage.following.feed import alone, anything, match
from commonplace.storage.following.lags import Lags
from commonplace.storage.following.tail import Tail
from commonplace.storage.programs import reading
from commonplace.storage.programs.heads import proved_head
from commonplace.storage.programs.upkeep.transfer import purge
from commonplace.storage.step import Program
from commonplace.storage.turn import Turn

T = TypeVar("T")

_CLOSED: Final = 0
_OPEN: Final = 1
_FORKED: Final = 2


class FollowingEngine:
    """One tenant of `source`, read from `local`, whose file is at `path`; neither is open yet.

    `take_turn` makes the turn to tail into the file. With `linearizable` every read first asks
    the source how far it must see.
    """

    def __init__(
        self,
        source: Engine,
        local: Engine,
        tenant: str,
        path: str,
        take_turn: Callable[[], Turn],
        *,
        linearizable: bool = False,
        monotonic_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self.path = path
        self._source = source
        self._local = local
        self._tenant = tenant
        self._take_turn = take_turn
        self._linearizable = linearizable
        self._monotonic_s = monotonic_s
        self._lags = Lags(monotonic_s)
        self._state = _CLOSED
        self._opening = threading.Lock()
        self._is_source_open = False
        self._is_matched = False

    @property
    def capabilities(self) -> Capabilities:
        """What the source can do, for the one tenant that is followed."""
        there = self._source.capabilities
        name = f"follower of {there.engine}"
        return Capabilities(name, there.durable, there.processes, spans_tenants=False)

    # --- life -----------------------------------------------------------------------------

    def open(self, *, create: bool) -> None:
        """Open both ends and begin to tail.

        A source that is out of reach is no hindrance once something was copied: then reads are
        served, and writes raise `EngineUnavailable` until it is back.
        """
        with self._opening:
            if self._state == _OPEN:
                return
            self._local.open(create=True)
            try:
                here = self._local.read(self._tenant, alone(self._tenant, self.path))
                self._lags = Lags(self._monotonic_s)
                self._lags.reach(here.revision)
                try:
                    self._open_source(create=create)
                    self._match()
                except EngineUnavailable as error:
                    if not here.revision or type(error) is not EngineUnavailable:
                        raise
                self._tail = Tail(
                    self, self._tenant, self._take_turn(), self._lags, self._monotonic_s
                )
            except BaseException:
                self._local.close()
                self._source.close()
                raise
            self._state = _OPEN
            forking.watch(self)
            self._tail.start()

    def close(self) -> None:
        """Let everything go; idempotent, and harmless in a forked child."""
        if self._state == _FORKED:
            return
        with self._opening:
            if self._state == _CLOSED:
                return
            self._state = _CLOSED
            forking.forget(self)
        self._tail.stop()
        self._is_source_open = self._is_matched = False
        self._source.close()
        self._local.close()

    def _open_source(self, *, create: bool) -> None:
        self._source.open(create=create)
        self._is_source_open = True

    def _match(self) -> None:
        """See to it that the copy is the beginning of the source's log."""
        tenant = self._tenant
        here = self._local.read(tenant, reading.head(tenant))
        if not here.revision and self._local.read(tenant, anything(tenant)):
            # Somebody was killed while it emptied the copy.
            self._local.execute(tenant, purge(tenant), limits.UPKEEP_S)
        at_s = self._monotonic_s()
        try:
            head = self._source.read(tenant, match(tenant, here, self.path))
        except FollowerDiverged:
            if here.revision > 1:
                raise
            # A tenant that was founded and no more is taken for an empty one, as by an import.
            self._local.execute(tenant, purge(tenant), limits.UPKEEP_S)
            head = self._source.read(tenant, reading.head(tenant)).revision
        self._lags.looked(at_s, head)
        self._is_matched = True

    # --- the two ends -------------------------------------------------------------------------

    def at_source(self) -> Engine:
        """The engine that decides, opened. Raises `EngineUnavailable` while it is out of reach."""
        if self._is_source_open or self._state != _OPEN:
            return self._source
        with self._opening:
            if self._state == _OPEN and not self._is_source_open:
                self._open_source(create=False)
        return self._source

    @property
    def local(self) -> Engine:
        """The copy."""
        return self._local

    def matched(self) -> Engine:
        """The source, opened, once the copy is known to be the beginning of its log."""
        source = self.at_source()
        if not self._is_matched:
            self._match()
        return source

    def doubt(self) -> None:
        """Match the two logs again before going on."""
        self._is_matched = False

    def has(self, revision: int) -> bool:
        """Whether the copy holds everything up to a revision."""
        if revision <= self._lags.reached:
            return True
        self._lags.reach(self._local.position(self._tenant).revision)
        return revision <= self._lags.reached

    def lag(self) -> Lag:
        """How far the copy is behind, as far as this process knows."""
        return self._lags.lag()

    def behind(self, wanted: str) -> CommonplaceError:
        """The error for a read that waited for `wanted` in vain."""
        lag, trouble = self.lag(), self._tail.trouble
        if isinstance(trouble, FollowerDiverged):
            return trouble
        why = f" The source: {trouble}" if trouble is not None else ""
        if not why and self._tail.holder:
            why = f" {self._tail.holder}."
        return FollowerBehind(
            f"{self.path} stands at revision {self._lags.reached}, {_told(lag)} behind its source, "
            f"and this read asks for {wanted}. Ask again, or read at the source.{why}",
            revision=self._lags.reached,
            revisions=lag.revisions,
            seconds=lag.seconds,
        )

    def prove(self, deadline_s: float) -> int:
        """The head of the source, proved by holding its right to write."""
        program = proved_head(self._tenant)
        return self.at_source().execute(self._tenant, program, deadline_s).revision

    async def prove_async(self, deadline_s: float) -> int:
        """`prove` for an event loop."""
        program = proved_head(self._tenant)
        source = await asyncio.to_thread(self.at_source)
        return (await source.execute_async(self._tenant, program, deadline_s)).revision

    # --- writing ------------------------------------------------------------------------------

    def propose(self, group: WriteGroup, deadline_s: float) -> Verdict:
        """Commit `group` at the source."""
        return self.at_source().propose(group, deadline_s)

    async def propose_async(self, group: WriteGroup, deadline_s: float) -> Verdict:
        """`propose` for an event loop."""
        source = self._source if self._is_source_open else await asyncio.to_thread(self.at_source)
        return await source.propose_async(group, deadline_s)

    def execute(self, tenant: str, program: Program[T], deadline_s: float) -> T:
        """Run a program that writes at the source."""
        return self.at_source().execute(tenant, program, deadline_s)

    async def execute_async(self, tenant: str, program: Program[T], deadline_s: float) -> T:
        """`execute` for an event loop."""
        source = self._source if self._is_source_open else await asyncio.to_thread(self.at_source)
        return await source.execute_async(tenant, program, deadline_s)

    def apply(self, tenant: str, records: Sequence[Record]) -> Position:
        """Append records at the source."""
        return self.at_source().apply(tenant, records)

    # --- reading ------------------------------------------------------------------------------

    def read(self, tenant: str, program: Program[T]) -> T:
        """Run a read program on the copy."""
        self._prepare()
        return self._local.read(tenant, program)

    async def read_async(self, tenant: str, program: Program[T]) -> T:
        """`read` for an event loop."""
        self._require_sound()
        if self._linearizable:
            until_s = self._monotonic_s() + limits.DEADLINE_S
            proved = await self.prove_async(limits.DEADLINE_S)
            await covering.cover_async(self, tenant, proved, until_s)
        return await self._local.read_async(tenant, program)

    def barrier(self, tenant: str) -> Position:
        """The head of the source, proved by holding its right to write, once the copy has it."""
        position = self.at_source().barrier(tenant)
        covering.cover(self, tenant, position.revision, self._monotonic_s() + limits.DEADLINE_S)
        return position

    def position(self, tenant: str) -> Position:
        """Where the copy stands."""
        self._prepare()
        return self._local.position(tenant)

    def tail(self, tenant: str, after: int, limit: int) -> list[Record]:
        """The records of at most `limit` whole commits after revision `after`, from the copy."""
        self._prepare()
        return self._local.tail(tenant, after, limit)

    def _prepare(self) -> None:
        self._require_sound()
        if self._linearizable:
            until_s = self._monotonic_s() + limits.DEADLINE_S
            covering.cover(self, self._tenant, self.prove(limits.DEADLINE_S), until_s)

    def _require_sound(self) -> None:
        """Refuse a copy that is of another log than its source."""
        if self._state == _OPEN and isinstance(self._tail.trouble, FollowerDiverged):
            raise self._tail.trouble

    # --- others -------------------------------------------------------------------------------

    def snapshot(self, path: str) -> None:
        """Write a consistent copy of the source's whole memory to a new file."""
        self.at_source().snapshot(path)

    def restore(self, path: str) -> None:
        """Make the source the copy in `path`."""
        self.at_source().restore(path)

    def health(self) -> Health:
        """Whether the copy can be read, and how far it is behind its source."""
        health = self._local.health()
        if health.state == "halted" or self._state != _OPEN:
            return health
        trouble = self._tail.trouble
        if isinstance(trouble, FollowerDiverged):
            return Health("halted", str(trouble))
        self.has(self._lags.head)
        lag = self.lag()
        if trouble is None and not lag.revisions and lag.seconds < limits.LAGGING_S:
            return Health("ok", "", 0, lag.seconds)
        told = f"{_told(lag)} behind its source"
        reason = told if trouble is None else f"{told}: {trouble}"
        return Health("lagging", reason, lag.revisions, lag.seconds)

    def subscribe(self, tenant: str, wake: Callable[[], None]) -> Callable[[], None]:
        """Call `wake` when the copy may have taken up a commit."""
        return self._local.subscribe(tenant, wake)

    def hold_bells(self, max_wait_s: float) -> Callable[[], None]:
        """Stop the source telling others of commits."""
        return self.at_source().hold_bells(max_wait_s)

    def presence(self) -> str:
        """A token that the source's other clients know, too."""
        return self.at_source().presence()

    def is_present(self, token: str) -> bool | None:
        """Whether the holder of a token lives, as the source knows it."""
        return self.at_source().is_present(token)

    # --- forks --------------------------------------------------------------------------------

    def before_fork(self) -> None:
        """The two ends come to rest by themselves."""

    def after_fork_in_parent(self) -> None:
        """Go on."""

    def after_fork_in_child(self) -> None:
        """Leave everything to the parent; the two ends refuse by themselves."""
        self._state = _FORKED
        self._tail.disown()


def _told(lag: Lag) -> str:
    revisions = f"{lag.revisions} revision{'s' * (lag.revisions != 1)}"
    return (
        f"{revisions} and {lag.seconds:.1f} s" if lag.seconds < math.inf else "nobody knows how far"
    )
