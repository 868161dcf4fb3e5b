"""AsyncMemory: the shared memory of a team, opened by one of its actors."""

import os
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Self, Unpack

from commonplace._async.asking import AsyncAsking
from commonplace._async.checking import AsyncChecking
from commonplace._async.copying import AsyncCopying
from commonplace._async.group_watch import AsyncGroupWatch
from commonplace._async.revising import AsyncRevising
from commonplace._async.scope import AsyncScope
from commonplace._async.session import COLLECTING, AsyncGroup, AsyncSession
from commonplace._async.snapshot import AsyncSnapshot
from commonplace._async.turn import AsyncTurn
from commonplace._async.upkeep import AsyncUpkeep
from commonplace._async.watch import AsyncWatch
from commonplace._async.watching import WatchOptions, make_watch
from commonplace.errors import EngineUnavailable, InvalidInput, InvalidValue, NotFound
from commonplace.limits import DEADLINE_S
from commonplace.model.actor import Actor
from commonplace.model.names import check_name
from commonplace.model.namespace import Namespace, NamespacePrefix
from commonplace.model.receipt import Position, Receipt
from commonplace.model.reference import Reference
from commonplace.storage import shares
from commonplace.storage.address import Follow
from commonplace.storage.engine import Engine, Health
from commonplace.storage.gate import AsyncGate
from commonplace.storage.programs import namespaces, reading
from commonplace.storage.proposal import guard_draft
from commonplace.storage.registry import acquire, release

EVERYTHING = NamespacePrefix(())


