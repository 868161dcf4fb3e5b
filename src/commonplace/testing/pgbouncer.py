"""PgBouncer in transaction mode, in front of a server, where the system has it."""

import contextlib
import os
import shutil
import signal
import socket
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from commonplace.testing.binaries import hand_over
from commonplace.testing.daemon import Daemon
from commonplace.testing.postgres import HOST, free_port

PATIENCE_S: Final = 30.0
_POLL_S: Final = 0.005
_PLACES: Final = ("/usr/sbin", "/usr/local/sbin", "/opt/homebrew/bin")


def why_not() -> str:
    """What keeps this machine from running it, in words; "" when nothing does."""
    return "" if _program() else "pgbouncer is not installed"


def _program() -> str | None:
    path = os.pathsep.join([os.environ.get("PATH", os.defpath), *_PLACES])
    return shutil.which("pgbouncer", path=path)


@contextlib.contextmanager
def pgbouncer(
    address: str,
    *,
    users: tuple[str, ...] = ("postgres",),
    settings: Mapping[str, object] | None = None,
) -> Iterator[str]:
    """Run it before the database at `address`; the address of that database through it.

    A server connection belongs to a client for one transaction only. `users` may log in, and
    need no password.
    """
    program = _program()
    assert program is not None, why_not()
    server, port = urlsplit(address), free_port()
    with tempfile.TemporaryDirectory(prefix="commonplace-pgbouncer-") as name:
        folder = Path(name)
        (folder / "users.txt").write_text("".join(f'"{user}" ""\n' for user in users), "utf-8")
        told = {
            "listen_addr": HOST,
            "listen_port": port,
            "unix_socket_dir": "",
            "auth_type": "trust",
            "auth_file": folder / "users.txt",
            "pool_mode": "transaction",
            "max_client_conn": 500,
            "default_pool_size": 20,
            "ignore_startup_parameters": "extra_float_digits",
            **(settings or {}),
        }
        lines = ["[databases]", f"* = host={server.hostname} port={server.port}", "[pgbouncer]"]
        lines += [f"{key} = {value}" for key, value in told.items()]
        (folder / "pgbouncer.ini").write_text("\n".join(lines) + "\n", "utf-8")
        for path in (folder, *folder.iterdir()):
            hand_over(path)
        daemon = Daemon([program, str(folder / "pgbouncer.ini")], folder / "log", remove=folder)
        try:
            _wait_until_it_listens(daemon, port)
            yield server._replace(netloc=f"{users[0]}@{HOST}:{port}").geturl()
        finally:
            daemon.end(signal.SIGQUIT, PATIENCE_S)


def _wait_until_it_listens(daemon: Daemon, port: int) -> None:
    until = time.monotonic() + PATIENCE_S
    while daemon.is_running and time.monotonic() < until:
        with contextlib.suppress(ConnectionRefusedError):
            socket.create_connection((HOST, port), timeout=1.0).close()
            return
        time.sleep(_POLL_S)
    raise RuntimeError(f"pgbouncer does not start:\n{daemon.complaints}")
