"""Run: the turns that a report came from, and what of an entry they were shown.

A run knows a line when one of its turns was served it, in whatever version, or wrote it, before
the report was written. The line is what counts: one that was shown as `findings@11#L2` is known
as `findings@12#L3` too, if the write between the two only moved it.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Generator, Iterable, Sequence
from dataclasses import dataclass, field

from commonplace.explain.past.standing import States, Window
from commonplace.model.entry import EntryKey, Line
from commonplace.model.namespace import Namespace
from commonplace.model.record import Record
from commonplace.storage.programs import provenance
from commonplace.storage.programs.provenance import HEAD, Served
from commonplace.storage.programs.reading import Reader
from commonplace.storage.step import Answer, Program, Row, Statement, Step


@dataclass(slots=True)
class Run:
    """Which turns count: those named, those of actors, or all that touched the namespace.

    `until` is the revision at which the report was written; what came later was not known.
    """

    namespace: Namespace
    until: int
    turns: frozenset[str] = frozenset()
    actors: frozenset[str] = frozenset()
    _touching: dict[str, bool] = field(default_factory=dict)

    def __str__(self) -> str:
        named = sorted(self.actors) + sorted(self.turns)
        if not named:
            return "the run"
        shown = ", ".join(named[:3])
        return shown if len(named) <= 3 else f"{shown} and {len(named) - 3} more"

    def includes(self, reader: Reader, row: Served | Record) -> Generator[Step, Answer, bool]:
        """Whether a passage was served, or a record written, in this run before the report."""
        if row.revision > self.until:
            return False
        actor = row.actor if isinstance(row, Served) else row.actor.name
        if self.turns or self.actors:
            return row.turn in self.turns or actor in self.actors
        if not row.turn:
            return False
        if row.entry.namespace == str(self.namespace):
            return True
        if row.turn not in self._touching:
            place = (reader.tenant, str(self.namespace), row.turn)
            (rows,) = yield (Statement("turn_touched", [place]),)
            self._touching[row.turn] = bool(rows)
        return self._touching[row.turn]


@dataclass(slots=True)
class Shown:
    """What of one entry a run was shown: whole versions, and ranges of lines of others."""

    whole: list[int]
    ranges: dict[int, list[tuple[int, int]]]
    turns: frozenset[str]

    @property
    def versions(self) -> list[int]:
        """Every version of which anything was shown."""
        return sorted({*self.whole, *self.ranges})


def shown(reader: Reader, key: EntryKey, run: Run, since: int) -> Program[Shown]:
    """What a run was shown of versions of an entry from `since` on."""
    whole: set[int] = set()
    ranges: dict[int, list[tuple[int, int]]] = defaultdict(list)
    turns: set[str] = set()
    after: Row | None = (-1, "", 0)
    while after is not None:
        page = yield from provenance.served_of_entry(reader, key, (since, HEAD), after=after)
        for row in page.seen:
            if not (yield from run.includes(reader, row)):
                continue
            turns.add(row.turn)
            if row.first:
                ranges[row.version].append((row.first, row.last))
            else:
                whole.add(row.version)
        after = page.next
    return Shown(sorted(whole), ranges, frozenset(turns))


def was_shown(states: States, seen: Shown, line: Line, lived: Window) -> Program[bool]:
    """Whether a line of a text stood in what was shown."""
    end = HEAD if lived.end is None else lived.end
    at = bisect_left(seen.whole, lived.first)
    if at < len(seen.whole) and seen.whole[at] < end:
        return True
    for version in sorted(seen.ranges):
        if lived.first <= version < end:
            found = yield from states.at(version)
            if found is not None and isinstance(found.value, tuple) and line in found.value:
                number = found.value.index(line) + 1
                if within(seen.ranges[version], (number,)):
                    return True
    return False


def within(ranges: Sequence[tuple[int, int]], numbers: Iterable[int]) -> bool:
    """Whether each of some lines lies in one of the ranges."""
    return all(any(first <= number <= last for first, last in ranges) for number in numbers)
