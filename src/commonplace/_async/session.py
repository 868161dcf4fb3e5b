"""AsyncSession: one actor in one tenant of an open engine; what every face goes through."""

import os
import threading
import time
from collections import deque
from collections.abc import Iterable, Sequence
from contextvars import ContextVar
from typing import TypeVar

from commonplace import limits
from commonplace.core.verdict import Accepted, Refusal
from commonplace.errors import CommonplaceError, EngineUnavailable, InvalidInput
from commonplace.explain.conflict import conflict_story
from commonplace.model.actor import Actor
from commonplace.model.entry import EntryKey
from commonplace.model.receipt import Receipt
from commonplace.storage.cache import StateCache
from commonplace.storage.engine import Engine
from commonplace.storage.gate import AsyncGate
from commonplace.storage.programs import ticket
from commonplace.storage.programs.reading import Reader
from commonplace.storage.proposal import Draft, group_of, raise_refusal, receipts_of
from commonplace.storage.step import Program
from commonplace.storage.tailer import Tailer

T = TypeVar("T")

PENDING = Receipt(revision=0, index=0, version=0, at_us=0, digest=b"", pending=True)
"""What a write inside `atomic()` returns: its group's receipt comes at the end."""


class AsyncGroup:
    """Writes collected by `atomic()`; `receipts` holds one each after the commit."""

    def __init__(self, session: "AsyncSession") -> None:
        self.session = session
        self.drafts: list[Draft] = []
        self.receipts: tuple[Receipt, ...] = ()

    @property
    def receipt(self) -> Receipt | None:
        """The receipt of the commit: that of its last write."""
        return self.receipts[-1] if self.receipts else None


COLLECTING: ContextVar[AsyncGroup | None] = ContextVar("commonplace_group", default=None)
"""The `atomic()` block that this thread or task is in."""
UPDATING: ContextVar[bool] = ContextVar("commonplace_update", default=False)
"""Whether this thread or task is inside an `update`."""


class AsyncSession:
    """Proposes and reads in the name of one actor. Thread-safe."""

    def __init__(self, engine: Engine, tenant: str, actor: Actor, deadline_s: float) -> None:
        self.engine = engine
        self.tenant = tenant
        self.actor = actor
        self.gate = AsyncGate(engine, deadline_s)
        self.reader = Reader(tenant, actor.name, StateCache())
        self.is_open = False
        self._lock = threading.Lock()
        self._tailer: Tailer | None = None
        self._owed: deque[tuple[EntryKey, int, str]] = deque()

    async def read(self, program: Program[T]) -> T:
        """Run a read program."""
        self.require_open()
        return await self.gate.read(program)

    async def execute(self, program: Program[T]) -> T:
        """Run a program that writes."""
        self.require_open()
        return await self.gate.execute(program)

    async def upkeep(self, program: Program[T]) -> T:
        """Run a program that writes for as long as it takes."""
        self.require_open()
        return await self.gate.execute(program, limits.UPKEEP_S)

    async def write(self, draft: Draft) -> Receipt:
        """Commit one write, or put it into the group of the `atomic()` around."""
        group = COLLECTING.get()
        if group is not None and group.session is self:
            group.drafts.append(draft)
            return PENDING
        return (await self.commit((draft,)))[0]

    async def commit(self, drafts: Sequence[Draft]) -> tuple[Receipt, ...]:
        """Commit drafts as one group; raises what its refusal names."""
        self.require_open()
        group_around = COLLECTING.get()
        if group_around is not None and group_around.session is self:
            raise InvalidInput(
                "Inside atomic() only entries are written: creating and sharing take a commit of "
                "their own. Do it before."
            )
        group = group_of(self.tenant, self.actor, drafts)
        verdict = await self.gate.propose(group)
        if isinstance(verdict, Refusal) and verdict.code == "version_conflict":
            await self._raise_conflict(verdict, drafts[verdict.write])
        if self._owed and isinstance(verdict, Accepted):
            await self.give_back()
        return receipts_of(group, verdict)

    def owe(self, tickets: Iterable[tuple[EntryKey, int, str]]) -> None:
        """Note places in queues (entry, number, holder) that are to be given back."""
        self._owed.extend(tickets)

    async def give_back(self) -> None:
        """Give back what is owed, as far as the engine can take it now.

        An engine that fails here does not speak for the update that is over, which may have
        landed: so its error is not raised, and what is left goes with the next write.
        """
        while self._owed:
            place = self._owed.popleft()
            key, number, holder = place
            try:
                await self.execute(ticket.drop(self.tenant, key, [(number, holder)]))
            except BaseException as error:
                self._owed.append(place)
                if not isinstance(error, CommonplaceError):
                    raise
                return

    async def _raise_conflict(self, refusal: Refusal, draft: Draft) -> None:
        """Add to a conflict what stands now and what changed, as far as this actor may read."""
        key = draft.write.entry
        read = refusal.facts.get("expect", draft.write.arguments.get("base", 0))
        if "guard" in refusal.facts:
            raise_refusal(refusal, current=None, changes=())
        try:
            story = await self.read(conflict_story(self.reader, key, read))
        except CommonplaceError:
            raise_refusal(refusal, current=None, changes=())
        version = story.current.version
        raise_refusal(
            refusal,
            message=" ".join(filter(None, (refusal.message, story.told)))
            + " Decide again on the current text and retry "
            f"with expect={version}, or use update().",
            current=story.current,
            changes=story.changes,
        )

    def tailer(self) -> Tailer:
        """The engine's tailer of this tenant."""
        with self._lock:
            if self._tailer is None:
                self._tailer = Tailer(self.engine, self.tenant)
            return self._tailer

    def require_open(self) -> None:
        """Refuse a memory that is not open, before anything is sent."""
        if not self.is_open:
            raise EngineUnavailable("This memory is not open: use it in a `with` block, or open().")

    def stop(self) -> None:
        """Let the tailer go."""
        with self._lock:
            if self._tailer is not None:
                self._tailer.close()
                self._tailer = None


def holder_name() -> str:
    """A name for one waiter in a queue, unlike any other's."""
    return f"{os.getpid()}-{os.urandom(6).hex()}"


def now_us() -> int:
    """This machine's clock, for expiry alone."""
    return time.time_ns() // 1000
