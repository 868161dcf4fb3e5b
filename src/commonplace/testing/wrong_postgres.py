"""Wrong on PostgreSQL: the tenant's row is taken in the statement that reads what is compared.

The textbook says `SELECT … FOR UPDATE`, and one statement seems safer than two. At READ COMMITTED
it is not: the statement's snapshot is older than its wait for the row. When the row is given, its
newest version is read, so revisions stay dense; what is joined to it is still what the snapshot
showed. Whoever waited compares with a version that is gone and overwrites what came between: in
the trial that led to this engine's design 5,128 of 8,496 acknowledged updates (DESIGN, section 7).
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from commonplace._lazy import lazy_import
from commonplace.storage.statements import sections

_SQL: Final = dict(sections(Path(__file__).with_name("wrong_postgres.sql").read_text("utf-8")))
WITHOUT_FENCE: Final = (_SQL["fence_drop"], _SQL["fence_replace"])
"""What takes down the schema's own fence, which gives no version out twice."""
_HEAD: Final = 7
_WAIT_MS: Final = "10000"


@contextmanager
def one_statement() -> Iterator[None]:
    """Every engine of PostgreSQL locks and compares in one statement."""
    driver = lazy_import("commonplace.storage.postgres.driver").Driver
    right = driver._open
    driver._open = _wrongly(right)
    try:
        yield
    finally:
        driver._open = right


def _wrongly(right: Callable[..., Any]) -> Callable[..., Any]:
    wire = lazy_import("commonplace.storage.postgres.wire")

    def opened(self: Any, name: str, terms: Any, rest: Sequence[Any]) -> Any:
        if name != "begin_write" or not rest or rest[0].name != "tenant_lock":
            return right(self, name, terms, rest)
        self._inside = True
        self.wire._sql = {**self.wire._sql, "lock_and_compare": _SQL["lock_and_compare"]}
        _, repeats, entries = rest
        columns = zip(*(row[1:] for row in entries.rows), strict=True)
        keys = [wire.Column("text", column) for column in columns]
        keys = keys or [wire.Column("text", ())] * 3
        asked = (
            wire.Sent("begin_write"),
            wire.Sent("tenant_set", (terms.tenant, terms.role, _WAIT_MS, _WAIT_MS)),
            wire.Sent("lock_and_compare", (terms.tenant, *keys)),
            *self._executions(repeats),
        )
        _, clock, found, *known = self.wire.run(asked)
        self.now_us = clock[0][-3]
        stand = [(row[0], *row[_HEAD:]) for row in found if row[_HEAD] is not None]
        return [[row[:_HEAD] for row in found[:1]], [row for rows in known for row in rows], stand]

    return opened
