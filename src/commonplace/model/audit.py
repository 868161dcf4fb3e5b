"""Finding and AuditReport: what a check of the whole memory came to."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not as it was promised.

    `revision` and `index` name the record (0 and 0: none can be named), `reference` the
    entry, with its version where one is known. `code` is one of `edited`, `missing`,
    `order`, `value`, `entry`, `tenant`, `namespace`, `anchor` and `receipt`.
    """

    code: str
    revision: int
    index: int
    reference: str
    message: str

    def __str__(self) -> str:
        where = f"r{self.revision}.{self.index}" if self.revision else "tenant"
        return f"{where} {self.reference}: {self.message}".replace(" :", ":")


@dataclass(frozen=True, slots=True)
class AuditReport:
    """The outcome of an audit at `revision`, where the chain has `digest`.

    `records` and `entries` were checked, from revision `anchor` on (0: the beginning; what
    lies before was archived). `findings` is bounded; `omitted` counts those beyond.
    """

    tenant: str
    revision: int
    digest: bytes
    floor: int
    anchor: int
    records: int
    entries: int
    findings: tuple[Finding, ...] = ()
    omitted: int = 0

    @property
    def ok(self) -> bool:
        """Whether everything is as it was promised."""
        return not self.findings
