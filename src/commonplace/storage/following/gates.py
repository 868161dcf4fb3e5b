"""Gates of a follower: what one session must see, and where each of its calls runs.

A session sees its own writes: every receipt, and every refusal or answer that came from the
source, says how far its reads must see from then on. They wait for that until its deadline.
"""

import threading
import time
from collections.abc import Callable
from typing import TypeVar

from commonplace.core.verdict import Refusal, Unknown, Verdict
from commonplace.errors import EngineUnavailable
from commonplace.model.contract import Bounded
from commonplace.model.receipt import Position
from commonplace.model.write import WriteGroup
from commonplace.storage.engine import Lag
from commonplace.storage.following.covering import (
    cover,
    cover_async,
    wait_for,
    wait_for_async,
)
from commonplace.storage.following.engine import FollowingEngine
from commonplace.storage.following.served import Served, Waits, is_within
from commonplace.storage.gate import AsyncGate, AsyncWaiter, Gate, Waiter, check_committed
from commonplace.storage.programs.heads import with_head
from commonplace.storage.step import Program

T = TypeVar("T")


class Needs:
    """The revision that a session's reads must see; it only rises. Thread-safe."""

    def __init__(self) -> None:
        self._mutex = threading.Lock()
        self.revision = 0

    def see(self, revision: int) -> None:
        """See at least `revision` from now on."""
        with self._mutex:
            self.revision = max(self.revision, revision)


def _told(verdict: Verdict) -> int:
    """The revision that a verdict tells of; 0: it does not say."""
    if isinstance(verdict, Refusal | Unknown):
        return 0
    return max((receipt.revision for receipt in verdict.receipts), default=0)


def _words(bound: Bounded) -> str:
    return f"at most {bound.revisions} revisions and {bound.seconds} s of lag"


def _within(engine: FollowingEngine, bound: Bounded) -> Callable[[], bool]:
    return lambda: is_within(engine.lag(), bound)


class FollowerGate(Gate):
    """A follower as a thread uses it."""

    engine: FollowingEngine

    def __init__(self, engine: FollowingEngine, tenant: str, deadline_s: float) -> None:
        super().__init__(engine, tenant, deadline_s)
        self._needs = Needs()

    @property
    def lag(self) -> Callable[[], Lag] | None:
        """How far the copy is behind."""
        return self.engine.lag

    def propose(self, group: WriteGroup) -> Verdict:
        """Commit a group at the source."""
        verdict = self.engine.propose(group, self.deadline_s)
        self._needs.see(_told(verdict) or self._head())
        return verdict

    def _head(self) -> int:
        """The head of the source; 0 while it is out of reach, and nothing can be learnt."""
        try:
            return self.engine.at_source().position(self.tenant).revision
        except EngineUnavailable:
            return 0

    def read(self, program: Program[T]) -> T:
        """Run a read on the copy, once it holds what this session has seen."""
        engine, tenant = self.engine, self.tenant
        until_s = time.monotonic() + self.deadline_s
        cover(engine, tenant, self._needs.revision, until_s)
        served = Served(program, engine.lag)
        while True:
            try:
                return engine.read(tenant, served.run())
            except Waits as waits:
                within = _within(engine, waits.bound)
                wanted = _words(waits.bound)
            wait_for(engine, tenant, within, until_s, wanted)

    def read_long(self, program: Program[T], *, at_source: bool = False) -> T:
        """Run a read that may take long."""
        return self.read_source(program) if at_source else self.read(program)

    def read_source(self, program: Program[T]) -> T:
        """Run a read at the source."""
        seen = with_head(self.tenant, program)
        result, head = self.engine.at_source().read(self.tenant, seen)
        self._needs.see(head)
        return result

    def execute(self, program: Program[T], deadline_s: float | None = None) -> T:
        """Run a program that writes at the source."""
        seen = with_head(self.tenant, program)
        result, head = self.engine.execute(self.tenant, seen, deadline_s or self.deadline_s)
        self._needs.see(head)
        return result

    def cover(self, at_least: int, *, linearizable: bool = False) -> Position:
        """Wait until the copy holds `at_least`, with `linearizable` all that was acknowledged."""
        engine, tenant = self.engine, self.tenant
        until_s = time.monotonic() + self.deadline_s
        if linearizable:
            self._needs.see(engine.prove(self.deadline_s))
        if not engine.has(max(at_least, self._needs.revision)):
            check_committed(at_least, engine.at_source().position(tenant))
        cover(engine, tenant, max(at_least, self._needs.revision), until_s)
        return engine.local.position(tenant)

    def foresee(self, revision: int) -> None:
        """Wait for a revision that a read is about to name, if it is committed at all."""
        engine, tenant = self.engine, self.tenant
        if not engine.has(revision) and self._head() >= revision:
            cover(engine, tenant, revision, time.monotonic() + self.deadline_s)

    def source_waiter(self) -> Waiter:
        """A waiter for what happens at the source."""
        return Waiter(self.engine.at_source(), self.tenant)


