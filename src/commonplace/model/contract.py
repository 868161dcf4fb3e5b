"""Contract and RuleSpec: a region's consistency model, said out loud."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from commonplace import limits


@dataclass(frozen=True, slots=True)
class RuleSpec:
    """A conflict rule by name, version and parameters, as a contract stores it."""

    name: str
    version: int = 1
    parameters: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Bounded:
    """Visibility with a bound: how far behind its source a follower may be and still answer.

    Past it a read waits for the follower, and is refused (`FollowerBehind`) at its deadline. At
    the source, where nothing is behind, it is `strong`.
    """

    seconds: int
    revisions: int

    def __str__(self) -> str:
        return f"bounded(seconds={self.seconds}, revisions={self.revisions})"


Visibility = Literal["strong"] | Bounded


@dataclass(frozen=True, slots=True)
class Contract:
    """What a region promises: stored with it, printed by `describe`, changed by record.

    `holds`: `text` (a block: one entry, the empty key) or `json` (entries by key).
    `max_bytes` bounds each entry. Visibility is `strong`, every read sees every commit that was
    acknowledged before it (a follower's those that it has, and says up to which), or `Bounded`.
    Deletion leaves a tombstone; the log audits all.
    """

    holds: Literal["text", "json"]
    rule: RuleSpec
    max_bytes: int = limits.MAX_TEXT_BYTES
    visibility: Visibility = "strong"

    def to_plain(self) -> dict[str, Any]:
        """The stored form."""
        return {
            "holds": self.holds,
            "rule": {
                "name": self.rule.name,
                "version": self.rule.version,
                "parameters": dict(self.rule.parameters),
            },
            "max_bytes": self.max_bytes,
            "visibility": self.visibility
            if self.visibility == "strong"
            else {"seconds": self.visibility.seconds, "revisions": self.visibility.revisions},
        }

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> "Contract":
        """The reverse of `to_plain`."""
        rule, visibility = plain["rule"], plain["visibility"]
        return cls(
            plain["holds"],
            RuleSpec(rule["name"], rule["version"], rule["parameters"]),
            plain["max_bytes"],
            Bounded(**visibility) if isinstance(visibility, Mapping) else visibility,
        )
