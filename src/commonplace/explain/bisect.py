"""Bisect: the change that turned good into bad, found by halving.

What is halved is the row of changes of one entry (its versions), or of a namespace (the
revisions that wrote to it), and not the log: revisions at which nothing changed are not tested.

Worked example. Versions 3 (good) to 11 (bad) are tested in the order 3, 11, 7, then 5 or 9,
and so on; a version that cannot be tested is skipped for its nearest neighbour. If only skipped
ones are left between the last good and the first bad, the change is one of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from commonplace.core import reserved
from commonplace.errors import FutureRevision, InvalidInput, InvalidReference, LimitExceeded
from commonplace.explain.lookup import find, key_of
from commonplace.limits import MAX_BISECT_STEPS, MAX_PAGE_ROWS
from commonplace.model.entry import Entry, EntryKey, to_us
from commonplace.model.namespace import Namespace
from commonplace.model.record import Record
from commonplace.model.reference import At, AtRevision, AtTime, AtVersion, Reference, parse_at
from commonplace.storage.programs import listing, provenance, reading
from commonplace.storage.programs.reading import ABSENT, Reader
from commonplace.storage.step import Program, Statement
from commonplace.storage.views import entry_view


@dataclass(frozen=True, slots=True)
class Bisection:
    """What a bisection found: the first bad change.

    `bad` names it, as an entry at its version or a namespace's revision, and `good` what came
    before it. `records` are those of the change, as far as this actor may see them, and
    `revision` is theirs (0: the record was archived, or is hidden). `skipped` lists what could
    not be tested in between: the change is `bad` or one of these. `tests` counts the calls of
    the test.
    """

    good: str
    bad: str
    revision: int
    records: tuple[Record, ...]
    skipped: tuple[str, ...]
    tests: int


class Halving:
    """The places between a good and a bad end; asks for one after the other to be tested.

    `row` are versions of `subject`, or its revisions if it is a namespace, from the good end
    to the bad one.
    """

    def __init__(self, subject: EntryKey | Namespace, row: Sequence[int]) -> None:
        self.subject, self.row = subject, row
        self.good, self.bad = -1, len(row)
        self.tests = 0
        self._skipped: set[int] = set()

    def name(self, place: int) -> str:
        """A place as a command takes it."""
        if isinstance(self.subject, Namespace):
            return f"r{self.row[place]}"
        return str(self.subject.reference(self.row[place]))

    def is_end(self, place: int) -> bool:
        """Whether a place is one of the two that were said to be good and bad."""
        return place in (0, len(self.row) - 1)

    @property
    def skipped(self) -> tuple[int, ...]:
        """What could not be tested between the last good place and the first bad one."""
        return tuple(range(self.good + 1, self.bad))

    def next(self) -> int | None:
        """The place to test now; None: it is found, or only what was skipped is left.

        Raises `LimitExceeded` when too much of the row cannot be tested.
        """
        if self.good < 0:
            return 0
        if self.bad == len(self.row):
            return self.bad - 1
        middle = (self.good + self.bad) // 2
        for distance in range(len(self._skipped) + 1):
            for place in (middle - distance, middle + distance):
                if self.good < place < self.bad and place not in self._skipped:
                    self._bound()
                    return place
        return None

    def tell(self, place: int, is_good: bool | None) -> None:
        """What a test said of a place; None: it cannot be tested.

        Raises `InvalidInput` when an end is not what it was said to be.
        """
        self.tests += 1
        if place == 0 and is_good is not True:
            raise self._wrong_end(place, "good", is_good)
        if place == len(self.row) - 1 and is_good is not False:
            raise self._wrong_end(place, "bad", is_good)
        if is_good is None:
            self._skipped.add(place)
        elif is_good:
            self.good = place
        else:
            self.bad = place

    def _bound(self) -> None:
        if self.tests >= MAX_BISECT_STEPS:
            raise LimitExceeded(
                f"{self.tests} tests did not settle it: {self.name(self.good)} is good and "
                f"{self.name(self.bad)} bad, and too much in between cannot be tested.",
                limit=MAX_BISECT_STEPS,
                actual=self.tests + 1,
                excess=1,
            )

    def _wrong_end(self, place: int, end: str, is_good: bool | None) -> InvalidInput:
        if is_good is None:
            return InvalidInput(f"The test cannot tell whether {self.name(place)} is {end}.")
        other = "bad" if end == "good" else "good"
        advice = "an older good one" if end == "good" else "a newer bad one"
        return InvalidInput(
            f"{self.name(place)} is {other}, not {end}: the test says so. Name {advice}, or turn "
            "the test round."
        )


def as_at(at: int | str | datetime) -> At:
    """A revision by its number, a time, or what stands behind the `@` of a reference."""
    if isinstance(at, datetime):
        return AtTime(at)
    return parse_at(at) if isinstance(at, str) else AtRevision(at)


def row_of(
    reader: Reader, subject: Reference | Namespace, good: At, bad: At | None
) -> Program[Halving]:
    """The row of changes of an entry or a namespace, from `good` to `bad` (None: the head).

    Raises `InvalidInput` when good is not older than bad.
    """
    if isinstance(subject, Reference):
        if subject.at is not None or subject.lines is not None:
            raise InvalidReference(f"{subject}: bisect takes an entry, without version or lines.")
        key = key_of(subject)
        first = yield from _version(reader, key, good)
        last = yield from _version(reader, key, bad)
        halving = Halving(key, range(first, last + 1))
    else:
        first = yield from _revision(reader, good)
        last = yield from _revision(reader, bad)
        changes = yield from _changes(reader, subject, first, last)
        halving = Halving(subject, [first, *changes])
    if first > last:
        raise InvalidInput(
            f"good ({good}) is newer than bad ({bad or 'the head'}): bisect finds what became "
            "bad. To find what became good, turn the test round."
        )
    if len(halving.row) < 2:
        raise InvalidInput(f"{subject} did not change between {good} and {bad or 'the head'}.")
    return halving


def _version(reader: Reader, key: EntryKey, at: At | None) -> Program[int]:
    if at is None:
        return (yield from reading.read_entry(reader, key)).version
    if isinstance(at, AtVersion):
        if at.version == 0:
            return 0
        reference = key.reference()
        pinned = Reference(reference.namespace, reference.region, reference.key, at)
        return (yield from find(reader, pinned)).version
    revision = yield from _revision(reader, at)
    now = yield from reading.standing(reader.tenant)
    yield from reading.require_read(reader, now.access_revision, key)
    return (yield from reading.version_at(reader.tenant, key, revision))


def _revision(reader: Reader, at: At | None) -> Program[int]:
    now = yield from reading.standing(reader.tenant)
    if at is None:
        return now.revision
    if isinstance(at, AtVersion):
        raise InvalidInput(f"A namespace has no version {at}: name a revision, as in r4812.")
    if isinstance(at, AtTime):
        return (yield from reading.revision_at(reader.tenant, to_us(at.time)))
    if at.revision > now.revision:
        raise FutureRevision(
            f"{at} is not committed yet; the head is r{now.revision}.",
            revision=at.revision,
            head=now.revision,
        )
    return at.revision


def _changes(reader: Reader, namespace: Namespace, after: int, last: int) -> Program[list[int]]:
    """Revisions that wrote to a namespace; takes reader of the whole of it."""
    now = yield from reading.standing(reader.tenant)
    whole = EntryKey(str(namespace), reserved.NAMESPACE)
    yield from reading.require_read(reader, now.access_revision, whole, after)
    found: list[int] = []
    while True:
        bounds = (reader.tenant, str(namespace), found[-1] if found else after, last)
        (rows,) = yield (Statement("revisions_of_namespace", [(*bounds, MAX_PAGE_ROWS)]),)
        found += (row[0] for row in rows)
        if len(rows) < MAX_PAGE_ROWS:
            return found


def entry_at(reader: Reader, key: EntryKey, version: int) -> Program[Entry]:
    """An entry at a version of its row; version 0 is the entry before its first."""
    if version == 0:
        return entry_view(key, ABSENT)
    return entry_view(key, (yield from reading.read_version(reader, key, version)))


def outcome(reader: Reader, halving: Halving) -> Program[Bisection]:
    """What a halving that came to its end found."""
    subject, at = halving.subject, halving.row[halving.bad]
    if isinstance(subject, Namespace):
        commit = yield from reading.tail(reader.tenant, at - 1, 1)
        seen = (yield from provenance.visible(reader, commit)).seen
        records = [each for each in seen if each.namespace == subject]
    else:
        record = yield from listing.record_of_version(reader, subject, at)
        records = [] if record is None else [record]
    return Bisection(
        good=halving.name(halving.good),
        bad=halving.name(halving.bad),
        revision=records[0].revision if records else 0,
        records=tuple(records),
        skipped=tuple(map(halving.name, halving.skipped)),
        tests=halving.tests,
    )
