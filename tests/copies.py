"""Copies: followers of files, what they hold, and a source that can be taken out of reach."""

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import apsw

from commonplace import Memory
from commonplace.errors import EngineUnavailable
from commonplace.storage.following.engine import FollowingEngine
from crews import DERIVED

PATIENCE_S = 30.0
_OWN = {
    "log": {"is_base", "checkpoint", "made"},
    "entry": {"base_revision", "base_place", "base_light", "deltas", "delta_bytes"},
}
"""Where a reader begins to fold is each engine's own, but for sealed checkpoints; and so is when
the lines that a replacement made are noted for searches."""
TABLES = ("tenant", "log", "entry", "namespace", *DERIVED)


def until(holds: Callable[[], bool], what: str, patience_s: float = PATIENCE_S) -> float:
    """Wait until something holds; how long that took."""
    begun_s = time.monotonic()
    while not holds():
        assert time.monotonic() < begun_s + patience_s, f"not within {patience_s} s: {what}"
        threading.Event().wait(0.005)
    return time.monotonic() - begun_s


def state_of(path: Path) -> dict[str, list[Any]]:
    """Every row of a memory's file, without what is each engine's own; sealed checkpoints too."""
    connection = apsw.Connection(str(path))
    state = {table: _rows(connection, table) for table in TABLES}
    sealed = "SELECT tenant, revision, place, checkpoint, is_base FROM log"
    where = ' WHERE substr(checkpoint, 1, 9) = CAST(\'{"page":"\' AS BLOB)'
    state["sealed"] = sorted(connection.execute(sealed + where).fetchall())
    connection.close()
    return state


def _rows(connection: apsw.Connection, table: str) -> list[Any]:
    kept = ", ".join(columns(connection, table))
    return sorted(connection.execute(f"SELECT {kept} FROM {table}").fetchall(), key=repr)


def columns(connection: apsw.Connection, table: str) -> list[str]:
    """The columns of a table that a copy has from its source."""
    found = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
    return [name for name in found if name not in _OWN.get(table, set())]


def engine_of(memory: Memory) -> FollowingEngine:
    engine: Any = memory._opened().engine
    return engine


class Cut:
    """An engine that can be taken out of reach: every call then raises `EngineUnavailable`."""

    def __init__(self, engine: Any) -> None:
        self._engine = engine
        self.is_cut = False

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._engine, name)
        if name in {"close", "capabilities"} or not callable(value):
            return value
        return self._guarded(value)

    def _guarded(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def guarded(*given: Any, **named: Any) -> Any:
            if self.is_cut:
                raise EngineUnavailable("the wire is cut")
            return call(*given, **named)

        return guarded


def cut(memory: Memory) -> Cut:
    """Take the source of a follower out of reach; the returned one puts it back."""
    engine: Any = engine_of(memory)
    wire = Cut(engine._source)
    engine._source = wire
    wire.is_cut = True
    engine.doubt()
    return wire
