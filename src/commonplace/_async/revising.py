"""AsyncRevising: taking back what was written, with all that was built on it."""

from typing import Any

from commonplace._async.session import COLLECTING, AsyncSession
from commonplace.core.verdict import Accepted, Duplicate
from commonplace.errors import InvalidInput
from commonplace.explain.lookup import key_of
from commonplace.model.reference import Reference
from commonplace.model.retraction import Retraction
from commonplace.storage.programs.taking_back.retracting import Asked, foresee, take_back
from commonplace.storage.programs.upkeep.author import Author
from commonplace.storage.proposal import as_reference, draft
from commonplace.telemetry.writing import writing


class AsyncRevising:
    """The part of a memory that says that something written before is wrong, or outdated."""

    def _opened(self) -> AsyncSession:
        raise NotImplementedError

    async def retract(
        self,
        reference: Reference | str,
        *,
        replacement: Any = None,
        reason: str = "",
        dry_run: bool = False,
        depth: int | None = None,
        inferred: bool = True,
        after: Reference | str | None = None,
    ) -> Retraction:
        """Record that something was wrong, mark what was built on it, and tell who was shown it.

        A reference with a version names what that version put there, one with lines those
        lines, and one with neither what stands now. What of it still stands goes, and the
        `replacement` takes its place. Takes having written all of it, or owner. `dry_run`
        gives the same without writing. `depth` bounds the steps that are followed, and
        `inferred=False` leaves out what only what turns were served suggests. `after`: the
        page of suspects behind that one. Raises `CascadeTooLarge` above `limits.MAX_CASCADE`.
        """
        asked = Asked(
            "retract",
            as_reference(reference),
            replacement,
            reason,
            depth,
            inferred,
            None if after is None else as_reference(after),
        )
        return await self._take_back(asked, dry_run)

    async def supersede(
        self,
        reference: Reference | str,
        *,
        replacement: Any,
        reason: str = "",
        dry_run: bool = False,
    ) -> Retraction:
        """Put something newer in the place of what was right when it was written.

        Names what `retract` would, and takes having written it, or editor. Nothing becomes
        suspect, and nobody needs to be told.
        """
        asked = Asked("supersede", as_reference(reference), replacement, reason)
        return await self._take_back(asked, dry_run)

    async def _take_back(self, asked: Asked, dry_run: bool) -> Retraction:
        session = self._opened()
        asked = asked.checked()
        if dry_run:
            program = foresee(session.source_reader, asked)
            return await session.read_long(program, at_source=True)
        group = COLLECTING.get()
        if group is not None and group.session is session:
            raise InvalidInput(
                f"Inside atomic() only entries are written: {asked.operation} takes a commit of "
                "its own, with all that follows from it. Do it before or after."
            )
        told_of = draft(key_of(asked.reference), asked.operation, {}, reason=asked.reason)
        with writing(session.tenant, session.actor, [told_of]) as told:
            author = Author(session.source_reader, session.actor, trace=told.trace)
            done, receipt = await session.execute(take_back(author, asked))
            told.answer(Duplicate((receipt,)) if done.unchanged else Accepted((receipt,)))
        return done
