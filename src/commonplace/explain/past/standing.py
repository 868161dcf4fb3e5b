"""Standing: from which version to which a line, or a JSON value, stood in its entry.

A line that was taken out never comes back under its name, so the versions that hold it are one
run, and its end is found by halving: a handful of pinned reads over any history.

Worked example. Version 3 appended `a`, named (3,0), and the head is version 40 without it. Is
it in version 21? No: then its end is in (3, 21]. In 12? Yes: (12, 21]. Five reads name the
version that took it out.
"""

from collections.abc import Collection, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, NamedTuple

from commonplace.core.exchange import carried
from commonplace.core.replay import Replay
from commonplace.core.reserved import DISPATCHES
from commonplace.core.text import Text
from commonplace.errors import AccessDenied, Compacted, Erased, NotFound
from commonplace.limits import MAX_STATES
from commonplace.model.entry import EntryKey, Line
from commonplace.storage.programs import reading
from commonplace.storage.programs.reading import ABSENT, Found, Reader, version_at
from commonplace.storage.rows import record_of
from commonplace.storage.step import Program, Statement

_HELD = 64
"""States of one entry that are kept at a time."""
_STEPS = 16
"""Records that a state is made from at the most, when one that shortly preceded it is kept."""


class Window(NamedTuple):
    """Versions `first` to below `end` (None: it stands at the head); half open, like a range.

    `sure` is False when bytes that would tell its exact end are gone, or were too many to read.
    """

    first: int
    end: int | None
    sure: bool = True


