"""The anchor: where the log begins since it was archived."""

from collections.abc import Generator

from commonplace.core.retention import ANCHOR, anchor_from_plain
from commonplace.model.retention import Anchor
from commonplace.storage.programs.reading import entries
from commonplace.storage.step import Answer, Statement, Step


def find_anchor(tenant: str) -> Generator[Step, Answer, Anchor | None]:
    """The newest anchor, or None while nothing was archived."""
    entry = (yield from entries(tenant, [ANCHOR]))[ANCHOR]
    return anchor_from_plain(entry.value) if entry.exists else None


def digest_at(tenant: str, revision: int, anchor: Anchor | None) -> Generator[Step, Answer, bytes]:
    """The digest of the chain at the end of a revision; b"" or another one if it was archived."""
    if anchor is not None and anchor.through == revision:
        return anchor.digest
    (rows,) = yield (Statement("last_at", [(tenant, revision)]),)
    return bytes(rows[0][0]) if rows else b""
