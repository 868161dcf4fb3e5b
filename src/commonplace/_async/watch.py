"""AsyncWatch: commits as they come, in order, each once, resumable from any revision."""

import time
from typing import Self

from commonplace._async.session import AsyncSession, now_us
from commonplace.core.cursor import Cursor
from commonplace.core.reserved import CURSORS
from commonplace.limits import BACKSTOP_S, CURSOR_EVERY_COMMITS, MAX_DEBOUNCES
from commonplace.model.change import Commit
from commonplace.model.entry import EntryKey
from commonplace.model.namespace import Namespace
from commonplace.model.record import Record
from commonplace.storage.gate import AsyncWaiter
from commonplace.storage.programs import reading
from commonplace.storage.proposal import draft
from commonplace.storage.selection import Selection
from commonplace.telemetry import delivery


class AsyncWatch:
    """An iterator of `Commit`. Close it, or use it in a `with` block.

    Asking for the next commit says that the one before is done: that is when a named cursor
    moves, and when a group's claim is finished. A reader that dies in between gets the
    commit again (a group's next member does).
    """

    def __init__(
        self,
        session: AsyncSession,
        selection: Selection,
        *,
        after: int | None,
        progress_s: float | None,
        timeout_s: float | None,
        debounce_s: float | None = None,
        cursor: "AsyncBookmark | None" = None,
    ) -> None:
        self._session = session
        self._selection = selection
        self._after = after
        self._position: int | None = None
        self._progress_s = progress_s
        self._timeout_s = timeout_s
        self._debounce_s = debounce_s
        self._in_burst = False
        self._ready: list[tuple[Record, ...]] = []
        self._cursor = cursor
        self._unstored = 0
        self._is_delivered = False
        self._quiet_s = 0.0  # waited since the last commit, over any progress marks
        self._closed = False

    @property
    def position(self) -> int | None:
        """The last revision looked at: where another watch would resume. None before the first."""
        return self._position

    def __aiter__(self) -> Self:
        return self

    async def __aenter__(self) -> Self:
        await self._begin()
        return self

    async def __aexit__(self, *error: object) -> None:
        await self.aclose()

    async def __anext__(self) -> Commit:
        if self._closed:
            raise StopAsyncIteration
        position = await self._begin()
        started = time.monotonic()
        waiter = self._session.gate.waiter()
        try:
            while not self._closed:
                commit = await self._next(position)
                if commit is not None:
                    await self._let_burst_end(waiter)
                    self._is_delivered = True
                    self._quiet_s = 0.0
                    await tell_delivery(self._session, commit)
                    return commit
                self._in_burst = False
                position = self._position or 0
                if await self._store(position):
                    continue  # that moved the head: look again
                waited = time.monotonic() - started
                if self._timeout_s is not None and self._quiet_s + waited >= self._timeout_s:
                    break
                if self._progress_s is not None and waited >= self._progress_s:
                    self._quiet_s += waited
                    return Commit(position, 0, ())
                await waiter.wait(self._patience(waited))
        finally:
            waiter.close()
        raise StopAsyncIteration

    async def _let_burst_end(self, waiter: AsyncWaiter) -> None:
        """Hold the first commit of a burst until nothing rang for `debounce_s`, within a bound."""
        if self._debounce_s is None or self._in_burst:
            return
        self._in_burst = True
        started = now = time.monotonic()
        while now - started < self._debounce_s * MAX_DEBOUNCES:
            rang = now
            await waiter.wait(self._debounce_s)
            now = time.monotonic()
            if now - rang >= self._debounce_s:
                return

    async def settle(self) -> None:
        """Say that what was delivered is done, without asking for more: a named cursor moves."""
        if self._position is not None:
            self._unstored += self._is_delivered
            self._is_delivered = False
            await self._store(self._position)

    async def aclose(self) -> None:
        """Stop; a waiting iteration ends. Idempotent."""
        self._closed = True

    def _patience(self, waited: float) -> float:
        patience = BACKSTOP_S
        if self._progress_s is not None:
            patience = min(patience, self._progress_s - waited)
        if self._timeout_s is not None:
            patience = min(patience, self._timeout_s - self._quiet_s - waited)
        return max(patience, 0.0)

    async def _begin(self) -> int:
        if self._position is None:
            after = self._after
            if self._cursor is not None:
                stored = await self._cursor.load()
                after = after if stored is None else stored
            await self._session.gate.foresee(after or 0)
            self._position = await self._session.read(self._selection.begin(after))
        elif self._is_delivered:
            self._is_delivered = False
            self._unstored += 1
            if self._unstored >= CURSOR_EVERY_COMMITS:
                await self._store(self._position)
        return self._position

    async def _store(self, position: int) -> bool:
        """Move the named cursor over what was delivered; whether there was anything to move."""
        if self._cursor is None or not self._unstored:
            return False
        self._unstored = 0
        await self._cursor.store(position)
        return True

    async def _next(self, position: int) -> Commit | None:
        """The next commit asked for, or None at the head; moves the position over the rest."""
        tailer = self._session.tailer()
        while True:
            if not self._ready:
                self._ready = tailer.after(position)
            if not self._ready:
                return None
            for number, records in enumerate(self._ready):
                commit = await self._session.read(self._selection.commit_of(records))
                position = self._position = records[0].revision
                if commit is not None:
                    del self._ready[: number + 1]
                    return commit
            self._ready = []


class AsyncBookmark:
    """A position stored under a name in the private namespace of its actor."""

    def __init__(self, session: AsyncSession, name: str) -> None:
        self._session = session
        self._key = EntryKey(str(Namespace.agent(session.actor.name)), CURSORS, name)
        self._version = 0

    async def load(self) -> int | None:
        """The stored position, or None when the name is new."""
        stored = reading.read_entry(self._session.source_reader, self._key)
        found = await self._session.read_source(stored)
        self._version = found.version
        return None if found.value is None else Cursor.from_plain(found.value).position

    async def store(self, position: int) -> None:
        """Store a position. Raises `VersionConflict` when another reader moves the cursor."""
        move = draft(self._key, "move", Cursor(position).to_plain(), expect=self._version)
        self._version = (await self._session.write(move)).version


async def tell_delivery(session: AsyncSession, commit: Commit) -> None:
    """Tell of a commit that is handed over, if anybody wants to hear of it."""
    if delivery.is_heard():
        head = (await session.read(reading.standing(session.tenant))).revision
        delivery.delivered(session.tenant, session.actor, commit, head, now_us())
