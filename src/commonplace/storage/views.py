"""Views: stored values and records as the values that users hold."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from commonplace.core.fold import OF_RECORDS
from commonplace.core.reserved import to_plain
from commonplace.model.change import Change
from commonplace.model.entry import Entry, EntryKey
from commonplace.model.record import Record
from commonplace.storage.codec import encode
from commonplace.storage.programs.reading import Found
from commonplace.storage.rows import record_of


def entry_view(key: EntryKey, found: Found, own: tuple[int, ...] = ()) -> Entry:
    """A found value as an Entry, at the version it has; `own` are versions of the reading turn."""
    value = found.value
    return Entry(
        reference=key.reference(found.version),
        version=found.version,
        revision=found.revision,
        exists=found.version > 0 and not found.dead,
        value="" if value is None and not found.dead else to_plain(value),
        lines=value if isinstance(value, tuple) else (),
        updated_by=found.updated_by,
        updated_at_us=found.updated_at_us,
        own_versions=own,
        as_of=found.as_of,
    )


def change_view(record: Record) -> Change:
    """A record as the change a watch delivers."""
    return Change(
        reference=record.reference,
        operation=record.operation,
        old_version=record.version - 1,
        new_version=record.version,
        actor=record.actor.name,
        kind=record.kind,
        reason=record.reason,
        trace=record.trace,
    )


def record_view(row: Sequence[Any]) -> Record:
    """A row of LOG_COLUMNS as the record that its readers are shown."""
    record = record_of(row)
    return withheld(record) if record.operation in OF_RECORDS else record


def withheld(record: Record) -> Record:
    """The record without what a retraction names in other places, which has readers of its own.

    What was built on it, and who was shown it, is told by those who ask for it with their grants.
    """
    arguments = record.arguments if record.operation in OF_RECORDS else None
    if record.body is None or arguments is None or not _ELSEWHERE.intersection(arguments):
        return record
    shown = {name: value for name, value in arguments.items() if name not in _ELSEWHERE}
    return replace(record, body=replace(record.body, payload=encode(shown)))


_ELSEWHERE = frozenset({"suspects", "told", "retold"})
