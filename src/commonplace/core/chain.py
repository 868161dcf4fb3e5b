"""Chain: records checked one after the other against the digest that each must follow.

A record whose header was edited does not give its own digest; one whose digest was edited
does not either, but the record after it still follows from the digest it should have had,
so only the one that was touched is named.
"""

from dataclasses import dataclass

from commonplace.core.digest import genesis, link
from commonplace.core.retention import follows
from commonplace.model.record import Record


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong at a place in the log: `edited`, `missing` or `order`."""

    code: str
    revision: int
    index: int
    message: str


class Chain:
    """Where a walk along the log stands. `previous` digests stand in for archived records."""

    def __init__(self, revision: int, digest: bytes, *, index: int = 0, at_us: int = 0) -> None:
        self.revision = revision
        self.index = index
        self.digest = digest
        self.at_us = at_us
        self._computed = b""

    @classmethod
    def start(cls, tenant: str) -> "Chain":
        """The walk from a tenant's first record."""
        return cls(0, genesis(tenant))

    def reaches(self, digest: bytes) -> bool:
        """Whether the records so far lead to `digest`, one edited digest at the end aside."""
        return digest in {self.digest, self._computed}

    def take(
        self, record: Record, previous: bytes | None = None, *, gaps: bool = False
    ) -> list[Problem]:
        """Go on by one record and say what is wrong with it. With `gaps`, some may be missing."""
        found: list[Problem] = []
        if follows((self.revision, self.index), record):
            found += self._check_link(record, previous, gaps)
        elif previous is not None:
            self._computed = link(previous, record)
            if self._computed != record.digest:
                found.append(_edited(record, "its header does not give its digest"))
        elif not gaps:
            found.append(self._missing(record))
            self._computed = b""
        if record.at_us < self.at_us:
            found.append(_order(record, "it is dated before the record it follows"))
        elif record.revision == self.revision and record.at_us != self.at_us and not gaps:
            found.append(_order(record, "it is dated otherwise than its commit"))
        self.revision, self.index = record.revision, record.index
        self.digest, self.at_us = record.digest, record.at_us
        return found

    def _check_link(self, record: Record, previous: bytes | None, gaps: bool) -> list[Problem]:
        computed = link(self.digest, record)
        if computed != record.digest and self._computed:
            second = link(self._computed, record)
            computed = second if second == record.digest else computed
        self._computed = computed
        if computed != record.digest and gaps and not record.index and previous is not None:
            # The end of the commit before may have been archived, which its indexes do not show.
            self._computed = computed = link(previous, record)
        if computed != record.digest:
            after = f"r{self.revision}.{self.index}"
            why = f"it does not follow from {after}: it was edited, or one after {after} is missing"
            return [_edited(record, why)]
        if previous is not None and link(previous, record) != record.digest:
            return [_edited(record, "the digest kept of the record before it was edited")]
        return []

    def _missing(self, record: Record) -> Problem:
        if record.revision == self.revision:
            return Problem("missing", self.revision, self.index + 1, "the record is missing")
        first = self.revision + 1
        if record.revision == first:
            return Problem("missing", first, 0, "the record is missing")
        last = record.revision - 1
        span = f"revision {first} is" if first == last else f"revisions {first} to {last} are"
        return Problem("missing", first, 0, f"{span} missing")


def _edited(record: Record, why: str) -> Problem:
    return Problem("edited", record.revision, record.index, f"the record was edited: {why}")


def _order(record: Record, why: str) -> Problem:
    return Problem("order", record.revision, record.index, why)
