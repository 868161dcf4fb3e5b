"""Blame: for each line of a text, the record that put it there."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from commonplace.explain.lookup import key_of, lines_of, resolve
from commonplace.model.entry import EntryKey, Line, to_datetime
from commonplace.model.record import Record
from commonplace.model.reference import Reference
from commonplace.storage.programs import listing
from commonplace.storage.programs.reading import Found, Reader
from commonplace.storage.step import Program


@dataclass(frozen=True, slots=True)
class BlameLine:
    """One line and its origin.

    `version` and what follows are those of the write that put the line there; `reference`
    names the line in the text that was blamed. `actor` is "" and `revision` 0 when the record
    was archived, or when the grant's history hides it.
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

    @property
    def at(self) -> datetime:
        """When the line was committed, in UTC."""
        return to_datetime(self.at_us)


def blame_lines(reader: Reader, key: EntryKey, found: Found) -> Program[list[BlameLine]]:
    """Blame a value that was read: one record per version that still has a line."""
    return (yield from _blamed(reader, key.reference(found.version), lines_of(found), 1))


def blame_passage(reader: Reader, reference: Reference) -> Program[list[BlameLine]]:
    """Blame the lines that a reference names, and no others."""
    quoted = yield from resolve(reader, reference)
    shown = replace(quoted.reference, lines=None)
    return (yield from _blamed(reader, shown, quoted.lines, quoted.first))


def _blamed(
    reader: Reader, shown: Reference, lines: Sequence[Line], first: int
) -> Program[list[BlameLine]]:
    key = key_of(shown)
    records: dict[int, Record | None] = {}
    for version in sorted({line.version for line in lines}):
        records[version] = yield from listing.record_of_version(reader, key, version)
    return [
        _line(shown, number, line, records[line.version])
        for number, line in enumerate(lines, start=first)
    ]


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
