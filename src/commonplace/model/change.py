"""Change and Commit: what a watch delivers."""

from dataclasses import dataclass
from datetime import datetime

from commonplace.model.entry import to_datetime
from commonplace.model.reference import Reference


@dataclass(frozen=True, slots=True)
class Change:
    """One entry changed: which, how, from which version to which, by whom and why."""

    reference: Reference
    operation: str
    old_version: int
    new_version: int
    actor: str
    kind: str
    reason: str
    trace: str


@dataclass(frozen=True, slots=True)
class Commit:
    """All changes of one revision that a reader asked for and may see.

    `hidden` counts the changes of this commit that access withholds. A commit without
    changes is a progress mark: nothing asked for happened up to `revision`.
    """

    revision: int
    at_us: int
    changes: tuple[Change, ...]
    hidden: int = 0

    @property
    def at(self) -> datetime:
        """The commit time, in UTC."""
        return to_datetime(self.at_us)

    @property
    def is_progress(self) -> bool:
        """Whether this is a progress mark."""
        return not self.changes
