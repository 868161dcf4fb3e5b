"""TextBlock: lines on which appends and edits of different lines commute."""

from collections.abc import Mapping
from dataclasses import dataclass

from commonplace.core.access import Tier
from commonplace.core.rules.rule import Attempt, Rule, unread
from commonplace.core.text import TEXT_OPERATIONS
from commonplace.core.verdict import Refusal


@dataclass(frozen=True)
class TextBlock(Rule):
    """For prompt blocks. See `core.text` for what each operation does to the lines.

    Commute: `append` with everything; `insert`, `replace` and `edit` with whatever leaves
    their anchor lines untouched; `condense` with everything written after the version it
    read. `rewrite` and `delete` name the version they read.
    """

    name = "text_block"
    promise = (
        "appends always land; an edit lands when the lines it anchors in are untouched; "
        "condense keeps every line written after the version it read"
    )

    def operations(self, holds: str) -> Mapping[str, Tier]:
        """The text operations at their own tiers; nothing on JSON."""
        if holds != "text":
            return {}
        own = {name: operation.tier for name, operation in TEXT_OPERATIONS.items()}
        return {**own, "delete": Tier.OWNER}

    def refuse(self, attempt: Attempt) -> Refusal | None:
        """Refuse a blind rewrite, a blind delete and a line number without its version."""
        entry, write, _ = attempt
        if write.operation in {"rewrite", "delete"}:
            return unread(attempt)
        if write.operation == "insert" and isinstance(write.arguments["after"], int):
            return unread(attempt)
        if write.operation == "condense" and write.arguments["through"] > entry.version:
            return Refusal(
                "version_conflict",
                f"Not written. through={write.arguments['through']} is a version that does not "
                f"exist yet: {write.entry.reference()} stands at {entry.version}.",
                {"expect": write.arguments["through"], "version": entry.version},
            )
        return None
