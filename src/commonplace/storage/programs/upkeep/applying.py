"""Applying: records that another engine decided, folded into this one.

For import and for followers. Nothing is decided: each record must follow from the one before
it, and each entry's row becomes what `core.fold` makes of it. Checkpoints are this engine's
own, except sealed ones, which the log itself speaks of. However the records are split into
batches, the same log gives the same state.
"""

from collections.abc import Generator, Sequence
from dataclasses import dataclass, field, replace

from commonplace import limits
from commonplace.core.chain import Chain
from commonplace.core.digest import genesis, matches
from commonplace.core.fold import (
    OPERATIONS,
    after_erasure,
    checkpointed,
    step_after,
    wants_checkpoint,
)
from commonplace.core.reserved import ACCESS_REGIONS
from commonplace.core.retention import FLOOR, seal_digest, stands_alone, versions_of
from commonplace.core.state import MISSING, NEVER, EntryState
from commonplace.errors import Erased, UnfitRecord
from commonplace.model.entry import EntryKey
from commonplace.model.receipt import Position
from commonplace.model.record import Record
from commonplace.storage.codec import decode, decode_checkpoint, encode_checkpoint
from commonplace.storage.logfile import Item
from commonplace.storage.programs.deriving import derived
from commonplace.storage.programs.indexing import advance, merge_all, places_of, taken_out
from commonplace.storage.programs.lines_left import lines_left
from commonplace.storage.programs.reading import Standing
from commonplace.storage.programs.upkeep.checkpoints import Checkpoints
from commonplace.storage.programs.upkeep.erasure import destruction
from commonplace.storage.rows import entry_of, entry_row, fold_rows, log_row
from commonplace.storage.sealing import seal
from commonplace.storage.step import Answer, Program, Row, Statement, Step


def apply_records(tenant: str, records: Sequence[Record]) -> Program[Position]:
    """Append whole commits that another engine decided, in one transaction.

    Raises `UnfitRecord` when one does not follow from the head, its bytes are not what it
    committed to, or this release does not know its operation; then nothing was applied. So it
    does for an erasure whose history was lost before it came here: a follower begins with an
    import, or with `apply_items`.
    """
    items = [Item(record) for record in records]
    return (yield from apply_items(tenant, items, strict=True))


def apply_items(
    tenant: str,
    items: Sequence[Item],
    retained: int = 0,
    *,
    strict: bool = False,
    also: Sequence[Statement] = (),
) -> Program[Position]:
    """`apply_records`, with what a log file carries besides.

    Up to the revision `retained` the log was archived: records may be missing there. Unless
    `strict`, what an erasure leaves may be unreadable until a checkpoint further on. `also`
    stands in the same transaction.
    """
    keys = sorted({item.record.entry for item in items})
    _, locks, rows = yield (
        Statement("begin_write"),
        Statement("tenant_lock", [(tenant,)]),
        Statement("entry_load", [(tenant, *key) for key in keys]),
    )
    now = Standing(*locks[0][:6]) if locks else Standing(tenant, 0, 0, genesis(tenant), 0, 0)
    batch = _Batch(now, Chain(now.revision, now.digest, at_us=now.at_us), retained)
    batch.entries = dict.fromkeys(keys, NEVER)
    batch.entries |= {EntryKey(*row[1:4]): entry_of(row[4:], MISSING) for row in rows}
    if not items:
        yield (Statement("rollback"),)
        return Position(now.revision, now.digest)
    for item in items:
        batch.take(item)
    yield (*batch.stored(), *also)
    for item in batch.erasures:
        yield from _erase(tenant, item, strict)
    yield from _reload(batch)
    yield from _checkpoint(batch)
    yield from _index(batch)
    yield (Statement("commit"),)
    if batch.erasures:
        yield from merge_all()
        yield (Statement("settle"),)
    return Position(batch.chain.revision, batch.chain.digest)


