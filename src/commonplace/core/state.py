"""State: what a decision sees. The entries named, as they stand at this point of the batch."""

from dataclasses import dataclass, field
from typing import Any, Final

from commonplace.core.verdict import Duplicate
from commonplace.model.entry import EntryKey


class Missing:
    """The type of `MISSING`: a value that nobody needed and so nobody loaded."""


MISSING: Final = Missing()


@dataclass(frozen=True, slots=True)
class EntryState:
    """One entry: `version` 0 was never written, `dead` is deleted, `value` may be MISSING.

    `size_bytes` is always known. The rest says where replay begins: the revision and index
    of the newest record that stands alone (the base), the deltas after it, and the bytes of
    deltas since the last base that is kept for history (`core.retention`).
    """

    version: int = 0
    revision: int = 0
    dead: bool = False
    size_bytes: int = 0
    value: Any = None
    base_revision: int = 0
    base_index: int = 0
    base_light: bool = False
    deltas: int = 0
    delta_bytes: int = 0

    @property
    def exists(self) -> bool:
        """Whether there is a value: written, and not deleted since."""
        return self.version > 0 and not self.dead


NEVER: Final = EntryState()


@dataclass(frozen=True, slots=True)
class Repeat:
    """An idempotency row: what was asked under a key, and how it ended."""

    fingerprint: bytes
    outcome: Duplicate


@dataclass(slots=True)
class State:
    """One tenant as a batch sees it. `decide` reads it; whoever seals moves it on.

    `entries` holds every key of the batch's footprint (NEVER where there is no row).
    `access_revision` is the last revision that changed a grant or contract. Idempotency rows
    of keys that expired at `swept_us` or before may be gone. `authors` names who wrote the
    versions that the batch takes back.
    """

    tenant: str
    revision: int = 0
    floor: int = 0
    digest: bytes = b""
    at_us: int = 0
    access_revision: int = 0
    swept_us: int = 0
    entries: dict[EntryKey, EntryState] = field(default_factory=dict)
    repeats: dict[tuple[str, str], Repeat] = field(default_factory=dict)
    authors: dict[tuple[EntryKey, int], str] = field(default_factory=dict)

    def entry(self, key: EntryKey) -> EntryState:
        """The entry at `key`; a key outside the footprint is a defect, not an absence."""
        return self.entries[key]
