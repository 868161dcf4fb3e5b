"""Selection: which changes of a commit a watch asked for, and which of them it may see."""

from collections.abc import Generator, Sequence
from dataclasses import dataclass, field, replace

from commonplace.core import reserved
from commonplace.core.access import Reach, Tier
from commonplace.errors import AccessChanged, AccessDenied, Compacted, FutureRevision
from commonplace.model.change import Commit
from commonplace.model.entry import EntryKey
from commonplace.model.namespace import Namespace, NamespacePrefix
from commonplace.model.record import Record
from commonplace.storage.programs import listing, reading
from commonplace.storage.programs.reading import Reader, Standing
from commonplace.storage.programs.upkeep.anchoring import find_anchor
from commonplace.storage.step import Answer, Program, Step
from commonplace.storage.views import change_view


@dataclass(slots=True)
class Selection:
    """What one watch delivers: filters, and the reach of its reader, re-judged at the head.

    Reserved regions are delivered only when `region` names one.
    """

    reader: Reader
    where: Namespace | NamespacePrefix
    region: str | None = None
    operation: str | None = None
    actor: str | None = None
    _reaches: dict[reserved.Place, Reach] = field(default_factory=dict)
    _access_revision: int = -1

    def __post_init__(self) -> None:
        """What a watch delivers is history, and never late: no bound of visibility holds it up."""
        self.reader = replace(self.reader, lag=None)

    def begin(self, after: int | None) -> Program[int]:
        """The revision to start after. Raises when the reader may see nothing here.

        `None` means the head. `Compacted` when the log no longer reaches back so far, and
        `FutureRevision` above the head: that position is from another log than this one.
        """
        now = yield from reading.standing(self.reader.tenant)
        yield from self._require_some(now)
        if after is None:
            return now.revision
        if after > now.revision:
            raise FutureRevision(
                f"Revision {after} is not committed yet; the head is {now.revision}. Was that "
                "position taken from another memory, or from before a restore?",
                revision=after,
                head=now.revision,
            )
        if after < now.floor:
            yield from self._require_log(after)
        return after

    def _require_log(self, after: int) -> Generator[Step, Answer, None]:
        """Compaction leaves headers, which are all a watch needs; an archive takes them."""
        anchor = yield from find_anchor(self.reader.tenant)
        if anchor is not None and after < anchor.through:
            raise Compacted(
                f"The log up to revision {anchor.through} was archived to {anchor.file}. Read the "
                "state there and watch after it.",
                revision=after,
                floor=anchor.through,
            )

    def _require_some(self, now: Standing) -> Generator[Step, Answer, None]:
        if isinstance(self.where, NamespacePrefix):
            has = yield from reading.prefix_reach(self.reader, now.access_revision, self.where)
        elif self.region is not None:
            key = EntryKey(str(self.where), self.region)
            has = yield from reading.reach(
                self.reader, now.access_revision, *reserved.judged_at(key)
            )
        else:
            name = str(self.where)
            has = yield from reading.reach(self.reader, now.access_revision, name, "")
            if has.tier < Tier.READER and (yield from listing.regions(self.reader, name)):
                return
        if has.tier < Tier.READER:
            raise AccessDenied(
                f"Not allowed. {self.reader.actor} may read nothing in "
                f"{str(self.where) or 'all namespaces'!r}. Ask an owner to share it.",
                actor=self.reader.actor,
            )

    def wants(self, record: Record) -> bool:
        """Whether a record passes the filters, whoever may see it."""
        entry = record.entry
        if self.region is None and reserved.is_reserved(entry.region):
            return False
        if isinstance(self.where, Namespace):
            here = entry.namespace == str(self.where)
        else:
            here = entry.namespace.startswith(str(self.where))
        return (
            here
            and self.region in {None, entry.region}
            and self.operation in {None, record.operation}
            and self.actor in {None, record.actor.name}
        )

    def commit_of(self, records: Sequence[Record]) -> Program[Commit | None]:
        """The commit as this watch delivers it; None when nothing visible was asked for.

        Raises `AccessChanged` when a region that was readable no longer is.
        """
        asked = [record for record in records if self.wants(record)]
        if not asked:
            return None
        yield from self._judge(asked)
        seen = [record for record in asked if self._sees(record)]
        if not seen:
            return None
        changes = tuple(change_view(record) for record in seen)
        first = records[0]
        return Commit(first.revision, first.at_us, changes, len(asked) - len(seen))

    def _judge(self, asked: Sequence[Record]) -> Generator[Step, Answer, None]:
        now = yield from reading.standing(self.reader.tenant)
        before = self._reaches
        if now.access_revision != self._access_revision:
            self._reaches, self._access_revision = {}, now.access_revision
        for place in {reserved.judged_at(record.entry) for record in asked} | set(before):
            if place in self._reaches:
                continue
            has = yield from reading.reach(self.reader, now.access_revision, *place)
            self._reaches[place] = has
            if has.tier < Tier.READER and place in before and before[place].tier >= Tier.READER:
                raise AccessChanged(
                    f"{self.reader.actor} may no longer read {place.namespace}:{place.region}. "
                    "Watch what is left, after the last revision you got.",
                    namespace=place.namespace,
                    region=place.region,
                )

    def _sees(self, record: Record) -> bool:
        has = self._reaches[reserved.judged_at(record.entry)]
        return has.tier >= Tier.READER and record.revision >= has.since
