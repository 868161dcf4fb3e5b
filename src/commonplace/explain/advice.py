"""Advice: what a stretch of the log says about how a team uses its memory.

Every finding has a code, the numbers it rests on, and exactly one fix. The thresholds stand
here, each with its reason; below them nothing is said.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from commonplace.model.entry import to_datetime

FEW_WRITES: Final = 50
"""Writes of a region below which a share of them is chance."""
ONE_WRITER_SHARE: Final = 0.97
"""From here on the others' writes are exceptions, and a channel with dispatches carries them."""
MANY_WORKERS: Final = 5
"""Workers of one channel beyond which its writer is who everybody waits for."""
FULL_INBOX: Final = 50
"""Dispatches waiting for one actor: as many as one look into an inbox shows."""
SOME_CONFLICTS: Final = 10
CONFLICT_SHARE: Final = 0.2
"""Of attempts on one entry: every fifth is thought again, so that a queue would be faster."""
SOME_TURN_WRITES: Final = 10
STALE_CHANGES: Final = 10
"""Changes by others, to what a turn was served, that it had not seen when it wrote.

One or two are what happens whenever agents work at the same time; ten are another state.
"""
STALE_SHARE: Final = 0.5
FLOOD_PER_MINUTE: Final = 600
"""Commits of one actor to one region in a minute: ten a second wake every watcher as often."""
UNREAD_WRITES: Final = 20
"""Writes to a region that nobody was served. Fewer may be a result that people read."""
MANY_GRANTS: Final = 5
"""Actors with a grant over one prefix: more than audit and operate, so a default."""
MAX_ADVICE: Final = 20
"""Findings of one kind that are listed, the weightiest first."""


@dataclass(frozen=True, slots=True)
class Advice:
    """One finding: what it is about, the numbers it rests on, a sentence, and the fix.

    `subject` names it in any command: a region, an entry, a namespace prefix or an actor.
    `fix` is one command, or one call where there is no command.
    """

    code: str
    subject: str
    evidence: Mapping[str, int | str]
    message: str
    fix: str

    def __str__(self) -> str:
        return f"{self.code} {self.subject}: {self.message} Fix: {self.fix}"


@dataclass(frozen=True, slots=True)
class Survey:
    """What there is to advise from the revisions after `after` up to `revision`.

    `records` counts their records, `turns` the turns that left any, and `since_us` is when the
    first was made. `omitted` counts findings beyond the first MAX_ADVICE of a kind, and
    `unknown` says what could not be judged, and why.
    """

    after: int
    revision: int
    since_us: int
    records: int
    turns: int
    advice: tuple[Advice, ...]
    omitted: int
    unknown: tuple[str, ...]

    @property
    def ok(self) -> bool:
        """Whether there is nothing to advise."""
        return not self.advice

    @property
    def since(self) -> datetime:
        """When the first of these records was made, in UTC."""
        return to_datetime(self.since_us)