class AsyncFollowerGate(AsyncGate):
    """A follower as an event loop uses it."""

    engine: FollowingEngine

    def __init__(self, engine: FollowingEngine, tenant: str, deadline_s: float) -> None:
        super().__init__(engine, tenant, deadline_s)
        self._needs = Needs()

    @property
    def lag(self) -> Callable[[], Lag] | None:
        """How far the copy is behind."""
        return self.engine.lag

    async def propose(self, group: WriteGroup) -> Verdict:
        """Commit a group at the source."""
        verdict = await self.engine.propose_async(group, self.deadline_s)
        self._needs.see(_told(verdict) or await self._head())
        return verdict

    async def _head(self) -> int:
        """The head of the source; 0 while it is out of reach, and nothing can be learnt."""
        engine, tenant = self.engine, self.tenant
        try:
            return await self.call(lambda: engine.at_source().position(tenant).revision)
        except EngineUnavailable:
            return 0

    async def read(self, program: Program[T]) -> T:
        """Run a read on the copy, once it holds what this session has seen."""
        engine, tenant = self.engine, self.tenant
        until_s = time.monotonic() + self.deadline_s
        await cover_async(engine, tenant, self._needs.revision, until_s)
        served = Served(program, engine.lag)
        while True:
            try:
                return await engine.read_async(tenant, served.run())
            except Waits as waits:
                within = _within(engine, waits.bound)
                wanted = _words(waits.bound)
            await wait_for_async(engine, tenant, within, until_s, wanted)

    async def read_long(self, program: Program[T], *, at_source: bool = False) -> T:
        """Run a read that may take long, off the loop."""
        if at_source:
            return await self.read_source(program)
        gate = FollowerGate(self.engine, self.tenant, self.deadline_s)
        gate._needs = self._needs
        return await self.call(lambda: gate.read(program))

    async def read_source(self, program: Program[T]) -> T:
        """Run a read at the source."""
        engine, tenant = self.engine, self.tenant
        seen = with_head(tenant, program)
        result, head = await self.call(lambda: engine.at_source().read(tenant, seen))
        self._needs.see(head)
        return result

    async def execute(self, program: Program[T], deadline_s: float | None = None) -> T:
        """Run a program that writes at the source."""
        seen = with_head(self.tenant, program)
        limit_s = deadline_s or self.deadline_s
        result, head = await self.engine.execute_async(self.tenant, seen, limit_s)
        self._needs.see(head)
        return result

    async def cover(self, at_least: int, *, linearizable: bool = False) -> Position:
        """Wait until the copy holds `at_least`, with `linearizable` all that was acknowledged."""
        engine, tenant = self.engine, self.tenant
        until_s = time.monotonic() + self.deadline_s
        if linearizable:
            self._needs.see(await engine.prove_async(self.deadline_s))
        if not engine.has(max(at_least, self._needs.revision)):
            source = await self.call(lambda: engine.at_source().position(tenant))
            check_committed(at_least, source)
        await cover_async(engine, tenant, max(at_least, self._needs.revision), until_s)
        return engine.local.position(tenant)

    async def foresee(self, revision: int) -> None:
        """Wait for a revision that a read is about to name, if it is committed at all."""
        engine = self.engine
        if not engine.has(revision) and await self._head() >= revision:
            until_s = time.monotonic() + self.deadline_s
            await cover_async(engine, self.tenant, revision, until_s)

    def source_waiter(self) -> AsyncWaiter:
        """A waiter for what happens at the source."""
        return AsyncWaiter(self.engine.at_source(), self.tenant)
