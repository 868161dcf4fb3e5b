"""Audit: the log checked against its chain, and the state against the log.

Two walks over one snapshot, each in bounded pages. Along the log: revisions dense, every link,
every time. Entry by entry: versions dense, every commitment, every size and checkpoint, what
follows from the records in derived tables, and the live row against what the records fold to.
Whatever a row was made to hold, the audit goes on and names it.
"""

from collections.abc import Generator, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from commonplace import limits
from commonplace.core.access import Tier
from commonplace.core.chain import Chain
from commonplace.core.reserved import ACCESS_REGIONS, SERVED
from commonplace.core.retention import FLOOR, StateDigest, page_key
from commonplace.errors import Compacted
from commonplace.model.audit import AuditReport, Finding
from commonplace.model.entry import EntryKey
from commonplace.model.receipt import Position, Receipt
from commonplace.model.record import Record
from commonplace.model.retention import Anchor
from commonplace.storage.codec import decode
from commonplace.storage.paging import next_page
from commonplace.storage.programs.reading import Reader, Standing, require_tenant, standing
from commonplace.storage.programs.upkeep.anchoring import find_anchor
from commonplace.storage.programs.upkeep.comparing import compare
from commonplace.storage.programs.upkeep.forgetting import served_floor
from commonplace.storage.programs.upkeep.inspection import Inspector, name_of
from commonplace.storage.programs.upkeep.rederiving import Rederiver
from commonplace.storage.rows import record_of
from commonplace.storage.sealing import is_sealed, page_of
from commonplace.storage.step import Answer, Program, Row, Statement, Step


def audit(reader: Reader, expect: Position | Receipt | None = None) -> Program[AuditReport]:
    """Check the whole memory; with `expect`, also that it still holds that position.

    Takes owner of the tenant. Runs on one snapshot, takes no lock, and holds a page at a time.
    Raises `Compacted` for a position that was archived.
    """
    yield from require_tenant(reader, Tier.OWNER)
    return (yield from examine(reader.tenant, expect))


def examine(tenant: str, expect: Position | Receipt | None = None) -> Program[AuditReport]:
    """`audit` without asking who wants to know: for an import, and for whoever has the file."""
    yield (Statement("begin_read"),)
    now = yield from standing(tenant)
    position = expect.position if isinstance(expect, Receipt) else expect
    walk = _Audit(tenant, now, position)
    yield from walk.anchor()
    yield from walk.log()
    yield from walk.entries()
    yield from walk.namespaces()
    yield from compare(tenant, now.revision, lambda what: walk.find("index", (0, 0), "", what))
    yield (Statement("rollback"),)
    return walk.report()


