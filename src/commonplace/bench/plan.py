"""Plan: how long a run measures, and where its files lie."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Plan:
    """One run. `rounds` interleaved rounds of `seconds` each for what is counted by time.

    `reads` and `writes` are the operations of one round of what is timed one by one,
    `history` the revisions of the long history (`server_history` on a server), `names` the
    namespaces listed, `updates` those of each process, with `thought_s` between reading and
    writing. `folder` must be on the disk that is to be measured.
    """

    folder: Path
    rounds: int = 5
    seconds: float = 2.0
    reads: int = 4_000
    writes: int = 300
    history: int = 1_000_000
    server_history: int = 1_000_000
    short_history: int = 1_000
    names: int = 10_000
    updates: int = 50
    thought_s: float = 0.02

    @classmethod
    def quick(cls, folder: Path) -> "Plan":
        """A run for CI: every row, none of them long enough to be quoted."""
        return cls(
            folder,
            rounds=3,
            seconds=0.5,
            reads=1_000,
            writes=100,
            history=100_000,
            server_history=50_000,
            names=2_000,
            updates=10,
        )

    def with_values(self, values: Mapping[str, Any]) -> "Plan":
        """The plan with some of its values changed."""
        return replace(self, **values)

    def to_plain(self) -> dict[str, Any]:
        """What of the plan belongs to the result: everything but the folder."""
        return {
            "rounds": self.rounds,
            "seconds": self.seconds,
            "reads": self.reads,
            "writes": self.writes,
            "history": self.history,
            "server_history": self.server_history,
            "short_history": self.short_history,
            "names": self.names,
            "updates": self.updates,
            "thought_s": self.thought_s,
        }
