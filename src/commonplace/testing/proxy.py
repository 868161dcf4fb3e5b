"""Proxy: a wire to PostgreSQL that fails at the moment which matters.

It reads just enough of the protocol (version 3, without TLS) to see a client send COMMIT, as
a query or as a prepared statement, and then loses either the commit or its answer. To lose an
answer it waits until the server has given it: the commit has landed, and nobody was told.
"""

import contextlib
import re
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Final

_LOOPBACK: Final = "127.0.0.1"
_CONNECT_S: Final = 10.0
_CHUNK: Final = 1 << 16
_STARTUP: Final = 196608
_CANCEL: Final = 80877102
_ENCRYPTION: Final = (80877103, 80877104)  # SSLRequest, GSSENCRequest
_NO: Final = b"N"
_COMMIT: Final = re.compile(rb"(?:^|;)\s*(?:COMMIT|END)\b(?!\s+PREPARED)", re.IGNORECASE)

Frame = tuple[bytes, bytes]
"""A message: its type, and all its bytes."""


class Proxy:
    """Listens on a port of its own and forwards to `host:port`; a fault strikes as it is told.

    It counts `connections`, `commits` seen, `commits_lost` and `answers_lost`. Methods may be
    called from any thread and take effect at once.
    """

    def __init__(self, host: str, port: int) -> None:
        self._target = (host, port)
        self._changed = threading.Condition()
        self._links: set[_Link] = set()
        self._threads: list[threading.Thread] = []
        self._lose_commits = self._lose_answers = 0
        self._delay_s = 0.0
        self._is_refusing = self._is_stalled = self._is_closed = False
        self.connections = self.commits = self.commits_lost = self.answers_lost = 0
        self._listener = socket.create_server((_LOOPBACK, 0), backlog=256)
        self.port: int = self._listener.getsockname()[1]

    def __enter__(self) -> "Proxy":
        self._run(self._accept)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with self._changed:
            self._is_closed = True
        # A thread that waits in accept() is not woken by a close, but by a caller.
        with contextlib.suppress(OSError), socket.create_connection((_LOOPBACK, self.port)):
            pass
        self._threads[0].join()
        self._listener.close()
        self.cut_all()
        for thread in self._threads:
            thread.join()

    # -- faults ------------------------------------------------------------------------------

    def lose_answers_of_commits(self, count: int) -> None:
        """Let the next `count` commits land, and cut their clients off before they hear of it."""
        with self._changed:
            self._lose_answers = count

    def lose_commits(self, count: int) -> None:
        """Cut the next `count` clients that send COMMIT off before the server sees it."""
        with self._changed:
            self._lose_commits = count

    def delay_commits(self, seconds: float) -> None:
        """Hold every COMMIT back for so long from now on; 0 ends it."""
        with self._changed:
            self._delay_s = seconds

    def refuse(self, refused: bool = True) -> None:
        """Close new connections as soon as they are made, or no longer."""
        with self._changed:
            self._is_refusing = refused

    def stall(self, stalled: bool = True) -> None:
        """Accept connections and bytes but forward nothing, or go on with what was held."""
        with self._changed:
            self._is_stalled = stalled
            self._changed.notify_all()

    def cut_all(self) -> None:
        """Cut every connection there is."""
        with self._changed:
            links = list(self._links)
        for link in links:
            self._cut(link)

    # -- inside ------------------------------------------------------------------------------

    def _run(self, work: Callable[[], None]) -> None:
        thread = threading.Thread(target=work, daemon=True)
        self._threads = [each for each in self._threads if each.ident is None or each.is_alive()]
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            client, _ = self._listener.accept()
            with self._changed:
                if self._is_closed:
                    client.close()
                    return
                refused = self._is_refusing
                self.connections += not refused
            if refused:
                client.close()
                continue
            try:
                server = socket.create_connection(self._target, timeout=_CONNECT_S)
            except OSError:
                client.close()
                continue
            server.settimeout(None)
            for side in (client, server):
                side.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            link = _Link(client, server)
            with self._changed:
                self._links.add(link)
            self._run(lambda link=link: self._guarded(link, self._forward))  # type: ignore[misc]
            self._run(lambda link=link: self._guarded(link, self._answer))  # type: ignore[misc]

    def _guarded(self, link: "_Link", pump: Callable[["_Link"], None]) -> None:
        try:
            pump(link)
        except OSError:
            pass  # one end hung up: so does the other
        finally:
            self._cut(link)

    def _cut(self, link: "_Link") -> None:
        with self._changed:
            self._links.discard(link)
            link.is_cut = True
            self._changed.notify_all()
        link.close()

    def _hold(self, link: "_Link", seconds: float) -> None:
        with self._changed:
            self._changed.wait_for(lambda: link.is_cut, seconds)

    def _send(self, link: "_Link", to: socket.socket, data: bytes) -> None:
        with self._changed:
            self._changed.wait_for(lambda: link.is_cut or not self._is_stalled)
        to.sendall(data)

    def _forward(self, link: "_Link") -> None:
        """What the client says, to the server."""
        for kind, data in _frames(link.client, has_startup=True):
            if not kind and _code(data) in _ENCRYPTION:
                link.client.sendall(_NO)
                continue
            if link.commits(kind, data) and not self._passes(link):
                return
            if kind in (b"Q", b"S", b"F") or (not kind and _code(data) == _STARTUP):
                link.batches += 1
            self._send(link, link.server, data)

    def _passes(self, link: "_Link") -> bool:
        """Decide what becomes of a COMMIT; False: it is lost, and the link with it."""
        with self._changed:
            self.commits += 1
            delay_s = self._delay_s
            if self._lose_commits:
                self._lose_commits -= 1
                self.commits_lost += 1
                return False
            if self._lose_answers and not link.mute_from:
                self._lose_answers -= 1
                link.mute_from = link.batches + 1
        if delay_s:
            self._hold(link, delay_s)
        return True

    def _answer(self, link: "_Link") -> None:
        """What the server says, to the client. Nothing passes while a lost answer is due."""
        held = b""
        answered = 0
        for kind, data in _frames(link.server, has_startup=False):
            muted = link.mute_from
            held += data
            if muted and kind == b"C" and data[5:].startswith(b"COMMIT") and answered + 1 >= muted:
                with self._changed:
                    self.answers_lost += 1
                return
            answered += kind == b"Z"
            if muted and answered >= muted:  # it was refused: there was nothing to lose
                with self._changed:
                    self._lose_answers += 1
                link.mute_from = muted = 0
            if not muted:
                self._send(link, link.client, held)
                held = b""


