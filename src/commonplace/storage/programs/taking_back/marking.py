"""Marking: which versions of an entry were taken back, and which are suspect, for any reader."""

from collections.abc import Generator, Iterable
from itertools import chain

from commonplace import limits
from commonplace.core.lineage import Passage, spoken_of
from commonplace.model.entry import EntryKey
from commonplace.model.record import Record
from commonplace.model.reference import Reference
from commonplace.model.retraction import Mark
from commonplace.storage.programs import provenance, reading
from commonplace.storage.programs.deriving import source_of
from commonplace.storage.programs.reading import Reader
from commonplace.storage.programs.taking_back.lines import Lines
from commonplace.storage.programs.taking_back.retracting import records_on
from commonplace.storage.rows import record_of
from commonplace.storage.step import Answer, Program, Row, Statement, Step

Marks = dict[int, tuple[Mark, ...]]


def statuses(reader: Reader, key: EntryKey, versions: Iterable[int]) -> Program[Marks]:
    """What became of versions of an entry; those of which there is nothing to say are left out.

    A version is suspect if a retraction found that it was built on what it took back, and also
    if it says itself that it was based on what had been retracted by then. Raises `AccessDenied`
    unless the reader may read the entry.
    """
    now = yield from reading.standing(reader.tenant)
    yield from reading.require_read(reader, now.access_revision, key)
    asked = sorted(set(versions))
    if not asked:
        return {}
    marks: dict[int, list[Mark]] = {}
    for record, taken in (yield from records_on(reader.tenant, key, asked)):
        for version in taken.made_by.intersection(asked):
            places = frozenset(place for made, place in taken.names if made == version)
            status = "retracted" if record.operation == "retract" else "superseded"
            lines = None if version in taken.versions else places
            mark = Mark(status, record.reference, record.revision, lines=lines)  # type: ignore[arg-type]
            marks.setdefault(version, []).append(mark)
    yield from _suspects(reader, key, asked, marks)
    yield from _based_on_retracted(reader, key, asked, marks)
    return {version: tuple(found) for version, found in sorted(marks.items())}


def _suspects(
    reader: Reader, key: EntryKey, asked: list[int], marks: dict[int, list[Mark]]
) -> Generator[Step, Answer, None]:
    """Add what retractions found."""
    span = (asked[0], asked[-1] + 1, limits.MAX_INTEGER)
    (rows,) = yield (Statement("suspects_of", [(reader.tenant, *key, *span)]),)
    wanted = set(asked)
    rows = [row for row in rows if row[0] in wanted]
    seen = yield from _named(reader, {(row[1], row[2]) for row in rows})
    for version, revision, place, edge, depth in rows:
        by = seen.get((revision, place))
        marks.setdefault(version, []).append(Mark("suspect", by, revision, edge, depth))


def _named(
    reader: Reader, places: set[tuple[int, int]]
) -> Generator[Step, Answer, dict[tuple[int, int], Reference]]:
    """The references of records that the reader may see."""
    part = yield from provenance.records_placed(reader, sorted(places))
    return {(record.revision, record.index): record.reference for record in part.seen}


def _based_on_retracted(
    reader: Reader, key: EntryKey, asked: list[int], marks: dict[int, list[Mark]]
) -> Generator[Step, Answer, None]:
    """Add what says that it was based on lines which are retracted."""
    (rows,) = yield (Statement("sources_of", [(reader.tenant, *key, asked[0], asked[-1])]),)
    wanted = set(asked)
    sources = {version: based_on.split(",") for version, based_on in rows if version in wanted}
    lines = Lines(reader.tenant)
    spoken: dict[str, list[Record]] = {}
    for text in dict.fromkeys(chain.from_iterable(sources.values())):
        spoken[text] = yield from _retractions(reader, lines, text)
    found = chain.from_iterable(spoken.values())
    seen = yield from _named(reader, {(record.revision, record.index) for record in found})
    for version, texts in sources.items():
        known = {mark.revision for mark in marks.get(version, ()) if mark.status == "suspect"}
        for record in chain.from_iterable(spoken[text] for text in texts):
            if record.revision not in known:
                known.add(record.revision)
                by = seen.get((record.revision, record.index))
                mark = Mark("suspect", by, record.revision, "declared", 1)
                marks.setdefault(version, []).append(mark)


def _retractions(
    reader: Reader, lines: Lines, based_on: str
) -> Generator[Step, Answer, list[Record]]:
    """The records that retracted something of what a source names."""
    source = source_of(based_on)
    if source is None or not source.version:
        return []
    (rows,) = yield (Statement("retracted_of", [(reader.tenant, *source.entry, source.version)]),)
    spoken: dict[tuple[int, int], set[int]] = {}
    for version, revision, place in rows:
        spoken.setdefault((revision, place), set()).add(version)
    if not spoken:
        return []
    asked: list[Row] = [(reader.tenant, *place) for place in sorted(spoken)]
    (rows,) = yield (Statement("record_placed", asked),)
    found = []
    for record in map(record_of, rows):
        taken = spoken_of(spoken[record.revision, record.index], record.arguments)
        text = yield from lines.are_text(source.entry, taken)
        passage = Passage(*source[1:])
        if (yield from lines.held(source.entry, taken, passage, text=text)):
            found.append(record)
    return found
