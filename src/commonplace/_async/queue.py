"""AsyncQueue: a fair place in the queue of an entry's updates, held while one thinks."""

import contextlib
import time
from collections.abc import Sequence
from contextvars import Token
from typing import Final, Self

from commonplace._async.session import UPDATING, AsyncSession, holder_name, now_us
from commonplace.core.ticket import Ticket, gone
from commonplace.errors import EngineUnavailable, NestedUpdate, OutcomeUnknown
from commonplace.limits import BACKSTOP_S, TICKET_LIFE_S
from commonplace.model.entry import EntryKey
from commonplace.storage.programs import ticket
from commonplace.telemetry.metering import tell
from commonplace.telemetry.names import UPDATE_WAIT

_TRIES: Final = 4


class AsyncQueue:
    """Waits at entry until its ticket is first for every key, and gives it back at exit.

    Tickets of several keys are taken in one transaction, so two queues never wait for each
    other. A holder that the kernel says is dead loses its place at once.
    """

    def __init__(self, session: AsyncSession, keys: Sequence[EntryKey]) -> None:
        self._session = session
        self._keys = sorted(keys)
        self._holder = holder_name()
        self._numbers: list[int] = []
        self._nested: Token[bool] | None = None

    async def __aenter__(self) -> Self:
        session = self._session
        if UPDATING.get():
            raise NestedUpdate()
        presence = session.engine.presence()
        waiter = session.gate.source_waiter()
        came_s = time.monotonic()
        try:
            await session.give_back()
            self._numbers = await self._take(presence)
            for key, number in zip(self._keys, self._numbers, strict=True):
                while not await self._is_first(key, number):
                    await waiter.wait(BACKSTOP_S)
        except BaseException:
            await self._give_back()
            raise
        finally:
            waiter.close()
        tell(UPDATE_WAIT, time.monotonic() - came_s)
        self._nested = UPDATING.set(True)
        return self

    async def __aexit__(self, *error: object) -> None:
        if self._nested is not None:
            UPDATING.reset(self._nested)
        await self._give_back()

    async def _take(self, presence: str) -> list[int]:
        """A place in each queue. One whose answer was lost is asked for again: it is the same."""
        session = self._session
        try:
            for _ in range(_TRIES):
                take = ticket.take(session.tenant, self._keys, self._holder, presence, _expiry_us())
                with contextlib.suppress(OutcomeUnknown):
                    return await session.execute(take)
            raise EngineUnavailable(
                "Nothing was written: no place in the queue of updates was to be had. Retry."
            )
        except BaseException:
            # It may stand there all the same, and nobody passes over one whose holder lives.
            session.owe([(key, 0, self._holder) for key in self._keys])
            raise

    async def _is_first(self, key: EntryKey, number: int) -> bool:
        session = self._session
        queue = await session.read_source(ticket.look(session.tenant, key))
        before = [each for each in queue if each.number < number]
        left = gone(before, *self._presences(before), now_us())
        if left:
            pairs = [(each.number, each.holder) for each in left]
            await session.execute(ticket.drop(session.tenant, key, pairs))
        mine = next((each for each in queue if each.holder == self._holder), None)
        if mine is not None and mine.expires_us - now_us() < TICKET_LIFE_S * 0.5e6:
            renewal = ticket.renew(session.tenant, key, number, self._holder, _expiry_us())
            await session.execute(renewal)
        return len(before) == len(left)

    def _presences(self, queue: Sequence[Ticket]) -> tuple[frozenset[str], frozenset[str]]:
        """Tokens known to be dead, and tokens nobody here can speak for."""
        alive = {
            token: self._session.engine.is_present(token) for token in {t.presence for t in queue}
        }
        dead = frozenset(token for token, lives in alive.items() if lives is False)
        return dead, frozenset(token for token, lives in alive.items() if lives is None)

    async def _give_back(self) -> None:
        numbers, self._numbers = self._numbers, []
        self._session.owe(
            [(key, number, self._holder) for key, number in zip(self._keys, numbers, strict=False)]
        )
        await self._session.give_back()


def _expiry_us() -> int:
    return now_us() + int(TICKET_LIFE_S * 1e6)
