"""Forgetting: what follows from records goes with them, and what turns were served by itself.

Rows of derived tables are dropped with the record that made them, unless a record that stays
says the same; so the tables are always what the log here gives.

What turns were served grows with every read, and has a retention of its own. `forget_served`
notes a revision in the log and then drops, below it, the payloads of the records that tell of
it, with their rows. The newest of each actor stays, as what stands always does. A notice given
before stays too; a retraction afterwards no longer knows whom to tell.
"""

from collections.abc import Generator, Sequence
from typing import NamedTuple

from commonplace import limits
from commonplace.core.access import Tier
from commonplace.core.digest import payload_digest
from commonplace.core.retention import SERVED_FLOOR
from commonplace.errors import FutureRevision
from commonplace.model.entry import EntryKey
from commonplace.model.record import Record
from commonplace.model.retention import Forgetting
from commonplace.storage.programs.deriving import TABLES, Table, derived
from commonplace.storage.programs.reading import entries, require_tenant
from commonplace.storage.programs.upkeep.author import Author, commit_own
from commonplace.storage.programs.upkeep.retention import check_revision
from commonplace.storage.proposal import draft
from commonplace.storage.rows import record_of
from commonplace.storage.step import Answer, Program, Row, Statement, Step


class Progress(NamedTuple):
    """How far `forget_served` has come: `after` is the last record seen."""

    floor: int
    after: tuple[int, int] = (0, -1)
    records: int = 0
    ended: bool = False

    def forgetting(self) -> Forgetting:
        """What was done so far."""
        return Forgetting(self.floor, self.records)


def served_floor(tenant: str) -> Generator[Step, Answer, int]:
    """Below this revision, what turns were served was forgotten; 0: nothing was."""
    entry = (yield from entries(tenant, [SERVED_FLOOR]))[SERVED_FLOOR]
    return int(entry.value["revision"]) if entry.exists else 0


def forget_served(author: Author, before: int, reason: str = "") -> Program[Forgetting]:
    """Forget what turns were served before a revision.

    Takes owner of the tenant. A revision that was passed before finishes what was left then.
    """
    progress = yield from raise_served_floor(author, before, reason)
    while not progress.ended:
        progress = yield from forget_page(author, progress)
    return progress.forgetting()


def raise_served_floor(author: Author, before: int, reason: str = "") -> Program[Progress]:
    """The first step of `forget_served`, for a caller that lets others write between steps."""
    check_revision(before)
    now = yield from require_tenant(author.reader, Tier.OWNER)
    if before > now.revision + 1:
        raise FutureRevision(
            f"Revision {before} is not committed yet; the head is {now.revision}.",
            revision=before,
            head=now.revision,
        )
    floor = yield from served_floor(author.tenant)
    if before <= floor:
        return Progress(floor)
    write = draft(SERVED_FLOOR, "raise_floor", {"revision": before}, reason=reason)
    yield from commit_own(author, write)
    return Progress(before)


def forget_page(author: Author, progress: Progress) -> Program[Progress]:
    """One more step: one transaction, or none when there is nothing to do."""
    tenant = author.tenant
    page = (tenant, progress.floor, *progress.after, limits.CHECKPOINT_PAGE_ENTRIES)
    (rows,) = yield (Statement("serves_before", [page]),)
    records = [record_of(row) for row in rows]
    dropped: list[Row] = [(tenant, *row[6:10], payload_digest(row[18], row[19]), 1) for row in rows]
    if records:
        yield (Statement("begin_write"), Statement("payload_drop", dropped))
        yield from drop(tenant, records)
        yield (Statement("commit"),)
    return progress._replace(
        after=tuple(rows[-1][:2]) if rows else progress.after,
        records=progress.records + len(records),
        ended=len(rows) < limits.CHECKPOINT_PAGE_ENTRIES,
    )


def drop(tenant: str, records: Sequence[Record]) -> Generator[Step, Answer, None]:
    """Drop the rows that records made, which are gone from the log by now, or their payloads.

    What a record that is left says too stays: a turn may be told of again, and an erasure says
    all that those of its entry before it said of others.
    """
    erased = sorted({record.entry for record in records if record.operation == "erase"})
    turns = sorted({record.turn for record in records if record.operation == "serve"} - {""})
    erasures, serves = yield (
        Statement("erasures_of", [(tenant, *entry) for entry in erased]),
        Statement("serves_of_turn", [(tenant, turn) for turn in turns]),
    )
    said_again = {EntryKey(*row[6:9]) for row in erasures}
    rows: dict[str, list[Row]] = {}
    for record in records:
        if record.operation == "erase" and record.entry in said_again:
            continue
        for name, bindings in derived(tenant, [record]):
            table = TABLES.get(name)
            if table is not None:
                dropped = rows.setdefault(f"{table.name}_drop", [])
                dropped += [_dropped(table, row) for row in bindings]
    again = derived(tenant, [record_of(row) for row in serves])
    if rows or again:
        yield (*(Statement(name, bindings) for name, bindings in rows.items()), *again)


def _dropped(table: Table, row: Row) -> Row:
    """The key of a row, and the place of its record where the key does not name it."""
    place = (table.revision, table.place)
    return (*row[: table.key], *(row[column] for column in place if column >= table.key))
