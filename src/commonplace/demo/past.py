"""The past: what the crew's blocks were at every version, read back from the memory."""

from collections.abc import Sequence

import commonplace
from commonplace.demo.ledger import Written
from commonplace.demo.notebook import DISPATCHES
from commonplace.model.channel import DISPATCHES as DISPATCHED

MAX_RECORDS = 1_000_000


class MemoryPast:
    """Answers from the log (who wrote which version) and by time travel (what stood then)."""

    def __init__(self, memory: commonplace.Memory, task: str) -> None:
        self._task = memory.task(task)
        self._written: dict[tuple[str, int], Written] = {}
        self._heads: dict[str, int] = {}
        self._lines: dict[tuple[str, int], tuple[str, ...]] = {}
        for record in memory.log(self._task.namespace, limit=MAX_RECORDS):
            block = record.entry.region
            self._written[block, record.version] = Written(record.actor.name, record.revision)
            self._heads[block] = max(self._heads.get(block, 0), record.version)
        for record in memory.log(self._task.namespace, region=DISPATCHED, limit=MAX_RECORDS):
            block = f"{DISPATCHES}/{record.entry.key.rpartition('/')[2]}"
            self._written[block, record.version] = Written(record.actor.name, record.revision)

    def written(self, block: str, version: int) -> Written | None:
        """The record of a version, or None if the log has none."""
        return self._written.get((block, version))

    def lines(self, block: str, version: int) -> Sequence[str] | None:
        """A block's lines as a version left them, or None if there is no such version."""
        if (block, version) not in self._written:
            return None
        if (block, version) not in self._lines:
            then = self._task.block(block).read_version(version)
            self._lines[block, version] = tuple(line.text for line in then.lines)
        return self._lines[block, version]

    def head(self, block: str) -> int:
        """The newest version of a block; 0 if it was never written."""
        return self._heads.get(block, 0)
