"""SqliteEngine: the engine contract on one SQLite file, shared by the processes of one host."""

import contextlib
import os
import threading
import time
from collections.abc import Callable, Sequence
from typing import Final, NoReturn, TypeVar

from commonplace.core.verdict import Accepted, Unknown, Verdict
from commonplace.errors import (
    CommonplaceError,
    DamagedMemory,
    EngineUnavailable,
    ForkedMemory,
    OutcomeUnknown,
)
from commonplace.model.receipt import Position
from commonplace.model.record import Record
from commonplace.model.write import WriteGroup
from commonplace.storage import forking
from commonplace.storage.cache import StateCache
from commonplace.storage.engine import Capabilities, Health
from commonplace.storage.lane import Lane
from commonplace.storage.programs import reading
from commonplace.storage.programs.commit import commit_batch
from commonplace.storage.programs.heads import proved_head
from commonplace.storage.programs.upkeep.applying import apply_records
from commonplace.storage.sqlite import copying, fork, opening
from commonplace.storage.sqlite.connections import Connections
from commonplace.storage.sqlite.doorbell import Doorbell
from commonplace.storage.sqlite.driver import Driver
from commonplace.storage.sqlite.faults import CommitUnknown
from commonplace.storage.sqlite.filesystem import FilesystemOf, filesystem_of
from commonplace.storage.sqlite.migrations import migrate, migrations
from commonplace.storage.sqlite.neighbours import Neighbours
from commonplace.storage.sqlite.statements import statements
from commonplace.storage.sqlite.turn import FileTurn, MemoryTurn
from commonplace.storage.step import Program, Statement

T = TypeVar("T")

_CLOSED: Final = 0
_OPEN: Final = 1
_FORKED: Final = 2


def _clock_us() -> int:
    return time.time_ns() // 1000


