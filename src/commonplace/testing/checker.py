"""Checker: whether a history and a log can both be true.

A general linearizability checker searches for an order that explains a history. Here the
memory claims one: the revisions. So nothing is searched; the claim is checked.

- The log: revisions 1, 2, 3 … without gap, records of a commit numbered from 0, versions of
  an entry 1, 2, 3 … without gap or restart, times never going back.
- Writes: each acknowledged one is in the log exactly once, where its receipt says; each
  refused one is not in it; each unknown one at most once.
- Real time: what was answered before another call was asked comes before it.
- Reads: a read returns what folding the log up to one of its commits gives; nothing newer
  was acknowledged before the read was asked, and what it saw was asked for before it ended.
- Conflicts: nobody is refused for a version that stood during the whole call.

Every violation is a sentence with the two events or records that contradict each other.
"""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from commonplace.model.record import Record
from commonplace.testing.history import Event

Fold = Callable[[Sequence[Record], Collection[int]], Mapping[int, str]]
"""The text at each of the versions asked for, from the records of one entry, oldest first."""


@dataclass(frozen=True, slots=True)
class Log:
    """The records of one tenant, oldest first, by entry and by idempotency key."""

    records: tuple[Record, ...]
    by_entry: Mapping[str, tuple[Record, ...]]
    by_key: Mapping[tuple[str, str], tuple[Record, ...]]

    @classmethod
    def of(cls, records: Iterable[Record]) -> "Log":
        """Sort out records given in log order."""
        ordered = tuple(records)
        entries: dict[str, list[Record]] = defaultdict(list)
        keys: dict[tuple[str, str], list[Record]] = defaultdict(list)
        for record in ordered:
            entries[str(record.entry.reference())].append(record)
            keys[record.actor.name, record.idempotency_key].append(record)
        return cls(
            ordered,
            {name: tuple(found) for name, found in entries.items()},
            {name: tuple(found) for name, found in keys.items()},
        )


def check_log(log: Log, *, first: int = 1) -> list[str]:
    """Gaps, repetitions and disorder in the log itself. `first` is the revision it begins at."""
    found: list[str] = []
    revision, index, at_us = first - 1, -1, 0
    for record in log.records:
        place = (record.revision, record.index)
        if place not in {(revision, index + 1), (revision + 1, 0)}:
            found.append(f"the log goes from r{revision}[{index}] to r{place[0]}[{place[1]}]")
        if record.at_us < at_us:
            found.append(f"r{place[0]} was committed before r{revision}, by its time")
        (revision, index), at_us = place, record.at_us
    for name, records in log.by_entry.items():
        versions = [record.version for record in records]
        start = versions[0] if first > 1 else 1
        if versions != list(range(start, start + len(versions))):
            found.append(f"{name} has the versions {versions[:50]}, in log order")
    return found


def check_writes(log: Log, events: Iterable[Event]) -> Iterator[str]:
    """Acknowledged writes are there once and as their receipts say, refused ones are not."""
    for event in events:
        if event.is_read:
            continue
        records = [
            record
            for record in log.by_key.get((event.client, event.key), ())
            if str(record.entry.reference()) == event.entry
        ]
        if event.outcome == "ok":
            places = [(record.revision, record.version) for record in records]
            if places != [(event.revision, event.version)]:
                yield (
                    f"acknowledged as r{event.revision} @{event.version}, "
                    f"in the log as {places}: {event}"
                )
        elif event.outcome == "refused" and records:
            yield f"refused, and in the log as r{records[0].revision}: {event}"
        elif len(records) > 1:
            yield f"its outcome is unknown, and it is in the log {len(records)} times: {event}"


def check_real_time(events: Iterable[Event]) -> Iterator[str]:
    """What was answered before another was asked has the lower revision."""
    writes = [e for e in events if e.outcome == "ok" and not e.is_read]
    ended = sorted((e for e in writes if e.answered_ns is not None), key=_end)
    newest: Event | None = None
    position = 0
    for event in sorted(writes, key=lambda e: e.asked_ns):
        while position < len(ended) and _end(ended[position]) < event.asked_ns:
            if newest is None or ended[position].revision > newest.revision:
                newest = ended[position]
            position += 1
        if newest is not None and newest.revision >= event.revision:
            yield f"answered before it, and not before it in the log: {newest}, {event}"


