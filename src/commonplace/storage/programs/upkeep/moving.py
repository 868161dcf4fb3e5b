"""Moving: a tenant's log to another engine, page by page, with what retries find.

Each page is read in a snapshot of its own and applied in one transaction, receipts and all, so
whoever is stopped goes on from where the target stands. The target must be a beginning of the
source's log: its digest says so, before every page.

A page may lack what was compacted or erased since, and the record that tells of it comes later.
Whoever reads such a page must go on at least to where the source stood then (`Page.whole_at`).
"""

from collections.abc import Generator, Iterable, Sequence
from typing import Final, NamedTuple

import msgspec

from commonplace import limits
from commonplace.core.access import Tier
from commonplace.core.digest import genesis
from commonplace.errors import DamagedMemory, Refused
from commonplace.model.receipt import Position
from commonplace.model.retention import Anchor
from commonplace.storage.logfile import Item
from commonplace.storage.paging import next_page
from commonplace.storage.programs.reading import END_OF_COMMIT, Reader, require_tenant, standing
from commonplace.storage.programs.upkeep.anchoring import digest_at, find_anchor
from commonplace.storage.programs.upkeep.applying import apply_items
from commonplace.storage.programs.upkeep.transfer import item_of_row, purge
from commonplace.storage.step import Answer, Program, Row, Statement, Step

_ROWS: Final = limits.CHECKPOINT_PAGE_ENTRIES
_RECORDS: Final = 4 * limits.MAX_PAGE_ROWS
_outcome = msgspec.msgpack.Decoder(list[tuple[int, int, int, int, bytes, bool, bool]]).decode


class Page(NamedTuple):
    """Whole commits as they travel, with the receipts that retries of them find.

    Up to `retained` the source's log was archived, and records may be missing. Keys as old as
    `swept_us` are refused. `whole_at` is the revision up to which records may tell why others
    lack their text; 0 where none does.
    """

    items: list[Item]
    receipts: list[Row]
    retained: int
    swept_us: int
    whole_at: int


class Start(NamedTuple):
    """Where the source stands, its digest at revision 1, and how far it was archived."""

    head: Position
    first: bytes
    retained: int


# --- at the source ------------------------------------------------------------------------------


def look(reader: Reader) -> Program[Start]:
    """Where a copy begins and what it is to reach. Takes owner of the tenant."""
    now = yield from require_tenant(reader, Tier.OWNER)
    anchor = yield from find_anchor(reader.tenant)
    first = yield from digest_at(reader.tenant, 1, anchor)
    return Start(Position(now.revision, now.digest), first, anchor.through if anchor else 0)


def match(reader: Reader, here: Position) -> Program[Position]:
    """The source's head. Raises `Refused` unless `here` is on the way to it.

    Takes owner of the tenant.
    """
    now = yield from require_tenant(reader, Tier.OWNER)
    head = Position(now.revision, now.digest)
    yield from _require_beginning(reader.tenant, head, here)
    return head


def page(reader: Reader, here: Position, until: int) -> Program[Page]:
    """The next commits after a position that the target stands at, up to a revision; as `match`."""
    tenant = reader.tenant
    yield (Statement("begin_read"),)
    now = yield from require_tenant(reader, Tier.OWNER)
    head = Position(now.revision, now.digest)
    anchor = yield from _require_beginning(tenant, head, here)
    rows = yield from _commits(tenant, here.revision, until)
    items = [item_of_row(row) for row in rows]
    receipts = yield from _receipts(tenant, items)
    (swept,) = yield (Statement("swept_read", [(tenant,)]),)
    yield (Statement("rollback"),)
    if not items:
        raise DamagedMemory(
            f"Not copied. The log of {tenant!r} ends at revision {here.revision}, and should at "
            f"{head.revision}: run `commonplace audit`.",
            revision=here.revision,
        )
    retained = anchor.through if anchor else 0
    is_whole = all(map(_is_whole, items)) and not (items and items[0].record.revision <= retained)
    return Page(items, receipts, retained, swept[0][0], 0 if is_whole else head.revision)


def _is_whole(item: Item) -> bool:
    """Whether retention has not touched a record, so far."""
    body = item.record.body
    return body is not None and body.payload is not None and item.checkpoint is None


