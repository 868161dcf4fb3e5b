"""Tailer: one reader of the log's end per engine and tenant, from which all watches drink."""

import threading
from collections import deque
from collections.abc import Sequence

from commonplace import limits
from commonplace.model.record import Record
from commonplace.storage.engine import Engine


class Tailer:
    """Keeps the newest commits in memory; whoever is further behind reads the log itself.

    A slow watch never holds anything up: it falls out of the buffer and catches up from the
    log, page by page. Thread-safe.
    """

    def __init__(self, engine: Engine, tenant: str) -> None:
        self._engine = engine
        self._tenant = tenant
        self._lock = threading.Lock()
        self._buffer: deque[tuple[Record, ...]] = deque(maxlen=limits.WATCH_BUFFER_COMMITS)
        self._upto = -1
        self._dirty = True
        self._end = engine.subscribe(tenant, self._mark)

    def _mark(self) -> None:
        self._dirty = True

    def close(self) -> None:
        """Stop listening."""
        self._end()

    def after(self, revision: int) -> list[tuple[Record, ...]]:
        """Some of the commits after `revision`, in order and without a gap; [] at the head."""
        with self._lock:
            if self._upto < revision:
                self._buffer.clear()
                self._upto, self._dirty = revision, True
            if self._upto == revision:
                self._fetch()
            first = self._buffer[0][0].revision if self._buffer else self._upto + 1
            if first <= revision + 1:
                return [self._buffer[n] for n in range(revision + 1 - first, len(self._buffer))]
        return commits(self._engine.tail(self._tenant, revision, limits.MAX_PAGE_ROWS))

    def _fetch(self) -> None:
        if not self._dirty:
            return
        self._dirty = False  # before the look: a commit during it marks it again
        found = commits(self._engine.tail(self._tenant, self._upto, limits.MAX_PAGE_ROWS))
        for commit in found:
            self._buffer.append(commit)
            self._upto = commit[0].revision
        self._dirty = self._dirty or bool(found)


def commits(records: Sequence[Record]) -> list[tuple[Record, ...]]:
    """Records in order, grouped by their commit."""
    grouped: list[tuple[Record, ...]] = []
    start = 0
    for number, record in enumerate(records):
        if record.revision != records[start].revision:
            grouped.append(tuple(records[start:number]))
            start = number
    if records:
        grouped.append(tuple(records[start:]))
    return grouped
