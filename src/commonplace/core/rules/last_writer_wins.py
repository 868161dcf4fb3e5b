"""LastWriterWins: the later write replaces the earlier one, silently."""

from collections.abc import Mapping
from dataclasses import dataclass

from commonplace.core.access import Tier
from commonplace.core.rules.rule import Attempt, Rule
from commonplace.core.verdict import Refusal

_TEXT = ("append", "insert", "replace", "edit", "rewrite", "delete")


@dataclass(frozen=True)
class LastWriterWins(Rule):
    """For caches and presence. Ask for it by name."""

    name = "last_writer_wins"
    promise = "the later write wins"
    loses = "of two writes at once, the earlier one, without an error to anybody"

    def operations(self, holds: str) -> Mapping[str, Tier]:
        """Every operation, for editors."""
        return dict.fromkeys(_TEXT if holds == "text" else ("put", "delete"), Tier.EDITOR)

    def refuse(self, attempt: Attempt) -> Refusal | None:
        """Nothing conflicts."""
        return None
