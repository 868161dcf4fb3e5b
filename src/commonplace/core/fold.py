"""Fold: current state is what replaying the log gives, and nothing else."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from typing import Any

from commonplace import limits
from commonplace.core.access import Tier
from commonplace.core.document import DOCUMENT_OPERATIONS
from commonplace.core.operation import Operation, is_refusal
from commonplace.core.reserved import RESERVED_OPERATIONS
from commonplace.core.state import MISSING, EntryState
from commonplace.core.taking_back import TAKING_BACK
from commonplace.core.text import ERASED_LINE, TEXT_OPERATIONS
from commonplace.errors import DamagedMemory, NewerSchema


def _delete(value: Any, arguments: Mapping[str, Any], version: int) -> None:
    return None


def _erase(value: Any, arguments: Mapping[str, Any], version: int) -> Any:
    """Blank the lines that erased versions wrote; a JSON value that one wrote is gone."""
    if not isinstance(value, tuple):
        return None if arguments["current"] else value
    erased = frozenset(arguments["versions"])
    return tuple(
        line._replace(text=ERASED_LINE) if line.version in erased else line for line in value
    )


OPERATIONS: Mapping[str, Operation] = {
    **TEXT_OPERATIONS,
    **DOCUMENT_OPERATIONS,
    **RESERVED_OPERATIONS,
    **TAKING_BACK,
    "delete": Operation("delete", Tier.OWNER, _delete, needs_value=False, whole=True, kills=True),
    "erase": Operation("erase", Tier.OWNER, _erase),
}
"""Every operation by name: the vocabulary of the log."""

OF_RECORDS = frozenset({"erase", *TAKING_BACK})
"""Operations that speak of earlier records of their entry, whatever its rule."""


def replay(value: Any, operation: str, arguments: Mapping[str, Any], version: int) -> Any:
    """One step of the fold. A record that was accepted once must apply again."""
    if operation not in OPERATIONS:
        raise NewerSchema(
            f"version {version} was made by {operation!r}, an operation of a newer release: "
            "upgrade commonplace."
        )
    if "base" in arguments:  # whether it conflicted was decided when it was written
        arguments = {**arguments, "base": None}
    result = OPERATIONS[operation].apply(value, arguments, version)
    if is_refusal(result):
        raise DamagedMemory(
            f"record {operation!r} at version {version} was accepted and no longer applies: "
            f"{result.message} Run `commonplace audit`."
        )
    return result


def fold(value: Any, steps: Iterable[tuple[str, Mapping[str, Any], int]]) -> Any:
    """What replaying steps (operation, arguments, version) on a value gives.

    Lines that one step after the other adds are put together at the end of their run: one by
    one, a text of many appends would be copied as often as it has lines.
    """
    added: list[tuple[Any, ...]] = []
    for name, arguments, version in steps:
        operation = OPERATIONS.get(name)
        if operation is not None and operation.only_adds:
            added.append(replay(None, name, arguments, version))
        else:
            value = replay(_with(value, added), name, arguments, version)
            added.clear()
    return _with(value, added)


def _with(value: Any, added: Sequence[tuple[Any, ...]]) -> Any:
    return tuple(chain(value or (), *added)) if added else value


def step_after(
    before: EntryState,
    operation: Operation,
    *,
    payload_bytes: int,
    revision: int,
    index: int,
    value: Any = MISSING,
    size_bytes: int = 0,
) -> EntryState:
    """The entry after one more record made it `value` of `size_bytes`."""
    base, light, deltas, delta_bytes = (revision, index), False, 0, 0
    if not operation.whole:
        if before.version:
            base, light = (before.base_revision, before.base_index), before.base_light
        deltas, delta_bytes = before.deltas + 1, before.delta_bytes + payload_bytes
    return EntryState(  # by position: this runs once for each record
        before.version + 1,
        revision,
        operation.kills,
        size_bytes,
        value,
        *base,
        light,
        deltas,
        delta_bytes,
    )


def after_erasure(before: EntryState, after: EntryState, current: bool, index: int) -> EntryState:
    """`after`, for one OF_RECORDS on JSON: it keeps the size, or leaves a tombstone to begin at.

    `current` says that what stood is gone. What was deleted before stays deleted.
    """
    if not (before.dead or current):
        return replace(after, size_bytes=before.size_bytes)
    return replace(
        after,
        dead=True,
        value=None,
        size_bytes=0,
        base_revision=after.revision,
        base_index=index,
        base_light=False,
        deltas=0,
        delta_bytes=0,
    )


def wants_checkpoint(entry: EntryState) -> bool:
    """Whether readers fold too much: too many deltas, or more of them than content."""
    return entry.deltas > 0 and (entry.deltas >= limits.MAX_FOLD_DELTAS or _outgrown(entry))


def _outgrown(entry: EntryState) -> bool:
    return entry.delta_bytes >= max(limits.MIN_CHECKPOINT_BYTES, entry.size_bytes)


def checkpointed(entry: EntryState, revision: int, index: int, *, kept: bool = False) -> EntryState:
    """The entry once its newest record carries a checkpoint.

    A checkpoint is kept for history when the deltas since the last kept one outweigh the
    content, so all kept ones together are at most as large as the log; one taken earlier,
    only to bound the deltas of a read at the head, is *light* and replaced by the next.
    `kept` keeps it whatever its size, because what came before can no longer be replayed.
    """
    light = not (kept or _outgrown(entry))
    return replace(
        entry,
        base_revision=revision,
        base_index=index,
        base_light=light,
        deltas=0,
        delta_bytes=entry.delta_bytes if light else 0,
    )
