"""Doorbell: unix datagram sockets in `<path>-bells/`, rung after each batch.

A ring is a hint and carries nothing. It may be lost (a full queue, another user's socket, a
platform without these sockets), so every listener also looks at SQLite's `data_version` each
`limits.BACKSTOP_S`. (inotify on the log fires before a commit is visible, so it is no use.)
"""

import errno
import logging
import os
import selectors
import socket
import stat
import threading
import time
from collections.abc import Callable
from typing import Final

from commonplace import limits
from commonplace.errors import CommonplaceError
from commonplace.storage.sqlite import kernel

_log = logging.getLogger("commonplace.doorbell")

_SUFFIX: Final = ".bell"
_TRUST_NS: Final = 50_000_000
"""A directory's time has the grain of the kernel's tick: a listing younger is read again."""


class Bells:
    """The bells of the other engines: a list of sockets, and how to ring them."""

    def __init__(self, folder: str, own: str) -> None:
        self._folder = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        self._own = own + _SUFFIX
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        self._names: list[str] = []
        self._seen_ns = -1
        # A batch is told of after it was answered, so an engine may be closed meanwhile.
        self._ringing = threading.Lock()

    def ring(self) -> None:
        """Ring all but this engine's own, without waiting for any."""
        with self._ringing:
            if self._folder >= 0:
                self._ring()

    def _ring(self) -> None:
        for name in self._listed():
            try:
                self._socket.sendto(b"", self._address(name))
            except BlockingIOError:
                continue  # it has rings enough that it has not heard yet
            except OSError as error:
                if error.errno == errno.ECONNREFUSED:  # nobody is bound to it any more
                    self._remove(name)

    def bind(self) -> socket.socket:
        """Hang up this engine's own bell."""
        bell = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        bell.setblocking(False)
        bell.bind(self._address(self._own))
        return bell

    def close(self) -> None:
        """Take down this engine's bell, if any, and ring no more; idempotent."""
        with self._ringing:
            if self._folder >= 0:
                self._remove(self._own)
                self.disown()

    def disown(self) -> None:
        """In a forked child: drop the copies of the descriptors."""
        folder, self._folder = self._folder, -1
        if folder >= 0:
            self._socket.close()
            os.close(folder)

    def _address(self, name: str) -> str:
        # Through the directory's descriptor, since a socket's path is bounded to 108 bytes.
        return f"/proc/self/fd/{self._folder}/{name}"

    def _listed(self) -> list[str]:
        changed_ns = os.fstat(self._folder).st_mtime_ns
        if changed_ns != self._seen_ns:
            self._names = [
                name
                for name in os.listdir(self._folder)
                if name.endswith(_SUFFIX) and name != self._own
            ]
            settled = time.time_ns() - changed_ns > _TRUST_NS
            self._seen_ns = changed_ns if settled else -1
        return self._names

    def _remove(self, name: str) -> None:
        try:
            os.unlink(name, dir_fd=self._folder)
        except OSError:
            return


class Doorbell:
    """Wakes this engine's subscribers, and the other engines, when something was committed.

    `data_version` gives a number that changes with every commit of anybody; it is called from
    one thread at a time: the first subscriber's, then the listening one. `bells` is None where
    the platform has none.
    """

    def __init__(self, bells: Bells | None, data_version: Callable[[], int]) -> None:
        self._bells = bells
        self._data_version = data_version
        self._mutex = threading.Lock()
        self._wakes: tuple[Callable[[], None], ...] = ()
        self._holds = 0
        self._rang_while_held = False
        self._thread: threading.Thread | None = None
        self._bell: socket.socket | None = None
        self._stop: tuple[socket.socket, socket.socket] | None = None
        self._closed = False

    def ring(self) -> None:
        """Tell this engine's subscribers and the other engines of a commit."""
        if self._holds:
            with self._mutex:
                if self._holds:
                    self._rang_while_held = True
                    return
        self._wake_all()
        if self._bells is not None:
            self._bells.ring()

    def hold(self, max_wait_s: float) -> Callable[[], None]:
        """Keep silent until the returned call, or for `max_wait_s`; then ring once if due."""
        once = threading.Lock()

        def let_go() -> None:
            if not once.acquire(blocking=False):
                return
            timer.cancel()
            with self._mutex:
                self._holds -= 1
                due = self._rang_while_held and not self._holds
                if due:
                    self._rang_while_held = False
            if due and not self._closed:
                self.ring()

        timer = threading.Timer(max_wait_s, let_go)
        timer.daemon = True
        with self._mutex:
            self._holds += 1
        timer.start()
        return let_go

    def subscribe(self, wake: Callable[[], None]) -> Callable[[], None]:
        """Call `wake` after commits, from any thread; returns the call that ends it."""

        def call() -> None:
            wake()

        with self._mutex:
            self._wakes = (*self._wakes, call)
            if self._thread is None and not self._closed:
                self._listen()

        def end() -> None:
            with self._mutex:
                self._wakes = tuple(each for each in self._wakes if each is not call)

        return end

    def close(self) -> None:
        """Stop listening; idempotent."""
        with self._mutex:
            closed, self._closed = self._closed, True
            self._wakes = ()
        if closed:
            return
        if self._thread is not None and self._stop is not None:
            self._stop[1].send(b"x")
            if self._thread is not threading.current_thread():
                self._thread.join()
            self._close_sockets()  # here alone: the thread may end before it is told to
        if self._bells is not None:
            self._bells.close()

    def disown(self) -> None:
        """In a forked child: drop the copies of all descriptors; the thread was not copied."""
        self._closed = True
        self._wakes = ()
        self._close_sockets()
        if self._bells is not None:
            self._bells.disown()

    def _listen(self) -> None:
        self._stop = socket.socketpair()
        if self._bells is not None:
            self._bell = self._bells.bind()
        # Looked at here and not in the thread: what is committed from now on must show.
        seen = self._look()
        # A daemon: it holds nothing that anybody was promised.
        self._thread = threading.Thread(
            target=self._serve, args=(seen,), name="commonplace-bell", daemon=True
        )
        self._thread.start()

    def _serve(self, seen: int) -> None:
        assert self._stop is not None
        with selectors.DefaultSelector() as selector:
            selector.register(self._stop[0], selectors.EVENT_READ)
            if self._bell is not None:
                selector.register(self._bell, selectors.EVENT_READ)
            while True:
                rang = bool(selector.select(limits.BACKSTOP_S))
                if self._closed:
                    break
                _drain(self._bell)
                # Looked at before waking: what is committed after it is seen the next time.
                now = self._look()
                if rang or now != seen:
                    seen = now
                    self._wake_all()

    def _look(self) -> int:
        try:
            return self._data_version()
        except CommonplaceError:
            return -1  # whoever is woken finds the same error, and can tell somebody

    def _wake_all(self) -> None:
        for wake in self._wakes:
            try:
                wake()
            except Exception:  # boundary: one subscriber's defect is not the others' silence
                _log.exception("a subscriber failed to wake")

    def _close_sockets(self) -> None:
        for each in (self._bell, *(self._stop or ())):
            if each is not None:
                each.close()


def _drain(bell: socket.socket | None) -> None:
    while bell is not None:
        try:
            bell.recv(1)
        except BlockingIOError:
            return


def hang_bells(folder: str, own: str) -> Bells | None:
    """The bells in `folder`, or None where this platform or file system has none."""
    if not kernel.HAS_BELLS or not stat.S_ISDIR(os.stat(folder).st_mode):
        return None
    return Bells(folder, own)
