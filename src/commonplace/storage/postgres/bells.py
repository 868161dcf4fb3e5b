"""Bells: who is to be woken when a tenant has had a commit, in this process and in others.

The truth is the tenant's head, which is looked at again and again; a notification only makes
the next look come sooner. Where the server's notifications reach this process (a session
of its own, `LISTEN` permitted) it looks each `limits.BACKSTOP_S`; where they do not, it looks
within milliseconds after a commit and less and less often while nothing happens.
"""

import contextlib
import hashlib
import logging
import os
import select
import threading
import time
from collections.abc import Callable
from typing import Any, Final, NamedTuple

import psycopg

from commonplace import limits
from commonplace.errors import CommonplaceError

_log = logging.getLogger("commonplace.bells")

_SOONEST_S: Final = 0.005
_SLOWER: Final = 1.5
_LEAVE_S: Final = 0.5
"""How long a close waits for the thread, which may be waiting for a server that is away."""


def channel_of(tenant: str) -> str:
    """The channel on which a tenant's commits are notified; it does not tell the name."""
    return "commonplace_" + hashlib.sha256(tenant.encode()).hexdigest()[:32]


class Session(NamedTuple):
    """A session that lasts, and its token: by it others ask the server whether it does."""

    connection: "psycopg.Connection[Any]"
    token: str


