"""Timeline: who wrote, read and was refused what, in order, one lane for each actor.

Writes are records of the log. Reads are those of turns, at the time their records tell of them;
refusals those that turns met, at their own time. A write is *stale-based* when others had
changed its entry since the version it was made against: it landed all the same, because its rule
says that the two commute. Reads and refusals outside of turns leave no trace, and a timeline
cannot know of them.
"""

from collections.abc import Generator
from dataclasses import dataclass
from datetime import datetime
from heapq import nlargest
from typing import Any, Literal, NamedTuple

from commonplace import limits
from commonplace.core.access import Tier
from commonplace.core.rules.rule import others_since
from commonplace.model.entry import EntryKey, to_datetime
from commonplace.model.namespace import Namespace, NamespacePrefix
from commonplace.model.record import Record
from commonplace.model.reference import Reference
from commonplace.storage.programs import listing, reading
from commonplace.storage.programs.listing import LogFilter
from commonplace.storage.programs.provenance import Served, reaches
from commonplace.storage.programs.reading import Reader
from commonplace.storage.step import Answer, Program, Row, Statement, Step

What = Literal["write", "stale", "read", "refused"]


class Event(NamedTuple):
    """One thing that an actor did or met.

    `what`: a write, a stale-based write, a read in a turn, or a refusal. `reference` is the
    version written or served, or the entry that could not be written. `made_against` is the
    version that a write says it was made against (0: it does not say), `code` that of the
    error. `revision` is that of the record which tells of it.
    """

    at_us: int
    revision: int
    place: int
    actor: str
    what: What
    operation: str
    reference: Reference
    turn: str
    reason: str
    made_against: int
    code: str

    @property
    def at(self) -> datetime:
        """When, in UTC."""
        return to_datetime(self.at_us)


@dataclass(frozen=True, slots=True)
class Timeline:
    """Events oldest first, and their actors in the order in which they appear.

    `more`: there are older events than these within what was asked for.
    """

    events: tuple[Event, ...]
    more: bool

    @property
    def actors(self) -> tuple[str, ...]:
        """Who did something, in order of appearance."""
        return tuple(dict.fromkeys(event.actor for event in self.events))


def timeline(reader: Reader, wanted: LogFilter, limit: int) -> Program[Timeline]:
    """The newest `limit` events of what `wanted` names, as far as the reader may see them.

    Raises `AccessDenied` over a prefix for which the reader has no grant.
    """
    limit = min(limit, limits.MAX_TIMELINE_EVENTS)
    written = yield from _writes(reader, wanted, limit)
    served = yield from _pages(reader, "served_page", wanted, limit)
    refused = yield from _pages(reader, "refusal_page", wanted, limit)
    events = [
        *map(_write, written),
        *(_read(Served(EntryKey(*row[:3]), *row[3:])) for row in served),
        *map(_refusal, refused),
    ]
    newest = nlargest(limit, events, key=_order)
    return Timeline(tuple(reversed(newest)), len(events) > limit)


def _order(event: Event) -> tuple[int, int, int, str]:
    """By the log; what a turn was served comes before what it wrote in the same commit."""
    return event.revision, 0 if event.what == "read" else 1, event.place, str(event.reference)


def _writes(reader: Reader, wanted: LogFilter, limit: int) -> Generator[Step, Answer, list[Record]]:
    found: list[Record] = []
    start: tuple[int, int] | None = None
    while len(found) <= limit:
        page = yield from listing.log_page(reader, wanted, start)
        found += page.records
        if page.next_before is None:
            break
        start = page.next_before
    return found


def _pages(
    reader: Reader, statement: str, wanted: LogFilter, limit: int
) -> Generator[Step, Answer, list[Row]]:
    """Rows of a derived table, newest first, that the filter asks for and the reader may see."""
    now = yield from reading.standing(reader.tenant)
    place = (now.revision + 1 if wanted.before is None else wanted.before, 0, 0)
    where = str(wanted.where) if isinstance(wanted.where, Namespace) else None
    asked = (wanted.after, wanted.actor, where, wanted.region, limits.MAX_PAGE_ROWS)
    found: list[Row] = []
    while len(found) <= limit:
        (rows,) = yield (Statement(statement, [(reader.tenant, *place, *asked)]),)
        may = yield from reaches(reader, (EntryKey(*row[:3]) for row in rows))
        for row in rows:
            has = may[EntryKey(*row[:3])]
            if _asked_for(row, wanted) and has.tier >= Tier.READER and row[-4] >= has.since:
                found.append(row[:-1])
        if len(rows) < limits.MAX_PAGE_ROWS:
            break
        *_, revision, index, _, ordinal = rows[-1]
        place = (revision, index, ordinal)
    return found


def _asked_for(row: Row, wanted: LogFilter) -> bool:
    if wanted.key is not None and row[2] != wanted.key:
        return False
    if isinstance(wanted.where, NamespacePrefix):
        return str(row[0]).startswith(str(wanted.where))
    return True


def _write(record: Record) -> Event:
    arguments: Any = record.arguments or {}
    base = arguments.get("base")
    stale = base is not None and others_since(base, arguments.get("own", ()), record.version - 1)
    return Event(
        at_us=record.at_us,
        revision=record.revision,
        place=record.index,
        actor=record.actor.name,
        what="stale" if stale else "write",
        operation=record.operation,
        reference=record.reference,
        turn=record.turn,
        reason=record.reason,
        made_against=base or 0,
        code="",
    )


def _read(served: Served) -> Event:
    return Event(
        at_us=served.at_us,
        revision=served.revision,
        place=served.place,
        actor=served.actor,
        what="read",
        operation="render" if served.renderer else "read",
        reference=served.reference,
        turn=served.turn,
        reason="",
        made_against=0,
        code="",
    )


def _refusal(row: Row) -> Event:
    *entry, operation, code, actor, turn, revision, place, at_us = row
    return Event(
        at_us=at_us,
        revision=revision,
        place=place,
        actor=actor,
        what="refused",
        operation=operation,
        reference=EntryKey(*entry).reference(),
        turn=turn,
        reason="",
        made_against=0,
        code=code,
    )
