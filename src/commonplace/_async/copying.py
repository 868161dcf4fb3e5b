"""AsyncCopying: one tenant copied to another memory, engine or not."""

import os
from collections.abc import Callable
from typing import TYPE_CHECKING

from commonplace._async.session import AsyncSession
from commonplace._lazy import LazyModule
from commonplace.errors import InvalidInput
from commonplace.storage.cache import StateCache
from commonplace.storage.engine import Follower
from commonplace.storage.programs.reading import Reader
from commonplace.storage.registry import acquire, release

if TYPE_CHECKING:
    from commonplace.model.copied import Copied
    from commonplace.storage import moving
    from commonplace.storage.programs.upkeep import moving as programs
else:  # as in upkeep: few processes need them
    moving = LazyModule("commonplace.storage.moving")
    programs = LazyModule("commonplace.storage.programs.upkeep.moving")


class AsyncCopying:
    """The part of a memory that moves house."""

    def _opened(self) -> AsyncSession:
        raise NotImplementedError

    async def copy_to(
        self,
        address: str | os.PathLike[str],
        *,
        progress: Callable[[int, int], object] | None = None,
    ) -> "Copied":
        """Copy this tenant to another memory, which is made if it is not there: file or server.

        Revisions, chain and receipts come along, so that a retry of an old write is found there
        as here. Others may go on writing here: it ends where the log stood when it began, or
        shortly after. Stopped anywhere and called again, it goes on; `progress` is told the
        revision reached, and the one to reach, after each page. At the end the copy is audited.

        Takes owner of the tenant. Raises `Refused` if the target holds anything else of it.
        """
        session, target = self._opened(), os.fspath(address)
        if target == ":memory:":
            raise InvalidInput("Nobody could open ':memory:' afterwards: name a file or a server.")
        session.require_open()
        engine, call = session.engine, session.gate.call
        # Not from a follower's copy, which has no receipts.
        source = await call(engine.at_source) if isinstance(engine, Follower) else engine
        reader = Reader(session.tenant, session.actor.name, StateCache())
        # Before anything is made.
        await call(lambda: source.read(session.tenant, programs.look(reader)))
        there = await call(lambda: acquire(target, create=True))
        try:
            move = moving.Move(source, there, reader)
            await call(move.begin)
            while await call(move.step):
                if progress is not None:
                    progress(move.here.revision, move.until)
            return await call(move.finish)
        finally:
            await call(lambda: release(there))
