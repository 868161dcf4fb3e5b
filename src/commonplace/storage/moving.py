"""Move: one tenant from an open engine to another, step by step.

A step is one page: read where the log is, applied where it goes. Nothing is remembered between
steps but where the target stands, which the target knows itself; so whoever is killed begins
again and goes on, and two who move the same log at once do no harm.
"""

from typing import Final, TypeVar

from commonplace import limits
from commonplace.errors import InvalidInput, OutcomeUnknown, UnfitRecord
from commonplace.model.copied import Copied
from commonplace.model.receipt import Position
from commonplace.storage.cache import StateCache
from commonplace.storage.engine import Engine
from commonplace.storage.following.keeping import Keeper, concerns
from commonplace.storage.programs import reading
from commonplace.storage.programs.indexing import index_all
from commonplace.storage.programs.reading import Reader
from commonplace.storage.programs.upkeep import auditing, moving
from commonplace.storage.step import Program

T = TypeVar("T")

_TRIES: Final = 10
"""Steps in a row whose outcome was not told, before it is given up."""


class Move:
    """One tenant on its way: `begin`, `step` as long as it says so, `finish`.

    `here` is where the target stands, and `until` the revision that it goes on to: the source's
    head as it was at the beginning, and further only where records on the way can no more be
    understood without what came later.
    """

    def __init__(self, source: Engine, target: Engine, reader: Reader) -> None:
        self._source = source
        self._target = target
        self._reader = reader
        self._arrival = Reader(reader.tenant, reader.actor, StateCache())  # other grants hold there
        self._tenant = reader.tenant
        self._after = 0
        self._began_at = 0
        self._records = 0
        self._receipts = 0
        self._doubts = 0
        self._is_kept = True
        self.here = Position(0, b"")
        self.until = 0

    def begin(self) -> None:
        """Look at both ends. Raises `Refused` if the target does not hold a beginning of the log.

        Takes owner of the tenant.
        """
        if self._source is self._target:
            raise InvalidInput("Not copied: source and target are the same memory.")
        start = self._source.read(self._tenant, moving.look(self._reader))
        self.until = start.head.revision
        self.here = self._write(moving.stand(self._arrival, start.first))
        self._source.read(self._tenant, moving.match(self._reader, self.here))
        self._after = self.here.revision
        self._began_at = start.head.revision
        self._is_kept = self._after == 0
        if self._after == 0 and start.retained:
            self._bring_archived(start.retained)

    def _bring_archived(self, through: int) -> None:
        after: tuple[str, str] | None = ("", "")
        while after is not None:
            program = moving.archived_receipts(self._reader, after, through)
            found, after = self._source.read(self._tenant, program)
            if found:
                self._write(moving.keep_receipts(self._tenant, found))
                self._receipts += len(found)

    def step(self) -> bool:
        """Bring one page; False when there is none left."""
        if self.here.revision >= self.until:
            return False
        page = self._source.read(self._tenant, moving.page(self._reader, self.here, self.until))
        try:
            self.here = self._write(moving.take(self._tenant, page))
        except (OutcomeUnknown, UnfitRecord) as error:
            self._look_again(error, page.retained)
            return True
        self._doubts = 0
        self._records += len(page.items)
        self._receipts += len(page.receipts)
        self.until = max(self.until, page.whole_at)
        late = (item.record for item in page.items if item.record.revision > self._began_at)
        self._is_kept = self._is_kept and not any(map(concerns, late))
        return True

    def _look_again(self, error: OutcomeUnknown | UnfitRecord, retained: int) -> None:
        """See whether the page is there after all, or somebody else went on with this log."""
        self._doubts += 1
        here = self._target.read(self._tenant, reading.head(self._tenant))
        if here == self.here and isinstance(error, UnfitRecord):
            if here.revision < retained:
                raise moving.overtaken(self._tenant, here, retained) from error
            raise error
        if self._doubts > _TRIES:
            raise error
        self.here = here
        self._source.read(self._tenant, moving.match(self._reader, here))

    def finish(self) -> Copied:
        """Audit the target, and see that both logs pass through the position it has reached."""
        tenant, here = self._tenant, self.here
        if not self._is_kept:
            # What the source dropped after it had been copied is dropped there too.
            Keeper(self._source, self._target, tenant).catch_up()
        self._write(index_all(tenant))
        report = self._target.read(tenant, auditing.examine(tenant, here))
        head = self._source.read(tenant, moving.match(self._reader, here))
        behind = head.revision - here.revision
        return Copied(here, self._after, self._records, self._receipts, behind, report)

    def _write(self, program: Program[T]) -> T:
        return self._target.execute(self._tenant, program, limits.UPKEEP_S)
