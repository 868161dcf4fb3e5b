"""Seeking: records by what they say, newest first, through the text index.

The index is a batch behind the log. What is in it is looked up; what came after is read record
by record, as is everything for a text too short for it. Either way each record is looked at
before it is given, so the index decides how long a search takes and never what it finds.
"""

from collections.abc import Generator, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from commonplace import limits
from commonplace.core import reserved
from commonplace.core.access import Reach, Tier
from commonplace.errors import EngineUnavailable
from commonplace.model.entry import EntryKey
from commonplace.model.namespace import Namespace, NamespacePrefix
from commonplace.model.record import Record
from commonplace.storage.programs.lines_left import lines_left
from commonplace.storage.programs.reading import Reader, reach, standing
from commonplace.storage.rows import logged_key
from commonplace.storage.step import Answer, Program, Row, Statement, Step
from commonplace.storage.texts import grams, made_of_row, query, says, words
from commonplace.storage.views import record_view

_PLACE_BITS: Final = 8
_REVISION_BITS: Final = 34
"""A row is numbered by tenant, revision and place: 2 million tenants, 17 * 10**9 revisions."""
assert limits.MAX_GROUP_WRITES <= 1 << _PLACE_BITS
_VERSION, _OPERATION, _PAYLOAD, _MADE = 9, 10, 19, 23
_LAST: Final = chr(0x10FFFF)
_SPARE_ROWS = 16
_ATTEMPTS = 3

Place = tuple[int, int]


class Indexed(NamedTuple):
    """How far a tenant's log is in the index, and its number there (0: not at all)."""

    number: int
    revision: int

    def row(self, revision: int, place: int) -> int:
        """The number of a record's row."""
        assert revision < 1 << _REVISION_BITS and place < 1 << _PLACE_BITS, (revision, place)
        return (((self.number << _REVISION_BITS) + revision) << _PLACE_BITS) + place

    def place(self, row: int) -> "Place":
        """The record whose row it is."""
        revision, place = divmod(row - self.row(0, 0), 1 << _PLACE_BITS)
        return revision, place


NOWHERE = Indexed(0, 0)


class Scope(NamedTuple):
    """Where to look; None looks everywhere the reader may read."""

    where: Namespace | NamespacePrefix | None = None
    region: str | None = None
    key: str | None = None

    def holds(self, entry: EntryKey) -> bool:
        """Whether an entry is inside."""
        if self.region is not None and entry.region != self.region:
            return False
        if self.key is not None and entry.key != self.key:
            return False
        if isinstance(self.where, Namespace):
            return entry.namespace == str(self.where)
        return self.where is None or entry.namespace.startswith(str(self.where))

    @property
    def bounds(self) -> tuple[str, str, str | None, str | None]:
        """The first and last namespace that may be inside, the region, and the key."""
        first = "" if self.where is None else str(self.where)
        last = first if isinstance(self.where, Namespace) else first + _LAST
        return first, last, self.region, self.key


EVERYWHERE = Scope()


class Candidates(NamedTuple):
    """Records that say a text, newest first, and for each all that it put there.

    `next_before` is where the next page begins (None: there is none); a page may be empty and
    yet have a next one. `unsearchable` counts, on the first page, records that this reader may
    see and whose text was compacted or erased, up to `limits.MAX_UNSEARCHABLE`. `indexed` is
    False when the text was too short for the index and records were read one by one. `earlier`
    are entries with records that say it from before the history this reader was given: the
    records are not for him, and what they wrote may stand in states that are.
    """

    records: list[Record]
    texts: list[str]
    next_before: Place | None
    unsearchable: int
    indexed: bool
    earlier: frozenset[EntryKey] = frozenset()

    @property
    def more(self) -> bool:
        """Whether there may be older ones."""
        return self.next_before is not None


def candidates(
    reader: Reader,
    text: str,
    *,
    limit: int,
    before: Place | None = None,
    scope: Scope = EVERYWHERE,
) -> Program[Candidates]:
    """Records whose made text contains `text`, among those the reader may see, newest first.

    Those outside of `scope` are passed over: of them only where they were written is read.
    Made text is what the record itself put there: lines, whole as they stood right after it,
    or strings and numbers of JSON, one below the other; of a dispatch or reply, of what it
    carries. Other reserved regions are left out. Neither case nor the kind of white space
    counts: who wants more, verifies.
    """
    now = yield from standing(reader.tenant)
    sought = words(text)
    trigrams = grams(sought)
    for _ in range(_ATTEMPTS):
        at = yield from indexed_to(reader.tenant)
        hunt = _Hunt(reader, now.access_revision, sought, limit, at, scope)
        start = before or (now.revision + 1, 0)
        following = yield from hunt.run(trigrams, start)
        again = yield from indexed_to(reader.tenant)
        if again.number == at.number and again.revision >= at.revision:
            break
    else:
        raise EngineUnavailable(
            "Nothing was found yet: the text index was being made anew. Ask again."
        )
    unsearchable = 0
    if before is None:
        unsearchable = yield from _unsearchable(reader, now.access_revision, at.revision, scope)
    records = [record_view(row) for row in hunt.found]
    earlier = frozenset(hunt.earlier)
    return Candidates(records, hunt.texts, following, unsearchable, bool(trigrams), earlier)


