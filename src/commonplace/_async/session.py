"""AsyncSession: one actor in one tenant of an open engine; what every face goes through."""

import os
import threading
import time
from collections import deque
from collections.abc import Iterable, Sequence
from contextvars import ContextVar
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

from commonplace import limits
from commonplace.core.reserved import DISPATCHES
from commonplace.core.verdict import Accepted, Refusal
from commonplace.errors import CommonplaceError, EngineUnavailable, InvalidInput, Refused
from commonplace.explain.conflict import conflict_story
from commonplace.model.actor import Actor
from commonplace.model.entry import EntryKey
from commonplace.model.receipt import Position, Receipt
from commonplace.storage.cache import StateCache
from commonplace.storage.engine import Engine
from commonplace.storage.gate import AsyncGate
from commonplace.storage.programs import ticket
from commonplace.storage.programs.reading import Reader
from commonplace.storage.proposal import (
    Draft,
    WriteOptions,
    as_reference,
    check_version,
    draft,
    group_of,
    guard_draft,
    raise_refusal,
    receipts_of,
)
from commonplace.storage.step import Program
from commonplace.storage.tailer import Tailer
from commonplace.telemetry.writing import writing

if TYPE_CHECKING:
    from commonplace._async.account import AsyncAccount
    from commonplace._async.turn import AsyncTurn

T = TypeVar("T")


class AsyncOptions(WriteOptions, total=False):
    """What every write takes: `WriteOptions`, and the turn it is made in.

    `turn`: what the turn reads is what the write is made against, and its provenance.
    `unless_changed`: refuse with `StaleTurn` if others changed what that turn was served.
    """

    turn: "AsyncTurn | None"
    unless_changed: "AsyncTurn | None"


PENDING = Receipt(revision=0, index=0, version=0, at_us=0, digest=b"", pending=True)
"""What a write inside `atomic()` returns: its group's receipt comes at the end."""


def accounts(options: AsyncOptions) -> "tuple[AsyncAccount | None, AsyncAccount | None]":
    """The turn that a write is made in, and the one that it depends on."""
    turn, fenced = options.get("turn"), options.get("unless_changed")
    return (None if turn is None else turn._account, None if fenced is None else fenced._account)


