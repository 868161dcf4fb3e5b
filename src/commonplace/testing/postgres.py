"""PostgreSQL servers for tests and benchmarks, with nothing installed by hand.

A server has a folder, a port of 127.0.0.1 and settings. It keeps every promise of durability
(`fsync` and `synchronous_commit` are on) and can be killed as a host without power would lose
it. However the process that started it dies, kill -9 included, its server does not outlive it.
"""

import atexit
import contextlib
import os
import random
import shutil
import signal
import socket
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Final, Literal
from urllib.parse import quote, urlencode

from commonplace._lazy import lazy_import
from commonplace.testing.binaries import VERSION, binaries, hand_over, run
from commonplace.testing.daemon import Daemon
from commonplace.testing.databases import create_database, drop_database, rows

HOST: Final = "127.0.0.1"
VARIABLE: Final = "COMMONPLACE_TEST_POSTGRES"
PATIENCE_S: Final = 60.0
"""How long a server may take to start, to stop, or to notice another."""

SETTINGS: Final[Mapping[str, object]] = {
    "fsync": "on",
    "synchronous_commit": "on",
    "shared_buffers": "64MB",
    "max_connections": 200,
    "timezone": "UTC",
    "log_line_prefix": "%m [%p] %q%u@%d ",
}
"""What every server is told unless it is told otherwise."""

# Below the ports that systems lend to clients: one of those may be taken while its server is
# down, and a client that calls it again and again may be connected with itself.
_PORTS: Final = range(15_000, 30_000)
_POLL_S: Final = 0.005
_MAX_SOCKET_BYTES: Final = 90
_READY: Final = ("ready", "standby")
_STOPS: Final = {"smart": signal.SIGTERM, "fast": signal.SIGINT, "immediate": signal.SIGQUIT}


def server_address() -> str | None:
    """The server that the environment names for tests, to create databases in; None: there is
    none, and tests start their own.
    """
    return os.environ.get(VARIABLE) or None