@dataclass(slots=True)
class Budget:
    """How much of past states one question may still read, over all entries.

    `unread` counts states that were wanted and not read: bytes are gone, or bounds were met.
    """

    left: int = MAX_STATES
    unread: int = 0

    def spend(self, found: Found) -> None:
        """Account for a state that was read: one, and one more for each thousand lines."""
        self.left -= 1 + (len(found.value) // 1024 if isinstance(found.value, tuple) else 0)


@dataclass(slots=True)
class States:
    """The states of one entry that a reader may see, from version `first` to the head's.

    `first` is 0 when the reader may see all, and else the version that stood where retention or
    the reader's own grant begins. `lost` says that records of it may have lost their bytes.
    """

    reader: Reader
    key: EntryKey
    head: Found
    first: Found
    low: int
    since: int
    budget: Budget
    lost: bool = False
    _held: dict[int, Found | None] = field(default_factory=dict)

    @property
    def text(self) -> Text:
        """The text at the head; empty for anything else."""
        return self.head.value if isinstance(self.head.value, tuple) else ()

    def at(self, version: int) -> Program[Found | None]:
        """The entry at a version; None when nobody can tell any more, or not this reader."""
        if version == self.head.version:
            return self.head
        if version == self.first.version:
            return self.first
        if not self.first.version < version < self.head.version:
            return None
        if version not in self._held:
            if len(self._held) >= _HELD:
                del self._held[next(iter(self._held))]
            self._held[version] = yield from self._read(version)
        return self._held[version]

    def _read(self, version: int) -> Program[Found | None]:
        if self.budget.left > 0:
            found = yield from self._from_before(version)
            if found is None:
                with suppress(AccessDenied, Compacted, Erased, NotFound):
                    found = yield from reading.read_version(self.reader, self.key, version)
            if found is not None:
                self.budget.spend(found)
                return found
            self.budget.left -= 1
        self.budget.unread += 1
        return None

    def _from_before(self, version: int) -> Program[Found | None]:
        """A state made from one shortly before it, which is cheaper than from a checkpoint."""
        before = [each for each in self._held if version - _STEPS <= each < version]
        base = self._held[max(before)] if before else None
        if base is None:
            return None
        page = (self.reader.tenant, *self.key, base.version, version - base.version)
        (rows,) = yield (Statement("history_page", [page]),)
        replay = Replay()
        replay.set(base.value)
        for record in map(record_of, rows):
            replay.take(record.operation, record.arguments, record.version, record.dead)
        if not rows or not replay.known or record.version != version:
            return None
        who, at_us = record.actor.name, record.at_us
        return Found(version, record.revision, record.dead, replay.value, who, at_us)

    def near(self, version: int, low: int, high: int) -> Program[tuple[int, Found | None]]:
        """A state between two versions that can be told, near to `version` if there is one.

        Where bytes are gone, all states up to the next checkpoint are: steps that double are
        out of such a run soon, and only a run that reaches to both ends is walked.
        """
        doubling = (1 << n for n in range((high - low).bit_length()))
        beside = (at for step in doubling for at in (version - step, version + step))
        for other in chain((version,), beside, range(high - 1, low, -1)):
            if low < other < high:
                found = yield from self.at(other)
                if found is not None or self.budget.left <= 0:
                    return other, found
        return version, None

    def said(self, found: Found) -> Any:
        """What a state says: its value, or of a dispatch what it carries."""
        if self.key.region != DISPATCHES or found.value is None:
            return found.value
        return list(carried(found.value))

    def wrote(self, found: Found) -> Any:
        """What of that the record of the state's version put there, as far as it is JSON."""
        if self.key.region != DISPATCHES or found.value is None:
            return found.value
        return carried(found.value)[0 if found.version == 1 else 1]

    def untold(self) -> Program[list[Found]]:
        """States whose text no record may tell of: the first, and those that erasures left."""
        found = [self.first] if self.first.version else []
        if self.lost:
            (rows,) = yield (Statement("erasures_of", [(self.reader.tenant, *self.key)]),)
            for record in map(record_of, rows):
                state = yield from self.at(record.version)
                if state is not None and state is not self.first:
                    found.append(state)
        return found

    def change_after(self, version: int) -> Program[int]:
        """The next version that may have moved or taken lines; the one after the head, if none."""
        (rows,) = yield (Statement("change_after", [(self.reader.tenant, *self.key, version)]),)
        return int(rows[0][0]) if rows else self.head.version + 1


def open_states(
    reader: Reader, key: EntryKey, budget: Budget | None = None, *, lost: bool = False
) -> Program[States]:
    """The states of an entry, for a reader who may read it. Raises `AccessDenied` or `NotFound`."""
    now = yield from reading.standing(reader.tenant)
    has = yield from reading.require_read(reader, now.access_revision, key)
    head = yield from reading.read_entry(reader, key)
    low = max(has.since, now.floor)
    first = ABSENT
    if low:
        first = ABSENT._replace(version=(yield from version_at(reader.tenant, key, low)))
        with suppress(Erased):
            first = yield from reading.read_entry_at(reader, key, low)
    return States(reader, key, head, first, low, has.since, budget or Budget(), lost)


def windows(
    states: States, lines: Iterable[Line], after: int | None = None
) -> Program[dict[Line, Window]]:
    """For each of some lines, the versions in which it stood; it must have stood once.

    The name of a line says which version it began in, even where that can no longer be read.
    Whoever knows that they all stood at version `after`, or began later, is answered sooner.
    """
    found: dict[Line, Window] = {}
    asked = dict.fromkeys(lines)
    makers = {line.version for line in asked}
    now = {line for line in states.text if line.version in makers}
    gone = []
    for line in asked:
        if line in now:
            found[line] = Window(line.version, None)
        else:
            gone.append(line)
    start = states.first.version if after is None else after
    waiting = [(start, states.head.version, gone)] if gone else []
    while waiting:
        low, high, some = waiting.pop()
        middle, state = low, None
        if high - low > 1:
            middle, state = yield from states.near((low + high) // 2, low, high)
        if state is None:
            ends = (Window(line.version, high, sure=high - low <= 1) for line in some)
            found.update(zip(some, ends, strict=True))
            continue
        there = _standing(state, some)
        later = [line for line in some if line.version > middle or line in there]
        earlier = [line for line in some if line.version <= middle and line not in there]
        halves = (low, middle, earlier), (middle, high, later)
        waiting += [half for half in halves if half[2]]
    return found


def window(reader: Reader, key: EntryKey, line: Line) -> Program[Window]:
    """The versions of an entry in which a line stood. Raises what `open_states` raises."""
    states = yield from open_states(reader, key)
    return (yield from windows(states, (line,)))[line]


def _standing(state: Found, some: Collection[Line]) -> Collection[Line]:
    if not isinstance(state.value, tuple):
        return ()
    return state.value if len(some) == 1 else frozenset(state.value)
