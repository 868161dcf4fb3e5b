"""Inspection: the records of one entry, checked in order, and then its live row.

What may be missing is known exactly: a payload only when a newer version at or below the
floor replaced it, a whole body only when a later erasure lists it, and what came before the
first record only when it was archived. All else is a finding.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from commonplace.core.digest import matches
from commonplace.core.fold import OF_RECORDS, OPERATIONS
from commonplace.core.replay import Replay
from commonplace.core.retention import seal_digest, stands_alone
from commonplace.errors import InvalidInput
from commonplace.model.entry import EntryKey
from commonplace.model.record import Body
from commonplace.storage.codec import decode, decode_checkpoint
from commonplace.storage.programs.lines_left import made_lines
from commonplace.storage.sealing import is_sealed
from commonplace.storage.step import Row

Find = Callable[[str, tuple[int, int], str, str], None]
"""(code, place, reference, message): how a finding is noted."""


def name_of(key: EntryKey, version: int) -> str:
    """The reference of a version, for a row that may hold anything."""
    try:
        return str(key.reference(version))
    except InvalidInput:
        return f"{key.namespace}:{key.region}/{key.key}@{version}"


class Inspector:
    """One entry under inspection. `take` its rows in order of version, then `finish`.

    Below the revision `forgotten` its payloads may be gone once they are superseded.
    """

    def __init__(
        self, key: EntryKey, floor: int, through: int, find: Find, *, forgotten: int = 0
    ) -> None:
        self.key = key
        self.place = (0, 0)
        self.retained: tuple[int, bytes] | None = None
        self._tied = True
        self._floor = floor
        self._through = through
        self._forgotten = forgotten
        self._report = find
        self._replay = Replay()
        self._last: Row = ()
        self._rows = 0
        # What the next row, or an erasure further on, may yet excuse.
        self._pending: list[str] = []
        self._bodiless: dict[int, tuple[int, int]] = {}
        self._unreadable: tuple[int, tuple[int, int]] | None = None
        self._was_erased = False
        self._erased: list[list[int]] = []
        # Where the entry's row should say that replay begins.
        self._base = (0, 0)
        self._light = False
        self._deltas = 0
        self._bytes = 0
        self._bytes_before = 0

    @property
    def value(self) -> Any:
        """The value that the records so far fold to; MISSING if it is not known."""
        return self._replay.value

    def take(self, row: Row, listed: str) -> None:
        """Check one row; `listed` is the digest the log lists for its checkpoint, or empty."""
        self._order(row)
        arguments = self._body(row)
        self._fold(row, arguments)
        self._made(row)
        self._checkpoint(row, arguments, listed)
        self._count(row)
        if not self._replay.known:
            self._pending.append("value")
        if row[0] <= self._through:
            self.retained = (row[9], row[17])
            self._tied = row[25] is not None or (row[0], row[1]) == (1, 0)
        if row[10] == "erase" and arguments is not None:
            # Its list may be empty: the lines it blanked may be those of archived records.
            self._was_erased, self._erased = True, _runs(arguments)
        self._last, self.place = row, (row[0], row[1])
        self._rows += 1

    def finish(self, live: Row | None) -> None:
        """Check what is left, and the entry's live row (its key first; None: it has none)."""
        self._settle(superseded=False)
        for version, place in self._bodiless.items():
            if not any(first <= version <= last for first, last in self._erased):
                self._find("missing", place, version, "what was written is gone, not by erasure")
        if self._unreadable is not None and not self._was_erased:
            version, place = self._unreadable
            self._find("value", place, version, "the value cannot be folded from the log")
        if self.retained is not None and not self._tied:
            what = "the digest of the archived record before it is missing"
            self._find("edited", self.place, self.retained[0], what)
        if live is None:
            self._find("entry", self.place, self._last[9], "the entry's live row is missing")
        else:
            self._live(live[3:])

    def _find(self, code: str, place: tuple[int, int], version: int, message: str) -> None:
        self._report(code, place, name_of(self.key, version), message)

    def _edited(self, row: Row, message: str) -> None:
        self._find("edited", (row[0], row[1]), row[9], message)

    # --- one record ---------------------------------------------------------------------------

    def _order(self, row: Row) -> None:
        version = row[9]
        if not self._rows:
            if version > 1:
                self._replay.lose()
            if version > 1 and row[0] > self._through:
                first = version - 1 if self._through else 1
                self._missing(first, version - 1, row)
            return
        before = self._last[9]
        dropped = row[0] <= self._floor or self.place[0] < self._forgotten
        self._settle(superseded=version == before + 1 and dropped)
        if version > before + 1:
            self._replay.lose()
            self._missing(before + 1, version - 1, row)
        if (row[0], row[1]) <= self.place:
            self._find("order", (row[0], row[1]), version, "its version and revision disagree")

    def _missing(self, first: int, last: int, row: Row) -> None:
        what = f"version {first} is" if first == last else f"versions {first} to {last} are"
        self._find("missing", (row[0], row[1]), first, f"{what} missing before this record")

    def _settle(self, *, superseded: bool) -> None:
        """Decide about what only the next row of the entry could excuse: that it replaced this."""
        pending, self._pending = self._pending, []
        if superseded or not pending:
            return
        row = self._last
        lost = "value" in pending and row[0] <= self._floor
        if "payload" in pending and not lost:
            self._find("missing", self.place, row[9], "what was written is gone, not by retention")
        if "checkpoint" in pending:
            self._edited(row, "its checkpoint cannot be checked against anything")
        if "value" in pending and self._unreadable is None:
            self._unreadable = row[9], self.place

    def _body(self, row: Row) -> Mapping[str, Any] | None:
        salt, payload, reason, digest = row[18:22]
        if salt is None:
            self._bodiless[row[9]] = (row[0], row[1])
            if (payload, reason, digest) != (None, None, None):
                self._edited(row, "parts of an erased body are there")
            return None
        if reason is None or (payload is None) == (digest is None):
            self._edited(row, "parts of what was written are missing, or there twice")
            return None
        if not matches(Body(salt, payload, reason, digest or b""), row[16]):
            self._edited(row, "what was written is not what the record committed to")
        if payload is None:
            self._pending.append("payload")
            return None
        try:
            arguments = decode(payload)
        except (ValueError, msgspec.DecodeError):
            self._edited(row, "what was written cannot be read")
            return None
        return arguments if isinstance(arguments, dict) else None

    def _fold(self, row: Row, arguments: Mapping[str, Any] | None) -> None:
        version, operation, dead, size = row[9], row[10], bool(row[14]), row[15]
        known = OPERATIONS.get(operation)
        if known is None:
            self._edited(row, f"the operation {operation!r} is unknown to this release")
            self._replay.lose()
            return
        if dead != known.kills and operation not in OF_RECORDS:
            self._edited(row, "what it did and whether it left a tombstone disagree")
        try:
            self._replay.take(operation, arguments, version, dead)
        except Exception as error:  # boundary: whatever a damaged row does is a finding
            self._find("value", (row[0], row[1]), version, f"it does not apply: {error}")
            self._replay.lose()
            return
        expected = self._size(row, arguments)
        if expected is not None and expected != size:
            what = f"the entry has {expected} bytes after it, and it says {size}"
            self._find("value", (row[0], row[1]), version, what)

    def _size(self, row: Row, arguments: Mapping[str, Any] | None) -> int | None:
        if row[14]:
            return 0
        if arguments is None or not self._replay.known:
            return None
        text = self._replay.text_bytes
        if text is not None:
            return text
        if row[10] in OF_RECORDS and not (arguments["current"] and "value" in arguments):
            return int(self._last[15]) if self._rows else None
        return int(arguments.get("size_bytes", 0)) if row[10] in OF_RECORDS else len(row[19])

    def _checkpoint(self, row: Row, arguments: Mapping[str, Any] | None, listed: str) -> None:
        checkpoint, sealed = row[24], is_sealed(row[24])
        alone = stands_alone(row[10], bool(row[14]))
        must = alone or row[9] == 1 or checkpoint is not None
        may = must or not self._rows or row[19] is None or row[25] is not None
        if (must and not row[23]) or (row[23] and not may):
            self._edited(row, "where replay may begin was changed")
        if checkpoint is None:
            return
        if sealed:
            due = arguments.get("checkpoint") if row[10] == "erase" and arguments else listed
            if seal_digest(checkpoint) != due:
                self._edited(row, "its checkpoint is not the one that the log speaks of")
        try:
            value = decode_checkpoint(checkpoint)
        except Exception:  # boundary: whatever a damaged row does is a finding
            self._edited(row, "its checkpoint cannot be read")
            return
        if not self._replay.known:
            self._replay.set(value)
            if not sealed:
                self._pending.append("checkpoint")
        elif value != self._replay.value:
            self._edited(row, "its checkpoint is not what the records fold to")

    def _made(self, row: Row) -> None:
        """The lines that a replace left, which searches read instead of replaying the entry."""
        made, value = row[26], self._replay.value
        if made is None:
            return
        if row[10] != "replace" or row[19] is None:
            self._edited(row, "it has lines that only a replace could have left")
        elif isinstance(value, tuple) and made != made_lines(value, row[9]):
            self._edited(row, "the lines it left are not those that it says it left")

    # --- the live row -------------------------------------------------------------------------

    def _count(self, row: Row) -> None:
        """Where the entry's row should say that replay begins, as of this record."""
        size = len(row[19] or b"")
        if stands_alone(row[10], bool(row[14])):
            self._deltas, self._bytes = 0, 0
        elif row[24] is not None:
            self._bytes_before = self._bytes + size
            self._deltas, self._bytes = 0, 0
        else:
            self._deltas += 1
            self._bytes += size
            if self._rows:
                return
        self._base = (row[0], row[1])
        self._light = row[24] is not None and not is_sealed(row[24])

    def _live(self, live: Sequence[Any]) -> None:
        version, revision, dead, size, *base, light, deltas, delta_bytes = live
        last = self._last
        if version > last[9]:
            self._find("missing", (revision, 0), version, "the record of this version is missing")
            return
        stands = (version, revision, dead, size)
        if stands != (last[9], last[0], last[14], last[15]):
            what = "the entry's live row is not what its newest record says"
            self._find("entry", self.place, last[9], what)
        expected_bytes = self._bytes + (self._bytes_before if light else 0)
        begins = (tuple(base), deltas, delta_bytes)
        if begins != (self._base, self._deltas, expected_bytes) or (light and not self._light):
            what = "the entry's live row has another base for replay than the log"
            self._find("entry", self.place, last[9], what)


def _runs(arguments: Mapping[str, Any]) -> list[list[int]]:
    destroyed = arguments.get("destroyed")
    if not isinstance(destroyed, list):
        return []
    return [run for run in destroyed if isinstance(run, list) and len(run) == 2]
