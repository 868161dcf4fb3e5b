"""Tally: how often an answer was the one that is known to be right, and every time it was not."""

from collections.abc import Iterator
from dataclasses import dataclass, field


@dataclass
class Tally:
    """One line of the study's table: what was asked, how often, and what was not as due.

    `of_data` says that it speaks of the recordings: what is not as due there is no fault here.
    """

    what: str
    of_data: bool = False
    asked: int = 0
    right: int = 0
    exceptions: list[str] = field(default_factory=list)

    def count(self, is_right: bool, otherwise: str) -> None:
        """One more question; `otherwise` says what to tell if its answer was not the right one."""
        self.asked += 1
        self.right += is_right
        if not is_right:
            self.exceptions.append(otherwise)

    @property
    def is_sound(self) -> bool:
        """Whether every answer was right, and there was one."""
        return self.of_data or self.asked == self.right > 0


class Tallies:
    """Tallies by name, in the order in which they were first counted."""

    def __init__(self) -> None:
        self._held: dict[str, Tally] = {}

    def of(self, what: str, *, of_data: bool = False) -> Tally:
        """The tally of that name."""
        return self._held.setdefault(what, Tally(what, of_data))

    def __iter__(self) -> Iterator[Tally]:
        return iter(self._held.values())
