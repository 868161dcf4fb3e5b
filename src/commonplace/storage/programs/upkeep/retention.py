"""Compaction: the floor rises first, then what is superseded below it goes, in small steps.

Each step is one transaction. Whatever stops the program, the next `compact` goes on: the floor
is up, a checkpoint is sealed before what it stands for is dropped, and doing a step twice
changes nothing.
"""

import os
from collections.abc import Generator, Mapping, Sequence
from typing import Any, Literal, NamedTuple

from commonplace import limits
from commonplace.core.access import Tier
from commonplace.core.digest import SALT_BYTES, payload_digest
from commonplace.core.reserved import CURSORS
from commonplace.core.retention import (
    FLOOR,
    CursorAt,
    lagging,
    may_drop,
    page_key,
    seal_digest,
    stands_alone,
)
from commonplace.errors import Erased, FutureRevision, InvalidValue, Refused
from commonplace.model.entry import EntryKey
from commonplace.model.retention import Compaction
from commonplace.storage.codec import decode
from commonplace.storage.paging import next_page
from commonplace.storage.programs.indexing import merge_page, taken_out
from commonplace.storage.programs.reading import require_tenant
from commonplace.storage.programs.upkeep.author import Author, commit_own
from commonplace.storage.proposal import draft
from commonplace.storage.rows import fold_rows
from commonplace.storage.sealing import is_sealed, seal
from commonplace.storage.step import Answer, Program, Row, Statement, Step


class Progress(NamedTuple):
    """How far a compaction to `floor` has come.

    Checkpoints are sealed, then payloads dropped, then their traces in the text index merged
    away.
    `after` is the last entry seen and the version of it, `rows` the size of the next page.
    What was done is counted.
    """

    floor: int
    stage: Literal["sealing", "dropping", "merging"] = "sealing"
    after: tuple[str, str, str, int] = ("", "", "", 0)
    rows: int = 8
    checkpoints: int = 0
    payloads: int = 0
    freed_bytes: int = 0
    ended: bool = False

    def compaction(self) -> Compaction:
        """What was done so far."""
        return Compaction(self.floor, self.checkpoints, self.payloads, self.freed_bytes)


class Current(NamedTuple):
    """An entry and the record current at the floor; `base` is where the entry's replay begins."""

    namespace: str
    region: str
    key: str
    base_revision: int
    base_place: int
    base_light: int
    version: int
    revision: int
    place: int
    operation: str
    dead: int
    digest: bytes
    seal: bytes | None

    @property
    def entry(self) -> EntryKey:
        """The entry."""
        return EntryKey(self.namespace, self.region, self.key)

    @property
    def needs_checkpoint(self) -> bool:
        """Whether a read at the floor would need records from before this one."""
        alone = stands_alone(self.operation, bool(self.dead))
        return not (alone or self.version == 1 or is_sealed(self.seal))


def compact(author: Author, revision: int, reason: str = "") -> Program[Compaction]:
    """Raise the floor to `revision` and drop what is superseded below it.

    Reads at or above the floor give the same bytes as before; below it they raise
    `Compacted`. Takes owner of the tenant. Raises `FutureRevision` above the head, and
    `Refused` when a named cursor has yet to pass a tombstone. A revision below the floor
    finishes what an earlier compaction left.
    """
    progress = yield from raise_floor(author, revision, reason)
    while not progress.ended:
        progress = yield from compact_page(author, progress)
    return progress.compaction()


def raise_floor(author: Author, revision: int, reason: str = "") -> Program[Progress]:
    """The first step of `compact`, for a caller that lets others write between its steps."""
    check_revision(revision)
    now = yield from require_tenant(author.reader, Tier.OWNER)
    if revision > now.revision:
        raise FutureRevision(
            f"Revision {revision} is not committed yet; the head is {now.revision}.",
            revision=revision,
            head=now.revision,
        )
    if revision <= now.floor:
        return Progress(now.floor)
    yield from _require_passed(author.tenant, revision)
    write = draft(FLOOR, "raise_floor", {"revision": revision}, reason=reason)
    floor = Statement("tenant_floor", [(author.tenant, revision)])
    yield from commit_own(author, write, lambda records: (floor,))
    return Progress(revision)


def check_revision(revision: object) -> None:
    """Refuse what is no revision at all."""
    if isinstance(revision, bool) or not isinstance(revision, int) or revision < 0:
        raise InvalidValue(f"{revision!r} is no revision: they count up from 0.")


def cursors(tenant: str) -> Generator[Step, Answer, list[tuple[EntryKey, Mapping[str, Any]]]]:
    """Every named cursor with its value."""
    found: list[tuple[EntryKey, Mapping[str, Any]]] = []
    after = ("", "")
    while True:
        page = (tenant, CURSORS, *after, limits.MAX_PAGE_ROWS)
        (rows,) = yield (Statement("cursor_page", [page]),)
        found += [(EntryKey(*row[:3]), decode(row[3])) for row in rows]
        if len(rows) < limits.MAX_PAGE_ROWS:
            return found
        after = (rows[-1][0], rows[-1][2])


def _require_passed(tenant: str, revision: int) -> Generator[Step, Answer, None]:
    behind = lagging((yield from cursors(tenant)), revision)
    if behind is None:
        return
    (rows,) = yield (Statement("tombstone_after", [(tenant, behind.position, revision)]),)
    if rows:
        tombstone, *entry, version = rows[0]
        raise _held_back(behind, tombstone, EntryKey(*entry), version)


