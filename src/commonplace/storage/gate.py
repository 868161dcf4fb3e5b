"""Gates: how the sync and the async faces reach an engine, and how they wait.

The faces are written once, in `_async`, and generated into `_sync`; what differs between a
thread and an event loop stands here, side by side under twin names. asyncio is imported
when it is first used: a command line, which is sync, starts without it.
"""

import inspect
import threading
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from commonplace._lazy import lazy_import
from commonplace.core.verdict import Verdict
from commonplace.errors import FutureRevision
from commonplace.model.receipt import Position
from commonplace.model.write import WriteGroup
from commonplace.storage.engine import Engine, Follower, Lag
from commonplace.storage.programs import reading
from commonplace.storage.step import Program

A = TypeVar("A")
T = TypeVar("T")

Updater = Callable[[str], str]
AsyncUpdater = Callable[[str], "str | Awaitable[str]"]
Test = Callable[[Any], bool | None]
AsyncTest = Callable[[Any], bool | Awaitable[bool | None] | None]


class Gate:
    """An engine as a thread uses it."""

    def __init__(self, engine: Engine, tenant: str, deadline_s: float) -> None:
        self.engine = engine
        self.tenant = tenant
        self.deadline_s = deadline_s

    @staticmethod
    def of(engine: Engine, tenant: str, deadline_s: float) -> "Gate":
        """The gate of an engine: one that follows another needs one of its own."""
        if isinstance(engine, Follower):
            gates = lazy_import("commonplace.storage.following.gates")
            gate: Gate = gates.FollowerGate(engine, tenant, deadline_s)
            return gate
        return Gate(engine, tenant, deadline_s)

    @property
    def lag(self) -> Callable[[], Lag] | None:
        """How far what is read here may be behind what was decided; None: never."""
        return None

    def propose(self, group: WriteGroup) -> Verdict:
        """Commit a group."""
        return self.engine.propose(group, self.deadline_s)

    def read(self, program: Program[T]) -> T:
        """Run a read."""
        return self.engine.read(self.tenant, program)

    def read_long(self, program: Program[T], *, at_source: bool = False) -> T:
        """Run a read that may take long."""
        return self.engine.read(self.tenant, program)

    def read_source(self, program: Program[T]) -> T:
        """Run a read where writes are decided: of what is in no log, or for what is to be written.

        Elsewhere than in a follower that is where everything is read.
        """
        return self.engine.read(self.tenant, program)

    def execute(self, program: Program[T], deadline_s: float | None = None) -> T:
        """Run a program that writes."""
        return self.engine.execute(self.tenant, program, deadline_s or self.deadline_s)

    def cover(self, at_least: int, *, linearizable: bool = False) -> Position:
        """Wait until reads see `at_least`, and with `linearizable` all that was acknowledged.

        The position that they see at least. Raises `FutureRevision` for what is not committed.
        """
        position = self.engine.position(self.tenant)
        check_committed(at_least, position)
        return position

    def foresee(self, revision: int) -> None:
        """Wait for a revision that a read is about to name, if it is committed at all."""

    @staticmethod
    def call(function: Callable[[], T]) -> T:
        """Run something slow."""
        return function()

    def waiter(self) -> "Waiter":
        """A waiter for commits."""
        return Waiter(self.engine, self.tenant)

    def source_waiter(self) -> "Waiter":
        """A waiter for what happens where writes are decided."""
        return Waiter(self.engine, self.tenant)

    @staticmethod
    def apply(function: Callable[[A], T], argument: A) -> T:
        """The user's function."""
        return function(argument)


