"""Why: where a text came from, how long it stood, who was shown it and what was built on it.

Every historic state that the reader may see is searched, exactly and then, if nothing has the
text as it is written, loosely (`explain.needle`). What is found is complete unless the answer
says otherwise: its last part is what cannot be known.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple

from commonplace.errors import AccessDenied, InvalidValue, LimitExceeded, NotFound
from commonplace.explain.past.origin import Tracer
from commonplace.explain.past.standing import Budget, States, open_states
from commonplace.explain.why.consequences import (
    Derivation,
    Source,
    derivations,
    everywhere,
    readings,
)
from commonplace.explain.why.needle import Needle
from commonplace.explain.why.search import seek
from commonplace.explain.why.stretch import Stretch, checked_ends, stretches
from commonplace.explain.why.telling import tell
from commonplace.explain.why.unknown import Bounds, sentences
from commonplace.limits import MAX_SOUGHT_BYTES
from commonplace.model.entry import EntryKey, Line
from commonplace.model.record import Record
from commonplace.model.reference import AtVersion, Reference
from commonplace.storage.codec import check_text
from commonplace.storage.programs import provenance, reading
from commonplace.storage.programs.provenance import Part, Served
from commonplace.storage.programs.reading import Found, Reader
from commonplace.storage.programs.seeking import EVERYWHERE, Scope
from commonplace.storage.programs.upkeep.forgetting import served_floor
from commonplace.storage.step import Program

MAX_DEPTH: Final = 8
MAX_AGAIN: Final = 20
"""Records that wrote a text again while it stood which an occurrence lists."""
MAX_SHOWN: Final = 50
"""Passages that the writer had been served which an occurrence lists."""

Match = Literal["exact", "loose"]
Status = Literal[
    "stands",
    "suspect",
    "replaced",
    "condensed",
    "retracted",
    "superseded",
    "deleted",
    "erased",
    "settled",
    "withdrawn",
]
_ENDINGS: Final[dict[str, Status]] = {
    "condense": "condensed",
    "retract": "retracted",
    "supersede": "superseded",
    "delete": "deleted",
    "erase": "erased",
    "settle": "settled",
    "withdraw": "withdrawn",
}


class Contribution(NamedTuple):
    """A record (None: archived, or hidden from the reader) and what of the text it wrote."""

    version: int
    record: Record | None
    text: str


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One run of versions of one entry that contained the text.

    `reference` names the lines where it first stood. It stood from version `first` to below
    `end` (None: the head has it), and `introduced` and `ended` are the records that made these
    versions; None for one that is archived, hidden from this reader, or not known since older
    records of a common text were not followed. `contributions` holds
    every record that wrote a part of it, in the order of the text, and `again` those that wrote
    it again while it stood already. `writer_served` is what the turn that wrote it had been
    served by then: what it may have come from, beside `introduced.based_on`. `marked` holds the
    retractions and supersessions that speak of it. `served` are the turns that were served lines
    which had it, and `derived` what was built on it. Where a bound cut a list short, its
    `more_…` says so; `hidden` counts derived records that are not this reader's to see. `sure`
    is False when what would tell the exact beginning or end is gone or was not followed.
    """

    reference: Reference
    match: Match
    status: Status
    first: int
    end: int | None
    introduced: Record | None
    ended: Record | None
    seconds: float | None
    contributions: tuple[Contribution, ...]
    again: tuple[Record, ...]
    writer_served: tuple[Served, ...]
    more_writer_served: bool
    marked: tuple[Record, ...]
    served: tuple[Served, ...]
    more_served: bool
    derived: tuple[Derivation, ...]
    more_derived: bool
    hidden: int
    sure: bool

    @property
    def stands(self) -> bool:
        """Whether the head contains it."""
        return self.end is None


@dataclass(frozen=True, slots=True)
class Why:
    """The answer: occurrences in the order in which they began, and what cannot be known.

    `omitted` counts entries that may contain the text and were not looked at, for the limit.
    """

    text: str
    occurrences: tuple[Occurrence, ...]
    omitted: int
    unknown: tuple[str, ...]

    def __bool__(self) -> bool:
        return bool(self.occurrences)

    def __str__(self) -> str:
        """Who, when, from what, for how long, and what came of it: lines for people."""
        return "\n".join(tell(self))


