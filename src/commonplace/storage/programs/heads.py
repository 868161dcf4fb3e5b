"""Heads: where a log stands, proved, or told together with what another program found."""

from typing import TypeVar

from commonplace.model.receipt import Position
from commonplace.storage.programs.reading import head, standing
from commonplace.storage.step import Program, Statement

T = TypeVar("T")


def proved_head(tenant: str) -> Program[Position]:
    """The head, proved by holding the right to write: a barrier, for `execute`."""
    yield (Statement("begin_write"),)
    position = yield from head(tenant)
    yield (Statement("commit"),)
    return position


def with_head(tenant: str, program: Program[T]) -> Program[tuple[T, int]]:
    """What a program returns, and a revision at or after all that it saw or wrote."""
    result = yield from program
    now = yield from standing(tenant)
    return result, now.revision
