"""Transfer: a tenant's log to a file and back, chain and all.

An import is all or nothing: the file is checked whole before anything is written, the
records go in by bounded transactions, and what came of it is audited. If that fails nothing
is kept. If it is killed, the next import of the same file goes on where it stopped.
"""

from collections.abc import Generator, Iterator

from commonplace import limits
from commonplace.core.access import Tier
from commonplace.core.digest import genesis
from commonplace.errors import DamagedFile, Refused, UnfitRecord
from commonplace.model.receipt import Position
from commonplace.storage.logfile import Header, Item, LogReader, LogWriter, Purpose
from commonplace.storage.programs.deriving import DERIVED
from commonplace.storage.programs.indexing import index_all, unindex
from commonplace.storage.programs.reading import Reader, require_tenant, standing
from commonplace.storage.programs.upkeep.anchoring import find_anchor
from commonplace.storage.programs.upkeep.applying import apply_items
from commonplace.storage.programs.upkeep.auditing import examine
from commonplace.storage.rows import record_of
from commonplace.storage.sealing import is_sealed
from commonplace.storage.step import Answer, Program, Row, Statement, Step

_ROWS = limits.CHECKPOINT_PAGE_ENTRIES


def export_records(reader: Reader, after: int, limit: int) -> Program[list[Item]]:
    """All records of at most `limit` commits after a revision, as they travel.

    Takes owner of the tenant.
    """
    yield from require_tenant(reader, Tier.OWNER)
    items: list[Item] = []
    place = (after, 2**31)
    while True:
        page = (reader.tenant, after + limit, *place, _ROWS)
        (rows,) = yield (Statement("record_page", [page]),)
        items += [item_of_row(row) for row in rows]
        if len(rows) < _ROWS:
            return items
        place = (rows[-1][0], rows[-1][1])


def item_of_row(row: Row) -> Item:
    """A whole row of the log as it travels."""
    checkpoint = row[24] if is_sealed(row[24]) else None
    return Item(record_of(row), checkpoint, row[25])


def export_log(reader: Reader, path: str) -> Program[Position]:
    """Write the whole log, as it stands at one moment, to a new file at `path`.

    Takes owner of the tenant. What was compacted or erased is not in it. The same log gives
    the same bytes.
    """
    yield (Statement("begin_read"),)
    now = yield from require_tenant(reader, Tier.OWNER)
    yield from write_log(reader.tenant, path, Position(now.revision, now.digest), "export")
    yield (Statement("rollback"),)
    return Position(now.revision, now.digest)


def write_log(
    tenant: str, path: str, end: Position, purpose: Purpose
) -> Generator[Step, Answer, int]:
    """Write every record up to `end` to a new file, and read it back; the number written."""
    anchor = yield from find_anchor(tenant)
    start = Position(anchor.through, anchor.digest) if anchor else Position(0, genesis(tenant))
    with LogWriter(path, Header(tenant, purpose, start)) as writer:
        place = (0, -1)
        while True:
            page = (tenant, end.revision, *place, _ROWS)
            (rows,) = yield (Statement("record_page", [page]),)
            for row in rows:
                writer.write(item_of_row(row))
            if len(rows) < _ROWS:
                break
            place = (rows[-1][0], rows[-1][1])
        writer.finish(end)
        return writer.records


def import_log(reader: Reader, path: str) -> Program[Position]:
    """Read the log in `path` into this tenant, which must be empty or hold its beginning.

    A tenant that was founded and no more counts as empty for its owner: opening founds it.

    Raises `DamagedFile` with the line for a file that is damaged, hostile or of another
    tenant, and `Refused` when something else stands here already. Keys of idempotency are not
    restored: a retry of a write made before the export is a new write.
    """
    log, tenant = LogReader(path), reader.tenant
    if log.header.tenant != tenant:
        raise log.fault(f"it is the log of tenant {log.header.tenant!r}, not of {tenant!r}")
    if log.header.purpose != "export":
        raise log.fault("it is an archive, which is for reading: import an export")
    end = log.verify()
    now = yield from standing(tenant)
    here = Position(now.revision, now.digest)
    start = now.revision
    if now.revision == 1 and log.verify(at=1) != here:
        yield from require_tenant(reader, Tier.OWNER)
        start = 0
    if start == 0:
        yield from purge(tenant)
    elif now.revision > end.revision or log.verify(at=now.revision) != here:
        raise Refused(
            f"Not imported. The tenant {tenant!r} holds something else already: import into "
            "a memory where it is empty.",
            revision=now.revision,
        )
    for batch in _batches(log, start):
        try:
            yield from apply_items(tenant, batch, log.header.start.revision)
        except Exception as error:  # boundary: what a hostile file made go wrong is its fault
            yield (Statement("rollback"),)
            yield from purge(tenant)
            place = (batch[0].record.revision, 0)
            if isinstance(error, UnfitRecord):
                place = (error.revision, error.index)
            raise _fault_at(log, place, str(error)) from error
    report = yield from examine(tenant, expect=end)
    if report.findings:
        yield from purge(tenant)
        first = report.findings[0]
        raise _fault_at(log, (first.revision, first.index), str(first))
    yield from index_all(tenant)
    return end


def _batches(log: LogReader, after: int) -> Iterator[list[Item]]:
    """Whole commits, up to a number of records or bytes."""
    batch: list[Item] = []
    size = 0
    for item in log.items():
        revision = item.record.revision
        if revision <= after:
            continue
        full = len(batch) >= limits.MAX_PAGE_ROWS or size >= limits.RETENTION_PAGE_BYTES
        if full and revision != batch[-1].record.revision:
            yield batch
            batch, size = [], 0
        batch.append(item)
        body = item.record.body
        size += len(body.payload or b"") if body else 0
    if batch:
        yield batch


def _fault_at(log: LogReader, place: tuple[int, int], why: str) -> DamagedFile:
    """The error for a file that is whole and yet tells no true history."""
    for item in log.items():
        if (item.record.revision, item.record.index) >= place:
            break
    return log.fault(why.rstrip("."))


def purge(tenant: str) -> Generator[Step, Answer, None]:
    """Leave nothing of a tenant."""
    yield from unindex(tenant)
    yield (
        Statement("begin_write"),
        Statement("tenant_purge", [(tenant,)]),
        Statement("entry_purge", [(tenant,)]),
        Statement("namespace_purge", [(tenant,)]),
        Statement("receipt_purge", [(tenant,)]),
        *(Statement(f"{table}_purge", [(tenant,)]) for table in DERIVED),
        Statement("commit"),
    )
    while True:
        (left,) = yield (Statement("log_any", [(tenant,)]),)
        if not left:
            return
        yield (
            Statement("begin_write"),
            Statement("log_purge", [(tenant, limits.MAX_PAGE_ROWS)]),
            Statement("commit"),
        )
