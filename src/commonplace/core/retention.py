"""Retention: what may be dropped, what must stay, and how a checkpoint is sealed.

`compact` drops payloads, `archive` headers, `erase` bytes that must not exist any more. The
rules they share are here; the transactions are in `storage/programs`.

Worked example. An entry has versions 1 to 4 at revisions 3, 5, 8 and 12, and the floor
rises to 9. Version 3 is *current at the floor*: reads from revision 9 on still need it, so
it stays and gets a checkpoint if it is a delta. The payloads of 1 and 2 are superseded at or
below the floor and go; their headers, salts, reasons and payload digests stay.
"""

from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256
from typing import Any, Final, NamedTuple

from commonplace.core.access import TENANT
from commonplace.core.fold import OF_RECORDS, OPERATIONS
from commonplace.core.reserved import RETENTION
from commonplace.model.entry import EntryKey
from commonplace.model.record import Record
from commonplace.model.retention import Anchor

FLOOR: Final = EntryKey(TENANT, RETENTION, "floor")
"""Its value is `{"revision": floor}`."""
ANCHOR: Final = EntryKey(TENANT, RETENTION, "anchor")
"""Its value is that of `anchor_to_plain`."""
SERVED_FLOOR: Final = EntryKey(TENANT, RETENTION, "served")
"""Below the revision in its value, what turns were served was forgotten."""
_PAGE: Final = "checkpoint-"


def page_key(name: str) -> EntryKey:
    """The entry that lists one page of sealed checkpoints."""
    return EntryKey(TENANT, RETENTION, _PAGE + name)


def is_page(entry: EntryKey) -> bool:
    """Whether an entry lists sealed checkpoints."""
    return entry.namespace == TENANT and entry.region == RETENTION and entry.key.startswith(_PAGE)


def stands_alone(operation: str, dead: bool) -> bool:
    """Whether replay may begin at a record by what it is, without a checkpoint."""
    known = OPERATIONS.get(operation)
    return dead or (known is not None and known.whole)


def may_drop(operation: str) -> bool:
    """Whether a superseded payload may go.

    An erasure's says which bytes are missing and why, a retraction's what it took back and what
    was built on that; what turns were served has a retention of its own.
    """
    return operation not in OF_RECORDS and operation != "serve"


class CursorAt(NamedTuple):
    """A named cursor and the revision it has reached."""

    entry: EntryKey
    position: int


def lagging(
    cursors: Iterable[tuple[EntryKey, Mapping[str, Any]]], revision: int
) -> CursorAt | None:
    """The cursor furthest behind `revision`, unless all have reached it or are expired.

    A cursor is expired by a record that gives it the member `expired`, true.
    """
    behind = [
        CursorAt(entry, value["position"])
        for entry, value in cursors
        if not value.get("expired")
        and isinstance(value.get("position"), int)
        and value["position"] < revision
    ]
    return min(behind, key=lambda cursor: cursor.position, default=None)


def seal_digest(sealed: bytes) -> str:
    """What a chained record says of a sealed checkpoint; its salt is among the bytes."""
    return sha256(sealed).hexdigest()


def runs(versions: Iterable[int]) -> list[list[int]]:
    """Versions as runs `[first, last]`, in order."""
    found: list[list[int]] = []
    for version in sorted(set(versions)):
        if found and found[-1][1] == version - 1:
            found[-1][1] = version
        else:
            found.append([version, version])
    return found


def versions_of(found: Iterable[Sequence[int]], below: int) -> set[int]:
    """The reverse of `runs`. Raises `ValueError` unless they are in order and below `below`."""
    versions: set[int] = set()
    after = 0
    for first, last in found:
        if not after < first <= last < below:
            raise ValueError(f"[{first}, {last}] is no run of versions below {below}")
        versions.update(range(first, last + 1))
        after = last
    return versions


class StateDigest:
    """The digest of every entry at a revision, fed with each entry's newest record in key order.

    A record's own digest binds its header and all before it, and its commitment what it
    wrote; so two memories with equal state digests hold the same entries at that revision.
    """

    def __init__(self) -> None:
        self._hash = sha256(b"commonplace/state/1")

    def add(self, entry: EntryKey, version: int, digest: bytes) -> None:
        """Take up one entry."""
        self._hash.update("\x1f".join((*entry, str(version))).encode() + b"\x1e" + digest)

    def digest(self) -> bytes:
        """The digest of all so far."""
        return self._hash.digest()


def anchor_to_plain(anchor: Anchor) -> dict[str, Any]:
    """The stored form."""
    return {
        "through": anchor.through,
        "digest": anchor.digest.hex(),
        "state": anchor.state.hex(),
        "file": anchor.file,
    }


def anchor_from_plain(plain: Mapping[str, Any]) -> Anchor:
    """The reverse of `anchor_to_plain`."""
    return Anchor(
        plain["through"],
        bytes.fromhex(plain["digest"]),
        bytes.fromhex(plain["state"]),
        plain["file"],
    )


def follows(before: tuple[int, int], record: Record) -> bool:
    """Whether a record comes straight after a place in the log (revision 0: the beginning)."""
    revision, index = before
    same = revision > 0 and (record.revision, record.index) == (revision, index + 1)
    return same or (record.revision, record.index) == (revision + 1, 0)
