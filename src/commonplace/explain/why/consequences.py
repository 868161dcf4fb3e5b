"""Consequences: which turns were served something, and what was built on it.

An edge is *declared* when the record names its source in `based_on`, and *inferred* when it was
written in a turn that had been served the source by then: such a writer could have used it, and
nobody can tell whether it did.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, TypeVar

from commonplace.core.exchange import is_closed
from commonplace.explain.lookup import lines_of
from commonplace.explain.past.standing import Budget, States, open_states, windows
from commonplace.explain.why.stretch import lines_made, writes_text
from commonplace.limits import MAX_HITS
from commonplace.model.record import Record
from commonplace.model.reference import Reference
from commonplace.storage.programs import provenance
from commonplace.storage.programs.provenance import HEAD, Declared, Served
from commonplace.storage.programs.reading import Found, Reader
from commonplace.storage.step import Program

Edge = Literal["declared", "inferred"]
P = TypeVar("P", Served, Declared)


@dataclass(frozen=True, slots=True)
class Derivation:
    """A record that was built on something, and how that is known.

    `source` is what it was built on, `edge` says whether the writer declared that or a turn's
    reading implies it. `depth` 1 was built on the thing itself, 2 on what is at depth 1.
    """

    record: Record
    edge: Edge
    source: Reference
    depth: int

    def __str__(self) -> str:
        record = self.record
        return f"{record.reference} by {record.actor}, {self.edge}, from {self.source}"


Lines = tuple[int, int]
"""The first and the last line of something, counted from 1."""


@dataclass(frozen=True, slots=True)
class Source:
    """Something that stood in an entry from version `first` to below `end` (None: the head).

    `places` gives the lines where it stood in one of these states.
    """

    states: States
    first: int
    end: int | None
    places: Callable[[Found], Iterable[Lines]]

    @property
    def versions(self) -> tuple[int, int]:
        """The versions, as pages of provenance take them."""
        return self.first, HEAD if self.end is None else self.end

    def held_by(self, passages: Iterable[Served]) -> Program[list[Served]]:
        """Those of some passages that held the whole of it."""
        return (yield from self._kept(passages, lambda a, b, first, last: first <= a and b <= last))

    def touched_by(self, passages: Iterable[Declared]) -> Program[list[Declared]]:
        """Those of some passages that held a part of it."""
        return (yield from self._kept(passages, lambda a, b, first, last: a <= last and first <= b))

    def _kept(
        self, passages: Iterable[P], fits: Callable[[int, int, int, int], bool]
    ) -> Program[list[P]]:
        kept: list[P] = []
        for passage in passages:
            if passage.first:  # 0: all of the version
                found = yield from self.states.at(passage.version)
                places = self.places(found) if found else ()
                if not any(fits(a, b, passage.first, passage.last) for a, b in places):
                    continue
            kept.append(passage)
        return kept


class Readings(NamedTuple):
    """The turns that were served something, in the order in which that was recorded."""

    served: list[Served]
    more: bool


@dataclass(slots=True)
class Derived:
    """What was built on something. `hidden` records are not this reader's to see.

    `more` says that bounds cut the search short.
    """

    derivations: list[Derivation]
    hidden: int = 0
    more: bool = False


def readings(reader: Reader, source: Source) -> Program[Readings]:
    """The turns that were served lines which really held it."""
    page = yield from provenance.served_of_entry(reader, source.states.key, source.versions)
    served = yield from source.held_by(page.seen)
    served.sort(key=lambda row: (row.revision, row.place, row.ordinal))
    return Readings(served, page.next is not None)


def derivations(reader: Reader, source: Source, read: Readings, depth: int = 1) -> Program[Derived]:
    """What was built on it, level by level, each record once and by the surer edge."""
    found = Derived([])
    seen: set[tuple[int, int]] = set()
    sources = [(source, read)]
    for level in range(1, depth + 1):
        fresh: list[Derivation] = []
        for each, by in sources:
            for derivation in (yield from _built_on(reader, each, by, level, found)):
                place = derivation.record.revision, derivation.record.index
                if place not in seen and len(seen) < MAX_HITS:
                    seen.add(place)
                    fresh.append(derivation)
                elif place not in seen:
                    found.more = True
        found.derivations += fresh
        if level < depth:
            sources = yield from _sources(reader, fresh, source.states.budget)
    return found


def _built_on(
    reader: Reader, source: Source, read: Readings, level: int, into: Derived
) -> Program[list[Derivation]]:
    key = source.states.key
    found: list[Derivation] = []
    for each in (yield from _declared(reader, source, into)):
        named = key.reference(each.version or None)
        lines = (each.first, each.last) if each.first else None
        whole = Reference(named.namespace, named.region, named.key, named.at, lines)
        found.append(Derivation(each.record, "declared", whole, level))
    declared = {(each.record.revision, each.record.index) for each in found}
    into.more = into.more or read.more
    turns: dict[str, Served] = {}
    for row in read.served:
        turns.setdefault(row.turn, row)
    for turn, row in turns.items():
        writes = yield from provenance.writes_of_turn(reader, turn, after=(row.revision, -1))
        into.hidden += writes.hidden
        into.more = into.more or writes.next is not None
        found += (
            Derivation(record, "inferred", row.reference, level)
            for record in writes.seen
            if (record.revision, record.index) not in declared
        )
    return sorted(found, key=lambda each: (each.record.revision, each.record.index))


def _declared(reader: Reader, source: Source, into: Derived) -> Program[list[Declared]]:
    """Records that name the source; without a version they mean what stood when they were made."""
    key = source.states.key
    named = yield from provenance.derived_of(reader, key, source.versions)
    unnamed = yield from provenance.derived_of(reader, key, (0, 1))
    into.hidden += named.hidden
    into.more = into.more or named.next is not None or unnamed.next is not None
    found = yield from source.touched_by(named.seen)
    if unnamed.seen:
        ends = [source.first] + ([source.end] if source.end is not None else [])
        made = yield from provenance.records_of_versions(reader, key, ends)
        begin, until = made.get(source.first), made.get(source.end or 0)
        found += (
            each
            for each in unnamed.seen
            if (begin is None or each.record.revision >= begin.revision)
            and (until is None or each.record.revision < until.revision)
        )
    return found


def _sources(
    reader: Reader, found: Sequence[Derivation], budget: Budget
) -> Program[list[tuple[Source, Readings]]]:
    sources = []
    for each in found:
        source = yield from source_of(reader, each.record, budget)
        if source is not None:
            sources.append((source, (yield from readings(reader, source))))
    return sources


def source_of(
    reader: Reader, record: Record, budget: Budget | None = None
) -> Program[Source | None]:
    """What a record wrote, as long as it stood; None when it put nothing there."""
    states = yield from open_states(reader, record.entry, budget)
    version = record.version
    if record.operation == "dispatch":
        value = states.head.value
        end = states.head.version if value is None or is_closed(value) else None
        return Source(states, version, end, everywhere)
    if not isinstance(states.head.value, tuple) and not writes_text(record):
        end = None if version == states.head.version else version + 1
        return Source(states, version, end, everywhere)
    lived = yield from windows(states, (yield from lines_made(states, record)))
    ends = [window.end for window in lived.values()]
    if not ends:
        return None
    end = None if None in ends else max(filter(None, ends))
    return Source(states, version, end, lambda found: _lines_of_version(found, version))


def everywhere(found: Found) -> Iterable[Lines]:
    """The lines of a JSON value, which is one thing."""
    return ((1, len(lines_of(found))),)


def _lines_of_version(found: Found, version: int) -> Iterable[Lines]:
    for number, line in enumerate(lines_of(found), start=1):
        if line.version == version:
            yield number, number
