"""Author: in whose name the memory's own upkeep is recorded, and the commit of such a record."""

import time
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass

from commonplace.model.actor import Actor
from commonplace.model.receipt import Receipt
from commonplace.model.record import Record
from commonplace.storage.cache import StateCache
from commonplace.storage.programs.commit import commit_batch
from commonplace.storage.programs.reading import Reader
from commonplace.storage.proposal import Draft, group_of, receipts_of
from commonplace.storage.step import Answer, Step


def _now_us() -> int:
    return time.time_ns() // 1000


@dataclass(frozen=True, slots=True)
class Author:
    """Who compacts, erases or retracts; `clock_us` dates the records this makes, of `trace`."""

    reader: Reader
    actor: Actor
    clock_us: Callable[[], int] = _now_us
    trace: str = ""

    @property
    def tenant(self) -> str:
        """The tenant."""
        return self.reader.tenant


def commit_own(
    author: Author, draft: Draft, also: Callable[[Sequence[Record]], Step] | None = None
) -> Generator[Step, Answer, Receipt]:
    """Commit one record, with what `also` adds to its transaction. Raises what refuses it."""
    group = group_of(author.tenant, author.actor, [draft], trace=author.trace)
    verdicts = yield from commit_batch([group], StateCache(), author.clock_us, also)
    return receipts_of(group, verdicts[0])[0]
