"""Views: stored values and records as the values that users hold."""

from commonplace.core.reserved import to_plain
from commonplace.model.change import Change
from commonplace.model.entry import Entry, EntryKey
from commonplace.model.record import Record
from commonplace.storage.programs.reading import Found


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
