"""AsyncAccount: the working of a turn, which a session asks and keeps."""

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from commonplace.errors import CommonplaceError, ForeignTurn, StaleTurn, TurnEnded
from commonplace.model.change import Change
from commonplace.model.entry import EntryKey
from commonplace.model.reference import Reference
from commonplace.storage.programs import listing, reading, turning
from commonplace.storage.programs.turning import Basis
from commonplace.storage.serving import Passage, Serving
from commonplace.storage.views import change_view
from commonplace.telemetry import turns as telemetry

if TYPE_CHECKING:
    from commonplace._async.session import AsyncSession

_CHANGES_TOLD = 3


class AsyncAccount:
    """What one turn was served and wrote, and whether it may still be used, and by whom."""

    def __init__(self, session: "AsyncSession") -> None:
        self.session = session
        self.serving = Serving(session.actor.name)
        self.is_open = False
        self._pid = os.getpid()

    @property
    def id(self) -> str:
        """The turn's name in the log."""
        return self.serving.id

    @property
    def pin(self) -> int:
        """The revision that the turn reads."""
        return self.serving.pin

    @property
    def pinned(self) -> telemetry.Pinned:
        """Whose turn it is, and where, for a span."""
        session = self.session
        return telemetry.Pinned(session.tenant, session.actor, self.id, self.pin)

    async def arguments(self, session: "AsyncSession", key: EntryKey) -> dict[str, Any]:
        """The arguments that tie a write of this turn to the pin."""
        self.require(session)
        version, own = await self.basis(key)
        return {"base": version, "own": list(own)} if own else {"base": version}

    async def basis(self, key: EntryKey) -> Basis:
        """The entry as the turn knows it: looked up once, and then by its own writes."""
        basis = self.serving.bases.get(key)
        if basis is None:
            session = self.session
            found = await session.read(reading.version_at(session.tenant, key, self.pin))
            basis = self.serving.bases.setdefault(key, Basis(found))
        return basis

    def guards(self, session: "AsyncSession") -> list[tuple[Reference, int]]:
        """What must still stand if nothing that was served has changed."""
        self.require(session)
        bases = self.serving.bases
        return [(key.reference(), bases[key].newest) for key in sorted(self.serving.served)]

    async def note(self, passages: Sequence[Passage], left_out: Sequence[Passage] = ()) -> None:
        """Take up what was served, and what had no room."""
        telemetry.passages_served(len(passages))
        if self.serving.note(passages, left_out):
            await self.tell()

    async def showed(self, session: "AsyncSession", key: EntryKey, version: int) -> None:
        """Take up a version at the head that an `update` of this turn was shown."""
        self.require(session)
        await self.note([Passage(*key, version)])

    async def tell(self) -> None:
        """Record what no record tells of yet."""
        if not self.serving.is_told:
            await self.session.commit((), turn=self)

    async def fence(self) -> None:
        """Record what was served, and raise `StaleTurn` if others changed any of it."""
        await self.tell()
        served = {key: self.serving.bases[key] for key in sorted(self.serving.served)}
        session = self.session
        changed = await session.read_source(turning.changed_since(session.tenant, served))
        if changed:
            raise await self.stale(list(changed))

    async def stale(self, keys: Sequence[EntryKey]) -> StaleTurn:
        """The error for served entries that others changed."""
        telemetry.turn_stale()
        changes: list[Change] = []
        session, bases = self.session, self.serving.bases
        for key in keys:
            version, own = bases[key]
            try:
                history = listing.history(session.source_reader, key, _CHANGES_TOLD)
                records = await session.read_source(history)
            except CommonplaceError:
                continue  # no longer readable: that it changed is said all the same
            others = [each for each in records if each.version > version]
            changes += (change_view(each) for each in others if each.version not in own)
        names = ", ".join(str(key.reference(bases[key].version)) for key in keys)
        told = " ".join(
            f"{change.actor} did {change.operation} to {change.reference}."
            for change in changes[:_CHANGES_TOLD]
        )
        return StaleTurn(
            f"This turn was served {names}, which changed since revision {self.pin}. {told} "
            "Begin another turn, read again and decide again.",
            changes=tuple(changes),
            references=tuple(str(key.reference()) for key in keys),
        )

    def require(self, session: "AsyncSession") -> None:
        """Refuse a turn of another process, memory or actor, and one that is over."""
        self.require_here(session)
        if not self.is_open:
            then = f" at={self.pin} reads the same again." if self.pin else ""
            raise TurnEnded(
                f"The turn {self.id} is over, or was never begun: use it in a `with` block, and "
                f"begin another with memory.turn().{then}",
                turn=self.id,
            )

    def require_here(self, session: "AsyncSession") -> None:
        """Refuse a turn of another process, memory or actor."""
        if os.getpid() != self._pid:
            what = "of the process that was forked"
        elif session is not self.session:
            what = f"of {self.session.actor}, in another memory than this"
        else:
            return
        raise ForeignTurn(
            f"The turn {self.id} is {what}. Begin one here: memory.turn(at={self.pin}) reads "
            "the same revision.",
            turn=self.id,
        )