class _Link:
    """One client and its connection to the server; which of its statements are commits.

    A batch is what the server answers with one ReadyForQuery. From `mute_from` on, a batch
    counted from 1, the client hears nothing; 0: it hears everything.
    """

    def __init__(self, client: socket.socket, server: socket.socket) -> None:
        self.client = client
        self.server = server
        self.is_cut = False
        self.batches = 0
        self.mute_from = 0
        self._statements: dict[bytes, bool] = {}
        self._portals: dict[bytes, bool] = {}

    def commits(self, kind: bytes, data: bytes) -> bool:
        """Whether a message of the client makes the server commit."""
        body = data[5:] if kind else b""
        if kind == b"Q":
            return _COMMIT.search(body) is not None
        if kind == b"P":
            name, text, _ = body.split(b"\0", 2)
            self._statements[name] = _COMMIT.search(text) is not None
        elif kind == b"B":
            portal, name, _ = body.split(b"\0", 2)
            self._portals[portal] = self._statements.get(name, False)
        elif kind == b"E":
            return self._portals.get(body.partition(b"\0")[0], False)
        return False

    def close(self) -> None:
        """Hang up on both."""
        for side in (self.client, self.server):
            with contextlib.suppress(OSError):
                side.shutdown(socket.SHUT_RDWR)
            side.close()


def _frames(source: socket.socket, *, has_startup: bool) -> Iterator[Frame]:
    """Whole messages until the end; those of the startup have no type."""
    held = b""
    while data := source.recv(_CHUNK):
        held += data
        while True:
            head = 0 if has_startup else 1
            if len(held) < head + 4:
                break
            size = head + int(struct.unpack_from(">I", held, head)[0])
            if len(held) < size:
                break
            frame, held = held[:size], held[size:]
            yield frame[:head], frame
            if has_startup and _code(frame) not in _ENCRYPTION:
                has_startup = False


def _code(startup: bytes) -> int:
    return int(struct.unpack_from(">I", startup, 4)[0])
