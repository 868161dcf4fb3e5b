"""Receipts of retention: what was compacted, archived or erased, and what remains."""

from dataclasses import dataclass

from commonplace.model.reference import Reference
from commonplace.model.retraction import Suspect


@dataclass(frozen=True, slots=True)
class Compaction:
    """What one `compact` did: the floor now, checkpoints made, payloads dropped and their size."""

    floor: int
    checkpoints: int
    payloads: int
    freed_bytes: int


@dataclass(frozen=True, slots=True)
class Forgetting:
    """What one `forget_served` did: the floor of what turns were served, and records emptied."""

    floor: int
    records: int


@dataclass(frozen=True, slots=True)
class Anchor:
    """Where the log begins since it was archived, as the chained record tells it.

    `digest` is that of the chain at revision `through`; `state` that of every entry there;
    `file` the name of the archive that holds what came before.
    """

    through: int
    digest: bytes
    state: bytes
    file: str


@dataclass(frozen=True, slots=True)
class Archival:
    """What one `archive` did: the anchor, records written to the file, rows then deleted."""

    anchor: Anchor
    written: int
    deleted: int


@dataclass(frozen=True, slots=True)
class Erasure:
    """The receipt of an erasure.

    `records` lists the versions whose bytes are gone: those asked for, and later ones that
    edited or repeated them. `lines` counts the lines blanked in the current text, and
    `checkpoints` those dropped because they held erased text. `review` lists records of
    *other* entries that were built on an erased version: they say so (declared), or their turn
    was served it (inferred). Nothing of theirs was touched; `unlisted` counts further ones, and
    those that the eraser may not read. What tables say of turns, sources and retractions is names
    and references, which stay as the headers do. `settled` is False while a reader kept the
    engine from overwriting its write-ahead log: the bytes go with its next checkpoint.
    """

    reference: Reference
    revision: int
    version: int
    digest: bytes
    records: tuple[int, ...]
    lines: int
    checkpoints: int
    review: tuple[Suspect, ...]
    unlisted: int
    settled: bool
