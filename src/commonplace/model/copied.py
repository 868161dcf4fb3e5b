"""Copied: what a copy to another memory came to."""

from dataclasses import dataclass

from commonplace.model.audit import AuditReport
from commonplace.model.receipt import Position


@dataclass(frozen=True, slots=True)
class Copied:
    """What a copy came to: source and target both pass through `position`, digest and all.

    It began behind revision `after` (0: the target was empty), and brought `records`, and what
    retries of `receipts` commits find. `behind` is how far the source went on meanwhile, in
    revisions. `report` is the audit of the target.
    """

    position: Position
    after: int
    records: int
    receipts: int
    behind: int
    report: AuditReport

    @property
    def ok(self) -> bool:
        """Whether the audit of the target found everything as it was promised."""
        return self.report.ok