class AsyncMemory(AsyncAsking, AsyncChecking, AsyncRevising, AsyncUpkeep, AsyncCopying):
    """One memory, as one actor of one tenant sees it.

    `address` is a file's path, `postgresql://…` or `:memory:`. The tenant is bound here and is an
    argument of no call. Construction does no I/O; `open` or a `with` block opens, and with
    `create` makes what is missing: whoever creates a tenant owns it. `deadline_s` bounds how long
    a write waits for its turn. Handles and this object may be shared between threads.

    `follow` names a local file into which the tenant is copied, commit by commit, and from which
    it is read; writes go to `address`. Reads see this memory's own writes and what stood when it
    was opened, and say up to which revision they see: `Entry.as_of`, `position()`. With
    `linearizable` each asks first how far it must see, and no longer trails behind.
    """

    def __init__(
        self,
        address: str | os.PathLike[str],
        *,
        actor: str | Actor,
        tenant: str = "default",
        create: bool = True,
        deadline_s: float = DEADLINE_S,
        follow: str | os.PathLike[str] | None = None,
        linearizable: bool = False,
    ) -> None:
        self._address = os.fspath(address)
        self._linearizable = linearizable
        self._follow = None if follow is None else Follow(os.fspath(follow), tenant, linearizable)
        self._actor = actor if isinstance(actor, Actor) else Actor(actor)
        self._tenant = check_name(tenant, "tenant")
        self._create = create
        if not deadline_s > 0:
            raise InvalidValue(f"deadline_s={deadline_s}: a write needs some time.")
        self._deadline_s = deadline_s
        self._session: AsyncSession | None = None
        self._shared: Engine | None = None

    def __repr__(self) -> str:
        return f"<AsyncMemory {self._address!r} tenant={self._tenant!r} actor={self._actor}>"

    @property
    def actor(self) -> Actor:
        """Who reads and writes through this object."""
        return self._actor

    @property
    def tenant(self) -> str:
        """The tenant bound at construction."""
        return self._tenant

    async def open(self) -> Self:
        """Open the memory. Raises an `EngineUnavailable` that says what is in the way."""
        if self._session is not None:
            raise EngineUnavailable("This memory is open already; a second one needs its own.")
        address, create, shared, follow = self._address, self._create, self._shared, self._follow
        engine = await AsyncGate.call(
            lambda: acquire(address, create=create, engine=shared, follow=follow)
        )
        try:
            await self._enter(engine)
        except BaseException:
            await self.close()
            raise
        return self

    async def _enter(self, engine: Engine) -> None:
        session = AsyncSession(engine, self._tenant, self._actor, self._deadline_s)
        self._session = session
        session.is_open = True
        try:
            standing = await session.read_source(reading.standing(self._tenant))
        except EngineUnavailable:
            # A follower goes on without its source, with what it has.
            standing = await session.read(reading.standing(self._tenant))
        if standing.revision:
            return
        if not self._create:
            raise NotFound(f"There is no tenant {self._tenant!r} in {self._address}.")
        await session.commit(
            shares.founding(Namespace.tenant(), self._actor.name, None, "the tenant begins")
        )

    async def close(self) -> None:
        """Close it; other processes and other openers of the same memory go on."""
        session, self._session = self._session, None
        if session is None:
            return
        session.is_open = False
        session.stop()
        await AsyncGate.call(lambda: release(session.engine))

    async def __aenter__(self) -> Self:
        return await self.open()

    async def __aexit__(self, *error: object) -> None:
        await self.close()

    def _opened(self) -> AsyncSession:
        if self._session is None:
            raise EngineUnavailable("This memory is not open: use it in a `with` block, or open().")
        return self._session

    def as_actor(self, actor: str | Actor) -> "AsyncMemory":
        """The same open memory for another actor, to be opened and closed like any other."""
        other = AsyncMemory(
            self._address,
            actor=actor,
            tenant=self._tenant,
            create=self._create,
            deadline_s=self._deadline_s,
            linearizable=self._linearizable,
        )
        other._follow = self._follow
        other._shared = self._opened().engine
        return other

    async def create_task(
        self, name: str, *, share: Mapping[str, str] | None = None, reason: str = ""
    ) -> AsyncScope:
        """Create a task, owned by this actor and shared as said.

        Creating it again with the same shares changes nothing. Takes contributor of the
        tenant, which whoever created the tenant gives with `share`.
        """
        return await self.create_namespace(Namespace.task(name), share=share, reason=reason)

    async def create_namespace(
        self, namespace: Namespace, *, share: Mapping[str, str] | None = None, reason: str = ""
    ) -> AsyncScope:
        """Create any namespace; see `create_task`."""
        scope = self.namespace(namespace)
        await self._opened().commit(shares.founding(namespace, self._actor.name, share, reason))
        return scope

    def task(self, name: str) -> AsyncScope:
        """A task's handle; nothing is looked up or created."""
        return self.namespace(Namespace.task(name))

    def namespace(self, namespace: Namespace) -> AsyncScope:
        """Any namespace's handle; nothing is looked up or created."""
        return AsyncScope(self._opened(), namespace)

    def agent(self) -> AsyncScope:
        """This actor's own private namespace."""
        return self.namespace(Namespace.agent(self._actor.name))

    def shared(self) -> AsyncScope:
        """What the whole tenant shares (an owner of the tenant creates it)."""
        return self.namespace(Namespace.shared())

    async def share(
        self,
        share: Mapping[str, str],
        *,
        prefix: NamespacePrefix | None = None,
        reason: str = "",
    ) -> Receipt:
        """Grant tiers of the tenant itself, or over all namespaces below a prefix.

        A contributor of the tenant may create namespaces; an owner may also audit, export,
        compact and share. Neither reads what others keep in their namespaces: that takes a
        grant there, or over a prefix. Takes owner of the tenant.
        """
        if prefix is None:
            drafts = shares.grants(Namespace.tenant(), None, share, True, reason)
        else:
            drafts = shares.prefix_grants(prefix, share, reason)
        if not drafts:
            raise InvalidValue("share is empty: name at least one actor.")
        return (await self._opened().commit(drafts))[-1]

    async def unshare(
        self, actor: str, *, prefix: NamespacePrefix | None = None, reason: str = ""
    ) -> Receipt:
        """Take back what `share` gave: a tier of the tenant, or over a prefix. Takes its owner."""
        if prefix is None:
            draft = shares.revocation(Namespace.tenant(), None, actor, reason)
        else:
            draft = shares.prefix_revocation(prefix, actor, reason)
        return (await self._opened().commit((draft,)))[0]

    async def namespaces(self, prefix: NamespacePrefix = EVERYTHING) -> list[Namespace]:
        """Namespaces below a prefix that this actor may read as a whole, in order."""
        session = self._opened()
        return await session.read(namespaces.namespaces(session.reader, prefix))

    def at(self, at: int | str | datetime) -> AsyncSnapshot:
        """The memory at a revision, or at the last one at or before a time with its zone."""
        return AsyncSnapshot(self._opened(), at)

    def turn(self, *, at: int | str | datetime | None = None) -> AsyncTurn:
        """One step of this actor, over the head or over the revision or time `at` (a joined pin).

        Use it in a `with` block: it pins at entry, and at exit records what it was served.
        """
        return AsyncTurn(self._opened(), at)

    def watch(
        self, where: Namespace | NamespacePrefix, **options: Unpack[WatchOptions]
    ) -> AsyncWatch | AsyncGroupWatch:
        """Commits below `where` as they come; see `WatchOptions`. A prefix needs its grant."""
        return make_watch(self._opened(), where, **options)

    @asynccontextmanager
    async def batch(self, *, max_wait_s: float = 1.0) -> AsyncIterator[None]:
        """Commit each write at once, but wake others only at the end or after `max_wait_s`."""
        release_bells = self._opened().engine.hold_bells(max_wait_s)
        try:
            yield
        finally:
            release_bells()

    @asynccontextmanager
    async def atomic(
        self,
        *,
        guards: Sequence[tuple[Reference | str, int]] = (),
        key: str | None = None,
        unless_changed: AsyncTurn | None = None,
    ) -> AsyncIterator[AsyncGroup]:
        """All writes inside commit together at the end, or none does.

        Inside, writes return a pending receipt and reads see what stood before. `key` is the
        idempotency key of the whole. With `unless_changed` it is refused (`StaleTurn`) if
        others changed what that turn was served. Leaving with an exception writes nothing.
        """
        session = self._opened()
        if COLLECTING.get() is not None:
            raise InvalidInput("atomic() inside atomic(): one commit cannot hold another.")
        group = AsyncGroup(session)
        group.fenced = unless_changed._account if unless_changed is not None else None
        token = COLLECTING.set(group)
        try:
            yield group
        finally:
            COLLECTING.reset(token)
        if group.drafts:
            drafts = (guard_draft(group.drafts[0], guards, key), *group.drafts[1:])
            group.receipts = await session.commit(drafts, turn=group.turn, fenced=group.fenced)

    async def catch_up(
        self, *, at_least: Receipt | Position | int | None = None, linearizable: bool = False
    ) -> Position:
        """Wait until reads see a receipt, position or revision; the position that they see.

        With `linearizable` they see all that anybody was acknowledged before the call. Whatever
        this memory reads afterwards sees that too. At its source that is always so, and only a
        follower waits: until the deadline, then it raises `FollowerBehind`.
        """
        return await self._opened().cover(at_least, linearizable=linearizable)

    async def position(self) -> Position:
        """The head: revision and digest. Keep it, and a log cut below it shows.

        That of a follower is how far its copy goes.
        """
        session = self._opened()
        return await session.read(reading.head(session.tenant))

    def health(self) -> Health:
        """Whether the engine serves; of a follower, whether and how far it is `lagging`."""
        return self._opened().engine.health()