def why(
    reader: Reader,
    text: str,
    *,
    scope: Scope = EVERYWHERE,
    limit: int = 20,
    depth: int = 1,
) -> Program[Why]:
    """Every time that a text stood. Raises `InvalidValue` or `LimitExceeded` for no such text."""
    check_sought(text)
    if not 1 <= depth <= MAX_DEPTH:
        raise InvalidValue(f"depth={depth}: derivations are followed 1 to {MAX_DEPTH} levels.")
    budget, needle = Budget(), Needle(text)
    looked = yield from _look(reader, needle, scope, limit, budget)
    if not looked.found:
        needle = Needle(text, loose=True)
        looked = yield from _look(reader, needle, scope, limit, budget)
    occurrences = []
    for states, stretch in looked.found:
        occurrences.append((yield from _occurrence(states, needle, stretch, depth)))
    occurrences.sort(key=lambda each: each.introduced.at_us if each.introduced else 0)
    now = yield from reading.standing(reader.tenant)
    floor = yield from served_floor(reader.tenant)
    cut = (looked.gone, budget.unread, looked.more, looked.omitted)
    bounds = Bounds(*cut, looked.since, floor)
    said = sentences(reader.actor, now, occurrences, bounds)
    return Why(text, tuple(occurrences), looked.omitted, tuple(said))


def check_sought(text: object) -> str:
    """A text to look for. Raises `InvalidValue` or `LimitExceeded` for what cannot be one."""
    sought = check_text(text, "text")
    if not sought.strip():
        raise InvalidValue("text is empty: quote what you are looking for.")
    size = len(sought.encode())
    if size > MAX_SOUGHT_BYTES:
        raise LimitExceeded(
            f"The text to look for has {size} bytes, {size - MAX_SOUGHT_BYTES} more than the "
            f"limit of {MAX_SOUGHT_BYTES}. Quote its most telling sentence.",
            limit=MAX_SOUGHT_BYTES,
            actual=size,
            excess=size - MAX_SOUGHT_BYTES,
        )
    return sought


class _Looked(NamedTuple):
    """The runs of versions that contain a needle, and what kept others from being found."""

    found: Sequence[tuple[States, Stretch]]
    omitted: int
    more: bool
    gone: int
    since: Mapping[EntryKey, int]


def _look(
    reader: Reader, needle: Needle, scope: Scope, limit: int, budget: Budget
) -> Program[_Looked]:
    """Entry by entry, that with the oldest record first, until there are enough."""
    sought = yield from seek(reader, needle, scope)
    found: list[tuple[States, Stretch]] = []
    since: dict[EntryKey, int] = {}
    waiting = sought.by_entry
    looked = 0
    for key, records in waiting.items():
        if len(found) >= limit:
            break
        looked += 1
        try:
            lost = key in sought.beginnings
            states = yield from open_states(reader, key, budget, lost=lost)
        except (AccessDenied, NotFound):  # taken back since the search
            continue
        if states.since:
            since[key] = states.since
        runs = yield from stretches(states, needle, sought.probe, records)
        if sought.more:
            runs = yield from checked_ends(states, needle, runs)
        found += ((states, run) for run in runs)
    omitted = len(waiting) - looked + (len(found) > limit)
    return _Looked(found[:limit], omitted, sought.more, sought.unsearchable, since)


# --- one occurrence -----------------------------------------------------------------------------


