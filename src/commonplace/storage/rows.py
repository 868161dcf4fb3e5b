"""Rows: how records and entries lie in tables, in both directions, in one place."""

from collections.abc import Iterable, Sequence
from typing import Any

from commonplace.core.fold import OPERATIONS, fold
from commonplace.core.state import EntryState
from commonplace.errors import Erased
from commonplace.model.actor import Actor, Identity
from commonplace.model.entry import EntryKey
from commonplace.model.record import Body, Record
from commonplace.storage.codec import decode, decode_checkpoint
from commonplace.storage.step import Row

LOG_COLUMNS = (
    "revision, place, at_us, actor, identity, idempotency, namespace, region, key, version, "
    "operation, kind, based_on, trace, dead, size_bytes, commitment, digest, "
    "salt, payload, reason, payload_digest, turn"
)
"""The columns of a record, as every statement that reads one lists them."""


def log_row(
    tenant: str,
    record: Record,
    is_base: bool,
    checkpoint: bytes | None,
    made: str | None = None,
) -> Row:
    """A record as `log_insert` binds it, with the lines that a `replace` left."""
    body = record.body
    return (
        tenant,
        record.revision,
        record.index,
        record.at_us,
        record.actor.name,
        record.actor.identity,
        record.idempotency_key,
        *record.entry,
        record.version,
        record.operation,
        record.kind,
        ",".join(record.based_on),
        record.trace,
        int(record.dead),
        record.size_bytes,
        record.commitment,
        record.digest,
        body.salt if body else None,
        body.payload if body else None,
        body.reason if body else None,
        (body.payload_digest or None) if body else None,
        record.turn,
        int(is_base),
        checkpoint,
        made,
    )


def logged_key(row: Sequence[Any]) -> EntryKey:
    """The entry that a row of LOG_COLUMNS is about, for a reader who may not want the rest."""
    return EntryKey(row[6], row[7], row[8])


def record_of(row: Sequence[Any]) -> Record:
    """A row of LOG_COLUMNS as a record."""
    salt = row[18]
    return Record(
        revision=row[0],
        index=row[1],
        at_us=row[2],
        actor=Actor(row[3], Identity(row[4])),
        idempotency_key=row[5],
        entry=EntryKey(row[6], row[7], row[8]),
        version=row[9],
        operation=row[10],
        kind=row[11],
        based_on=tuple(row[12].split(",")) if row[12] else (),
        trace=row[13],
        turn=row[22],
        dead=bool(row[14]),
        size_bytes=row[15],
        commitment=row[16],
        digest=row[17],
        body=None if salt is None else Body(salt, row[19], row[20], row[21] or b""),
    )


def entry_of(row: Sequence[Any], value: Any) -> EntryState:
    """A row of `entry_load` (its key left off) as a state."""
    version, revision, dead, size, base_revision, base_place, light, deltas, delta_bytes = row
    return EntryState(
        version,
        revision,
        bool(dead),
        size,
        None if dead else value,
        base_revision,
        base_place,
        bool(light),
        deltas,
        delta_bytes,
    )


def entry_row(tenant: str, key: EntryKey, entry: EntryState) -> Row:
    """A state as `entry_insert` and `entry_update` bind it."""
    return (
        tenant,
        *key,
        entry.version,
        entry.revision,
        int(entry.dead),
        entry.size_bytes,
        entry.base_revision,
        entry.base_index,
        int(entry.base_light),
        entry.deltas,
        entry.delta_bytes,
    )


def fold_rows(rows: Iterable[Sequence[Any]]) -> Any:
    """The value that rows of (version, operation, payload, checkpoint) fold to, base first.

    Raises `Erased` when bytes that the fold needs were destroyed.
    """
    value: Any = None
    steps: list[tuple[str, Any, int]] = []
    begun = False
    for version, operation, payload, checkpoint in rows:
        if checkpoint is not None:
            value, begun = decode_checkpoint(checkpoint), True
            steps.clear()
        elif payload is None:
            raise Erased(f"version {version} was erased or compacted, and what it said is gone.")
        else:
            begun = begun or version == 1 or OPERATIONS[operation].whole
            if not begun:
                raise Erased(f"what version {version} changed was erased, compacted or archived.")
            steps.append((operation, decode(payload), version))
    if not begun:
        raise Erased("the records that said it were erased, compacted or archived.")
    return fold(value, steps)
