"""Retraction, Notice and Mark: what was taken back, whom it concerns, and how a reader sees it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, NamedTuple

from commonplace.model.entry import to_datetime
from commonplace.model.reference import Reference

Edge = Literal["declared", "inferred"]
"""How it is known: the record itself says so, or its turn was served what it may be built on."""


@dataclass(frozen=True, slots=True)
class Suspect:
    """A record that was built on what was taken away, so many steps from it.

    `edge` is "inferred" if any step on the way is. A step is declared if the record names its
    source (`based_on`) or changed the very lines; inferred if its turn was served them.
    """

    reference: Reference
    edge: Edge
    depth: int


@dataclass(frozen=True, slots=True)
class Retraction:
    """What a retraction or supersession did, or as a dry run would do.

    `reference` names what was taken back, and `by` the record that did it (None: a dry run).
    `versions` are those that had put it there. `stood` says whether any of it still stood: if
    not, nothing in the entry changed, and the replacement is in the record alone. `suspects` is
    a page, nearest first, of the `total` records built on it; `hidden` of them are where this
    actor may not read, and `unclear` counts edits whose text is gone, so that nobody can tell.
    `complete` is False for a dry run that found more than one retraction marks: it lists the
    first `limits.MAX_CASCADE`. `told` names the actors who were shown it; who was shown it before
    the revision `served_floor` is forgotten (`forget_served`). `unchanged`: it had been taken
    back before, by `by`.
    """

    operation: Literal["retract", "supersede"]
    reference: Reference
    by: Reference | None
    revision: int
    actor: str
    reason: str
    versions: tuple[int, ...]
    stood: bool
    replacement: Any = None
    suspects: tuple[Suspect, ...] = ()
    total: int = 0
    hidden: int = 0
    unclear: int = 0
    complete: bool = True
    told: tuple[str, ...] = ()
    served_floor: int = 0
    unchanged: bool = False

    @property
    def dry_run(self) -> bool:
        """Whether nothing was written."""
        return self.by is None


@dataclass(frozen=True, slots=True)
class Notice:
    """What an actor who was shown something learns when it is retracted.

    `by` is the record of the retraction, at `revision` and `index`. `text` is what was
    retracted; None when it can no longer be read. `turns` are those of the actor that were
    served it, the newest first, and `built` what the actor itself built on it. Of an entry that
    the actor may no longer read, only `reference`, `by` and `turns` are told.
    """

    to: str
    reference: Reference
    by: Reference
    revision: int
    index: int
    at_us: int
    actor: str = ""
    reason: str = ""
    text: str | None = None
    replacement: Any = None
    turns: tuple[str, ...] = ()
    built: tuple[Suspect, ...] = ()

    @property
    def at(self) -> datetime:
        """When it was retracted, in UTC."""
        return to_datetime(self.at_us)


class Notices(NamedTuple):
    """The notices that wait for an actor, oldest first, and how many more there are."""

    notices: tuple[Notice, ...]
    more: int


class Mark(NamedTuple):
    """What became of a version: it was retracted, superseded, or built on what was retracted.

    `by` is the record that says so, None where the reader may not read it. `lines` are the
    places, among the lines that the version put there, of those it speaks of; None: all of them.
    """

    status: Literal["retracted", "superseded", "suspect"]
    by: Reference | None
    revision: int
    edge: Edge | None = None
    depth: int = 0
    lines: frozenset[int] | None = None

    def covers(self, place: int) -> bool:
        """Whether it speaks of the line that the version put there at `place`."""
        return self.lines is None or place in self.lines
