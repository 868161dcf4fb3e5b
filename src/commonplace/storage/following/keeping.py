"""Keeping: what retention did at the source, done to the copy.

Compaction, forgetting and archiving say in the log how far they went; which rows go follows from
that, and goes here too, in the same steps. Only the sealed checkpoints are asked for: their
salts are nowhere else. Each step may be done twice, so whoever was killed begins again.
"""

from collections.abc import Generator, Iterator, Sequence
from typing import Any

from commonplace import limits
from commonplace.core.access import TENANT
from commonplace.core.reserved import RETENTION
from commonplace.core.retention import is_page, seal_digest
from commonplace.errors import Erased
from commonplace.model.actor import Actor
from commonplace.model.entry import EntryKey
from commonplace.model.record import Record
from commonplace.storage.cache import StateCache
from commonplace.storage.engine import Engine
from commonplace.storage.programs.reading import Reader, entries, standing
from commonplace.storage.programs.upkeep import archive, forgetting, retention
from commonplace.storage.programs.upkeep.anchoring import find_anchor
from commonplace.storage.programs.upkeep.author import Author
from commonplace.storage.rows import fold_rows
from commonplace.storage.step import Answer, Program, Row, Statement, Step


def concerns(record: Record) -> bool:
    """Whether a record tells of retention."""
    return record.entry.region == RETENTION and record.entry.namespace == TENANT


class Keeper:
    """Keeps one copy."""

    def __init__(self, source: Engine, local: Engine, tenant: str) -> None:
        self._source = source
        self._local = local
        self._tenant = tenant
        self._author = Author(Reader(tenant, "", StateCache()), Actor("follower"))

    def catch_up(self, after: int = 0) -> None:
        """Do all that records after a revision tell of."""
        floor = self._local.read(self._tenant, standing(self._tenant)).floor
        if floor:
            self._compact(floor, after)
        served = self._local.read(self._tenant, forgetting.served_floor(self._tenant))
        if served:
            self._forget(served)
        anchor = self._local.read(self._tenant, find_anchor(self._tenant))
        if anchor is not None:
            self._do(archive.retain(self._tenant, anchor.through))
            self._do(archive.delete(self._tenant, anchor.through))

    def _do(self, program: Program[Any]) -> Any:
        return self._local.execute(self._tenant, program, limits.UPKEEP_S)

    def _compact(self, floor: int, after: int) -> None:
        for listed in self._local.read(self._tenant, _pages(self._tenant, after)):
            seals = self._source.read(self._tenant, _sealed(self._tenant, listed))
            self._do(_seal(self._tenant, seals))
        awaited, lost = self._local.read(self._tenant, _unsealed(self._tenant, floor))
        if awaited:
            return  # their records are on the way, and bring this here again
        if lost:
            current, folds = zip(*lost, strict=True)
            self._do(retention.store_seals(self._author, current, folds))
        progress = retention.Progress(floor, "dropping")
        while not progress.ended:
            progress = self._do(retention.compact_page(self._author, progress))

    def _forget(self, served: int) -> None:
        progress = forgetting.Progress(served)
        while not progress.ended:
            progress = self._do(forgetting.forget_page(self._author, progress))


Listed = list[list[Any]]
"""What one record lists: namespace, region, key, version and digest of each checkpoint."""
Lost = tuple[retention.Current, Sequence[Row]]
"""An entry at the floor, and what it does not fold from any more."""


def _pages(tenant: str, after: int) -> Program[list[Listed]]:
    """The lists of sealed checkpoints that were recorded after a revision."""
    found: list[Listed] = []
    name = ""
    while True:
        page = [(tenant, TENANT, RETENTION, name, limits.CHECKPOINT_PAGE_ENTRIES)]
        (rows,) = yield (Statement("entry_page", page),)
        keys = [EntryKey(*row[1:4]) for row in rows if row[5] > after]
        values = yield from entries(tenant, [key for key in keys if is_page(key)])
        found += [entry.value["checkpoints"] for entry in values.values() if entry.exists]
        if len(rows) < limits.CHECKPOINT_PAGE_ENTRIES:
            return found
        name = rows[-1][3]


def _unsealed(tenant: str, floor: int) -> Program[tuple[bool, list[Lost]]]:
    """Whether reads at the floor still need what a compaction drops, and what nobody can read."""
    lost: list[Lost] = []
    after = ("", "", "")
    while True:
        page = (tenant, floor, *after, limits.MAX_PAGE_ROWS)
        (rows,) = yield (Statement("current_page", [page]),)
        for each in (retention.Current(*row) for row in rows):
            if each.needs_checkpoint:
                (records,) = yield (Statement("fold_rows", [(tenant, *each.entry, floor)]),)
                if _folds(records):
                    return True, []
                lost.append((each, records))
        if len(rows) < limits.MAX_PAGE_ROWS:
            return False, lost
        after = rows[-1][:3]


def _folds(records: Sequence[Row]) -> bool:
    try:
        fold_rows(records)
    except Erased:
        return False
    return True


def _sealed(tenant: str, listed: Listed) -> Program[list[Row]]:
    """Entry, version, revision, place and bytes of those checkpoints that still stand."""
    found: list[Row] = []
    for each in _in_parts(listed):
        answers = yield tuple(
            Statement("history_page", [(tenant, *key, version - 1, 1)]) for *key, version, _ in each
        )
        for (*key, version, digest), rows in zip(each, answers, strict=True):
            for row in rows:
                sealed = row[24]
                if row[9] == version and sealed is not None and seal_digest(sealed) == digest:
                    found.append((*key, version, row[0], row[1], sealed))
    return found


def _in_parts(listed: Listed) -> Iterator[Listed]:
    for start in range(0, len(listed), 8):
        yield listed[start : start + 8]


def _seal(tenant: str, seals: list[Row]) -> Generator[Step, Answer, None]:
    """Put sealed checkpoints in their places, as a compaction does."""
    rebased = [(tenant, *row[:4], row[4], row[5]) for row in seals]
    yield (
        Statement("begin_write"),
        Statement("checkpoint_set", [(tenant, *row[:4], row[6]) for row in seals]),
        Statement("entry_rebase", rebased),
        Statement("entry_reweigh", rebased),
        Statement("commit"),
    )
