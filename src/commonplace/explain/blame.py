"""Blame: for each line of a text, the record that put it there, and where its words came from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from commonplace.explain.lookup import key_of, lines_of, resolve
from commonplace.explain.past.origin import Origin, Tracer
from commonplace.explain.past.standing import open_states
from commonplace.limits import MAX_PAGE_ROWS
from commonplace.model.entry import EntryKey, Line, to_datetime
from commonplace.model.record import Record
from commonplace.model.reference import Reference
from commonplace.storage.programs import provenance
from commonplace.storage.programs.reading import Found, Reader
from commonplace.storage.step import Program


@dataclass(frozen=True, slots=True)
class BlameLine:
    """One line and its origin.

    `version` and what follows are those of the write that put the line there; `reference`
    names the line in the text that was blamed. `actor` is "" and `revision` 0 when the record
    was archived, or when the grant's history hides it. `origins`, if they were asked for, are
    the older lines that its words came from, nearest first; None when that cannot be told.
    """

    number: int
    text: str
    version: int
    revision: int
    actor: str
    at_us: int
    operation: str
    kind: str
    reason: str
    reference: Reference
    origins: tuple[Origin, ...] | None = None

    @property
    def at(self) -> datetime:
        """When the line was committed, in UTC."""
        return to_datetime(self.at_us)


def blame_lines(reader: Reader, key: EntryKey, found: Found) -> Program[list[BlameLine]]:
    """Blame a value that was read: one record per version that still has a line."""
    return (yield from _blamed(reader, key.reference(found.version), lines_of(found), 1))


def blame_passage(
    reader: Reader, reference: Reference, *, origins: bool = False
) -> Program[list[BlameLine]]:
    """Blame the lines that a reference names, and no others."""
    quoted = yield from resolve(reader, reference)
    shown = replace(quoted.reference, lines=None)
    blamed = yield from _blamed(reader, shown, quoted.lines, quoted.first)
    if origins:
        return (yield from _traced(reader, blamed, quoted.lines))
    return blamed


def _blamed(
    reader: Reader, shown: Reference, lines: Sequence[Line], first: int
) -> Program[list[BlameLine]]:
    versions = sorted({line.version for line in lines})
    records = yield from _records(reader, key_of(shown), versions)
    return [
        _line(shown, number, line, records.get(line.version))
        for number, line in enumerate(lines, start=first)
    ]


def _records(
    reader: Reader, key: EntryKey, versions: Sequence[int]
) -> Program[Mapping[int, Record]]:
    """The records of many versions, a page of them at a time."""
    found: dict[int, Record] = {}
    for start in range(0, len(versions), MAX_PAGE_ROWS):
        page = versions[start : start + MAX_PAGE_ROWS]
        found.update((yield from provenance.records_of_versions(reader, key, page)))
    return found


def _traced(
    reader: Reader, blamed: Sequence[BlameLine], lines: Sequence[Line]
) -> Program[list[BlameLine]]:
    """The same with the origins of each line."""
    if not blamed:
        return []
    tracer = Tracer((yield from open_states(reader, key_of(blamed[0].reference))))
    yield from tracer.prepare(lines)
    found = []
    for each, line in zip(blamed, lines, strict=True):
        origins = yield from tracer.origins(line)
        found.append(replace(each, origins=origins))
    return found


def _line(shown: Reference, number: int, line: Line, record: Record | None) -> BlameLine:
    return BlameLine(
        number=number,
        text=line.text,
        version=line.version,
        revision=record.revision if record else 0,
        actor=record.actor.name if record else "",
        at_us=record.at_us if record else 0,
        operation=record.operation if record else "",
        kind=record.kind if record else "",
        reason=record.reason if record else "",
        reference=replace(shown, lines=(number, number)),
    )
