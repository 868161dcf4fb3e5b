"""Search: the records that a text may have come from, over every historic state, by entry."""

from typing import NamedTuple

from commonplace.explain.needle import Needle
from commonplace.limits import MAX_HITS
from commonplace.model.entry import EntryKey
from commonplace.model.namespace import Namespace, NamespacePrefix
from commonplace.model.record import Record
from commonplace.storage.programs.reading import Reader
from commonplace.storage.programs.seeking import candidates
from commonplace.storage.step import Program

_PROBES = 3
_PAGES = 8


class Scope(NamedTuple):
    """Where to look; None looks everywhere the reader may read."""

    where: Namespace | NamespacePrefix | None = None
    region: str | None = None
    key: str | None = None

    def holds(self, entry: EntryKey) -> bool:
        """Whether an entry is inside."""
        if self.region is not None and entry.region != self.region:
            return False
        if self.key is not None and entry.key != self.key:
            return False
        if isinstance(self.where, Namespace):
            return entry.namespace == str(self.where)
        return self.where is None or entry.namespace.startswith(str(self.where))


EVERYWHERE = Scope()


class Sought(NamedTuple):
    """Records that made text with `probe` in it, newest first; `more` says that there are more.

    `unsearchable` counts records whose text is gone.
    """

    probe: str
    records: list[Record]
    more: bool
    unsearchable: int

    @property
    def by_entry(self) -> dict[EntryKey, list[Record]]:
        """The records of each entry; the entry first that had the probe first."""
        found: dict[EntryKey, list[Record]] = {}
        for record in reversed(self.records):
            found.setdefault(record.entry, []).append(record)
        return found


def seek(reader: Reader, needle: Needle, scope: Scope = EVERYWHERE) -> Program[Sought]:
    """The records that a needle may have come from, by the piece of it that has fewest."""
    best: Sought | None = None
    for probe in needle.probes[:_PROBES]:
        found = yield from _seek(reader, probe, scope)
        if best is None or (found.more, len(found.records)) < (best.more, len(best.records)):
            best = found
        if not best.more:
            break
    return best or Sought("", [], False, 0)


def _seek(reader: Reader, probe: str, scope: Scope) -> Program[Sought]:
    records: list[Record] = []
    before: tuple[int, int] | None = None
    unsearchable = 0
    for _ in range(_PAGES):
        page = yield from candidates(reader, probe, limit=MAX_HITS, before=before)
        records += (record for record in page.records if scope.holds(record.entry))
        unsearchable = max(unsearchable, page.unsearchable)
        before = page.next_before
        if before is None:
            return Sought(probe, records, False, unsearchable)
        if len(records) >= MAX_HITS:
            break
    return Sought(probe, records[:MAX_HITS], True, unsearchable)