@dataclass(slots=True)
class _Batch:
    """A batch on its way: entries as they become, and the rows to store."""

    standing: Standing
    chain: Chain
    retained: int
    entries: dict[EntryKey, EntryState] = field(default_factory=dict)
    before: dict[EntryKey, EntryState] = field(default_factory=dict)
    log: list[Row] = field(default_factory=list)
    previous: list[Row] = field(default_factory=list)
    namespaces: dict[str, int] = field(default_factory=dict)
    records: list[Record] = field(default_factory=list)
    erasures: list[Item] = field(default_factory=list)
    floor: int = 0
    access_revision: int = 0

    def take(self, item: Item) -> None:
        """Check one record and fold it in."""
        record, key = item.record, item.record.entry
        before = self.entries[key]
        archived = before.version == 0 and record.revision <= self.retained
        if archived:
            before = replace(before, version=record.version - 1)
        self._check(item, before)
        after, is_base = self._fold(item, before, first=self.entries[key].version == 0)
        self.before.setdefault(key, self.entries[key])
        self.entries[key] = after
        self.records.append(record)
        self.log.append(log_row(self.standing.tenant, record, is_base, item.checkpoint))
        if item.previous is not None:
            place = (record.revision, record.index)
            self.previous.append((self.standing.tenant, *place, item.previous))
        self.namespaces.setdefault(key.namespace, record.revision)
        if key.region in ACCESS_REGIONS:
            self.access_revision = record.revision
        arguments = record.arguments
        if key == FLOOR and arguments is not None:
            self.floor = max(self.floor, arguments["revision"])
        if record.operation == "erase" and arguments is not None:
            self.erasures.append(item)

    def _check(self, item: Item, before: EntryState) -> None:
        record = item.record
        if not self.log and record.revision <= self.standing.revision:
            raise unfit(record, f"the log stands at revision {self.standing.revision} already")
        gaps = record.revision <= self.retained
        for problem in self.chain.take(record, item.previous, gaps=gaps):
            raise unfit(record, problem.message)
        if record.index >= limits.MAX_GROUP_WRITES:
            raise unfit(record, f"one commit holds {limits.MAX_GROUP_WRITES} records")
        if record.version != before.version + 1:
            raise unfit(record, f"version {record.version} comes after {before.version}")
        if record.operation not in OPERATIONS:
            raise unfit(
                record, f"this release does not know {record.operation!r}: upgrade commonplace"
            )
        if record.body is not None and not matches(record.body, record.commitment):
            raise unfit(record, "what was written is not what the record committed to")

    def _fold(self, item: Item, before: EntryState, *, first: bool) -> tuple[EntryState, bool]:
        record, operation = item.record, OPERATIONS[item.record.operation]
        place = record.revision, record.index
        payload = record.body.payload if record.body else None
        after = step_after(
            before,
            operation,
            payload_bytes=len(payload or b""),
            revision=record.revision,
            index=record.index,
        )
        after = replace(after, value=MISSING, dead=record.dead, size_bytes=record.size_bytes)
        if record.dead and not operation.kills:
            after = after_erasure(before, after, True, record.index)
        if first:
            after = replace(after, base_revision=place[0], base_index=place[1])
        if item.checkpoint is not None:
            return checkpointed(after, *place, kept=True), True
        return after, first or stands_alone(record.operation, record.dead)

    def stored(self) -> Step:
        """The rows of the batch."""
        tenant = self.standing.tenant
        rows = {key: entry_row(tenant, key, self.entries[key]) for key in sorted(self.before)}
        access_revision = max(self.access_revision, self.standing.access_revision)
        end = (tenant, self.chain.revision, self.chain.digest, self.chain.at_us, access_revision)
        return (
            Statement("log_insert", self.log),
            Statement("previous_keep", self.previous),
            Statement(
                "entry_insert", [row for key, row in rows.items() if not self.before[key].version]
            ),
            Statement(
                "entry_update", [row for key, row in rows.items() if self.before[key].version]
            ),
            Statement(
                "namespace_insert", [(tenant, *each) for each in sorted(self.namespaces.items())]
            ),
            *derived(tenant, self.records),
            Statement("tenant_advance", [end]),
            Statement("tenant_floor", [(tenant, self.floor)]),
        )


