"""Lookup: what a reference names, resolved in one place for every face and every door."""

import json
from collections.abc import Generator
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from commonplace.core import reserved
from commonplace.core.access import Reach, Tier
from commonplace.errors import AccessDenied, Compacted, FutureRevision, InvalidReference, NotFound
from commonplace.model.entry import Entry, EntryKey, Line, to_us
from commonplace.model.record import Record
from commonplace.model.reference import AtRevision, AtTime, AtVersion, Reference
from commonplace.storage.programs import reading
from commonplace.storage.programs.reading import ABSENT, Found, Reader
from commonplace.storage.step import Answer, Program, Step
from commonplace.storage.views import entry_view, withheld


@dataclass(frozen=True, slots=True)
class Passage:
    """What a reference names: an entry at one version, and the lines asked for.

    `reference` is pinned to the version and names the lines if the one looked up did.
    `lines` are those (all, if none were named), and `first` is the number of the first.
    A value that is no text has the lines of its JSON form.
    """

    reference: Reference
    entry: Entry
    lines: tuple[Line, ...]
    first: int = 1

    @property
    def text(self) -> str:
        """The lines as one text."""
        return "\n".join(line.text for line in self.lines)


class CommitRecords(NamedTuple):
    """The records of one revision that a reader may see; `hidden` counts the others."""

    revision: int
    records: tuple[Record, ...]
    hidden: int


def key_of(reference: Reference) -> EntryKey:
    """The entry a reference names. Raises `InvalidReference` without a namespace."""
    if reference.namespace is None:
        raise InvalidReference(
            f"{reference} names no namespace. Write one before it, as in task/NAME:{reference}."
        )
    return EntryKey.of(reference)


def find(reader: Reader, reference: Reference) -> Program[Found]:
    """The entry where `reference.at` says: head, version, revision or time.

    Version 0 is the entry before its first write. Raises `NotFound` for a version or key
    that is not there, `FutureRevision`, `Compacted`, `Erased` or `AccessDenied`.
    """
    key, at = key_of(reference), reference.at
    if isinstance(at, AtVersion):
        return (yield from _find_version(reader, key, at.version))
    if isinstance(at, AtTime):
        revision = yield from reading.revision_at(reader.tenant, to_us(at.time))
        found = yield from reading.read_entry_at(reader, key, revision)
    elif isinstance(at, AtRevision):
        found = yield from reading.read_entry_at(reader, key, at.revision)
    else:
        found = yield from reading.read_entry(reader, key)
    if not found.version and (key.key or reserved.is_reserved(key.region)):
        raise NotFound(f"There is nothing at {reference}.")
    return found


def _find_version(reader: Reader, key: EntryKey, version: int) -> Program[Found]:
    if version > 0:
        return (yield from reading.read_version(reader, key, version))
    head = yield from reading.read_entry(reader, key)
    wanted = head.version + version if version else 0
    if wanted < 0 or (version and wanted == 0):
        raise NotFound(
            f"{key.reference()} has {head.version} versions; there is none {-version} before.",
            version=wanted,
        )
    if wanted == 0:
        return ABSENT
    return (yield from reading.read_version(reader, key, wanted))


def resolve(reader: Reader, reference: Reference) -> Program[Passage]:
    """What a reference names. Raises what `find` raises, and `NotFound` past the last line."""
    found = yield from find(reader, reference)
    return passage(reference, found)


def passage(reference: Reference, found: Found) -> Passage:
    """The passage of a found entry that `reference` asks for."""
    entry = entry_view(key_of(reference), found)
    lines = lines_of(found)
    if reference.lines is None:
        return Passage(entry.reference, entry, lines)
    first, last = reference.lines
    if last > len(lines):
        raise NotFound(
            f"{entry.reference} has {len(lines)} lines; there is no line {last}.",
            lines=len(lines),
        )
    pinned = replace(entry.reference, lines=reference.lines)
    return Passage(pinned, entry, lines[first - 1 : last], first)


def lines_of(found: Found) -> tuple[Line, ...]:
    """The lines of a found value: its own if it is text, else those of its JSON form."""
    value: Any = found.value
    if isinstance(value, tuple):
        return value
    if value is None:
        return ()
    plain = reserved.to_plain(value)
    text = json.dumps(plain, ensure_ascii=False, indent=2, sort_keys=True, default=dict)
    return tuple(Line(found.version, n, line) for n, line in enumerate(text.split("\n")))


def commit_at(reader: Reader, revision: int) -> Program[CommitRecords]:
    """The records of one revision, those of reserved regions too.

    Raises `FutureRevision`, `Compacted` when they were archived, and `AccessDenied` when the
    reader may see none of them.
    """
    if revision < 1:
        raise NotFound("Revisions count up from 1.", revision=revision)
    now = yield from reading.standing(reader.tenant)
    if revision > now.revision:
        raise FutureRevision(
            f"Revision {revision} is not committed yet; the head is {now.revision}.",
            revision=revision,
            head=now.revision,
        )
    records = yield from reading.tail(reader.tenant, revision - 1, 1)
    if not records:
        raise Compacted(
            f"Revision {revision} was archived: its records are in the archive's file.",
            revision=revision,
            floor=now.floor,
        )
    seen = yield from _visible(reader, now.access_revision, records)
    if not seen:
        raise AccessDenied(
            f"Not allowed. {reader.actor} may read nothing of revision {revision}.",
            actor=reader.actor,
        )
    return CommitRecords(revision, tuple(seen), len(records) - len(seen))


def _visible(
    reader: Reader, access_revision: int, records: list[Record]
) -> Generator[Step, Answer, list[Record]]:
    seen = []
    judged: dict[reserved.Place, Reach] = {}
    for record in records:
        place = reserved.judged_at(record.entry)
        if place not in judged:
            judged[place] = yield from reading.reach(reader, access_revision, *place)
        if judged[place].tier >= Tier.READER and record.revision >= judged[place].since:
            seen.append(withheld(record))
    return seen
