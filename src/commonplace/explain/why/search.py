"""Search: where a text may have come from, over every historic state, by entry.

The text index knows what records wrote. Two kinds of text it cannot know stand in states all the
same: what was written before a reader's grant begins, and what retention and erasure left of
records whose bytes they dropped. Entries with either are looked at where the reader's history
begins, and where an erasure left them.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from commonplace import limits
from commonplace.core.reserved import is_reserved
from commonplace.explain.why.needle import Needle
from commonplace.limits import MAX_HITS
from commonplace.model.entry import EntryKey
from commonplace.model.namespace import Namespace, NamespacePrefix
from commonplace.model.record import Record
from commonplace.storage.programs import provenance
from commonplace.storage.programs.listing import LogFilter
from commonplace.storage.programs.reading import Reader, standing
from commonplace.storage.programs.seeking import EVERYWHERE, Place, Scope, candidates
from commonplace.storage.step import Program, Statement

_PROBES = 3
_PAGES = 8


def scope(where: Namespace | NamespacePrefix | None, region: str | None, key: str | None) -> Scope:
    """A scope of what a caller gave. Raises an `InvalidInput` for what could hold nothing."""
    wanted = LogFilter(where=where, region=region, key=key).checked()
    return Scope(wanted.where, wanted.region, wanted.key)


@dataclass(slots=True)
class Sought:
    """Records that made text with `probe` in it, newest first; `more` says that there are more.

    `beginnings` are entries that may have it from records nobody can search. `unsearchable`
    counts records whose text is gone.
    """

    probe: str
    records: list[Record] = field(default_factory=list)
    more: bool = False
    unsearchable: int = 0
    beginnings: set[EntryKey] = field(default_factory=set)

    def take(self, records: Iterable[Record]) -> None:
        """Add records that are not among them, in their order."""
        both = {(each.revision, each.index): each for each in (*self.records, *records)}
        self.records = [both[place] for place in sorted(both, reverse=True)]

    @property
    def by_entry(self) -> dict[EntryKey, list[Record]]:
        """The records of each entry; the entry first that had the probe first."""
        found: dict[EntryKey, list[Record]] = {key: [] for key in sorted(self.beginnings)}
        for record in reversed(self.records):
            found.setdefault(record.entry, []).append(record)
        return found


def seek(reader: Reader, needle: Needle, scope: Scope = EVERYWHERE) -> Program[Sought]:
    """Where a needle may have come from, by the piece of it that fewest records have."""
    best: Sought | None = None
    for probe in needle.probes[:_PROBES]:
        found = yield from _seek(reader, probe, scope)
        if best is None or (found.more, len(found.records)) < (best.more, len(best.records)):
            best = found
        if not best.more:
            break
    if best is None:
        return Sought("")
    if best.more and needle.may_span:  # too common a piece: then at least who wrote all of it
        best.take((yield from _seek(reader, needle.form, scope)).records)
    yield from _add_lost(reader, best, scope)
    return best


def _seek(reader: Reader, probe: str, scope: Scope) -> Program[Sought]:
    found = Sought(probe)
    before: Place | None = None
    for _ in range(_PAGES):
        page = yield from candidates(reader, probe, limit=MAX_HITS, before=before, scope=scope)
        found.records += page.records
        found.unsearchable = max(found.unsearchable, page.unsearchable)
        found.beginnings |= page.earlier
        before = page.next_before
        if before is None or len(found.records) >= MAX_HITS:
            break
    found.more = before is not None
    return found


def _add_lost(reader: Reader, found: Sought, scope: Scope) -> Program[None]:
    """Add the entries of regions where records lost their bytes, as far as the reader sees."""
    if not found.unsearchable:
        return
    place = ("", "")
    while len(found.beginnings) <= MAX_HITS:
        (places,) = yield (Statement("region_lost", [(reader.tenant, *place)]),)
        if not places:
            return
        place = places[0]
        yield from _add_region(reader, found, scope, place)
    found.beginnings = set(sorted(found.beginnings)[:MAX_HITS])
    found.more = True


def _add_region(
    reader: Reader, found: Sought, scope: Scope, place: tuple[str, str]
) -> Program[None]:
    block = EntryKey(*place)
    may = yield from provenance.reaches(reader, [block])
    if not may[block].tier and not is_reserved(block.region):
        return
    floor = (yield from standing(reader.tenant)).floor
    after = ""
    while scope.holds(block._replace(key=scope.key or "")):
        page = (reader.tenant, *place, after, limits.MAX_PAGE_ROWS, floor)
        (rows,) = yield (Statement("entries_of_region", [page]),)
        keys = [EntryKey(*place, key) for (key,) in rows]
        may = yield from provenance.reaches(reader, keys)
        found.beginnings |= {key for key in keys if may[key].tier and scope.holds(key)}
        if len(keys) < limits.MAX_PAGE_ROWS or len(found.beginnings) > MAX_HITS:
            return
        after = keys[-1].key
