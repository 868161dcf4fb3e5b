"""Place: a PostgreSQL address, completed with what a memory needs of its connections."""

import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import psycopg
from psycopg import conninfo

from commonplace.errors import InvalidInput

_DEFAULTS: Final = {
    "client_encoding": "utf8",
    "connect_timeout": "5",
    # A host that is gone sends no farewell: found out within seconds, not hours.
    "keepalives_idle": "5",
    "keepalives_interval": "2",
    "keepalives_count": "3",
    "tcp_user_timeout": "10000",
}


@dataclass(frozen=True, slots=True)
class Place:
    """Where a memory is: `name` for people, without a password, and `options` for connecting."""

    name: str
    options: Mapping[str, Any]

    def connect(self) -> "psycopg.Connection[Any]":
        """A new session. Raises psycopg's `OperationalError`."""
        options: dict[str, Any] = {**self.options, "application_name": whoami()}
        return psycopg.connect(autocommit=True, **options)


def whoami() -> str:
    """How this process is called in the server's list of sessions."""
    return f"commonplace {os.getpid()} {socket.gethostname()}"[:63]


def place_of(address: str) -> Place:
    """The place that an address names. Raises `InvalidInput`."""
    try:
        given = conninfo.conninfo_to_dict(address)
    except psycopg.ProgrammingError as error:
        raise InvalidInput(
            f"This is no address of a PostgreSQL database: {str(error).strip()}. An address looks "
            "like postgresql://user@host:5432/database.",
        ) from None
    options = {**_DEFAULTS, **given}
    if "," in str(options.get("host", "")):
        # Of several hosts, the one that can be written to: a memory follows its primary.
        options.setdefault("target_session_attrs", "read-write")
    return Place(_name(given), options)


def _name(given: Mapping[str, Any]) -> str:
    user = f"{given['user']}@" if given.get("user") else ""
    hosts = str(given.get("host") or given.get("hostaddr") or "").split(",")
    ports = str(given.get("port") or "").split(",")
    if len(ports) < len(hosts):
        ports = [ports[0]] * len(hosts)
    where = ",".join(f"{h}:{p}" if p else h for h, p in zip(hosts, ports, strict=False))
    return f"postgresql://{user}{where}/{given.get('dbname') or ''}"
