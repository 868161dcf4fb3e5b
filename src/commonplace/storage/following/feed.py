"""Feed: what a follower asks of its source, as programs that any engine runs.

Records travel with their sealed checkpoints and, behind an archive, with the digests they are
chained to: so a new file can begin with a log that was compacted or archived long ago.
"""

from typing import Final, NamedTuple

from commonplace import limits
from commonplace.errors import FollowerDiverged
from commonplace.model.receipt import Position
from commonplace.storage.logfile import Item
from commonplace.storage.paging import next_page
from commonplace.storage.programs.reading import Standing, standing
from commonplace.storage.programs.upkeep.anchoring import digest_at, find_anchor
from commonplace.storage.programs.upkeep.transfer import item_of_row
from commonplace.storage.step import Program, Row, Statement

_ROWS: Final = limits.CHECKPOINT_PAGE_ENTRIES
_UPTO: Final = 2**62
_END: Final = 2**31 - 1
_NEXT: Final = "Follow into a new file, or begin one with `commonplace copy`."


class Page(NamedTuple):
    """Whole commits after a revision, and where the source stood before they were looked up.

    Up to `retained` the source's log was archived, and records may be missing.
    """

    head: Position
    items: list[Item]
    retained: int = 0


def page(tenant: str, after: int) -> Program[Page]:
    """The next commits after a revision, up to a number of records and of bytes."""
    rows: list[Row] = []
    size, asked, place = 0, _ROWS, (after, _END)
    first: Standing | None = None
    while True:
        bindings = [(tenant, _UPTO, *place, asked)]
        if first is None:
            standings, found = yield (
                Statement("tenant_read", [(tenant,)]),
                Statement("record_page", bindings),
            )
            first = Standing(*standings[0]) if standings else Standing(tenant, 0, 0, b"", 0, 0)
        else:
            (found,) = yield (Statement("record_page", bindings),)
        rows += found
        page_bytes = sum(len(row[19] or b"") + len(row[24] or b"") for row in found)
        size += page_bytes
        is_end = len(found) < asked
        if not is_end and (size >= limits.RETENTION_PAGE_BYTES or len(rows) >= _RECORDS):
            rows, is_end = _whole(rows), rows[0][0] != rows[-1][0]
        if is_end:
            break
        place = (rows[-1][0], rows[-1][1])
        asked = next_page(asked, page_bytes)
    retained = 0
    if rows and first.floor:
        # Looked up after the records: whatever an archive took from them, it has said before.
        anchor = yield from find_anchor(tenant)
        retained = anchor.through if anchor is not None else 0
    head = Position(first.revision, first.digest)
    return Page(head, [item_of_row(row) for row in rows], retained)


_RECORDS: Final = limits.FOLLOW_RECORDS


def _whole(rows: list[Row]) -> list[Row]:
    """The rows without those of the last commit, of which some may not be there yet."""
    last = rows[-1][0]
    whole = [row for row in rows if row[0] != last]
    return whole or rows


def match(tenant: str, here: Position, path: str) -> Program[int]:
    """The head of the source, if what stands `here` is the beginning of its log.

    Raises `FollowerDiverged` when it is not, or when what comes next was archived.
    """
    now = yield from standing(tenant)
    if here.revision == 0:
        return now.revision
    if here.revision > now.revision:
        raise FollowerDiverged(
            f"Not followed. {path} holds tenant {tenant!r} up to revision {here.revision}, and its "
            f"source ends at {now.revision}: it is another log, or one that was restored. It was "
            f"not touched. {_NEXT}",
            path=path,
        )
    anchor = yield from find_anchor(tenant)
    if anchor is not None and anchor.through > here.revision:
        raise FollowerDiverged(
            f"Not followed. {path} ends at revision {here.revision}, and its source archived its "
            f"log up to {anchor.through}: what comes between is only in {anchor.file}. {_NEXT}",
            path=path,
        )
    if (yield from digest_at(tenant, here.revision, anchor)) != here.digest:
        raise FollowerDiverged(
            f"Not followed. {path} holds another log of tenant {tenant!r} than its source: at "
            f"revision {here.revision} their digests differ. It was not touched. {_NEXT}",
            path=path,
        )
    return now.revision


def alone(tenant: str, path: str) -> Program[Position]:
    """Where the copy stands. Raises `FollowerDiverged` if it holds anything of other tenants."""
    (rows,) = yield (Statement("tenant_next", [("",)]),)
    found = [row[0] for row in rows]
    if found:
        (rows,) = yield (Statement("tenant_next", [(found[0],)]),)
        found += [row[0] for row in rows]
    others = [name for name in found if name != tenant]
    if others:
        raise FollowerDiverged(
            f"Not followed. {path} holds tenant {others[0]!r}; a follower's file is of one tenant. "
            "It was not touched. Follow into a file of its own.",
            path=path,
        )
    now = yield from standing(tenant)
    return Position(now.revision, now.digest)


def anything(tenant: str) -> Program[bool]:
    """Whether the log holds any record of a tenant."""
    (rows,) = yield (Statement("log_any", [(tenant,)]),)
    return bool(rows)