@dataclass(slots=True)
class _Audit:
    """One audit on its way."""

    tenant: str
    now: Standing
    expect: Position | None
    start: Anchor | None = None
    records: int = 0
    entry_count: int = 0
    findings: list[Finding] = field(default_factory=list)
    omitted: int = 0
    expected_digest: bytes | None = None
    access_revision: int = 0
    floor: int = 0
    forgotten: int = 0

    @property
    def through(self) -> int:
        """The revision up to which the log was archived."""
        return self.start.through if self.start else 0

    def find(self, code: str, place: tuple[int, int], reference: str, message: str) -> None:
        """Note a finding, as far as the report has room."""
        finding = Finding(code, *place, reference, message)
        if len(self.findings) < limits.MAX_AUDIT_FINDINGS:
            if finding not in self.findings:
                self.findings.append(finding)
        else:
            self.omitted += 1

    def report(self) -> AuditReport:
        """What came of it, in the order of the log."""
        return AuditReport(
            self.tenant,
            self.now.revision,
            self.now.digest,
            self.now.floor,
            self.through,
            self.records,
            self.entry_count,
            tuple(sorted(self.findings, key=lambda each: (each.revision, each.index))),
            self.omitted,
        )

    def anchor(self) -> Generator[Step, Answer, None]:
        """Find where the log begins."""
        try:
            self.start = yield from find_anchor(self.tenant)
            self.forgotten = yield from served_floor(self.tenant)
        except Exception as error:  # boundary: whatever a damaged row does is a finding
            self.find("anchor", (0, 0), "", f"the anchor cannot be read: {error}")
        if self.expect is not None and self.expect.revision < self.through and self.start:
            raise Compacted(
                f"Revision {self.expect.revision} was archived to {self.start.file}: check the "
                "receipt against that file.",
                revision=self.expect.revision,
                floor=self.now.floor,
            )

    # --- along the log ----------------------------------------------------------------------

    def log(self) -> Generator[Step, Answer, None]:
        """Revisions, links and times; then the tenant's own row."""
        chain = Chain.start(self.tenant)
        whole = self.start is None
        place = (0, -1)
        while True:
            page = (self.tenant, *place, limits.MAX_PAGE_ROWS)
            (rows,) = yield (Statement("header_page", [page]),)
            for row in rows:
                self.records += 1
                record = self._record(row)
                if record is None:
                    chain = _adopt(row)
                    continue
                if self.start and not whole and record.revision > self.through:
                    if not chain.reaches(self.start.digest):
                        self.find(
                            "missing", (self.through, 0), "", "the records retained are not whole"
                        )
                    chain, whole = Chain(self.through, self.start.digest, at_us=chain.at_us), True
                for problem in chain.take(record, row[23], gaps=not whole):
                    reference = str(record.reference) if problem.code != "missing" else ""
                    place_found = (problem.revision, problem.index)
                    self.find(problem.code, place_found, reference, problem.message)
                if self.expect and record.revision == self.expect.revision:
                    self.expected_digest = record.digest
            if len(rows) < limits.MAX_PAGE_ROWS:
                break
            place = (rows[-1][0], rows[-1][1])
        self._check_head(chain)
        self._check_expected()

    def _record(self, row: Sequence[Any]) -> Record | None:
        try:
            record = record_of(row)
            assert str(record.reference)
        except Exception as error:  # boundary: whatever a damaged row does is a finding
            self.find("edited", (row[0], row[1]), "", f"the record cannot be read: {error}")
            return None
        return record

    def _check_head(self, chain: Chain) -> None:
        now, last = self.now, (chain.revision, chain.index)
        if now.revision > chain.revision:
            first = chain.revision + 1
            span = f"revisions {first} to {now.revision} are missing at the end of the log"
            self.find("missing", (first, 0), "", span)
        elif now.revision < chain.revision:
            self.find("tenant", last, "", f"the tenant's row stands at revision {now.revision}")
        elif now.revision and not chain.reaches(now.digest):
            what = "the tenant's row has another digest, or a record after this one is missing"
            self.find("tenant", last, "", what)
        elif now.revision and now.at_us != chain.at_us:
            self.find("tenant", last, "", "the tenant's row has another time")

    def _check_expected(self) -> None:
        if self.expect is None:
            return
        revision, digest = self.expect
        if revision > self.now.revision:
            what = f"the receipt is of revision {revision}: the end of the log was cut off"
            self.find("receipt", (self.now.revision + 1, 0), "", what)
        elif revision and self.expected_digest != digest:
            what = "the receipt has another digest: the log up to here was replaced"
            self.find("receipt", (revision, 0), "", what)

    # --- entry by entry ----------------------------------------------------------------------

    def entries(self) -> Generator[Step, Answer, None]:
        """Every entry's records, and its live row against them."""
        live = _Rows(self.tenant)
        state = StateDigest()
        seals = _Seals(self.tenant)
        inspector: Inspector | None = None
        rederiver = Rederiver(self.tenant, self.find)
        after: tuple[str, str, str, int] = ("", "", "", -1)
        size = limits.CHECKPOINT_PAGE_ENTRIES
        while True:
            (rows,) = yield (Statement("version_page", [(self.tenant, *after, size)]),)
            for row in rows:
                key = EntryKey(*row[6:9])
                if inspector is None or inspector.key != key:
                    if inspector is not None:
                        yield from self._finish(inspector, live, state)
                    forgotten = self.forgotten if key.region == SERVED else 0
                    inspector = Inspector(
                        key, self.now.floor, self.through, self.find, forgotten=forgotten
                    )
                listed = yield from seals.digest(key, row)
                inspector.take(row, listed)
            yield from rederiver.take(rows)
            if len(rows) < size:
                break
            after = (*rows[-1][6:9], rows[-1][9])
            read_bytes = sum(len(row[19] or b"") + len(row[24] or b"") for row in rows)
            size = next_page(size, read_bytes)
        if inspector is not None:
            yield from self._finish(inspector, live, state)
        while (left := (yield from live.next())) is not None:
            self._unrecorded(left)
        yield from rederiver.finish()
        self._check_tenant(state)

    def _finish(
        self, inspector: Inspector, live: "_Rows", state: StateDigest
    ) -> Generator[Step, Answer, None]:
        self.entry_count += 1
        row = yield from live.look()
        while row is not None and EntryKey(*row[:3]) < inspector.key:
            self._unrecorded(row)
            yield from live.next()
            row = yield from live.look()
        if row is not None and EntryKey(*row[:3]) == inspector.key:
            yield from live.next()
        else:
            row = None
        inspector.finish(row)
        if inspector.retained is not None:
            state.add(inspector.key, *inspector.retained)
        if inspector.key.region in ACCESS_REGIONS:
            self.access_revision = max(self.access_revision, inspector.place[0])
        if inspector.key == FLOOR and isinstance(inspector.value, dict):
            self.floor = inspector.value.get("revision", 0)

    def _unrecorded(self, row: Row) -> None:
        reference = name_of(EntryKey(*row[:3]), row[3])
        self.find("missing", (row[4], 0), reference, "the entry stands, and no record made it")

    def _check_tenant(self, state: StateDigest) -> None:
        if self.start and state.digest() != self.start.state:
            what = "the entries retained are not those that the anchor speaks of"
            self.find("anchor", (self.through, 0), "", what)
        place = (self.now.revision, 0)
        if self.floor != self.now.floor:
            what = f"the tenant's floor is {self.now.floor}, and the log says {self.floor}"
            self.find("tenant", place, "", what)
        if self.access_revision != self.now.access_revision:
            what = f"access was last changed in {self.access_revision}, and the tenant's row says "
            self.find("tenant", place, "", f"{what}{self.now.access_revision}")

    def namespaces(self) -> Generator[Step, Answer, None]:
        """The list of namespaces against the entries."""
        page = (self.tenant, limits.MAX_AUDIT_FINDINGS)
        unlisted, unfounded = yield (
            Statement("namespace_unlisted", [page]),
            Statement("namespace_unfounded", [page]),
        )
        for (name,) in unlisted:
            self.find("namespace", (0, 0), name, "the list of namespaces lacks it")
        for (name,) in unfounded:
            self.find("namespace", (0, 0), name, "it is on the list of namespaces and has no entry")


