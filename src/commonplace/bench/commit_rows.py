"""CommitRows: the rows of one real commit, to be written again under the next numbers."""

from collections.abc import Sequence
from typing import Any

from commonplace.storage.proposal import new_key

Rows = tuple[tuple[Any, ...], ...]


class CommitRows:
    """Made from the newest record, outcome, entry and tenant of a memory, as `log_insert`,
    `idempotency_insert`, `entry_update` and `tenant_advance` bind them, the last with its floor.
    """

    def __init__(
        self,
        log: Sequence[Any],
        key: Sequence[Any],
        entry: Sequence[Any],
        tenant: Sequence[Any],
    ) -> None:
        self._log, self._key, self._entry, self._tenant = log, key, entry, tenant
        self._written = 0

    def next(self) -> Rows:
        """The rows of the next commit: log, entry, idempotency, tenant; made before the clock."""
        self._written += 1
        n = self._written
        tenant, revision, _, digest, at_us, access_revision = self._tenant
        # tenant, revision, place, at_us, actor, identity, idempotency, four of the entry, version
        log, key, at = self._log, new_key(at_us + n, n.to_bytes(8)), at_us + n
        return (
            (tenant, revision + n, 0, at, *log[4:6], key, *log[7:10], log[10] + n, *log[11:]),
            (*self._entry[:4], self._entry[4] + n, revision + n, *self._entry[6:8],
             revision + n, *self._entry[9:]),
            (*self._key[:2], key, self._key[3], at, *self._key[5:]),
            (tenant, revision + n, digest, at, access_revision),
        )  # fmt: skip
