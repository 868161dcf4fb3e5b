"""Result: what a study counted, as JSON keeps it and as people read it."""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Final

from commonplace.study.tally import Tally

FORMAT: Final = 1
MAX_EXCEPTIONS: Final = 20
"""Exceptions of one line that are shown; the JSON has them all."""


@dataclass(frozen=True, slots=True)
class Result:
    """One study: how much was replayed under which seed, and what was counted."""

    seed: int
    conversations: int
    messages: int
    turns: int
    served: int
    tallies: tuple[Tally, ...]

    @property
    def is_sound(self) -> bool:
        """Whether every answer of the memory was the right one."""
        return all(tally.is_sound for tally in self.tallies)

    def to_json(self) -> str:
        """The text of the JSON file."""
        plain = {"format": FORMAT, **asdict(self)}
        return json.dumps(plain, indent=1, ensure_ascii=False) + "\n"

    def lines(self) -> Iterator[str]:
        """What a terminal shows."""
        yield (
            f"{self.conversations} conversations, {self.messages} messages, {self.turns} turns "
            f"that were served {self.served} texts; seed {self.seed}"
        )
        for tally in self.tallies:
            mark = "      " if tally.is_sound else "MISSED"
            yield f"{mark} {tally.right:>5} of {tally.asked:<5} {tally.what}"
            for each in tally.exceptions[:MAX_EXCEPTIONS]:
                yield f"{'':>22}{each}"
            if len(tally.exceptions) > MAX_EXCEPTIONS:
                yield f"{'':>22}and {len(tally.exceptions) - MAX_EXCEPTIONS} more"