def _adopt(row: Sequence[Any]) -> Chain:
    """Go on after a row that cannot be read."""
    digest = row[17] if isinstance(row[17], bytes) else b""
    return Chain(row[0], digest, index=row[1], at_us=row[2])


class _Rows:
    """The live rows of a tenant in the order of their keys, a page at a time."""

    def __init__(self, tenant: str) -> None:
        self._tenant = tenant
        self._page: Sequence[Row] = ()
        self._at = 0
        self._ended = False

    def look(self) -> Generator[Step, Answer, Row | None]:
        """The next row, without taking it."""
        if self._at >= len(self._page) and not self._ended:
            after = self._page[-1][:3] if self._page else ("", "", "")
            page = (self._tenant, *after, limits.MAX_PAGE_ROWS)
            (self._page,) = yield (Statement("entry_scan", [page]),)
            self._at = 0
            self._ended = len(self._page) < limits.MAX_PAGE_ROWS
        return self._page[self._at] if self._at < len(self._page) else None

    def next(self) -> Generator[Step, Answer, Row | None]:
        """Take the next row."""
        row = yield from self.look()
        self._at += 1
        return row


class _Seals:
    """The digests of sealed checkpoints as their pages list them, the last page held."""

    def __init__(self, tenant: str) -> None:
        self._tenant = tenant
        self._name = ""
        self._listed: dict[tuple[Any, ...], str] = {}

    def digest(self, key: EntryKey, row: Row) -> Generator[Step, Answer, str]:
        """The digest listed for a row's checkpoint; empty if there is none, or none listed."""
        if row[10] == "erase" or not is_sealed(row[24]):
            return ""
        try:
            page = page_of(row[24])
        except (ValueError, KeyError, msgspec.DecodeError):
            return ""
        if page != self._name:
            (rows,) = yield (Statement("record_at", [(self._tenant, *page_key(page), 1)]),)
            self._name, self._listed = page, _listed(rows)
        return self._listed.get((*key, row[9]), "")


def _listed(rows: Sequence[Row]) -> dict[tuple[Any, ...], str]:
    if not rows or rows[0][19] is None:
        return {}
    try:
        return {tuple(each[:4]): each[4] for each in decode(rows[0][19])["checkpoints"]}
    except (ValueError, KeyError, TypeError, IndexError, msgspec.DecodeError):
        return {}  # the page itself is an entry, and is found to be damaged there
