"""AsyncTurn: one agent's step, which reads one revision and says what it was served."""

import os
from collections.abc import Sequence
from datetime import datetime
from typing import Any, NoReturn, Self

from commonplace._async.session import AsyncSession
from commonplace._async.snapshot import time_us
from commonplace.errors import (
    CommonplaceError,
    ForeignTurn,
    InvalidReference,
    StaleTurn,
    TurnEnded,
)
from commonplace.explain.lookup import find, key_of
from commonplace.model.change import Change
from commonplace.model.entry import Entry, EntryKey
from commonplace.model.reference import Reference
from commonplace.storage.programs import listing, reading, turning
from commonplace.storage.programs.turning import Basis
from commonplace.storage.proposal import as_reference, check_version
from commonplace.storage.serving import Passage, Serving
from commonplace.storage.views import change_view, entry_view
from commonplace.telemetry import turns as telemetry


class AsyncTurn:
    """A pinned view that records what it served, and gives writes their base and provenance.

    `revision` is the pin and `id` the name under which the turn's writes and what it was served
    are found again. Reads show the pinned revision with the turn's own writes in it. A write
    given `turn=` conflicts only with what others did after the pin, where its rule says that
    the two do not commute. What was served is recorded with the turn's first write, at a fence
    and at the end, in the actor's own namespace.

    A turn is not a transaction: each of its writes commits at once. Threads may share one;
    another process, actor or memory may not (`ForeignTurn`), but can join its pin.
    """

    def __init__(self, session: AsyncSession, at: int | str | datetime | None = None) -> None:
        self._session = session
        self._at = at
        self._time_us = time_us(at) if isinstance(at, str | datetime) else None
        if at is not None and self._time_us is None:
            check_version(at, "at")
        self._pid = os.getpid()
        self._is_open = False
        self._was_begun = False
        self.serving = Serving(session.actor.name)

    def __repr__(self) -> str:
        return f"<AsyncTurn {self.id} of {self._session.actor} at revision {self.serving.pin}>"

    def __reduce__(self) -> NoReturn:
        raise ForeignTurn(
            f"The turn {self.id} stays in its process. Begin one there with "
            f"memory.turn(at={self.serving.pin}): it reads the same revision.",
            turn=self.id,
        )

    @property
    def id(self) -> str:
        """The turn's name in the log: what it was served and what it wrote carry it."""
        return self.serving.id

    @property
    def revision(self) -> int:
        """The revision that this turn reads."""
        self._require_open()
        return self.serving.pin

    async def begin(self) -> Self:
        """Pin the revision. Raises `FutureRevision` or `Compacted` for one that cannot be read."""
        self._require_here(self._session)
        if self._was_begun:
            raise TurnEnded(f"The turn {self.id} was begun before: a turn is one step.")
        session, at = self._session, self._at
        if self._time_us is not None:
            at = await session.read(reading.revision_at(session.tenant, self._time_us))
        assert not isinstance(at, str | datetime)
        self.serving.pin = await session.read(turning.begin(session.tenant, at))
        self._is_open = self._was_begun = True
        telemetry.turn_began()
        return self

    async def end(self) -> None:
        """Record what was served and is not recorded yet. Idempotent."""
        if not self._is_open:
            return
        self._require_here(self._session)
        try:
            await self._tell()
        finally:
            self._is_open = False
            telemetry.turn_ended()

    async def __aenter__(self) -> Self:
        return await self.begin()

    async def __aexit__(self, *error: object) -> None:
        await self.end()

    # --- reading ------------------------------------------------------------------------------

    async def read(self, subject: Any) -> Entry:
        """The entry that a handle or a reference names, at the pin, and record that it was served.

        The turn's own writes are in it; their versions are its `own_versions`. Of a reference,
        `@version` reads that version instead.
        """
        reference = self._reference(subject)
        if reference.lines is not None:
            raise InvalidReference(f"read() serves whole entries: leave {reference} without lines.")
        self._require_open()
        with telemetry.reading(self._pinned, key_of(reference)) as told:
            entry = await self._read(reference)
            told.served(1, entry.version)
        return entry

    async def _read(self, reference: Reference) -> Entry:
        key, session = key_of(reference), self._session
        if reference.at is not None:
            found = await session.read(find(session.reader, reference))
            await self._note([Passage(*key, found.version)])
            return entry_view(key, found)
        basis = await self._basis(key)
        program = turning.turn_entry(session.reader, key, self.serving.pin, basis.own)
        found = await session.read(program)
        self.serving.served.add(key)
        await self._note([Passage(*key, found.version)])
        return entry_view(key, found, basis.own)

    async def fence(self) -> None:
        """Raise `StaleTurn` if anybody else changed an entry that this turn was served.

        Whatever happens after the look is not seen: to make a write depend on it, give the
        write (or `atomic`) `unless_changed=` this turn.
        """
        self._require_open()
        await self._tell()
        served = {key: self.serving.bases[key] for key in sorted(self.serving.served)}
        changed = await self._session.read(turning.changed_since(self._session.tenant, served))
        if changed:
            raise await self.stale(list(changed))

    # --- what a session asks ------------------------------------------------------------------

    async def basis(self, session: AsyncSession, key: EntryKey) -> dict[str, Any]:
        """The arguments that tie a write of this turn to the pin."""
        self._require_here(session)
        self._require_open()
        version, own = await self._basis(key)
        return {"base": version, "own": list(own)} if own else {"base": version}

    async def showed(self, session: AsyncSession, key: EntryKey, version: int) -> None:
        """Note that an `update` of this turn was shown a version at the head."""
        self._require_here(session)
        self._require_open()
        await self._note([Passage(*key, version)])

    def guards(self, session: AsyncSession) -> list[tuple[Reference, int]]:
        """What must still stand if nothing that was served has changed."""
        self._require_here(session)
        self._require_open()
        return [
            (key.reference(), self.serving.bases[key].newest) for key in sorted(self.serving.served)
        ]

    async def stale(self, keys: Sequence[EntryKey]) -> StaleTurn:
        """The error for served entries that others changed."""
        telemetry.turn_stale()
        changes: list[Change] = []
        session = self._session
        for key in keys:
            basis = self.serving.bases[key]
            try:
                records = await session.read(listing.history(session.reader, key, _CHANGES_TOLD))
            except CommonplaceError:
                continue  # no longer readable: that it changed is said all the same
            others = [
                r for r in records if r.version > basis.version and r.version not in basis.own
            ]
            changes += map(change_view, others)
        names = ", ".join(str(key.reference(self.serving.bases[key].version)) for key in keys)
        told = " ".join(
            f"{change.actor} did {change.operation} to {change.reference}."
            for change in changes[:_CHANGES_TOLD]
        )
        return StaleTurn(
            f"This turn was served {names}, which changed since revision {self.serving.pin}. "
            f"{told} Begin another turn, read again and decide again.",
            changes=tuple(changes),
            references=tuple(str(key.reference()) for key in keys),
        )

    # --- inside -------------------------------------------------------------------------------

    @property
    def _pinned(self) -> telemetry.Pinned:
        session = self._session
        return telemetry.Pinned(session.tenant, session.actor, self.id, self.serving.pin)

    async def _basis(self, key: EntryKey) -> Basis:
        basis = self.serving.bases.get(key)
        if basis is None:
            session = self._session
            program = turning.version_at(session.tenant, key, self.serving.pin)
            basis = self.serving.bases.setdefault(key, Basis(await session.read(program)))
        return basis

    async def _note(self, passages: Sequence[Passage]) -> None:
        telemetry.passages_served(len(passages))
        if self.serving.note(passages):
            await self._tell()

    async def _tell(self) -> None:
        if not self.serving.is_told:
            await self._session.commit((), turn=self)

    def _reference(self, subject: Any) -> Reference:
        """What a handle, reference or text names; a handle must be of this turn's memory."""
        session = getattr(subject, "_session", self._session)
        self._require_here(session)
        return as_reference(getattr(subject, "reference", subject))

    def _require_open(self) -> None:
        if not self._is_open:
            then = f" at={self.serving.pin} reads the same again." if self.serving.pin else ""
            raise TurnEnded(
                f"The turn {self.id} is over, or was never begun: use it in a `with` block, and "
                f"begin another with memory.turn().{then}",
                turn=self.id,
            )

    def _require_here(self, session: AsyncSession) -> None:
        if os.getpid() != self._pid:
            what = "of the process that was forked"
        elif session is not self._session:
            what = f"of {self._session.actor}, in another memory than this"
        else:
            return
        raise ForeignTurn(
            f"The turn {self.id} is {what}. Begin one here: memory.turn(at={self.serving.pin}) "
            "reads the same revision.",
            turn=self.id,
        )


_CHANGES_TOLD = 3