def _index(batch: _Batch) -> Generator[Step, Answer, None]:
    """Let the text index take up about twice what this batch brought, so that it catches up."""
    head, every = batch.chain.revision, limits.INDEX_EVERY_REVISIONS
    brought = sum(len(each.body.payload or b"") for each in batch.records if each.body)
    due = brought >= limits.INDEX_EVERY_BYTES
    if not due and batch.standing.revision // every == (head + 1) // every:
        return
    for _ in range(1 + 2 * brought // limits.INDEX_BATCH_BYTES):
        if (yield from advance(batch.standing.tenant)) >= head:
            return


def unfit(record: Record, why: str) -> UnfitRecord:
    """The error for a record that cannot be applied."""
    return UnfitRecord(
        f"Not applied. The record at revision {record.revision}, index {record.index}: {why}.",
        revision=record.revision,
        index=record.index,
    )


def _seal_due(record: Record) -> tuple[bytes, str] | None:
    """The salt and digest of the checkpoint that an erasure says it carries."""
    arguments = record.arguments if record.operation == "erase" else None
    if not arguments or "checkpoint" not in arguments:
        return None
    return bytes.fromhex(arguments["salt"]), arguments["checkpoint"]


def _erase(tenant: str, item: Item, strict: bool) -> Generator[Step, Answer, None]:
    """Do here what an erasure did where it was decided, and check that it comes to the same."""
    record, key = item.record, item.record.entry
    arguments = record.arguments
    assert arguments is not None
    if item.checkpoint is None:
        yield from _seal(tenant, record, strict)
    destroyed = versions_of(arguments["destroyed"], record.version)
    checkpoints = Checkpoints(set(arguments["versions"]), destroyed)
    yield from _note_lines(tenant, key, (yield from _judge(tenant, record, checkpoints)))
    gone = yield from places_of(tenant, key, destroyed)
    out = yield from taken_out(tenant, gone, for_good=True)
    receipts = [(tenant, *key, version) for version in sorted(destroyed)]
    yield (
        Statement("receipt_blank", receipts),
        *out,
        *destruction(tenant, key, destroyed, checkpoints.gone, {}),
    )


def _judge(
    tenant: str, record: Record, checkpoints: Checkpoints
) -> Generator[Step, Answer, list[tuple[int, int, int]]]:
    """Judge what stands before an erasure's record; and where replaces left lines not noted yet.

    Of those only the ones that cannot be replayed any more once the erasure is done.
    """
    unsaid: list[tuple[int, int, int]] = []
    after, since = 0, min(checkpoints.blank | checkpoints.destroyed, default=0)
    while True:
        page = (tenant, *record.entry, after, record.version, limits.CHECKPOINT_PAGE_ENTRIES)
        (rows,) = yield (Statement("judged_page", [page]),)
        for version, operation, dead, lost, payload, checkpoint, *place, is_unsaid in rows:
            arguments = decode(payload) if payload is not None else None
            checkpoints.make(version, operation, arguments)
            checkpoints.pass_by(version, operation, dead=bool(dead), lost=bool(lost))
            if checkpoint is not None:
                held = {"checkpoint": checkpoint, "value": decode_checkpoint(checkpoint)}
                checkpoints.judge(version, operation, dead=bool(dead), **held)
            if is_unsaid and version > since and version not in checkpoints.destroyed:
                unsaid.append((*place, version))
        if len(rows) < limits.CHECKPOINT_PAGE_ENTRIES:
            return unsaid
        after = rows[-1][0]


def _note_lines(
    tenant: str, key: EntryKey, unsaid: Sequence[tuple[int, int, int]]
) -> Generator[Step, Answer, None]:
    """Note the lines that replaces left, the newest of them, so that searches still find them."""
    made: list[Row] = []
    for revision, place, version in unsaid[-limits.INDEX_BATCH_RECORDS :]:
        lines = yield from lines_left(tenant, key, revision, place, version)
        if lines is not None:
            made.append((tenant, revision, place, lines))
    yield (Statement("made_set", made),)


def _seal(tenant: str, record: Record, strict: bool) -> Generator[Step, Answer, None]:
    """Make the checkpoint that an erasure says it carries."""
    due = _seal_due(record)
    if due is None:
        return
    key, (salt, digest) = record.entry, due
    place = (tenant, *key, record.revision, record.index)
    (rows,) = yield (Statement("pinned_read", [place]),)
    try:
        sealed = seal(fold_rows(row[6:10] for row in rows), "", salt)
    except Erased:
        if strict:
            raise unfit(
                record, "what it leaves cannot be folded here: begin with an import"
            ) from None
        return
    if seal_digest(sealed) != digest:
        raise unfit(record, "what it leaves is not what stands here")
    rebased = (tenant, *key, record.version, record.revision, record.index)
    yield (
        Statement("checkpoint_set", [(tenant, *key, record.version, sealed)]),
        Statement("entry_rebase", [rebased]),
    )


def _reload(batch: _Batch) -> Generator[Step, Answer, None]:
    """Where replay begins after erasures, as they left it."""
    tenant = batch.standing.tenant
    keys = sorted({item.record.entry for item in batch.erasures})
    if keys:
        (rows,) = yield (Statement("entry_load", [(tenant, *key) for key in keys]),)
        batch.entries |= {EntryKey(*row[1:4]): entry_of(row[4:], MISSING) for row in rows}


def _checkpoint(batch: _Batch) -> Generator[Step, Answer, None]:
    """Checkpoints where readers would fold too much, as a batch of writes leaves them."""
    tenant = batch.standing.tenant
    due = [
        key
        for key in sorted(batch.before)
        if wants_checkpoint(batch.entries[key]) and not batch.entries[key].dead
    ]
    for key in due:
        entry, before = batch.entries[key], batch.before[key]
        (rows,) = yield (Statement("value_load", [(tenant, *key)]),)
        try:
            value = fold_rows(row[4:] for row in rows)
        except Erased:
            continue
        newest, version = rows[-1][4], entry.version
        assert newest == version
        (place,) = yield (Statement("version_place", [(tenant, *key, version)]),)
        after = checkpointed(entry, *place[0])
        dropped: list[Row] = []
        if before.base_light and (before.base_revision, before.base_index) == (
            entry.base_revision,
            entry.base_index,
        ):
            dropped.append((tenant, *key, before.base_revision, before.base_index))
        yield (
            Statement("checkpoint_drop", dropped),
            Statement("checkpoint_set", [(tenant, *key, version, encode_checkpoint(value))]),
            Statement("entry_update", [entry_row(tenant, key, after)]),
        )
