"""Wrong: programs that mutants put in the place of those behind turns and retractions."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from commonplace.model.entry import EntryKey
from commonplace.storage.programs import deriving, reading
from commonplace.storage.programs.reading import Found, Reader
from commonplace.storage.programs.taking_back import retracting
from commonplace.storage.step import Program


def head(reader: Reader, key: EntryKey, revision: int, own: Sequence[int]) -> Program[Found]:
    """What stands, whatever was pinned."""
    return (yield from reading.read_entry(reader, key))


def nothing_changed(tenant: str, served: object) -> Program[dict[EntryKey, int]]:
    """That nothing changed, whatever did."""
    yield from reading.standing(tenant)
    return {}


def none_built(*asked: Any) -> Any:
    """A program that finds nothing built on anything."""
    yield from ()
    return []


def always_held(*asked: Any, text: bool) -> Any:
    """A program that takes every passage for one that held the line."""
    yield from ()
    return True


def told_nobody(
    *asked: Any, right: Callable[..., Iterator[Any]] = deriving._taken_back
) -> Iterator[Any]:
    """What follows from a retraction, without the notices."""
    return (row for row in right(*asked) if row[0] != "notice_insert")


def found_before(*asked: Any, right: Any = retracting._reach) -> Any:
    """A program that finds all that was built on something but the last."""
    reached = yield from right(*asked)
    return reached._replace(built=reached.built[:-1])
