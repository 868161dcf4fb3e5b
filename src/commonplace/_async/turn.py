"""AsyncTurn: one agent's step, which reads one revision and says what it was served."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NoReturn, Self

from commonplace._async.account import AsyncAccount
from commonplace._async.session import AsyncSession
from commonplace._async.snapshot import time_us
from commonplace.core.rendering import RENDERER, render
from commonplace.core.tokens import Estimator, estimate_tokens
from commonplace.errors import ForeignTurn, InvalidInput, InvalidReference, TurnEnded
from commonplace.explain import prompting
from commonplace.explain.lookup import find, key_of
from commonplace.model.entry import Entry
from commonplace.model.receipt import Receipt
from commonplace.model.reference import AtVersion, Reference
from commonplace.model.rendering import Rendering
from commonplace.model.retraction import Notice
from commonplace.storage.programs import reading, turning
from commonplace.storage.programs.taking_back.noticing import acknowledgement, pending_notices
from commonplace.storage.proposal import as_reference, check_version
from commonplace.storage.serving import Passage
from commonplace.storage.views import entry_view
from commonplace.telemetry import turns as telemetry


class AsyncTurn:
    """A pinned view that records what it served, and gives writes their base and provenance.

    `revision` is the pin and `id` the name under which the turn's writes and what it was served
    are found again. `notices` are the retractions of what this actor was shown before, until
    they are acknowledged; `more_notices` counts those beyond `limits.MAX_NOTICES`.

    Reads show the pinned revision with the turn's own writes in it. A write given `turn=`
    conflicts only with what others did after the pin, where its rule says that the two do not
    commute. What was served is recorded with the turn's first write, at a fence and at the end,
    in the actor's own namespace.

    A turn is not a transaction: each of its writes commits at once. Threads may share one;
    another process, actor or memory may not (`ForeignTurn`), but can join its pin.
    """

    def __init__(self, session: AsyncSession, at: int | str | datetime | None = None) -> None:
        self._session = session
        self._at = at
        self._time_us = time_us(at) if isinstance(at, str | datetime) else None
        if at is not None and self._time_us is None:
            check_version(at, "at")
        self._was_begun = False
        self.notices: tuple[Notice, ...] = ()
        self.more_notices = 0
        self._account = AsyncAccount(session)

    def __repr__(self) -> str:
        return f"<AsyncTurn {self.id} of {self._session.actor} at revision {self._account.pin}>"

    def __reduce__(self) -> NoReturn:
        raise ForeignTurn(
            f"The turn {self.id} stays in its process. Begin one there with "
            f"memory.turn(at={self._account.pin}): it reads the same revision.",
            turn=self.id,
        )

    @property
    def id(self) -> str:
        """The turn's name in the log: what it was served and what it wrote carry it."""
        return self._account.id

    @property
    def revision(self) -> int:
        """The revision that this turn reads; another turn joins it with `turn(at=)`."""
        if not self._was_begun:
            self._account.require(self._session)
        return self._account.pin

    async def begin(self) -> Self:
        """Pin the revision. Raises `FutureRevision` or `Compacted` for one that cannot be read."""
        account, session, at = self._account, self._session, self._at
        account.require_here(session)
        if self._was_begun:
            raise TurnEnded(f"The turn {self.id} was begun before: a turn is one step.")
        if self._time_us is not None:
            at = await session.read(reading.revision_at(session.tenant, self._time_us))
        assert not isinstance(at, str | datetime)
        await session.gate.foresee(at or 0)
        account.serving.pin = await session.read(turning.begin(session.tenant, at))
        pending = pending_notices(session.reader, session.actor.name)
        self.notices, self.more_notices = await session.read(pending)
        account.is_open = self._was_begun = True
        telemetry.turn_began()
        telemetry.notices_found(len(self.notices) + self.more_notices)
        return self

    async def end(self) -> None:
        """Record what was served and is not recorded yet. Idempotent."""
        account = self._account
        if not account.is_open:
            return
        account.require_here(self._session)
        try:
            await account.tell()
        finally:
            account.is_open = False
            telemetry.turn_ended()

    async def __aenter__(self) -> Self:
        return await self.begin()

    async def __aexit__(self, *error: object) -> None:
        await self.end()

    async def read(self, subject: Any) -> Entry:
        """The entry that a handle or a reference names, at the pin, and record that it was served.

        The turn's own writes are in it; their versions are its `own_versions`. Of a reference,
        `@version` reads that version instead.
        """
        reference = self._reference(subject)
        if reference.lines is not None:
            raise InvalidReference(f"read() serves whole entries: leave {reference} without lines.")
        with telemetry.reading(self._account.pinned, key_of(reference)) as told:
            entry = await self._read(reference)
            told.served(1, entry.version)
        return entry

    async def _read(self, reference: Reference) -> Entry:
        key, session, account = key_of(reference), self._session, self._account
        own: tuple[int, ...] = ()
        if reference.at is not None:
            found = await session.read(find(session.reader, reference))
        else:
            own = (await account.basis(key)).own
            program = turning.turn_entry(session.reader, key, account.pin, own)
            found = await session.read(program)
            account.serving.served.add(key)
        await account.note([Passage(*key, found.version)])
        return entry_view(key, found, own)

    async def render(
        self,
        *subjects: Any,
        budget_tokens: int | None = None,
        base_budget_tokens: int | None = None,
        since: int | Sequence[int] = (),
        count: Estimator = estimate_tokens,
    ) -> Rendering:
        """What handles and references name, what matters most first, as text for a prompt.

        The lines that stand in it are recorded as served, and those that had no room as left
        out, in their order. The same revision gives the same bytes. `budget_tokens` bounds the
        text as `count` counts it: the last subject gives up its oldest lines first, a tag says
        which, and `left_out` lists them. Raises `BudgetTooSmall` when not one line fits.

        `since` names the pins of earlier turns whose rendering the prompt still begins with:
        the text is then that of the first of them, and behind it what changed up to the next
        and up to this turn, so that a cached prompt stays good. `base_budget_tokens` is the
        budget that the first was given. Last stand the turn's own writes and the `notices`.
        """
        account, session = self._account, self._session
        references = [self._reference(subject) for subject in subjects]
        pins = _pins(since, account.pin)
        if not references:
            raise InvalidInput("render() was given nothing to render: name a handle or reference.")
        reader = session.reader
        with telemetry.rendering(account.pinned, [key_of(each) for each in references]) as told:
            states = [
                [await session.read(prompting.subject_at(reader, each, pin)) for each in references]
                for pin in pins
            ]
            own = []
            for key in dict.fromkeys(key_of(each) for each in references if each.at is None):
                basis = await account.basis(key)
                own += await session.read(prompting.own_changes(reader, key, basis.own))
                account.serving.served.add(key)
            rendering = render(
                states[0],
                [subject for state in states[1:] for subject in state],
                own,
                self.notices,
                budget_tokens=budget_tokens,
                base_budget_tokens=base_budget_tokens,
                count=count,
            )
            told.served(len(rendering.shown))
        await account.note(
            [_passage(*shown) for shown in rendering.shown],
            [_passage(each, *(each.lines or (0, 0))) for each in rendering.left_out],
        )
        return rendering

    async def acknowledge(self, notice: Notice, *, rerun: bool = False) -> Receipt:
        """Settle a notice: nothing follows from it, or with `rerun` the work was done again.

        It is recorded in this turn, and no later turn is told of it any more.
        """
        self._account.require(self._session)
        made = acknowledgement(notice, rerun=rerun)
        return (await self._session.commit((made,), turn=self._account))[0]

    async def fence(self) -> None:
        """Raise `StaleTurn` if anybody else changed an entry that this turn was served.

        Whatever happens after the look is not seen: to make a write depend on it, give the
        write (or `atomic`) `unless_changed=` this turn.
        """
        self._account.require(self._session)
        await self._account.fence()

    def _reference(self, subject: Any) -> Reference:
        """What a handle, reference or text names; a handle must be of this turn's memory."""
        self._account.require(getattr(subject, "_session", self._session))
        return as_reference(getattr(subject, "reference", subject))


def _pins(since: int | Sequence[int], pin: int) -> list[int]:
    earlier = [since] if isinstance(since, int) else list(since)
    for each in earlier:
        check_version(each, "since")
    if earlier != sorted(earlier) or (earlier and earlier[-1] > pin):
        raise InvalidInput(f"since={since}: name pins of earlier turns, oldest first, up to {pin}.")
    return [*earlier, pin]


def _passage(reference: Reference, first: int, last: int) -> Passage:
    assert isinstance(reference.at, AtVersion)
    return Passage(*key_of(reference), reference.at.version, first, last, RENDERER)
