"""Before and after the rule: what is asked of every write to an entry, and measured of it."""

from typing import Any

from commonplace.core import refusals, reserved
from commonplace.core.fold import OF_RECORDS
from commonplace.core.operation import Operation
from commonplace.core.rules import Attempt
from commonplace.core.rules.rule import others_since, version_conflict
from commonplace.core.state import EntryState
from commonplace.core.taking_back import TAKING_BACK
from commonplace.core.text import size_bytes
from commonplace.core.verdict import Refusal
from commonplace.model.write import Write


def dead_or_absent(attempt: Attempt, operation: Operation, terms: reserved.Terms) -> Refusal | None:
    """Whether there is something to do this to: never written and deleted are two answers."""
    entry, write, _ = attempt
    if entry.version == 0 and (write.operation == "delete" or write.operation in OF_RECORDS):
        return refusals.never_written(write)
    if write.operation in OF_RECORDS:  # what was deleted is still in the log
        return None
    if entry.dead and (operation.kills or not operation.whole):
        return refusals.deleted(write, entry.version, terms)
    return None


def expectation(attempt: Attempt) -> Refusal | None:
    """Whether `expect` holds, and no version was read that does not exist yet."""
    entry, write, _ = attempt
    base = write.arguments.get("base")
    if base is not None and base > entry.version:
        return version_conflict(attempt, base)
    if write.expect is None or write.expect == entry.version:
        return None
    if write.expect == 0 and not entry.exists:
        return None
    return version_conflict(attempt, write.expect)


def size_of(write: Write, operation: Operation, before: EntryState, value: Any) -> int:
    """The size of a value just made; an append is not measured again from its beginning."""
    if isinstance(value, tuple):
        if operation.grows_bytes is not None:
            return before.size_bytes + operation.grows_bytes(write.arguments)
        return size_bytes(value)
    if write.operation in TAKING_BACK:
        return int(write.arguments.get("size_bytes", 0))
    return len(write.payload)


def moved(write: Write, version: int) -> bool:
    """Whether others changed the entry between what the write was made from and `version`."""
    base = write.arguments.get("base")
    if base is not None:
        return others_since(base, write.arguments.get("own", ()), version)
    through = write.arguments.get("through")
    return through is not None and through < version
