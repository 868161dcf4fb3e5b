"""SingleWriter: one named actor writes, everybody else reads."""

from collections.abc import Mapping
from dataclasses import dataclass

from commonplace.core.access import Tier
from commonplace.core.rules.rule import Attempt, Rule
from commonplace.core.verdict import Refusal
from commonplace.model.names import check_name

_TEXT = ("append", "insert", "replace", "edit", "rewrite", "condense", "delete")
_JSON = ("put", "delete")


@dataclass(frozen=True)
class SingleWriter(Rule):
    """For plans, conclusions and channels. `writer` names the one who may write."""

    writer: str

    name = "single_writer"
    promise = "one actor writes; the others are refused with that actor's name"

    def __post_init__(self) -> None:
        check_name(self.writer, "writer")

    def operations(self, holds: str) -> Mapping[str, Tier]:
        """Every operation of the value, for the writer alone."""
        return dict.fromkeys(_TEXT if holds == "text" else _JSON, Tier.CONTRIBUTOR)

    def refuse(self, attempt: Attempt) -> Refusal | None:
        """Refuse everybody but the writer."""
        _, write, actor = attempt
        if actor == self.writer:
            return None
        return Refusal(
            "not_owner",
            f"Not written. {write.entry.reference()} has a single writer, {self.writer}. "
            f"Send {self.writer} what you would change.",
            {"owner": self.writer},
        )

    @property
    def owner(self) -> str | None:
        """The writer holds the owner tier."""
        return self.writer
