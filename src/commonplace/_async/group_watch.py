"""AsyncGroupWatch: one log shared out among the members of a group."""

import time
from collections.abc import Callable
from typing import Self

from commonplace._async.session import AsyncSession, holder_name, now_us
from commonplace._async.watch import tell_delivery
from commonplace.core.cursor import Claim, Cursor
from commonplace.core.reserved import CURSORS
from commonplace.errors import VersionConflict
from commonplace.limits import BACKSTOP_S, CLAIM_LIFE_S, MAX_CLAIMS
from commonplace.model.change import Commit
from commonplace.model.entry import EntryKey
from commonplace.model.namespace import Namespace
from commonplace.storage.programs import reading
from commonplace.storage.proposal import draft
from commonplace.storage.selection import Selection


class AsyncGroupWatch:
    """One member of a group: every commit goes to one member, in the order of the log.

    The group's cursor is an entry beside what is watched; all members compare and set it.
    """

    def __init__(
        self,
        session: AsyncSession,
        selection: Selection,
        name: str,
        *,
        after: int | None,
        timeout_s: float | None,
    ) -> None:
        self._session = session
        self._selection = selection
        where = selection.where
        home = where if isinstance(where, Namespace) else Namespace.tenant()
        self._key = EntryKey(str(home), CURSORS, name)
        self._member = holder_name()
        self._after = after
        self._timeout_s = timeout_s
        self._start: int | None = None
        self._scanned = 0
        self._held: int | None = None
        self._closed = False

    def __aiter__(self) -> Self:
        return self

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, *error: object) -> None:
        if kind is not None:
            await self._leave(Cursor.returned)  # it was not finished: the next member gets it
        await self.aclose()

    async def __anext__(self) -> Commit:
        if self._closed:
            raise StopAsyncIteration
        if self._start is None:
            await self._session.gate.foresee(self._after or 0)
            self._start = await self._session.read(self._selection.begin(self._after))
        started = time.monotonic()
        waiter = self._session.gate.waiter()
        try:
            while not self._closed:
                try:
                    commit = await self._claim()
                except VersionConflict:
                    continue  # another member was faster: look again
                if commit is not None:
                    await tell_delivery(self._session, commit)
                    return commit
                waited = time.monotonic() - started
                if self._timeout_s is not None and waited >= self._timeout_s:
                    break
                await waiter.wait(BACKSTOP_S)
        finally:
            waiter.close()
        raise StopAsyncIteration

    async def settle(self) -> None:
        """Say that what was delivered last is done, without asking for more."""
        await self._leave(Cursor.finished)

    async def _leave(self, leave: Callable[[Cursor, int, str], Cursor]) -> None:
        while not self._closed and self._held is not None:
            try:
                cursor, version = await self._load()
                await self._store(leave(cursor, self._held, self._member), version)
                self._held = None
            except VersionConflict:
                continue

    async def aclose(self) -> None:
        """Finish what was delivered last and stop. Idempotent."""
        await self.settle()
        self._closed = True

    async def _claim(self) -> Commit | None:
        cursor, version = await self._load()
        before = cursor
        if self._held is not None:
            cursor = cursor.finished(self._held, self._member)
        cursor, commit = await self._candidate(cursor)
        if commit is not None:
            presence = self._session.engine.presence()
            expires_us = now_us() + int(CLAIM_LIFE_S * 1e6)
            cursor = cursor.claimed(Claim(commit.revision, self._member, presence, expires_us))
        if cursor != before:
            await self._store(cursor, version)
        self._held = commit.revision if commit is not None else None
        return commit

    async def _candidate(self, cursor: Cursor) -> tuple[Cursor, Commit | None]:
        """An abandoned commit, or the next that nobody has.

        An abandoned one of which nothing is left to see, or that was archived, is struck off.
        """
        while (left := cursor.abandoned(self._is_gone)) is not None:
            await self._session.gate.foresee(left.revision)
            records = self._session.engine.tail(self._session.tenant, left.revision - 1, 1)
            commit = await self._session.read(self._selection.commit_of(records))
            if commit is not None:
                return cursor, commit
            cursor = cursor.finished(left.revision, left.member)
        if len(cursor.claims) >= MAX_CLAIMS:
            return cursor, None
        position = max(cursor.position, self._scanned)
        while True:
            ready = self._session.tailer().after(position)
            if not ready:
                self._scanned = position
                return cursor, None
            for changed in ready:
                commit = await self._session.read(self._selection.commit_of(changed))
                if commit is not None:
                    return cursor, commit
                position = changed[0].revision

    def _is_gone(self, claim: Claim) -> bool:
        lives = self._session.engine.is_present(claim.presence)
        return lives is False or (lives is None and claim.expires_us < now_us())

    async def _load(self) -> tuple[Cursor, int]:
        stored = reading.read_entry(self._session.source_reader, self._key)
        found = await self._session.read_source(stored)
        if found.value is None:
            return Cursor(self._start or 0), found.version
        return Cursor.from_plain(found.value), found.version

    async def _store(self, cursor: Cursor, version: int) -> None:
        await self._session.write(draft(self._key, "move", cursor.to_plain(), expect=version))
