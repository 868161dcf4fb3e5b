"""CompareAndSet: a write names the version it was made from, and that must still stand."""

from collections.abc import Mapping
from dataclasses import dataclass

from commonplace.core.access import Tier
from commonplace.core.rules.rule import Attempt, Rule, unread
from commonplace.core.verdict import Refusal

_TEXT = ("append", "insert", "replace", "edit", "rewrite")


@dataclass(frozen=True)
class CompareAndSet(Rule):
    """The default for documents and store items. The later of two writers is told."""

    name = "compare_and_set"
    promise = "a write names the version it read; the later of two gets VersionConflict"

    def operations(self, holds: str) -> Mapping[str, Tier]:
        """Every operation that replaces what was read."""
        names = _TEXT if holds == "text" else ("put",)
        return {**dict.fromkeys(names, Tier.EDITOR), "delete": Tier.OWNER}

    def refuse(self, attempt: Attempt) -> Refusal | None:
        """Refuse a silent last writer: `expect`, or an update or turn's `base`, is required."""
        return unread(attempt)