class SqliteEngine:
    """The memory in the file at `path`, or in this process alone if `path` is `:memory:`.

    Beside the file lie SQLite's own `-wal` and `-shm`, the side file `-lane` and the folder
    `-bells`. `clock_us` stamps commits (microseconds since 1970), `monotonic_s` measures
    deadlines, and `filesystem_of` names the type of a path's file system.
    """

    def __init__(
        self,
        path: str,
        *,
        clock_us: Callable[[], int] = _clock_us,
        monotonic_s: Callable[[], float] = time.monotonic,
        filesystem_of: FilesystemOf = filesystem_of,
    ) -> None:
        self.path = path
        self._in_memory = path == opening.MEMORY
        self._clock_us = clock_us
        self._monotonic_s = monotonic_s
        self._filesystem_of = filesystem_of
        self._cache = StateCache()
        self._indexes = True
        self._state = _CLOSED
        self._opening = threading.Lock()

    @property
    def capabilities(self) -> Capabilities:
        """What this engine can do."""
        shared = not self._in_memory
        return Capabilities("sqlite", durable=shared, processes=shared, spans_tenants=True)

    # --- life -----------------------------------------------------------------------------

    def open(self, *, create: bool) -> None:
        """Open, and with `create` make what is missing; nothing on the disk changes on refusal."""
        if self._state == _FORKED:
            self._refuse()
        with self._opening:
            if self._state == _OPEN:
                return
            if self._in_memory:
                self._open_in_memory()
            else:
                self.path = os.path.realpath(self.path)
                self._open_file(create=create)
            self._state = _OPEN
            forking.watch(self)

    def close(self) -> None:
        """Let everything go; idempotent, and harmless in a forked child."""
        if self._state == _FORKED:
            return
        with self._opening:
            if self._state == _CLOSED:
                return
            self._state = _CLOSED
            forking.forget(self)
            self._lane.close()
            self._doorbell.close()
            self._connections.close()
            if self._neighbours is not None:
                self._neighbours.close()
            self._cache.clear()

    def _open_in_memory(self) -> None:
        self._neighbours: Neighbours | None = None
        self._connections = Connections(self._new_memory, self._new_memory, shared=True)
        self._connections.writer.use(lambda driver: None)  # it lives in this connection
        self._lane = Lane(
            self._commit, MemoryTurn(), after=self._tell, monotonic_s=self._monotonic_s
        )
        self._doorbell = Doorbell(None, lambda: 0)

    def _open_file(self, *, create: bool) -> None:
        steps = migrations()
        missing = opening.check(
            self.path, create=create, newest=len(steps), filesystem_of=self._filesystem_of
        )
        fork.refuse_tainted(self.path)
        with contextlib.ExitStack() as undo:
            turn = FileTurn(self.path)
            undo.callback(turn.close)
            if missing:
                opening.create(self.path, steps, turn)
            opening.upgrade(self.path, steps, turn)
            self._neighbours = Neighbours(self.path)
            undo.callback(self._neighbours.close)
            self._connections = Connections(
                lambda: self._driver(reader=False), lambda: self._driver(reader=True), shared=False
            )
            # Kept open as long as the engine, so that the log is not written back and
            # removed whenever a last reader leaves.
            self._connections.writer.use(lambda driver: None)
            undo.callback(self._connections.close)
            undo.pop_all()
        self._turn = turn
        self._lane = Lane(self._commit, turn, after=self._tell, monotonic_s=self._monotonic_s)
        watching = self._connections.reader()
        self._doorbell = Doorbell(
            self._neighbours.bells,
            lambda: int(watching.use(lambda driver: driver.ask("data_version"))[0][0]),
        )

    def _driver(self, *, reader: bool) -> Driver:
        return Driver(opening.connect(self.path, reader=reader), statements(), self.path)

    def _new_memory(self) -> Driver:
        connection = opening.connect(opening.MEMORY)
        migrate(connection, migrations())
        return Driver(connection, statements(), self.path)

    def _refuse(self) -> NoReturn:
        if self._state == _FORKED:
            raise ForkedMemory(
                f"{self.path} was opened before a fork, in process {os.getppid()} or above: "
                "open a memory of its own in this process.",
                path=self.path,
            )
        raise EngineUnavailable(f"{self.path} is not open. Open it first.", path=self.path)

    # --- writing ------------------------------------------------------------------------------

    def propose(self, group: WriteGroup, deadline_s: float) -> Verdict:
        """Commit `group` with whatever else is waiting, and say how it ended."""
        if self._state != _OPEN:
            self._refuse()
        return self._lane.propose(group, deadline_s)

    async def propose_async(self, group: WriteGroup, deadline_s: float) -> Verdict:
        """`propose` for an event loop, which is never blocked."""
        if self._state != _OPEN:
            self._refuse()
        return await self._lane.propose_async(group, deadline_s)

    def execute(self, tenant: str, program: Program[T], deadline_s: float) -> T:
        """Run a program that writes what is not history, holding the turn to write."""
        if self._state != _OPEN:
            self._refuse()
        result = self._lane.run(lambda: self._execute(program), deadline_s)
        self._doorbell.ring()
        return result

    async def execute_async(self, tenant: str, program: Program[T], deadline_s: float) -> T:
        """`execute` for an event loop, which is never blocked."""
        if self._state != _OPEN:
            self._refuse()
        result = await self._lane.run_async(lambda: self._execute(program), deadline_s)
        self._doorbell.ring()
        return result

    def _commit(self, groups: Sequence[WriteGroup]) -> Sequence[Verdict]:
        try:
            try:
                return self._run_batch(groups, index=self._indexes)
            except DamagedMemory:
                # Perhaps only the text index, which nobody needs in order to write. It is tried
                # again when as much has been written once more.
                self._cache.clear()
                self._cache.unindexed_bytes.clear()
                return self._run_batch(groups, index=False)
        except CommitUnknown as error:
            self._cache.clear()
            self._connections.writer.reopen()
            return [Unknown(f"the disk failed while the commit was written: {error}")] * len(groups)
        except BaseException:
            self._cache.clear()
            raise

    def _run_batch(self, groups: Sequence[WriteGroup], *, index: bool) -> Sequence[Verdict]:
        program = commit_batch(groups, self._cache, self._clock_us, index=index)
        return self._connections.writer.run(program)

    def _execute(self, program: Program[T]) -> T:
        try:
            return self._connections.writer.run(program)
        except CommitUnknown as error:
            self._cache.clear()
            self._connections.writer.reopen()
            raise OutcomeUnknown(
                f"Sent, and the disk failed while it was committed ({error}). Look whether it "
                "landed before you repeat it."
            ) from error

    def _tell(self, verdicts: Sequence[Verdict]) -> None:
        if any(isinstance(verdict, Accepted | Unknown) for verdict in verdicts):
            self._doorbell.ring()

    # --- reading ------------------------------------------------------------------------------

    def read(self, tenant: str, program: Program[T]) -> T:
        """Run a read program; no lock is taken and no cursor outlives the call."""
        if self._state != _OPEN:
            self._refuse()
        return self._connections.read(program)

    async def read_async(self, tenant: str, program: Program[T]) -> T:
        """`read` on the loop: a point read is shorter than the hop to another thread.

        A scan comes in bounded pages.
        """
        return self.read(tenant, program)

    def barrier(self, tenant: str) -> Position:
        """The head, proved by holding the right to write."""
        if self._state != _OPEN:
            self._refuse()
        return self._lane.run(lambda: self._execute(proved_head(tenant)), _LONG_S)

    def position(self, tenant: str) -> Position:
        """The head as this process sees it."""
        return self.read(tenant, reading.head(tenant))

    def tail(self, tenant: str, after: int, limit: int) -> list[Record]:
        """The records of at most `limit` whole commits after revision `after`, in order."""
        return self.read(tenant, reading.tail(tenant, after, limit))

    def health(self) -> Health:
        """Whether the engine serves: open, and able to read."""
        if self._state == _FORKED:
            return Health("halted", "it was opened before a fork")
        if self._state == _CLOSED:
            return Health("halted", "it is not open")
        try:
            self.read("", _probe())
        except CommonplaceError as error:
            return Health("halted", str(error))
        return Health("ok")

    def apply(self, tenant: str, records: Sequence[Record]) -> Position:
        """Append records another engine decided, chain checked; for import and followers."""
        return self.execute(tenant, apply_records(tenant, records), _LONG_S)

    # --- copies -------------------------------------------------------------------------------

    def snapshot(self, path: str) -> None:
        """Write a consistent copy of the whole memory to a new file, synced to the disk."""
        if self._state != _OPEN:
            self._refuse()
        target = os.path.realpath(path)
        self._connections.copy_from(lambda driver: copying.write_copy(driver.connection, target))

    def restore(self, path: str) -> None:
        """Become the copy in `path`; refused unless this memory is empty."""
        if self._state != _OPEN:
            self._refuse()
        source, steps = os.path.realpath(path), migrations()
        opening.check(source, create=False, newest=len(steps), filesystem_of=self._filesystem_of)
        self._lane.run(
            lambda: self._connections.writer.use(
                lambda driver: copying.read_copy(driver, source, steps)
            ),
            _LONG_S,
        )
        self._cache.clear()
        self._doorbell.ring()

    # --- others -------------------------------------------------------------------------------

    def subscribe(self, tenant: str, wake: Callable[[], None]) -> Callable[[], None]:
        """Call `wake` (from any thread, quickly) when something may have been committed."""
        if self._state != _OPEN:
            self._refuse()
        return self._doorbell.subscribe(wake)

    def hold_bells(self, max_wait_s: float) -> Callable[[], None]:
        """Stop telling of commits until the returned call or `max_wait_s` later."""
        if self._state != _OPEN:
            self._refuse()
        return self._doorbell.hold(max_wait_s)

    def presence(self) -> str:
        """A token that `is_present` knows while this process lives; "" if unsupported."""
        if self._state != _OPEN:
            self._refuse()
        return self._neighbours.presence.token if self._neighbours is not None else _HERE

    def is_present(self, token: str) -> bool | None:
        """Whether the holder of a token lives: True, False, or None when nobody can say."""
        if self._state != _OPEN:
            self._refuse()
        if self._neighbours is None:
            return token == _HERE
        return self._neighbours.presence.is_present(token)

    # --- forks --------------------------------------------------------------------------------

    def before_fork(self) -> None:
        """Come to rest: no connection is in use until the fork is over."""
        self._connections.rest()

    def after_fork_in_parent(self) -> None:
        """Go on."""
        self._connections.resume()

    def after_fork_in_child(self) -> None:
        """Let go of everything inherited, without a trace for the parent."""
        self._state = _FORKED
        if not self._connections.disown():
            fork.taint(self.path)
        self._doorbell.disown()
        if self._neighbours is not None:
            self._neighbours.disown()
            self._turn.close()


_LONG_S: Final = 3600.0
"""Deadline of the calls that have none of their own: import and copies of any size."""
_HERE: Final = "here"


def _probe() -> Program[None]:
    yield (Statement("tenant_any"),)