def check_reads(log: Log, events: Iterable[Event], fold: Fold) -> Iterator[str]:
    """Reads return states of the log, none older or newer than real time allows."""
    told = tuple(events)
    reads = [event for event in told if event.is_read and event.outcome == "ok"]
    asked = {
        (event.client, event.key): event.asked_ns
        for event in told
        if not event.is_read and event.key
    }
    versions: dict[str, set[int]] = defaultdict(set)
    for read in reads:
        versions[read.entry].add(read.version)
    texts = {name: fold(log.by_entry.get(name, ()), wanted) for name, wanted in versions.items()}
    for read in reads:
        records = log.by_entry.get(read.entry, ())
        upto = records[: read.version]
        stands = upto[-1].revision if upto else 0
        if len(upto) != read.version or stands != read.revision:
            yield f"no record made the version that was read: {read}"
            continue
        text = texts[read.entry][read.version]
        if read.text is not None and read.text != text:
            yield f"the log gives {text!r:.200} at version {read.version}: {read}"
        if upto:
            born_ns = asked.get((upto[-1].actor.name, upto[-1].idempotency_key))
            if born_ns is not None and read.answered_ns is not None and read.answered_ns < born_ns:
                yield f"read before it was asked for: {read}"
    yield from _stale(told, reads)


def _stale(told: Sequence[Event], reads: Sequence[Event]) -> Iterator[str]:
    """A read sees at least every version that was acknowledged or read before it was asked."""
    by_entry: dict[str, list[Event]] = defaultdict(list)
    for event in told:
        if event.outcome == "ok" and event.answered_ns is not None:
            by_entry[event.entry].append(event)
    seen: dict[str, tuple[list[int], list[int]]] = {}
    for entry, known in by_entry.items():
        ends, newest, version = [], [], 0
        for event in sorted(known, key=_end):
            version = max(version, event.version)
            ends.append(_end(event))
            newest.append(version)
        seen[entry] = ends, newest
    for read in reads:
        ends, newest = seen[read.entry]
        before = bisect_left(ends, read.asked_ns)
        if before and newest[before - 1] > read.version:
            yield f"stale: version {newest[before - 1]} was known before this was asked: {read}"


def check_conflicts(log: Log, events: Iterable[Event]) -> Iterator[str]:
    """A conflict needs a version that did not stand during the whole call."""
    told = tuple(events)
    answered = {
        (event.client, event.key): event
        for event in told
        if not event.is_read and event.outcome == "ok"
    }
    ends: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for event in answered.values():
        if event.answered_ns is not None:
            ends[event.entry].append((event.answered_ns, event.version))
    for known in ends.values():
        known.sort()
    for event in told:
        if event.code != "version_conflict" or event.expect is None:
            continue
        records = log.by_entry.get(event.entry, ())
        if event.expect != len(records) or event.answered_ns is None:
            continue  # a later version exists, or the one it named never did
        known = ends[event.entry]
        # The version it named is the newest of all: it must have come during the call.
        if bisect_right(known, (event.asked_ns, event.expect)) and any(
            end < event.asked_ns and version == event.expect for end, version in known
        ):
            yield f"refused for a version that stood all the while: {event}"


def check(records: Iterable[Record], events: Iterable[Event], fold: Fold) -> list[str]:
    """Everything above; an empty list is a linearizable history over a sound log."""
    log, told = Log.of(records), tuple(events)
    return [
        *check_log(log),
        *check_writes(log, told),
        *check_real_time(told),
        *check_reads(log, told, fold),
        *check_conflicts(log, told),
    ]


def _end(event: Event) -> int:
    assert event.answered_ns is not None
    return event.answered_ns
