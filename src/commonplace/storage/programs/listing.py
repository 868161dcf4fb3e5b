"""Listing: pages of the log, of one entry's history, of namespaces and of regions.

Every page is bounded; what access hides is left out, and the grants at the head decide.
"""

from collections.abc import Generator
from typing import Any, NamedTuple

from commonplace import limits
from commonplace.core import reserved
from commonplace.core.access import Reach, Tier
from commonplace.errors import AccessDenied, InvalidInput, InvalidValue
from commonplace.model.entry import EntryKey
from commonplace.model.names import check_key, check_name
from commonplace.model.namespace import Namespace, NamespacePrefix
from commonplace.model.record import Record
from commonplace.model.reference import check_any_region
from commonplace.storage.codec import check_text, encode
from commonplace.storage.programs.reading import (
    Reader,
    prefix_reach,
    reach,
    require_read,
    standing,
)
from commonplace.storage.proposal import check_version
from commonplace.storage.rows import logged_key
from commonplace.storage.step import Answer, Program, Statement, Step
from commonplace.storage.views import record_view
from commonplace.telemetry.traceparent import trace_id_of


class LogFilter(NamedTuple):
    """What of the log is asked for; None asks for everything the reader may see.

    `after` and `before` bound the revisions, both exclusive. `text` is looked for in what
    was written and in the reasons. `trace` is the 32 digits of a trace, or a traceparent in
    it. Reserved regions show only when `region` names one, or in all that a trace wrote.
    """

    where: Namespace | NamespacePrefix | None = None
    actor: str | None = None
    region: str | None = None
    key: str | None = None
    text: str | None = None
    after: int = 0
    before: int | None = None
    trace: str | None = None

    def checked(self) -> "LogFilter":
        """The filter in its usual form. Raises an `InvalidInput` for what no record could match."""
        if not isinstance(self.where, Namespace | NamespacePrefix | None):
            raise InvalidInput(f"log() takes a Namespace or NamespacePrefix, not {self.where!r}.")
        if self.actor is not None:
            check_name(self.actor, "actor")
        if self.region is not None:
            check_any_region(self.region)
        if self.key is not None and self.key != "":
            check_key(self.key)
        if self.text is not None and not check_text(self.text, "text"):
            raise InvalidValue("text is empty: leave it out to ask for everything.")
        check_version(self.after, "after")
        if self.before is not None:
            check_version(self.before, "before")
        if self.trace is not None:
            return self._replace(trace=trace_id_of(check_text(self.trace, "trace")))
        return self


class Page(NamedTuple):
    """Records newest first, and where the next page begins (None: there is none)."""

    records: list[Record]
    next_before: tuple[int, int] | None


def history(
    reader: Reader, key: EntryKey, limit: int, before: int | None = None
) -> Program[list[Record]]:
    """Records of one entry, newest first, below version `before`."""
    now = yield from standing(reader.tenant)
    has = yield from require_read(reader, now.access_revision, key)
    bound = 2**62 if before is None else before
    (rows,) = yield (Statement("entry_history", [(reader.tenant, *key, bound, limit)]),)
    return [record_view(row) for row in rows if row[0] >= has.since]


def record_of_version(reader: Reader, key: EntryKey, version: int) -> Program[Record | None]:
    """The record that made a version, if the reader may see it."""
    now = yield from standing(reader.tenant)
    has = yield from require_read(reader, now.access_revision, key)
    (rows,) = yield (Statement("record_at", [(reader.tenant, *key, version)]),)
    records = [record_view(row) for row in rows if row[0] >= has.since]
    return records[0] if records else None


def log_page(
    reader: Reader, wanted: LogFilter, start: tuple[int, int] | None = None
) -> Program[Page]:
    """One page of the log: what the filter asks for and the reader may see.

    Raises `AccessDenied` over a prefix for which the reader has no grant. A page may be empty
    and yet have a next one.
    """
    now = yield from standing(reader.tenant)
    yield from _require_some(reader, now.access_revision, wanted)
    place = start or (now.revision + 1 if wanted.before is None else wanted.before, 0)
    namespace = str(wanted.where) if isinstance(wanted.where, Namespace) else None
    pattern = encode(wanted.text)[1:-1] if wanted.text else None
    binding: tuple[Any, ...]
    binding = (reader.tenant, *place, wanted.after, wanted.actor, namespace, wanted.region)
    size = limits.MAX_PAGE_ROWS
    binding = (*binding, pattern, wanted.text, size)
    if wanted.trace is None:
        (rows,) = yield (Statement("log_page", [binding]),)
    else:
        ends = (f"00-{wanted.trace}-", f"00-{wanted.trace}.")
        (rows,) = yield (Statement("trace_page", [(*binding, *ends)]),)
    judged: dict[reserved.Place, Reach] = {}
    records = []
    for row in rows:
        entry = logged_key(row)
        if not _asked_for(entry, wanted):
            continue
        spot = reserved.judged_at(entry)
        if spot not in judged:
            judged[spot] = yield from reach(reader, now.access_revision, *spot)
        if judged[spot].tier >= Tier.READER and row[0] >= judged[spot].since:
            records.append(record_view(row))
    more = len(rows) == size
    return Page(records, (rows[-1][0], rows[-1][1]) if more else None)


def _asked_for(entry: EntryKey, wanted: LogFilter) -> bool:
    if wanted.region is None and wanted.trace is None and reserved.is_reserved(entry.region):
        return False
    if wanted.key is not None and entry.key != wanted.key:
        return False
    if not isinstance(wanted.where, NamespacePrefix):
        return True
    return entry.namespace.startswith(str(wanted.where))


def _require_some(
    reader: Reader, access_revision: int, wanted: LogFilter
) -> Generator[Step, Answer, None]:
    """Reading over a prefix takes a grant for it; elsewhere each record is judged alone."""
    if not isinstance(wanted.where, NamespacePrefix):
        return
    has = yield from prefix_reach(reader, access_revision, wanted.where)
    if has.tier < Tier.READER:
        raise AccessDenied(
            f"Not allowed. {reader.actor} has no grant over {str(wanted.where) or 'all'!r}. "
            "Name one namespace, or ask an owner of the tenant: memory.share(…, prefix=…).",
            actor=reader.actor,
        )


def regions(reader: Reader, namespace: str) -> Program[list[str]]:
    """Regions of a namespace that the reader may read, by name."""
    now = yield from standing(reader.tenant)
    found: list[str] = []
    after = ""
    while True:
        page = [(reader.tenant, namespace, reserved.CONTRACTS, after, limits.MAX_PAGE_ROWS)]
        (rows,) = yield (Statement("entry_page", page),)
        for row in rows:
            has = yield from reach(reader, now.access_revision, namespace, row[3])
            if has.tier >= Tier.READER and not row[6]:
                found.append(row[3])
        if len(rows) < limits.MAX_PAGE_ROWS:
            return found
        after = rows[-1][3]