def archived_receipts(
    reader: Reader, after: tuple[str, str], through: int
) -> Program[tuple[list[Row], tuple[str, str] | None]]:
    """A page of the receipts of commits up to a revision, and where the next begins, if any."""
    asked = (reader.tenant, *after, limits.MAX_PAGE_ROWS)
    (rows,) = yield (Statement("receipt_page", [asked]),)
    found = [row for row in rows if revision_of(row) <= through]
    more = (rows[-1][0], rows[-1][1]) if len(rows) == limits.MAX_PAGE_ROWS else None
    return found, more


def _require_beginning(
    tenant: str, head: Position, here: Position
) -> Generator[Step, Answer, Anchor | None]:
    """Raise `Refused` unless `here` is a beginning of the log that ends at `head`."""
    anchor = yield from find_anchor(tenant)
    if here.revision == 0:
        return anchor
    found = b""
    if here.revision <= head.revision:
        found = yield from digest_at(tenant, here.revision, anchor)
    if found == here.digest:
        return anchor
    if anchor is not None and here.revision < anchor.through:
        raise overtaken(tenant, here, anchor.through)
    raise Refused(
        f"Not copied. The target holds another log of tenant {tenant!r}: up to revision "
        f"{here.revision}, which is no beginning of the source's. It was not touched. Copy into "
        "a target where the tenant is empty.",
        revision=here.revision,
    )


def overtaken(tenant: str, here: Position, through: int) -> Refused:
    """The error for a target that the source's archive went past."""
    return Refused(
        f"Not copied. The target holds tenant {tenant!r} up to revision {here.revision}, and the "
        f"source archived its log up to {through}: what comes between is only in that file. Copy "
        "into a target where the tenant is empty.",
        revision=here.revision,
    )


def _commits(tenant: str, after: int, end: int) -> Generator[Step, Answer, list[Row]]:
    """The rows of whole commits after a revision, up to a number of records and bytes, about."""
    rows: list[Row] = []
    size, asked, place = 0, _ROWS, (after, END_OF_COMMIT)
    while True:
        (found,) = yield (Statement("record_page", [(tenant, end, *place, asked)]),)
        rows += found
        if len(found) < asked:
            return rows
        read_bytes = sum(len(row[19] or b"") + len(row[24] or b"") for row in found)
        size += read_bytes
        last = rows[-1][0]
        full = size >= limits.RETENTION_PAGE_BYTES or len(rows) >= _RECORDS
        if full and rows[0][0] != last:
            return [row for row in rows if row[0] != last]  # there may be more of the last one
        place = (last, rows[-1][1])
        asked = next_page(asked, read_bytes)


def _receipts(tenant: str, items: Iterable[Item]) -> Generator[Step, Answer, list[Row]]:
    """What retries of these commits find. A key that was used again finds the later one alone."""
    made = {
        (item.record.actor.name, item.record.idempotency_key): item.record.revision
        for item in items
    }
    (rows,) = yield (Statement("receipt_load", [(tenant, *key) for key in made]),)
    return [row for row in rows if made[row[0], row[1]] == revision_of(row)]


def revision_of(receipt: Row) -> int:
    """The revision of the commit that a receipt is of."""
    return _outcome(receipt[5])[0][0]


# --- at the target ------------------------------------------------------------------------------


def stand(reader: Reader, first: bytes) -> Program[Position]:
    """Where the target stands, made empty if its tenant was founded and no more.

    `first` is the source's digest at revision 1. Emptying takes owner of the tenant there.
    """
    now = yield from standing(reader.tenant)
    if now.revision == 1 and now.digest != first:
        yield from require_tenant(reader, Tier.OWNER)
        yield from purge(reader.tenant)
        return Position(0, genesis(reader.tenant))
    return Position(now.revision, now.digest)


def keep_receipts(tenant: str, receipts: Sequence[Row]) -> Program[None]:
    """Take up receipts whose records do not come along."""
    yield (
        Statement("begin_write"),
        Statement("receipt_keep", [(tenant, *row) for row in receipts]),
        Statement("commit"),
    )


def take(tenant: str, page: Page) -> Program[Position]:
    """Apply a page, in one transaction. Raises `UnfitRecord` if it does not follow."""
    also = (
        Statement("receipt_keep", [(tenant, *row) for row in page.receipts]),
        Statement("swept_raise", [(tenant, page.swept_us)]),
    )
    return (yield from apply_items(tenant, page.items, page.retained, also=also))
