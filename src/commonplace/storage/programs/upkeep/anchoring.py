"""The anchor: where the log begins since it was archived."""

from collections.abc import Generator

from commonplace.core.retention import ANCHOR, anchor_from_plain
from commonplace.model.retention import Anchor
from commonplace.storage.programs.reading import entries
from commonplace.storage.step import Answer, Step


def find_anchor(tenant: str) -> Generator[Step, Answer, Anchor | None]:
    """The newest anchor, or None while nothing was archived."""
    entry = (yield from entries(tenant, [ANCHOR]))[ANCHOR]
    return anchor_from_plain(entry.value) if entry.exists else None
