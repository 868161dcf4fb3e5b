"""Cascade: which records were built on lines that are taken back, nearest first.

From the records that put the lines there it goes on, step by step, to those built on them:

- *declared*: the record says so (`based_on`; a source named without a version counts), or it
  is a later version of the same entry whose `replace`, `edit`, `condense` or `rewrite` took
  such a line away and put others there;
- *inferred*: its turn had been served such a line, at a version where it stood, in a passage
  recorded with this record or before.

What a record put there is then followed in turn. A record has the label and depth of its
shortest declared path if it has one, and else of its shortest path; so leaving the inferred ones
out takes nothing else away. Where the text is gone that could tell which lines a passage held,
the passage counts.
"""

from collections.abc import Generator, Iterable, Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Any, NamedTuple

from commonplace import limits
from commonplace.core.lineage import TELLING, Passage, Taken, is_built, is_text, puts
from commonplace.model.entry import EntryKey
from commonplace.model.retraction import Edge
from commonplace.storage.codec import decode
from commonplace.storage.programs.taking_back.lines import Lines
from commonplace.storage.step import Answer, Program, Row, Statement, Step

_HEAD = 2**62
_TURNS = 64
"""Turns whose records are asked for in one step."""


class Front(NamedTuple):
    """Lines of one entry to go on from: text or a JSON value, the first of it put at `place`."""

    taken: Taken
    text: bool
    place: tuple[int, int]


class Built(NamedTuple):
    """A record that was built on what was taken back."""

    entry: EntryKey
    version: int
    place: tuple[int, int]
    text: bool
    puts: bool
    edge: Edge = "declared"
    depth: int = 0


class Reached(NamedTuple):
    """What a cascade found, nearest first; whom the lines themselves were shown; see `Retraction`.

    `complete` is False if there are more than it was to look for.
    """

    built: list[Built]
    told: list[str]
    unclear: int
    complete: bool


class Shown(NamedTuple):
    """Turns that were shown lines, by the first revision that tells of it, and their actors."""

    turns: dict[str, int]
    actors: set[str]


def follow(
    tenant: str,
    entry: EntryKey,
    front: Front,
    *,
    depth: int | None = None,
    inferred: bool = True,
    limit: int = limits.MAX_CASCADE,
) -> Program[Reached]:
    """What was built on lines of an entry, at most so many steps away. Judges no access."""
    cascade = _Cascade(tenant, entry, limit, depth or _HEAD)
    shown = yield from cascade.shown(entry, front)
    declared = yield from cascade.follow_declared(entry, front)
    if inferred:
        yield from cascade.follow_all(declared, shown)
    found = sorted(cascade.found.values(), key=lambda built: (built.depth, built.place))
    return Reached(found[:limit], sorted(shown.actors), cascade.lines.unclear, len(found) <= limit)


Fronts = Mapping[EntryKey, Front]


