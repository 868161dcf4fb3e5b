"""Provenance: who was served what, what came of it, and what was taken back, page by page.

The rows follow from records alone (`programs.deriving`). Access is judged as for the entry that
a row speaks of, and for records by their own entry; what was before a grant's history is left
out. Every page is bounded and says where the next one begins.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Generic, NamedTuple, TypeVar

from commonplace import limits
from commonplace.core import reserved
from commonplace.core.access import Reach, Tier
from commonplace.model.entry import EntryKey, to_datetime
from commonplace.model.record import Record
from commonplace.model.reference import Reference
from commonplace.storage.programs.reading import Reader, reach, require_read, standing
from commonplace.storage.step import Program, Row, Statement
from commonplace.storage.views import record_view

T = TypeVar("T")

HEAD = 2**62
"""A version above any other."""


class Served(NamedTuple):
    """A passage that a turn was served: lines `first` to `last` of a version (0: all of it).

    `renderer` 0 means that it was read as a value, and otherwise which version rendered it.
    `revision` and `place` are those of the record that tells of it, and `at_us` its time.
    """

    entry: EntryKey
    version: int
    turn: str
    ordinal: int
    first: int
    last: int
    renderer: int
    actor: str
    pin: int
    revision: int
    place: int
    at_us: int

    @property
    def reference(self) -> Reference:
        """What was served, as any command takes it."""
        whole = self.entry.reference(self.version)
        lines = (self.first, self.last) if self.first else None
        return Reference(whole.namespace, whole.region, whole.key, whole.at, lines)

    @property
    def at(self) -> datetime:
        """When it was recorded, in UTC."""
        return to_datetime(self.at_us)


class Declared(NamedTuple):
    """A record that says it was based on lines `first` to `last` of a version (0: none named)."""

    record: Record
    version: int
    first: int
    last: int


class Suspicion(NamedTuple):
    """A version that was built on something which the record at (revision, place) retracted."""

    version: int
    revision: int
    place: int
    edge: str
    depth: int


class TakenBack(NamedTuple):
    """A version that the record at (revision, place) retracted or superseded."""

    version: int
    revision: int
    place: int
    operation: str


class Part(NamedTuple, Generic[T]):
    """One page of what was asked for, as far as the reader sees it; `hidden` counts the rest.

    `next` is where the next page begins; None: there is none.
    """

    seen: list[T]
    hidden: int
    next: Row | None = None


def served_of_entry(
    reader: Reader,
    key: EntryKey,
    versions: tuple[int, int] = (0, HEAD),
    *,
    after: Row = (-1, "", 0),
    limit: int = limits.MAX_PAGE_ROWS,
) -> Program[Part[Served]]:
    """Who was served versions [first, end) of an entry, by version and turn."""
    since = (yield from _may_read(reader, key)).since
    page = (reader.tenant, *key, *versions, *after, limit)
    (rows,) = yield (Statement("served_of_entry", [page]),)
    found = [_served(row) for row in rows]
    seen = [row for row in found if row.revision >= since]
    more = found[-1][1:4] if len(found) == limit else None
    return Part(seen, len(found) - len(seen), more)


def served_of_turn(
    reader: Reader, turn: str, *, after: Row = (-1,), limit: int = limits.MAX_PAGE_ROWS
) -> Program[Part[Served]]:
    """What a turn was served, in order."""
    (rows,) = yield (Statement("served_of_turn", [(reader.tenant, turn, *after, limit)]),)
    found = [_served(row) for row in rows]
    may = yield from reaches(reader, (row.entry for row in found))
    seen = [row for row in found if _sees(may[row.entry], row.revision)]
    more = (found[-1].ordinal,) if len(found) == limit else None
    return Part(seen, len(found) - len(seen), more)


def writes_of_turn(
    reader: Reader, turn: str, *, after: Row = (0, -1), limit: int = limits.MAX_PAGE_ROWS
) -> Program[Part[Record]]:
    """What a turn wrote after a place in the log, in order; its own account is left out."""
    (rows,) = yield (Statement("writes_of_turn", [(reader.tenant, turn, *after, limit)]),)
    part = yield from visible(reader, (record_view(row) for row in rows))
    return part._replace(next=tuple(rows[-1][:2]) if len(rows) == limit else None)


def derived_of(
    reader: Reader,
    key: EntryKey,
    versions: tuple[int, int],
    *,
    after: Row = (-1, 0, 0, 0, 0),
    limit: int = limits.MAX_PAGE_ROWS,
) -> Program[Part[Declared]]:
    """Records that say they were based on versions [first, end) of an entry.

    Version 0 stands for a source that was named without one.
    """
    yield from _may_read(reader, key)
    page = (reader.tenant, *key, *versions, *after, limit)
    (rows,) = yield (Statement("derived_of", [page]),)
    found = [Declared(record_view(row), *row[-3:]) for row in rows]
    may = yield from reaches(reader, (each.record.entry for each in found))
    seen = [each for each in found if _sees(may[each.record.entry], each.record.revision)]
    more = (rows[-1][-3], *rows[-1][:2], *rows[-1][-2:]) if len(rows) == limit else None
    return Part(seen, len(found) - len(seen), more)


def suspects_of(
    reader: Reader, key: EntryKey, versions: tuple[int, int], limit: int = limits.MAX_PAGE_ROWS
) -> Program[list[Suspicion]]:
    """Which of the versions [first, end) are suspect; one row for each retraction."""
    yield from _may_read(reader, key)
    (rows,) = yield (Statement("suspects_of", [(reader.tenant, *key, *versions, limit)]),)
    return [Suspicion(*row) for row in rows]


def taken_back_of(
    reader: Reader, key: EntryKey, versions: tuple[int, int], limit: int = limits.MAX_PAGE_ROWS
) -> Program[list[TakenBack]]:
    """Which of the versions [first, end) were retracted or superseded, and by which record."""
    yield from _may_read(reader, key)
    (rows,) = yield (Statement("taken_back_of", [(reader.tenant, *key, *versions, limit)]),)
    return [TakenBack(*row) for row in rows]


def records_of_versions(
    reader: Reader, key: EntryKey, versions: Iterable[int]
) -> Program[dict[int, Record]]:
    """The records that made versions of an entry, by version, as far as the reader sees them."""
    since = (yield from _may_read(reader, key)).since
    asked = [(reader.tenant, *key, version) for version in dict.fromkeys(versions)]
    if not asked:
        return {}
    (rows,) = yield (Statement("records_of_versions", asked),)
    return {row[9]: record_view(row) for row in rows if row[0] >= since}


def records_placed(reader: Reader, places: Iterable[tuple[int, int]]) -> Program[Part[Record]]:
    """The records at places of the log, as far as the reader sees them."""
    asked = [(reader.tenant, *place) for place in dict.fromkeys(places)]
    if not asked:
        return Part([], 0)
    (rows,) = yield (Statement("record_placed", asked),)
    return (yield from visible(reader, (record_view(row) for row in rows)))


def visible(reader: Reader, records: Iterable[Record]) -> Program[Part[Record]]:
    """Those of some records that the reader may see, in the same order."""
    asked = list(records)
    may = yield from reaches(reader, (record.entry for record in asked))
    seen = [record for record in asked if _sees(may[record.entry], record.revision)]
    return Part(seen, len(asked) - len(seen))


def reaches(reader: Reader, keys: Iterable[EntryKey]) -> Program[dict[EntryKey, Reach]]:
    """How far the reader may go in each entry."""
    found: dict[EntryKey, Reach] = {}
    now = yield from standing(reader.tenant)
    for key in keys:
        if key not in found:
            place = reserved.judged_at(key)
            found[key] = yield from reach(reader, now.access_revision, *place)
    return found


def _sees(has: Reach, revision: int) -> bool:
    return has.tier >= Tier.READER and revision >= has.since


def _may_read(reader: Reader, key: EntryKey) -> Program[Reach]:
    now = yield from standing(reader.tenant)
    return (yield from require_read(reader, now.access_revision, key))


def _served(row: Row) -> Served:
    return Served(EntryKey(*row[:3]), *row[3:])