class AsyncGate:
    """An engine as an event loop uses it.

    Whatever may wait for another process runs off the loop; where a read runs, its engine knows.
    """

    def __init__(self, engine: Engine, tenant: str, deadline_s: float) -> None:
        self.engine = engine
        self.tenant = tenant
        self.deadline_s = deadline_s

    @staticmethod
    def of(engine: Engine, tenant: str, deadline_s: float) -> "AsyncGate":
        """The gate of an engine: one that follows another needs one of its own."""
        if isinstance(engine, Follower):
            gates = lazy_import("commonplace.storage.following.gates")
            gate: AsyncGate = gates.AsyncFollowerGate(engine, tenant, deadline_s)
            return gate
        return AsyncGate(engine, tenant, deadline_s)

    @property
    def lag(self) -> Callable[[], Lag] | None:
        """How far what is read here may be behind what was decided; None: never."""
        return None

    async def propose(self, group: WriteGroup) -> Verdict:
        """Commit a group."""
        return await self.engine.propose_async(group, self.deadline_s)

    async def read(self, program: Program[T]) -> T:
        """Run a read."""
        return await self.engine.read_async(self.tenant, program)

    async def read_long(self, program: Program[T], *, at_source: bool = False) -> T:
        """Run a read that may take long, off the loop."""
        return await self.call(lambda: self.engine.read(self.tenant, program))

    async def read_source(self, program: Program[T]) -> T:
        """Run a read where writes are decided: of what is in no log, or for what is to be written.

        Elsewhere than in a follower that is where everything is read.
        """
        return await self.engine.read_async(self.tenant, program)

    async def cover(self, at_least: int, *, linearizable: bool = False) -> Position:
        """Wait until reads see `at_least`, and with `linearizable` all that was acknowledged.

        The position that they see at least. Raises `FutureRevision` for what is not committed.
        """
        position = await self.read(reading.head(self.tenant))
        check_committed(at_least, position)
        return position

    async def foresee(self, revision: int) -> None:
        """Wait for a revision that a read is about to name, if it is committed at all."""

    async def execute(self, program: Program[T], deadline_s: float | None = None) -> T:
        """Run a program that writes."""
        return await self.engine.execute_async(self.tenant, program, deadline_s or self.deadline_s)

    @staticmethod
    async def call(function: Callable[[], T]) -> T:
        """Run something slow."""
        result: T = await lazy_import("asyncio").to_thread(function)
        return result

    def waiter(self) -> "AsyncWaiter":
        """A waiter for commits."""
        return AsyncWaiter(self.engine, self.tenant)

    def source_waiter(self) -> "AsyncWaiter":
        """A waiter for what happens where writes are decided."""
        return AsyncWaiter(self.engine, self.tenant)

    @staticmethod
    async def apply(function: Callable[[A], T | Awaitable[T]], argument: A) -> T:
        """The user's function, awaited when it is a coroutine function."""
        result: Any = function(argument)
        value: T = await result if inspect.isawaitable(result) else result
        return value


def check_committed(at_least: int, head: Position) -> None:
    """Raise `FutureRevision` for a revision beyond the head where writes are decided."""
    if at_least > head.revision:
        raise FutureRevision(
            f"Revision {at_least} is not committed yet; the head is {head.revision}. Is that "
            "receipt or position from another memory?",
            revision=at_least,
            head=head.revision,
        )


class Waiter:
    """Waits until something may have been committed since the last wait began."""

    def __init__(self, engine: Engine, tenant: str) -> None:
        self._rung = threading.Event()
        self._end = engine.subscribe(tenant, self._rung.set)

    def wait(self, timeout_s: float) -> None:
        """Wait for a bell, at most `timeout_s`."""
        self._rung.wait(timeout_s)
        self._rung.clear()

    def close(self) -> None:
        """Stop listening."""
        self._end()
        self._rung.set()


class AsyncWaiter:
    """Waits until something may have been committed since the last wait began."""

    def __init__(self, engine: Engine, tenant: str) -> None:
        asyncio = lazy_import("asyncio")
        self._rung = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._end = engine.subscribe(tenant, self._ring)

    def _ring(self) -> None:
        try:
            self._loop.call_soon_threadsafe(self._rung.set)
        except RuntimeError:
            self._end()  # the loop is closed: nobody waits any more

    async def wait(self, timeout_s: float) -> None:
        """Wait for a bell, at most `timeout_s`."""
        try:
            async with lazy_import("asyncio").timeout(timeout_s):
                await self._rung.wait()
        except TimeoutError:
            return
        finally:
            self._rung.clear()

    def close(self) -> None:
        """Stop listening."""
        self._end()
        self._rung.set()