@dataclass(slots=True)
class _Cascade:
    """One cascade on its way."""

    tenant: str
    start: EntryKey
    limit: int
    depth: int
    lines: Lines = field(init=False)
    found: dict[tuple[EntryKey, int], Built] = field(default_factory=dict)
    first: frozenset[int] = frozenset()

    def __post_init__(self) -> None:
        self.lines = Lines(self.tenant)

    def follow_declared(
        self, entry: EntryKey, front: Front
    ) -> Generator[Step, Answer, list[Fronts]]:
        """Along declared steps alone; what each level goes on from."""
        self.first = front.taken.made_by
        levels: list[Fronts] = [{entry: front}]
        for level in count(1):
            if level > self.depth or not levels[-1]:
                return levels
            new: list[Built] = []
            for key, each in levels[-1].items():
                new += yield from self._declared(key, each)
            levels.append(self._take(new, "declared", level))
        raise AssertionError("count() does not end")

    def follow_all(self, declared: list[Fronts], shown: Shown) -> Generator[Step, Answer, None]:
        """Along every path with an inferred step in it."""
        loose: Fronts = {}
        for level in count(1):
            close = declared[level - 1] if level <= len(declared) else {}
            if level > self.depth or not (loose or close):
                return
            new: list[Built] = []
            for key, front in loose.items():
                new += yield from self._declared(key, front)
            for key, front in merged(close, loose).items():
                known = shown if level == 1 else (yield from self.shown(key, front))
                new += yield from self._inferred(key, front, known)
            loose = self._take(new, "inferred", level)

    def _take(self, new: Iterable[Built], edge: Edge, level: int) -> Fronts:
        """Note what was not found before; what to go on from."""
        fronts: Fronts = {}
        for built in new:
            name = (built.entry, built.version)
            if name in self.found or (built.entry == self.start and built.version in self.first):
                continue
            if len(self.found) > self.limit:
                return {}
            self.found[name] = built._replace(edge=edge, depth=level)
            if built.puts:
                front = Front(Taken.of([built.version]), built.text, built.place)
                fronts = merged(fronts, {built.entry: front})
        return fronts

    # --- one step -----------------------------------------------------------------------------

    def _declared(self, entry: EntryKey, front: Front) -> Generator[Step, Answer, list[Built]]:
        """Records that say they were built on lines, or that changed them into others."""
        found: list[Built] = []
        oldest = min(front.taken.made_by)
        for versions in ((0, 1), (oldest, _HEAD)):
            after: Row = (-1, 0, 0, 0, 0)
            while True:
                page = (self.tenant, *entry, *versions, *after, limits.MAX_PAGE_ROWS)
                (rows,) = yield (Statement("lineage_of", [page]),)
                for row in rows:
                    built = _built(row[3:], entry, front)
                    if built is None:
                        continue
                    passage = Passage(*row[:3])
                    if not passage.version or (yield from self._held(entry, front, passage)):
                        found.append(built)
                if len(rows) < limits.MAX_PAGE_ROWS or len(found) > self.limit:
                    break
                after = (rows[-1][0], *rows[-1][3:5], *rows[-1][1:3])
        if front.text:
            for version, place in (yield from self.lines.edits_of(entry, front.taken)):
                found.append(Built(entry, version, place, True, True))
        return found

    def shown(self, entry: EntryKey, front: Front) -> Generator[Step, Answer, Shown]:
        """Who was shown lines of an entry, and in which turns."""
        shown = Shown({}, set())
        judged: dict[Passage, bool] = {}
        after: Row = (-1, "", 0)
        oldest = min(front.taken.made_by)
        while True:
            page = (self.tenant, *entry, oldest, _HEAD, *after, limits.MAX_PAGE_ROWS)
            (rows,) = yield (Statement("served_of_entry", [page]),)
            for row in rows:
                passage = Passage(row[3], row[6], row[7])
                if passage not in judged:
                    judged[passage] = yield from self._held(entry, front, passage)
                if judged[passage]:
                    turn, actor, revision = row[4], row[9], row[11]
                    shown.turns[turn] = min(revision, shown.turns.get(turn, revision))
                    shown.actors.add(actor)
            if len(rows) < limits.MAX_PAGE_ROWS:
                return shown
            after = rows[-1][3:6]

    def _inferred(
        self, entry: EntryKey, front: Front, shown: Shown
    ) -> Generator[Step, Answer, list[Built]]:
        """What turns that were shown lines wrote from then on."""
        found: list[Built] = []
        turns = sorted(shown.turns.items(), key=lambda turn: (turn[1], turn[0]))
        for number in range(0, len(turns), _TURNS):
            asked = [(self.tenant, *turn, self.limit + 1) for turn in turns[number:][:_TURNS]]
            (rows,) = yield (Statement("built_in_turn", asked),)
            for row in rows:
                built = _built(row, entry, front)
                if built is not None:
                    found.append(built)
            if len(found) > self.limit + len(self.found) + len(self.first):
                break
        return found

    def _held(
        self, entry: EntryKey, front: Front, passage: Passage
    ) -> Generator[Step, Answer, bool]:
        """Whether a passage held one of the lines."""
        return (yield from self.lines.held(entry, front.taken, passage, text=front.text))


def _built(row: Row, source: EntryKey, front: Front) -> Built | None:
    """A row (place, entry, version, operation, dead, payload) as what was built; None if not."""
    entry, version, operation, dead = EntryKey(*row[2:5]), row[5], row[6], bool(row[7])
    place = (row[0], row[1])
    arguments = None if row[8] is None else decode(row[8])
    known = front.taken.made_by if entry == source else frozenset[int]()
    if place <= front.place or entry.region in TELLING:
        return None
    if not is_built(operation, arguments, known):
        return None
    made = puts(operation, arguments, dead=dead)
    return Built(entry, version, place, is_text(operation, arguments), made)


def merged(some: Fronts, more: Fronts) -> dict[EntryKey, Front]:
    """Two sets of lines to go on from as one."""
    found = dict(some)
    for entry, (taken, text, place) in more.items():
        held = found.get(entry, Front(Taken(), text, place))
        versions, names = held.taken.versions | taken.versions, held.taken.names | taken.names
        found[entry] = Front(Taken(versions, names), held.text or text, min(held.place, place))
    return found


def plain(built: Built) -> list[Any]:
    """As the record of a retraction lists it."""
    return [*built.entry, built.version, built.edge, built.depth]
