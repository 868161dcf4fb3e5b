"""Conflict: what a refused writer needs to decide again, in values and in a sentence or two."""

from collections.abc import Sequence
from typing import NamedTuple

from commonplace.limits import MAX_CHANGES_SHOWN
from commonplace.model.change import Change
from commonplace.model.entry import Entry, EntryKey
from commonplace.model.record import Record
from commonplace.storage.programs import listing, reading
from commonplace.storage.programs.reading import Reader
from commonplace.storage.step import Program
from commonplace.storage.views import change_view, entry_view

_TOLD = 3
"""Changes, and changed lines, that a message spells out."""
_QUOTED_CHARACTERS = 80


class Story(NamedTuple):
    """The entry as it stands, what changed since it was read, and both told in words."""

    current: Entry
    changes: tuple[Change, ...]
    told: str


def conflict_story(reader: Reader, key: EntryKey, read: int) -> Program[Story]:
    """What happened to an entry since version `read`; the newest changes, oldest first."""
    found = yield from reading.read_entry(reader, key)
    records = yield from listing.history(reader, key, MAX_CHANGES_SHOWN)
    since = [record for record in reversed(records) if record.version > read]
    current = entry_view(key, found)
    changes = tuple(change_view(record) for record in since)
    return Story(current, changes, _told(current, since, read))


def _told(current: Entry, since: Sequence[Record], read: int) -> str:
    said = []
    missed = current.version - read - min(len(since), _TOLD)
    if missed > 0:
        said.append(f"{missed} earlier changes.")
    for record in since[-_TOLD:]:
        why = f" ({record.reason})" if record.reason else ""
        said.append(f"{record.actor} did {record.operation} in version {record.version}{why}.")
    lines = [(n, line) for n, line in enumerate(current.lines, 1) if line.version > read]
    for number, line in lines[:_TOLD]:
        text = line.text
        if len(text) > _QUOTED_CHARACTERS:
            text = text[:_QUOTED_CHARACTERS] + "…"
        said.append(f"Line {number} is now {text!r}.")
    if len(lines) > _TOLD:
        said.append(f"{len(lines) - _TOLD} more lines are new.")
    return " ".join(said)
