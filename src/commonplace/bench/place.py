"""Place: where the memories of a row lie, in files or on a server, so that one row serves both."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Place:
    """`address` makes that of a new memory by its name; `tag` and `said` begin rows' names and
    words; `history` is how many revisions a long history has there.
    """

    address: Callable[[str], str]
    history: int
    tag: str = ""
    said: str = ""


def files(folder: Path, history: int) -> Place:
    """Memories in files of one folder."""
    return Place(lambda name: str(folder / f"{name}.db"), history)
