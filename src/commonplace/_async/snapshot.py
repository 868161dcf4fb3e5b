"""AsyncSnapshot: the memory as it stood at one revision, read only."""

from datetime import datetime

from commonplace._async.session import AsyncSession
from commonplace.errors import InvalidInput
from commonplace.explain.blame import BlameLine, blame_lines
from commonplace.model.entry import Entry, EntryKey, to_us
from commonplace.model.names import check_region
from commonplace.model.namespace import Namespace
from commonplace.model.reference import parse_time
from commonplace.storage.programs import exchange, reading
from commonplace.storage.proposal import check_version
from commonplace.storage.publication import published_entry
from commonplace.storage.views import entry_view


def time_us(at: object) -> int:
    """A time as commits are stamped. Raises `InvalidInput` when it has no zone."""
    time = parse_time(at) if isinstance(at, str) else at
    if not isinstance(time, datetime) or time.utcoffset() is None:
        raise InvalidInput(f"{at} has no zone: say which one, as in datetime.now(UTC).")
    return to_us(time)


class AsyncSnapshot:
    """A revision, or the last one at or before a time. Same revision, same bytes, for ever.

    Making one does no I/O; a time is resolved at the first read and then stays.
    """

    def __init__(self, session: AsyncSession, at: int | str | datetime) -> None:
        self._session = session
        self._revision: int | None = None
        if isinstance(at, str | datetime):
            self._time_us = time_us(at)
        else:
            self._revision = check_version(at, "at")

    async def revision(self) -> int:
        """The revision this snapshot pins."""
        if self._revision is None:
            session = self._session
            self._revision = await session.read(reading.revision_at(session.tenant, self._time_us))
        await self._session.gate.foresee(self._revision)
        return self._revision

    def namespace(self, namespace: Namespace) -> "AsyncPastScope":
        """A namespace as it stood."""
        return AsyncPastScope(self._session, self, namespace)

    def task(self, name: str) -> "AsyncPastScope":
        """A task as it stood."""
        return self.namespace(Namespace.task(name))


class AsyncPastScope:
    """A namespace at a snapshot."""

    def __init__(
        self, session: AsyncSession, snapshot: AsyncSnapshot, namespace: Namespace
    ) -> None:
        if not isinstance(namespace, Namespace):
            raise InvalidInput(f"a scope takes a whole Namespace, not {namespace!r}.")
        self._session = session
        self._snapshot = snapshot
        self.namespace = namespace

    def block(self, name: str) -> "AsyncPastBlock":
        """A block as it stood."""
        key = EntryKey(str(self.namespace), check_region(name))
        return AsyncPastBlock(self._session, self._snapshot, key)

    def channel(self, name: str) -> "AsyncPastChannel":
        """A channel as it stood."""
        key = EntryKey(str(self.namespace), check_region(name))
        return AsyncPastChannel(self._session, self._snapshot, key)


class AsyncPastBlock:
    """A block at a snapshot."""

    def __init__(self, session: AsyncSession, snapshot: AsyncSnapshot, key: EntryKey) -> None:
        self._session = session
        self._snapshot = snapshot
        self._key = key
        self.reference = key.reference()

    async def read(self) -> Entry:
        """The text as it stood. Raises `FutureRevision`, `Compacted` or `Erased`."""
        session, revision = self._session, await self._snapshot.revision()
        found = await session.read(reading.read_entry_at(session.reader, self._key, revision))
        return entry_view(self._key, found)

    async def blame(self) -> list[BlameLine]:
        """Who had written each line by then."""
        session, revision = self._session, await self._snapshot.revision()
        found = await session.read(reading.read_entry_at(session.reader, self._key, revision))
        return await session.read(blame_lines(session.reader, self._key, found))


class AsyncPastChannel:
    """A channel at a snapshot."""

    def __init__(self, session: AsyncSession, snapshot: AsyncSnapshot, key: EntryKey) -> None:
        self._session = session
        self._snapshot = snapshot
        self._key = key
        self.reference = key.reference()

    async def read(self) -> Entry:
        """What was published then. Raises `FutureRevision`, `Compacted` or `Erased`."""
        session, revision = self._session, await self._snapshot.revision()
        channel = await session.read(exchange.channel_at(session.reader, self._key))
        found = await session.read(reading.read_entry_at(session.reader, self._key, revision))
        return published_entry(self._key, found, channel.holds)