def _held_back(behind: CursorAt, tombstone: int, entry: EntryKey, version: int) -> Refused:
    return Refused(
        f"Not compacted. The cursor {behind.entry.reference()} is at revision {behind.position} "
        f"and has yet to learn that {entry.reference(version)} was deleted, in revision "
        f"{tombstone}. Let its reader catch up, expire it, or compact to {tombstone - 1}.",
        cursor=str(behind.entry.reference()),
        position=behind.position,
        allowed=tombstone - 1,
    )


def compact_page(author: Author, progress: Progress) -> Program[Progress]:
    """One more step of a compaction: one transaction, or none when there is nothing to do."""
    if progress.stage == "sealing":
        return (yield from _seal_page(author, progress))
    if progress.stage == "dropping":
        return (yield from _drop_page(author, progress))
    return (yield from _merge_page(progress))


def _seal_page(author: Author, progress: Progress) -> Generator[Step, Answer, Progress]:
    tenant, floor = author.tenant, progress.floor
    place = (tenant, floor, *progress.after[:3], limits.MAX_PAGE_ROWS)
    (rows,) = yield (Statement("current_page", [place]),)
    page = [Current(*row) for row in rows]
    wanted = [each for each in page if each.needs_checkpoint]
    chosen = wanted[: limits.CHECKPOINT_PAGE_ENTRIES]
    if chosen:
        folds = yield tuple(
            Statement("fold_rows", [(tenant, *each.entry, floor)]) for each in chosen
        )
        yield from store_seals(author, chosen, folds)
    progress = progress._replace(checkpoints=progress.checkpoints + len(chosen))
    if len(chosen) < len(wanted):
        return progress._replace(after=(*chosen[-1].entry, 0))
    if len(page) == limits.MAX_PAGE_ROWS:
        return progress._replace(after=(*page[-1].entry, 0))
    return progress._replace(stage="dropping", after=("", "", "", 0))


def store_seals(
    author: Author, chosen: Sequence[Current], folds: Answer
) -> Generator[Step, Answer, None]:
    """Seal entries as they fold, with a record that lists them; drop what folds no more."""
    tenant, name = author.tenant, os.urandom(8).hex()
    listed: list[list[Any]] = []
    seals: list[Row] = []
    rebased: list[Row] = []
    lost: list[Row] = []
    gone: list[tuple[int, int]] = []
    for each, rows in zip(chosen, folds, strict=True):
        try:
            sealed = seal(fold_rows(rows), name, os.urandom(SALT_BYTES))
        except Erased:
            # Nobody can read it any more, and nobody shall take what is left for the whole.
            salt, payload = yield from _body(tenant, each)
            if payload is not None:
                digest = payload_digest(salt, payload)
                lost.append((tenant, *each.entry, each.version, digest, 1))
                gone.append((each.revision, each.place))
            continue
        listed.append([*each.entry, each.version, seal_digest(sealed)])
        seals.append((tenant, *each.entry, each.version, sealed))
        rebased.append((tenant, *each.entry, each.version, each.revision, each.place))
    out = yield from taken_out(tenant, gone, for_good=False)
    stored = (
        *out,
        Statement("checkpoint_set", seals),
        Statement("entry_rebase", rebased),
        Statement("entry_reweigh", rebased),
        Statement("payload_drop", lost),
    )
    if listed:
        write = draft(page_key(name), "checkpoint", {"checkpoints": listed})
        yield from commit_own(author, write, lambda records: stored)
    elif lost:
        yield (Statement("begin_write"), *stored, Statement("commit"))


def _body(tenant: str, each: Current) -> Generator[Step, Answer, Any]:
    (rows,) = yield (Statement("record_at", [(tenant, *each.entry, each.version)]),)
    return rows[0][18:20]


def _drop_page(author: Author, progress: Progress) -> Generator[Step, Answer, Progress]:
    tenant = author.tenant
    page = (tenant, progress.floor, *progress.after, progress.rows)
    (rows,) = yield (Statement("superseded_page", [page]),)
    dropped: list[Row] = []
    cleared: list[Row] = []
    freed = 0
    gone: list[tuple[int, int]] = []
    for *place, operation, dead, salt, payload, checkpoint_bytes, is_first, at, index in rows:
        # Where nothing older is left, a reader must begin here, and find that it is gone.
        alone = int(is_first or stands_alone(operation, bool(dead)) or place[3] == 1)
        if payload is not None and may_drop(operation):
            dropped.append((tenant, *place, payload_digest(salt, payload), alone))
            gone.append((at, index))
            freed += len(payload)
        elif checkpoint_bytes is not None:
            cleared.append((tenant, *place, alone))
        freed += checkpoint_bytes or 0
    if dropped or cleared:
        out = yield from taken_out(tenant, gone, for_good=False)
        yield (
            Statement("begin_write"),
            *out,
            Statement("payload_drop", dropped),
            Statement("checkpoint_clear", cleared),
            Statement("commit"),
        )
    return progress._replace(
        after=tuple(rows[-1][:4]) if rows else progress.after,
        payloads=progress.payloads + len(dropped),
        rows=next_page(progress.rows, freed),
        freed_bytes=progress.freed_bytes + freed,
        stage="merging" if len(rows) < progress.rows else "dropping",
    )


def _merge_page(progress: Progress) -> Generator[Step, Answer, Progress]:
    return progress._replace(ended=(yield from merge_page()))