class PostgresServer:
    """A PostgreSQL server of one's own; entering the block starts it, leaving it stops it.

    Without a `folder` it gets a temporary one, which is gone with it. `settings` are those of
    postgresql.conf, over `SETTINGS`; with `wal_segment_mb=1` it fits on a small disk.
    """

    def __init__(
        self,
        folder: Path | None = None,
        settings: Mapping[str, object] | None = None,
        *,
        version: int = VERSION,
        wal_segment_mb: int = 16,
    ) -> None:
        self._programs = binaries(version)
        self._temporary = folder is None
        self.folder = folder or Path(tempfile.mkdtemp(prefix="commonplace-postgres-"))
        self.data = self.folder / "data"
        self.log = self.folder / "server.log"
        self.settings = {**SETTINGS, **(settings or {})}
        self.port = free_port()
        self._wal_segment_mb = wal_segment_mb
        self._daemon: Daemon | None = None
        self._starter = os.getpid()
        atexit.register(self.close)

    @classmethod
    def standby_of(
        cls,
        primary: "PostgresServer",
        folder: Path | None = None,
        *,
        name: str = "standby",
        version: int = VERSION,
    ) -> "PostgresServer":
        """A streaming copy of a running server, not started yet, known to it by `name`."""
        made = cls(folder, primary.settings, version=version)
        made.settings["synchronous_standby_names"] = ""
        made._prepare_folder()
        source = primary.conninfo(application_name=name)
        backup = ("-c", "fast", "-X", "stream", "--no-sync", "-R", "-D", str(made.data))
        run([str(made._programs / "pg_basebackup"), "-d", source, *backup])
        return made

    def __enter__(self) -> "PostgresServer":
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def conninfo(
        self, database: str = "postgres", user: str = "postgres", **options: object
    ) -> str:
        """The URL of one of its databases; `options` are libpq's."""
        query = f"?{urlencode(options, quote_via=quote)}" if options else ""
        return f"postgresql://{user}@{HOST}:{self.port}/{database}{query}"

    @property
    def is_running(self) -> bool:
        """Whether its first process lives."""
        return self._daemon is not None and self._daemon.is_running

    @property
    def pid(self) -> int:
        """Its first process, the parent of all others."""
        assert self._daemon is not None, "it is not running"
        return self._daemon.process.pid

    # -- life --------------------------------------------------------------------------------

    def start(self) -> None:
        """Start it, and return when it takes connections; the first start creates it."""
        assert not self.is_running, "it is running"
        self._prepare_folder()
        if not (self.data / "PG_VERSION").exists():
            self._create()
        self._write_settings()
        command = [str(self._programs / "postgres"), "-D", str(self.data)]
        remove = self.folder if self._temporary else None
        daemon = self._daemon = Daemon(command, self.log, remove=remove)
        _wait(lambda: self._is_ready(daemon) or not daemon.is_running, "PostgreSQL is ready")
        if not daemon.is_running:
            daemon.dismiss_guard()
            raise RuntimeError(f"PostgreSQL does not start:\n{daemon.complaints}")

    def stop(self, mode: Literal["smart", "fast", "immediate"] = "fast") -> None:
        """Stop it as pg_ctl does: smart waits for clients, immediate leaves a recovery to do."""
        if self._daemon is None:
            return
        try:
            self._daemon.end(_STOPS[mode], PATIENCE_S)
        finally:
            self._daemon = None

    def kill(self) -> None:
        """Kill -9 all its processes, as if its host had lost power; what is synced stays."""
        if self._daemon is None:
            return
        psutil = lazy_import("psutil", "test")
        first = self._daemon.process
        first.send_signal(signal.SIGSTOP)  # it must not start another meanwhile
        children = [] if first.poll() is not None else psutil.Process(first.pid).children()
        self._daemon.end(signal.SIGKILL, PATIENCE_S)
        self._daemon = None
        for child in children:
            with contextlib.suppress(psutil.NoSuchProcess):
                child.kill()
        _wait(lambda: not any(map(_is_alive, children)), "its processes are dead")

    def restart(self, mode: Literal["smart", "fast", "immediate"] = "fast") -> None:
        """Stop it, and start it again on the same port."""
        self.stop(mode)
        self.start()

    def close(self) -> None:
        """Stop it for good, whatever it does, and remove its folder if that was temporary."""
        if os.getpid() != self._starter:
            return  # a fork of this process owns nothing here
        atexit.unregister(self.close)
        try:
            self.stop("immediate" if self._temporary else "fast")
        finally:
            if self._temporary:
                shutil.rmtree(self.folder, ignore_errors=True)

    # -- settings and standbys ---------------------------------------------------------------

    def configure(self, **settings: object) -> None:
        """Change settings: at once where a reload does, else from the next start on."""
        self.settings.update(settings)
        if (self.data / "PG_VERSION").exists():
            self._write_settings()
        if self._daemon is not None:
            self._daemon.process.send_signal(signal.SIGHUP)

    def wait_for(self, standby: str) -> None:
        """Return when `standby` has caught up; then commits wait for it from now on.

        It becomes a synchronous standby: what is acknowledged is on its disk too.
        """
        self.configure(synchronous_standby_names=f'"{standby}"')
        address = self.conninfo()
        _wait(
            lambda: rows(address, "standby_state", standby) == [("sync",)],
            f"{standby} is synchronous",
        )

    def promote(self) -> None:
        """Make a standby a server that takes writes; returns when it does."""
        run([str(self._programs / "pg_ctl"), "promote", "-w", "-s", "-D", str(self.data)])

    # -- databases ---------------------------------------------------------------------------

    def create_database(self, name: str, template: str | None = None) -> str:
        """Create a database, as a copy of `template` if one is given; its URL."""
        return create_database(self.conninfo(), name, template)

    def drop_database(self, name: str) -> None:
        """Drop a database, whoever is connected to it."""
        drop_database(self.conninfo(), name)

    # -- inside ------------------------------------------------------------------------------

    def _prepare_folder(self) -> None:
        self.folder.mkdir(exist_ok=True)
        hand_over(self.folder)

    def _create(self) -> None:
        run(
            [
                *(str(self._programs / "initdb"), "-D", str(self.data), "--username=postgres"),
                *("--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync"),
                f"--wal-segsize={self._wal_segment_mb}",
            ]
        )

    def _write_settings(self) -> None:
        sockets = str(self.data) if len(os.fsencode(self.data)) < _MAX_SOCKET_BYTES else ""
        settings = {
            "listen_addresses": HOST,
            "unix_socket_directories": sockets,
            **self.settings,
            "port": self.port,
        }
        lines = [f"{name} = '{_quoted(value)}'\n" for name, value in settings.items()]
        (self.data / "postgresql.conf").write_text("".join(lines), "utf-8")

    def _is_ready(self, daemon: Daemon) -> bool:
        """Whether it says so in its pid file, which is where pg_ctl looks."""
        try:
            lines = (self.data / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return False
        # A file that a dead server left names another process.
        is_own = lines[:1] == [str(daemon.process.pid)]
        return is_own and len(lines) > 7 and lines[7].strip() in _READY


def free_port() -> int:
    """A port of 127.0.0.1 that nobody has, and that no system lends to a client."""
    for port in random.sample(_PORTS, 100):
        with socket.socket() as trial:
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                trial.bind((HOST, port))
            except OSError:
                continue
            return port
    raise RuntimeError("a hundred ports are taken")


def _quoted(value: object) -> str:
    return str(value).replace("'", "''")


def _is_alive(process: object) -> bool:
    psutil = lazy_import("psutil", "test")
    try:
        return bool(process.status() != psutil.STATUS_ZOMBIE)  # type: ignore[attr-defined]
    except psutil.NoSuchProcess:
        return False


def _wait(condition: Callable[[], bool], what: str) -> None:
    until = time.monotonic() + PATIENCE_S
    while not condition():
        if time.monotonic() > until:
            raise TimeoutError(f"not within {PATIENCE_S:g} s: {what}")
        time.sleep(_POLL_S)