class Bells:
    """Wakes the subscribers of this engine.

    `listen` opens a session that hears notifications, or gives None where there is none;
    `head_of` gives what differs after a commit of a tenant; `notify` rings the bells of the other
    processes.
    """

    def __init__(
        self,
        listen: Callable[[], Session | None],
        head_of: Callable[[str], object],
        notify: Callable[[str], None],
    ) -> None:
        self._listen = listen
        self._head_of = head_of
        self._notify = notify
        self._mutex = threading.Lock()
        self._wakes: dict[str, tuple[Callable[[], None], ...]] = {}
        self._seen: dict[str, object] = {}
        self._holds = 0
        self._rung_while_held: set[str] = set()
        self._thread: threading.Thread | None = None
        self._session: Session | None = None
        self._pipe: tuple[int, int] | None = None
        self._closed = False

    @property
    def token(self) -> str:
        """That of the session which lasts as long as this process; "" where there is none."""
        with self._mutex:
            if self._thread is None and not self._closed:
                self._start()
            return self._session.token if self._session is not None else ""

    @property
    def are_held(self) -> bool:
        """Whether the other processes are not to be told of commits now."""
        return self._holds > 0

    def ring(self, tenant: str) -> None:
        """Tell this process of a commit; the others heard with the commit itself."""
        if self._holds:
            with self._mutex:
                if self._holds:
                    self._rung_while_held.add(tenant)
                    return
        self._wake(tenant)

    def hold(self, max_wait_s: float) -> Callable[[], None]:
        """Keep silent until the returned call, or for `max_wait_s`; then ring once if due."""
        once = threading.Lock()

        def let_go() -> None:
            if not once.acquire(blocking=False):
                return
            timer.cancel()
            with self._mutex:
                self._holds -= 1
                due: set[str] = set()
                if not self._holds:
                    due, self._rung_while_held = self._rung_while_held, due
            for tenant in due if not self._closed else ():
                self._wake(tenant)
                with contextlib.suppress(CommonplaceError):  # a hint: they look by themselves
                    self._notify(tenant)

        timer = threading.Timer(max_wait_s, let_go)
        timer.daemon = True
        with self._mutex:
            self._holds += 1
        timer.start()
        return let_go

    def subscribe(self, tenant: str, wake: Callable[[], None]) -> Callable[[], None]:
        """Call `wake` after commits of a tenant, from any thread; returns the call that ends it."""

        def call() -> None:
            wake()

        # Looked at here and not in the thread: what is committed from now on must show.
        seen = self._look(tenant)
        with self._mutex:
            self._wakes[tenant] = (*self._wakes.get(tenant, ()), call)
            self._seen.setdefault(tenant, seen)
            if self._thread is None and not self._closed:
                self._start()
        self._nudge()

        def end() -> None:
            with self._mutex:
                left = tuple(each for each in self._wakes.get(tenant, ()) if each is not call)
                if left:
                    self._wakes[tenant] = left
                else:
                    self._wakes.pop(tenant, None)
                    self._seen.pop(tenant, None)

        return end

    def close(self) -> None:
        """Stop listening; idempotent."""
        with self._mutex:
            self._closed = True
            self._wakes = {}
            thread = self._thread
        self._nudge()
        if thread is not None and thread is not threading.current_thread():
            thread.join(_LEAVE_S)

    def disown(self) -> None:
        """In a forked child: the thread was not copied, and the session is the parent's."""
        self._closed = True
        self._mutex = threading.Lock()  # the parent's may be held by a thread that is not here
        self._wakes = {}
        self._pipe, self._session = None, None

    # --- the listening thread --------------------------------------------------------------------

    def _start(self) -> None:
        self._pipe = os.pipe()
        self._session = self._open()
        # A daemon: it holds nothing that anybody was promised.
        self._thread = threading.Thread(target=self._serve, name="commonplace-bell", daemon=True)
        self._thread.start()

    def _nudge(self) -> None:
        with self._mutex:
            if self._pipe is not None:
                os.write(self._pipe[1], b"x")

    def _serve(self) -> None:
        hears: dict[str, str] = {}
        wait_s = _SOONEST_S
        look_s = 0.0
        try:
            while not self._closed:
                if self._session is not None and not self._tune(self._session, hears):
                    self._lose(hears)
                if self._session is not None:
                    wait_s = limits.BACKSTOP_S
                self._listen_for(wait_s, hears)
                if time.monotonic() < look_s:
                    continue
                moved = self._look_around()
                wait_s = _SOONEST_S if moved else min(wait_s * _SLOWER, limits.BACKSTOP_S)
                if self._session is None:
                    self._session = self._open()
                else:
                    look_s = time.monotonic() + limits.BACKSTOP_S
        finally:
            self._lose(hears)
            with self._mutex:
                pipe, self._pipe = self._pipe, None
            for end in pipe or ():
                os.close(end)

    def _open(self) -> Session | None:
        try:
            return self._listen()
        except (psycopg.Error, CommonplaceError):
            return None

    def _lose(self, hears: dict[str, str]) -> None:
        session, self._session = self._session, None
        hears.clear()
        if session is not None:
            session.connection.close()

    def _tune(self, session: Session, hears: dict[str, str]) -> bool:
        """Listen on the channels of those tenants that somebody waits for."""
        wanted = {channel_of(tenant): tenant for tenant in list(self._wakes)}
        try:
            for channel in wanted.keys() - hears.keys():
                session.connection.execute(f"LISTEN {channel}")
                hears[channel] = wanted[channel]
                self._wake(wanted[channel])  # for what came before it listened
            for channel in hears.keys() - wanted.keys():
                session.connection.execute(f"UNLISTEN {channel}")
                del hears[channel]
        except psycopg.Error:
            return False
        return True

    def _listen_for(self, wait_s: float, hears: dict[str, str]) -> None:
        """Wait for a bell, a nudge or the time, and wake those it is for."""
        assert self._pipe is not None
        session = self._session
        poll = select.poll()
        poll.register(self._pipe[0], select.POLLIN)
        if session is not None:
            poll.register(session.connection.fileno(), select.POLLIN)
        ready = [fd for fd, _ in poll.poll(wait_s * 1000)]
        if self._pipe[0] in ready:
            os.read(self._pipe[0], 4096)
        if session is None or session.connection.fileno() not in ready:
            return
        rung: set[str] = set()
        try:
            session.connection.pgconn.consume_input()
            while (note := session.connection.pgconn.notifies()) is not None:
                rung.add(hears.get(note.relname.decode(), ""))
        except psycopg.Error:
            self._lose(hears)
            return
        for tenant in rung:
            self._wake(tenant)

    def _look_around(self) -> bool:
        """Wake the subscribers of every tenant that moved; whether any did."""
        moved = False
        for tenant in list(self._seen):
            now = self._look(tenant)
            if now != self._seen.get(tenant, now):
                self._seen[tenant] = now
                moved = True
                self._wake(tenant)
        return moved

    def _look(self, tenant: str) -> object:
        try:
            return self._head_of(tenant)
        except CommonplaceError:
            return -1  # whoever is woken finds the same error, and can tell somebody

    def _wake(self, tenant: str) -> None:
        for wake in self._wakes.get(tenant, ()):
            try:
                wake()
            except Exception:  # boundary: one subscriber's defect is not the others' silence
                _log.exception("a subscriber failed to wake")
