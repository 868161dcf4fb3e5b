"""AppendOnly: everything lands, in revision order, and nothing is changed afterwards."""

from collections.abc import Mapping
from dataclasses import dataclass

from commonplace.core.access import Tier
from commonplace.core.rules.rule import Attempt, Rule, unread
from commonplace.core.verdict import Refusal


@dataclass(frozen=True)
class AppendOnly(Rule):
    """For hypotheses, findings and logs. Appends commute; so do new keys."""

    name = "append_only"
    promise = "every append lands, in revision order; no line or item is changed afterwards"

    def operations(self, holds: str) -> Mapping[str, Tier]:
        """`append` on a text, `put` of a new key on JSON."""
        write = {"append": Tier.CONTRIBUTOR} if holds == "text" else {"put": Tier.CONTRIBUTOR}
        return {**write, "delete": Tier.OWNER}

    def refuse(self, attempt: Attempt) -> Refusal | None:
        """Refuse what would change an item that is already there, and a blind delete."""
        entry, write, _ = attempt
        if write.operation == "delete":
            return unread(attempt)
        if write.operation != "put" or entry.version == 0:
            return None
        return Refusal(
            "contract_mismatch",
            f"Not written. {write.entry.reference()} is append-only and has this key already, "
            f"at version {entry.version}. Add a new key.",
            {"version": entry.version},
        )