def _occurrence(
    states: States, needle: Needle, stretch: Stretch, depth: int
) -> Program[Occurrence]:
    reader, key = states.reader, states.key
    began = yield from states.at(max(stretch.first, states.first.version))
    parts, lines = yield from _contributions(states, needle, stretch, began)
    wanted = [stretch.first, stretch.end or 0, *sorted(stretch.makers)[: MAX_AGAIN + 1]]
    wanted += [part.version for part in parts]
    records = yield from provenance.records_of_versions(reader, key, wanted)
    introduced = records.get(stretch.first) if stretch.begun else None
    ended = records.get(stretch.end or 0)
    source = Source(
        states, stretch.first, stretch.end, lambda found: _places(states, needle, found)
    )
    read = yield from readings(reader, source)
    derived = yield from derivations(reader, source, read, depth)
    shown = yield from _shown(reader, introduced)
    mine = {part.version for part in parts} | {stretch.first}
    marked, status = yield from _status(states, stretch, mine, ended)
    again = [version for version in sorted(stretch.makers) if version > stretch.first]
    at = AtVersion(max(stretch.first, states.first.version))
    namespace, region = key.reference().namespace, key.region
    return Occurrence(
        reference=Reference(namespace, region, key.key, at, lines),
        match="loose" if needle.loose else "exact",
        status=status,
        first=stretch.first,
        end=stretch.end,
        introduced=introduced,
        ended=ended,
        seconds=(yield from _seconds(reader, introduced, ended, stretch)),
        contributions=tuple(part._replace(record=records.get(part.version)) for part in parts),
        again=tuple(records[version] for version in again[:MAX_AGAIN] if version in records),
        writer_served=tuple(shown.seen),
        more_writer_served=shown.next is not None,
        marked=tuple(marked),
        served=tuple(read.served),
        more_served=read.more,
        derived=tuple(derived.derivations),
        more_derived=derived.more,
        hidden=derived.hidden,
        sure=stretch.sure and stretch.begun,
    )


def _places(states: States, needle: Needle, found: Found) -> Iterable[tuple[int, int]]:
    """The lines in which a state has the text, counted from 1."""
    if not isinstance(found.value, tuple):
        return everywhere(found) if needle.is_in(states.said(found)) else ()
    if not needle.may_span:
        numbered = enumerate(found.value, start=1)
        return [(number, number) for number, line in numbered if needle.in_text(line.text)]
    return [(place.first + 1, place.last + 1) for place in needle.places(found.value)]


def _contributions(
    states: States, needle: Needle, stretch: Stretch, began: Found | None
) -> Program[tuple[list[Contribution], tuple[int, int] | None]]:
    """Which versions wrote the text as it first stood, and the numbers of its lines."""
    if began is None or not isinstance(began.value, tuple):
        return [Contribution(stretch.first, None, needle.text)], None
    place = next(iter(needle.places(began.value)), None)
    if place is None:
        return [Contribution(stretch.first, None, needle.text)], None
    tracer = Tracer(states)
    parts: list[Contribution] = []
    for number in range(place.first, place.last + 1):
        line: Line = began.value[number]
        first = place.start if number == place.first else 0
        last = place.end if number == place.last else len(line.text)
        for version, text in (yield from tracer.pieces(line, first, last)):
            if parts and parts[-1].version == version:
                joint = "\n" if parts[-1].text and number > place.first else ""
                parts[-1] = parts[-1]._replace(text=parts[-1].text + joint + text)
            else:
                parts.append(Contribution(version, None, text))
    return parts, (place.first + 1, place.last + 1)


def _status(
    states: States, stretch: Stretch, versions: Iterable[int], ended: Record | None
) -> Program[tuple[Sequence[Record], Status]]:
    """What became of it, and the retractions and supersessions that speak of its versions."""
    reader, key, asked = states.reader, states.key, set(versions)
    span = min(asked), max(asked) + 1
    back = yield from provenance.taken_back_of(reader, key, span)
    doubted = yield from provenance.suspects_of(reader, key, span)
    taken = [each for each in back if each.version in asked]
    places = [(each.revision, each.place) for each in taken]
    places += [(each.revision, each.place) for each in doubted if each.version in asked]
    seen = yield from provenance.records_placed(reader, places)
    if stretch.end is None:
        return seen.seen, "suspect" if places else "stands"
    if any(each.operation == "retract" for each in taken):
        return seen.seen, "retracted"
    return seen.seen, _ENDINGS.get(ended.operation if ended else "", "replaced")


def _shown(reader: Reader, record: Record | None) -> Program[Part[Served]]:
    """What the turn that wrote a record had been served by then."""
    if record is None or not record.turn:
        return Part([], 0)
    shown = yield from provenance.served_of_turn(reader, record.turn, limit=MAX_SHOWN)
    return shown._replace(seen=[row for row in shown.seen if row.revision <= record.revision])


def _seconds(
    reader: Reader, introduced: Record | None, ended: Record | None, stretch: Stretch
) -> Program[float | None]:
    """How long it stood, up to the newest commit if it still does."""
    if introduced is None or (ended is None and stretch.end is not None):
        return None
    until = ended.at_us if ended else (yield from reading.standing(reader.tenant)).at_us
    return (until - introduced.at_us) / 1_000_000