class AsyncGroup:
    """Writes collected by `atomic()`; `receipts` holds one each after the commit."""

    def __init__(self, session: "AsyncSession") -> None:
        self.session = session
        self.drafts: list[Draft] = []
        self.receipts: tuple[Receipt, ...] = ()
        self.turn: AsyncAccount | None = None
        self.fenced: AsyncAccount | None = None

    def collect(
        self, draft: Draft, turn: "AsyncAccount | None", fenced: "AsyncAccount | None"
    ) -> None:
        """Take up a write. All of a commit are of one turn, and depend on one at the most."""
        for name, given in (("turn", turn), ("fenced", fenced)):
            held = getattr(self, name)
            if given is not None and held not in {None, given}:
                raise InvalidInput("One commit is made in one turn: end this atomic() first.")
            setattr(self, name, held or given)
        self.drafts.append(draft)

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
        self.gate = AsyncGate.of(engine, tenant, deadline_s)
        self.reader = Reader(tenant, actor.name, StateCache(), lag=self.gate.lag)
        self.source_reader = replace(self.reader, lag=None)
        self.is_open = False
        self._lock = threading.Lock()
        self._tailer: Tailer | None = None
        self._owed: deque[tuple[EntryKey, int, str]] = deque()

    async def read(self, program: Program[T]) -> T:
        """Run a read program."""
        self.require_open()
        return await self.gate.read(program)

    async def read_long(self, program: Program[T], *, at_source: bool = False) -> T:
        """Run a read program that may take long."""
        self.require_open()
        return await self.gate.read_long(program, at_source=at_source)

    async def read_source(self, program: Program[T]) -> T:
        """Run a read program where writes are decided, made with `source_reader`.

        So is read what no log tells of, and whatever a write is about to be made from.
        """
        self.require_open()
        return await self.gate.read_source(program)

    async def cover(
        self, at_least: Receipt | Position | int | None, *, linearizable: bool = False
    ) -> Position:
        """Wait until reads see `at_least`, and with `linearizable` all that was acknowledged."""
        self.require_open()
        if isinstance(at_least, Receipt | Position):
            revision = at_least.revision
        else:
            revision = 0 if at_least is None else check_version(at_least, "at_least")
        return await self.gate.cover(revision, linearizable=linearizable)

    async def execute(self, program: Program[T]) -> T:
        """Run a program that writes."""
        self.require_open()
        return await self.gate.execute(program)

    async def upkeep(self, program: Program[T]) -> T:
        """Run a program that writes for as long as it takes."""
        self.require_open()
        return await self.gate.execute(program, limits.UPKEEP_S)

    async def change(
        self,
        key: EntryKey,
        operation: str,
        arguments: dict[str, Any],
        options: AsyncOptions,
        *,
        expect: int | None = None,
    ) -> Receipt:
        """Draft one write of an entry, in the turn that the options name, and commit it."""
        made = await self.drafted(key, operation, arguments, options, expect=expect)
        return (await self.change_all((made,), options))[0]

    async def change_all(
        self, drafts: Sequence[Draft], options: AsyncOptions
    ) -> tuple[Receipt, ...]:
        """Commit drafts together, in the turn named, or with the `atomic()` around them."""
        turn, fenced = accounts(options)
        group = COLLECTING.get()
        if group is None or group.session is not self:
            return await self.commit(drafts, turn=turn, fenced=fenced)
        for each in drafts:
            group.collect(each, turn, fenced)
        return (PENDING,) * len(drafts)

    async def drafted(
        self,
        key: EntryKey,
        operation: str,
        arguments: dict[str, Any],
        options: AsyncOptions,
        *,
        expect: int | None = None,
        asked: dict[str, Any] | None = None,
    ) -> Draft:
        """A draft of one write of an entry, against the turn that the options name."""
        plain: dict[str, Any] = dict(options)
        turn = plain.pop("turn", None)
        plain.pop("unless_changed", None)
        basis = None if turn is None else await turn._account.arguments(self, key)
        if key.region == DISPATCHES:
            basis = None  # it was sent to be answered, whatever the turn reads
        return draft(key, operation, arguments, expect=expect, basis=basis, asked=asked, **plain)

    async def write(self, draft: Draft) -> Receipt:
        """Commit one write, or put it into the group of the `atomic()` around."""
        return (await self.change_all((draft,), {}))[0]

    async def commit(
        self,
        drafts: Sequence[Draft],
        *,
        turn: "AsyncAccount | None" = None,
        fenced: "AsyncAccount | None" = None,
    ) -> tuple[Receipt, ...]:
        """Commit drafts as one group; raises what its refusal names."""
        self.require_open()
        group_around = COLLECTING.get()
        if group_around is not None and group_around.session is self and drafts:
            raise InvalidInput(
                "Inside atomic() only entries are written: creating and sharing take a commit of "
                "their own. Do it before."
            )
        if fenced is not None and drafts:
            drafts = (guard_draft(drafts[0], fenced.guards(self), None), *drafts[1:])
        if turn is None:
            return await self._propose(drafts, (), "", fenced)
        telling = turn.serving.telling()
        if not drafts and not telling:
            return ()
        if len(drafts) + len(telling) > limits.MAX_GROUP_WRITES and drafts:
            await self.commit((), turn=turn)
            telling = turn.serving.telling()
        try:
            receipts = await self._propose(drafts, telling, turn.id, fenced)
        except Refused as error:
            for each in drafts[:1]:
                turn.serving.refused(each.write.entry, each.write.operation, error)
            raise
        turn.serving.told(telling)
        for each, receipt in zip(drafts, receipts, strict=True):
            turn.serving.wrote(each.write.entry, receipt)
        return receipts

    async def _propose(
        self,
        drafts: Sequence[Draft],
        telling: Sequence[Draft],
        turn: str,
        fenced: "AsyncAccount | None",
    ) -> tuple[Receipt, ...]:
        """Commit what is asked for and what a turn tells with it; the receipts are the former's."""
        with writing(self.tenant, self.actor, drafts or telling, turn) as told:
            asked = (*drafts, *telling)
            group = group_of(self.tenant, self.actor, asked, turn=turn, trace=told.trace)
            verdict = await self.gate.propose(group)
            told.answer(verdict)
        if isinstance(verdict, Refusal) and verdict.code == "version_conflict":
            guard = verdict.facts.get("guard")
            key = EntryKey.of(as_reference(guard)) if guard else None
            if fenced is not None and key in fenced.serving.served:
                raise await fenced.stale([key])
            await self._raise_conflict(verdict, drafts[verdict.write], in_turn=bool(turn))
        if self._owed and isinstance(verdict, Accepted):
            await self.give_back()
        return receipts_of(group, verdict)[: len(drafts)]

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

    async def _raise_conflict(self, refusal: Refusal, draft: Draft, *, in_turn: bool) -> None:
        """Add to a conflict what stands now and what changed, as far as this actor may read."""
        key = draft.write.entry
        read = refusal.facts.get("expect", draft.write.arguments.get("base", 0))
        if "guard" in refusal.facts or key.region == DISPATCHES:
            raise_refusal(refusal, current=None, changes=())
        try:
            story = await self.read_source(conflict_story(self.source_reader, key, read))
        except CommonplaceError:
            raise_refusal(refusal, current=None, changes=())
        retry = f"with expect={story.current.version}"
        if in_turn:  # the pin stays where it is, and so does what came after it
            retry = "in another turn"
        raise_refusal(
            refusal,
            message=" ".join(filter(None, (refusal.message, story.told)))
            + f" Decide again on the current text and retry {retry}, or use update().",
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
