"""PostgresEngine: the engine contract on one PostgreSQL database, shared by many hosts."""

import asyncio
import os
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final, NoReturn, TypeVar

from commonplace import limits
from commonplace.core.verdict import Accepted, Unknown, Verdict
from commonplace.errors import CommonplaceError, EngineUnavailable, ForkedMemory
from commonplace.model.receipt import Position
from commonplace.model.record import Record
from commonplace.model.write import WriteGroup
from commonplace.storage import forking
from commonplace.storage.engine import Capabilities, Health
from commonplace.storage.postgres import copying, faults, neighbours, opening, watching
from commonplace.storage.postgres.bells import Bells, channel_of
from commonplace.storage.postgres.connections import Connections
from commonplace.storage.postgres.driver import Terms
from commonplace.storage.postgres.faults import NotHad
from commonplace.storage.postgres.migrations import migrations
from commonplace.storage.postgres.opening import Server
from commonplace.storage.postgres.place import place_of
from commonplace.storage.postgres.writer import Writer
from commonplace.storage.programs import reading
from commonplace.storage.programs.heads import proved_head
from commonplace.storage.programs.upkeep.applying import apply_records
from commonplace.storage.step import Program

T = TypeVar("T")

_CLOSED: Final = 0
_OPEN: Final = 1
_FORKED: Final = 2
_PRESENCES: Final = 1024
"""Holders of tokens whose presence is remembered for a moment."""
_LONG_S: Final = 3600.0
"""Deadline of the calls that have none of their own: import and copies of any size."""


