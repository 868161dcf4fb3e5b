"""Peer: LangGraph's SqliteStore, the store that most agent crews on one machine use today.

It has one connection, one mutex and last-writer-wins. It is measured as durable as a memory
is (write-ahead log, synchronous=FULL) and, beside that, just as it comes.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from commonplace._lazy import lazy_import

EXTRA = "bench"
BUSY_S = 60.0


def is_installed() -> bool:
    """Whether the extra is there."""
    try:
        lazy_import("langgraph.store.sqlite", EXTRA)
    except ModuleNotFoundError:
        return False
    return True


@contextmanager
def opened(path: Path, *, as_it_comes: bool = False) -> Iterator[Any]:
    """A SqliteStore on a file of its own, durable like a memory unless `as_it_comes`."""
    module = lazy_import("langgraph.store.sqlite", EXTRA)
    # As its own from_conn_string() connects.
    connection = sqlite3.connect(
        path, check_same_thread=False, isolation_level=None, timeout=BUSY_S
    )
    try:
        if not as_it_comes:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=FULL")
        store = module.SqliteStore(connection)
        store.setup()
        yield store
    finally:
        connection.close()


def settings(path: Path) -> str:
    """Its journal mode and synchronous setting as it comes."""
    with opened(path, as_it_comes=True) as store:
        (journal,) = store.conn.execute("PRAGMA journal_mode").fetchone()
        (synchronous,) = store.conn.execute("PRAGMA synchronous").fetchone()
    return f"journal_mode={journal}, synchronous={synchronous}"
