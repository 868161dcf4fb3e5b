"""Archive: old records go to a file, and the log begins at a chained anchor.

The file is whole, synced and read back before anything is deleted. Of every entry the newest
record stays, with the digest it is chained to, so that all values and the chain can still be
checked; an anchor in the log says what the file holds. Then rows are deleted, from the
oldest on, in small transactions; if that stops, the next `archive` goes on.
"""

from collections.abc import Generator

from commonplace import limits
from commonplace.core.access import Tier
from commonplace.core.digest import genesis
from commonplace.core.retention import ANCHOR, StateDigest, anchor_to_plain, lagging
from commonplace.errors import Refused
from commonplace.model.receipt import Position
from commonplace.model.retention import Anchor, Archival
from commonplace.storage.programs.reading import Standing, require_tenant
from commonplace.storage.programs.upkeep.anchoring import find_anchor
from commonplace.storage.programs.upkeep.author import Author, commit_own
from commonplace.storage.programs.upkeep.forgetting import drop
from commonplace.storage.programs.upkeep.retention import Current, check_revision, compact, cursors
from commonplace.storage.programs.upkeep.transfer import write_log
from commonplace.storage.proposal import draft
from commonplace.storage.rows import record_of
from commonplace.storage.step import Answer, Program, Row, Statement, Step


def archive(author: Author, through: int, path: str, reason: str = "") -> Program[Archival]:
    """Move the records up to revision `through` to a new file at `path`.

    Takes owner of the tenant. The revision must be at or below the floor (`compact` first),
    and every named cursor past it, else `Refused`. Finishes what an earlier archive left;
    with a revision that was archived before, that is all it does.
    """
    check_revision(through)
    now = yield from require_tenant(author.reader, Tier.OWNER)
    anchor = yield from find_anchor(author.tenant)
    deleted = 0
    if anchor is not None:
        deleted = yield from delete(author.tenant, anchor.through)
        if through <= anchor.through:
            return Archival(anchor, 0, deleted)
    yield from _require_settled(now, through)
    yield from compact(author, now.floor)
    state = yield from retain(author.tenant, through)
    (last,) = yield (Statement("last_at", [(author.tenant, through)]),)
    end = Position(through, last[0][0] if last else genesis(author.tenant))
    written = yield from write_log(author.tenant, path, end, "archive")
    name = path.replace("\\", "/").rpartition("/")[2]
    anchor = Anchor(through, end.digest, state, name)
    yield from commit_own(author, draft(ANCHOR, "archive", anchor_to_plain(anchor), reason=reason))
    deleted += yield from delete(author.tenant, through)
    return Archival(anchor, written, deleted)


def _require_settled(now: Standing, through: int) -> Generator[Step, Answer, None]:
    if not 1 <= through <= now.floor:
        raise Refused(
            f"Not archived. Revision {through} is not within 1 and the floor, {now.floor}: "
            f"compact to {through} first.",
            floor=now.floor,
        )
    behind = lagging((yield from cursors(now.tenant)), through)
    if behind is not None:
        raise Refused(
            f"Not archived. The cursor {behind.entry.reference()} is at revision "
            f"{behind.position} and has yet to see the records after it. Let its reader catch "
            f"up, expire it, or archive through {behind.position}.",
            cursor=str(behind.entry.reference()),
            position=behind.position,
        )


def retain(tenant: str, through: int) -> Generator[Step, Answer, bytes]:
    """Tie the newest record of every entry to the digest before it; the digest of them all."""
    state = StateDigest()
    after = ("", "", "")
    while True:
        page = (tenant, through, *after, limits.MAX_PAGE_ROWS)
        (rows,) = yield (Statement("current_page", [page]),)
        kept: list[Row] = []
        for current in (Current(*row) for row in rows):
            state.add(current.entry, current.version, current.digest)
            kept.append((tenant, current.revision, current.place))
        if kept:
            yield (
                Statement("begin_write"),
                Statement("previous_set", kept),
                Statement("commit"),
            )
        if len(rows) < limits.MAX_PAGE_ROWS:
            return state.digest()
        after = rows[-1][:3]


def delete(tenant: str, through: int) -> Generator[Step, Answer, int]:
    """Delete what was archived, in small transactions; the number of records."""
    deleted, place = 0, (0, -1)
    while True:
        page = (tenant, through, *place, limits.MAX_PAGE_ROWS)
        (rows,) = yield (Statement("archived_page", [page]),)
        if not rows:
            return deleted
        places = [(tenant, *row) for row in rows]
        _, told, _ = yield (
            Statement("begin_write"),
            Statement("record_placed", places),
            Statement("record_delete", places),
        )
        yield from drop(tenant, [record_of(row) for row in told])
        yield (Statement("commit"),)
        deleted += len(rows)
        place = (rows[-1][0], rows[-1][1])