class PostgresEngine:
    """The memory in the database at `address`, a `postgresql://` address as libpq takes it.

    `clock_us` stamps commits (microseconds since 1970; the server's clock if there is none),
    `monotonic_s` measures deadlines.
    """

    def __init__(
        self,
        address: str,
        *,
        clock_us: Callable[[], int] | None = None,
        monotonic_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._place = place_of(address)
        self.path = self._place.name
        self._clock_us = clock_us
        self._monotonic_s = monotonic_s
        self._state = _CLOSED
        self._opening = threading.Lock()
        self._writers: dict[str, Writer] = {}
        self._alive_s: dict[str, float] = {}

    @property
    def capabilities(self) -> Capabilities:
        """What this engine can do."""
        return Capabilities("postgres", durable=True, processes=True, spans_tenants=False)

    # --- life -----------------------------------------------------------------------------

    def open(self, *, create: bool) -> None:
        """Open, and with `create` make what is missing; nothing changes on refusal."""
        if self._state == _FORKED:
            self._refuse()
        with self._opening:
            if self._state == _OPEN:
                return
            self._server: Server = opening.open_server(self._place, migrations(), create=create)
            self._connections = Connections(self._server.driver, limits.CONNECTIONS)
            self._threads = ThreadPoolExecutor(limits.CONNECTIONS, "commonplace-read")
            self._bells = Bells(self._server.session, self._head, self._notify)
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
            # First, so that nobody waits any longer for a server that is away.
            self._connections.close()
            for writer in self._writers.values():
                writer.close()
            self._writers = {}
            self._bells.close()
            self._threads.shutdown(wait=False, cancel_futures=True)

    def _refuse(self) -> NoReturn:
        if self._state == _FORKED:
            raise ForkedMemory(
                f"{self.path} was opened before a fork, in process {os.getppid()} or above: "
                "open a memory of its own in this process.",
                path=self.path,
            )
        raise EngineUnavailable(f"{self.path} is not open. Open it first.", path=self.path)

    def _terms(self, tenant: str, wait_ms: int = limits.ROW_WAIT_MS) -> Terms:
        bell = "" if self._bells.are_held else channel_of(tenant)
        return Terms(tenant, self._server.role, wait_ms, bell)

    def _writer(self, tenant: str) -> Writer:
        """What writes a tenant; one transaction holds one tenant, so each has its own lane."""
        if self._state != _OPEN:
            self._refuse()
        writer = self._writers.get(tenant)
        if writer is None:
            with self._opening:
                if self._state != _OPEN:
                    self._refuse()
                writer = self._writers.get(tenant)
                if writer is None:
                    writer = self._writers[tenant] = Writer(
                        self._connections,
                        lambda wait_ms: self._terms(tenant, wait_ms),
                        self._holder,
                        lambda verdicts: self._tell(tenant, verdicts),
                        self._clock_us,
                        self._monotonic_s,
                    )
        return writer

    # --- writing ------------------------------------------------------------------------------

    def propose(self, group: WriteGroup, deadline_s: float) -> Verdict:
        """Commit `group` with whatever else is waiting, and say how it ended."""
        return self._writer(group.tenant).propose(group, deadline_s)

    async def propose_async(self, group: WriteGroup, deadline_s: float) -> Verdict:
        """`propose` for an event loop, which is never blocked."""
        return await self._writer(group.tenant).propose_async(group, deadline_s)

    def execute(self, tenant: str, program: Program[T], deadline_s: float) -> T:
        """Run a program that writes what is not history, holding the right to write."""
        result = self._writer(tenant).execute(program, deadline_s)
        self._bells.ring(tenant)
        return result

    async def execute_async(self, tenant: str, program: Program[T], deadline_s: float) -> T:
        """`execute` for an event loop, which is never blocked."""
        result = await self._writer(tenant).execute_async(program, deadline_s)
        self._bells.ring(tenant)
        return result

    def _tell(self, tenant: str, verdicts: Sequence[Verdict]) -> None:
        if any(isinstance(verdict, Accepted | Unknown) for verdict in verdicts):
            self._bells.ring(tenant)

    # --- reading ------------------------------------------------------------------------------

    def read(self, tenant: str, program: Program[T]) -> T:
        """Run a read program; no lock is taken and no cursor outlives the call."""
        if self._state != _OPEN:
            self._refuse()
        driver = self._connections.take()
        try:
            return driver.run(program, self._terms(tenant))
        except NotHad as error:
            raise faults.unreachable(self.path, str(error)) from error
        finally:
            self._connections.give_back(driver)

    async def read_async(self, tenant: str, program: Program[T]) -> T:
        """`read` in a thread: the server may be far away."""
        if self._state != _OPEN:
            self._refuse()
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, self.read, tenant, program)

    def barrier(self, tenant: str) -> Position:
        """The head, proved by holding the right to write."""
        return self.execute(tenant, proved_head(tenant), _LONG_S)

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
            self.read("", watching.probe())
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
        copying.write_copy(self._place, os.path.realpath(path))

    def restore(self, path: str) -> None:
        """Become the copy in `path`; refused unless this memory is empty."""
        if self._state != _OPEN:
            self._refuse()
        copying.read_copy(self._place, os.path.realpath(path), migrations())
        for tenant, writer in list(self._writers.items()):
            writer.forget()
            self._bells.ring(tenant)

    # --- others -------------------------------------------------------------------------------

    def subscribe(self, tenant: str, wake: Callable[[], None]) -> Callable[[], None]:
        """Call `wake` (from any thread, quickly) when this tenant may have had a commit."""
        if self._state != _OPEN:
            self._refuse()
        return self._bells.subscribe(tenant, wake)

    def hold_bells(self, max_wait_s: float) -> Callable[[], None]:
        """Stop telling of commits until the returned call or `max_wait_s` later."""
        if self._state != _OPEN:
            self._refuse()
        return self._bells.hold(max_wait_s)

    def presence(self) -> str:
        """A token that `is_present` knows while this process lives; "" if there is none."""
        if self._state != _OPEN:
            self._refuse()
        return self._bells.token or neighbours.token()

    def is_present(self, token: str) -> bool | None:
        """Whether the holder of a token lives: True, False, or None when nobody can say.

        True may be as old as `limits.BACKSTOP_S`: who waits behind others asks at every bell.
        """
        known = neighbours.is_present(token)
        if known is not None:
            return known
        now_s = time.monotonic()
        if now_s - self._alive_s.get(token, -limits.BACKSTOP_S) < limits.BACKSTOP_S:
            return True
        lives = self._look(watching.is_present(token))
        if len(self._alive_s) >= _PRESENCES:
            self._alive_s.clear()
        if lives:
            self._alive_s[token] = now_s
        return lives

    def _head(self, tenant: str) -> object:
        return self.read(tenant, watching.head())

    def _notify(self, tenant: str) -> None:
        self.read(tenant, watching.notify(channel_of(tenant)))

    def _holder(self) -> str:
        try:
            return self._look(watching.holder(), 0.0)
        except CommonplaceError:
            return ""

    def _look(self, program: Program[T], timeout_s: float | None = None) -> T:
        """Ask about other sessions, which a role that owns nothing is not told of."""
        if self._state != _OPEN:
            self._refuse()
        driver = self._connections.take(timeout_s)
        try:
            return driver.run(program, Terms(""))
        except NotHad as error:
            raise faults.unreachable(self.path, str(error)) from error
        finally:
            self._connections.give_back(driver)

    # --- forks --------------------------------------------------------------------------------

    def before_fork(self) -> None:
        """Nothing has to come to rest: the child never touches the sessions."""

    def after_fork_in_parent(self) -> None:
        """Go on."""

    def after_fork_in_child(self) -> None:
        """Let go of everything inherited, without a trace for the parent."""
        self._state = _FORKED
        self._bells.disown()
        self._connections.disown()