def indexed_to(tenant: str) -> Generator[Step, Answer, Indexed]:
    """How far the tenant's log is in the index."""
    (rows,) = yield (Statement("seeking_read", [(tenant,)]),)
    return Indexed(*rows[0]) if rows else NOWHERE


@dataclass(slots=True)
class _Hunt:
    """One search on its way through the records of a tenant."""

    reader: Reader
    access_revision: int
    sought: list[str]
    limit: int
    at: Indexed
    scope: Scope
    found: list[Row] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    judged: dict[reserved.Place, Reach] = field(default_factory=dict)
    earlier: set[EntryKey] = field(default_factory=set)
    looked: int = 0

    def run(self, trigrams: list[str], start: Place) -> Generator[Step, Answer, Place | None]:
        """Look at the records before `start`; where to go on, or None.

        It ends at `limit` records found, and when it has looked at as many as one call may.
        """
        through = self.at.revision if trigrams else 0
        following = yield from self._one_by_one(start, through)
        if following is not None or not through:
            return following
        return (yield from self._by_index(query(trigrams), min(start, (through + 1, 0))))

    def _one_by_one(self, start: Place, after: int) -> Generator[Step, Answer, Place | None]:
        place = start
        while place[0] > after:
            page = (self.reader.tenant, *place, after, limits.MAX_PAGE_ROWS)
            if self.scope == EVERYWHERE:
                (seen,) = yield (Statement("text_page", [page]),)
                rows: Sequence[Row] = seen
            else:
                (seen,) = yield (Statement("text_places", [page]),)
                rows = yield from self._inside(seen)
            self.looked += len(seen)
            for row in rows:
                if (yield from self._take(row)):
                    return (row[0], row[1])
            if len(seen) < limits.MAX_PAGE_ROWS:
                return None
            place = (seen[-1][0], seen[-1][1])
            if self.looked >= limits.MAX_SOUGHT_ROWS:
                return place
        return None

    def _by_index(self, asked: str, start: Place) -> Generator[Step, Answer, Place | None]:
        tenant, at = self.reader.tenant, self.at
        size = min(limits.MAX_PAGE_ROWS, self.limit + _SPARE_ROWS)
        place = start
        while True:
            page = (asked, at.row(0, 0), at.row(*place), size)
            (hits,) = yield (Statement("sought_rows", [page]),)
            places = [at.place(row) for (row,) in hits]
            wanted = [(tenant, *each) for each in places]
            if self.scope == EVERYWHERE:
                (rows,) = yield (Statement("text_found", wanted),)
            else:
                (seen,) = yield (Statement("text_place", wanted),)
                rows = yield from self._inside(seen)
            self.looked += len(hits)
            for row in rows:
                if (yield from self._take(row)):
                    return (row[0], row[1])
            if len(hits) < size:
                return None
            place = places[-1]
            if self.looked >= limits.MAX_SOUGHT_ROWS:
                return place
            size = limits.MAX_PAGE_ROWS

    def _inside(self, seen: Sequence[Row]) -> Generator[Step, Answer, Sequence[Row]]:
        """Those of some records that are in the scope; of the others nothing more is read."""
        tenant, holds = self.reader.tenant, self.scope.holds
        wanted = [(tenant, *row[:2]) for row in seen if holds(EntryKey(*row[2:]))]
        (rows,) = yield (Statement("text_found", wanted),)
        return rows

    def _take(self, row: Row) -> Generator[Step, Answer, bool]:
        """Look at one record; True when there is no room for another."""
        entry = logged_key(row)
        if not reserved.is_said(entry.region) or row[_PAYLOAD] is None:
            return False
        if row[_OPERATION] == "replace" and row[_MADE] is None and row[0] > self.at.revision:
            place = (row[0], row[1], row[_VERSION])
            row = (*row[:_MADE], (yield from lines_left(self.reader.tenant, entry, *place)))
        text = made_of_row(row)
        if not text or not says(text, self.sought):
            return False
        if not (yield from self._readable(row, entry)):
            return False
        self.found.append(row)
        self.texts.append(text)
        return len(self.found) >= self.limit

    def _readable(self, row: Row, entry: EntryKey) -> Generator[Step, Answer, bool]:
        spot = reserved.judged_at(entry)
        if spot not in self.judged:
            self.judged[spot] = yield from reach(self.reader, self.access_revision, *spot)
        has = self.judged[spot]
        if has.tier >= Tier.READER and row[0] < has.since:
            self.earlier.add(entry)
        return has.tier >= Tier.READER and row[0] >= has.since


def _unsearchable(
    reader: Reader, access_revision: int, through: int, scope: Scope
) -> Generator[Step, Answer, int]:
    """How many records in a scope this reader may see whose text is gone, up to a bound."""
    bound, key = limits.MAX_UNSEARCHABLE, scope.key
    place = (reader.tenant, through, bound, *scope.bounds)
    (rows,) = yield (Statement("unsaid_places", [place]),)
    count = 0
    for namespace, region, beside, lost, oldest in rows:
        spot = reserved.judged_at(EntryKey(namespace, region, beside))
        has = yield from reach(reader, access_revision, *spot)
        if has.tier >= Tier.READER and oldest >= has.since:
            count += lost
        elif has.tier >= Tier.READER:
            since = (reader.tenant, namespace, region, has.since, through, beside, key)
            (counted,) = yield (Statement("unsaid_since", [since]),)
            count += counted[0][0]
    return min(count, bound)
