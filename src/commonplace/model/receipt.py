"""Receipt and Position: what a writer gets back, and where a log stands."""

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from commonplace.model.entry import to_datetime


class Position(NamedTuple):
    """A revision and the digest of the chain there: equal positions, equal history."""

    revision: int
    digest: bytes


@dataclass(frozen=True, slots=True)
class Receipt:
    """Proof of a commit: keep it, and a log cut below it shows.

    `version` is the entry's after the (last) write, `index` its record's place in the
    commit. `moved` says that others changed the entry since the version this write was made
    against, and that it was applied all the same; `unchanged` that there was nothing to do.
    `repeated` says that an earlier try had landed and this is its receipt. `pending` is what
    a write inside `atomic()` returns: nothing is committed before the block ends.
    """

    revision: int
    index: int
    version: int
    at_us: int
    digest: bytes
    moved: bool = False
    unchanged: bool = False
    repeated: bool = False
    pending: bool = False

    @property
    def at(self) -> datetime:
        """The commit time, in UTC."""
        return to_datetime(self.at_us)

    @property
    def position(self) -> Position:
        """Where the log stood after this write."""
        return Position(self.revision, self.digest)
