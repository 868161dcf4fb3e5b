"""Telling: an answer of `why` in lines for people, whose first screen says the most."""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Final

from commonplace.model.record import Record
from commonplace.storage.programs.provenance import Served

if TYPE_CHECKING:
    from commonplace.explain.why.why import Occurrence, Why

_WIDTH: Final = 100
_LISTED: Final = 10
_INDENT: Final = " " * 11


def tell(found: "Why") -> Iterator[str]:
    """The whole answer."""
    yield f"{shortened(found.text)}: {_summary(found)}"
    for occurrence in found.occurrences:
        yield ""
        yield from tell_occurrence(occurrence)
    yield ""
    yield "not known:"
    yield from (f"  {sentence}" for sentence in found.unknown)


def _summary(found: "Why") -> str:
    occurrences = found.occurrences
    if not occurrences:
        return "no state that you may read ever contained it"
    times = "once" if len(occurrences) == 1 else f"{len(occurrences)} times"
    standing = sum(each.stands for each in occurrences)
    now = {0: "it stands nowhere now", len(occurrences): "it still stands"}
    how = "" if occurrences[0].match == "exact" else " (but for case and spacing)"
    return f"stood {times}{how}; {now.get(standing, f'{standing} of them still stand')}"


def tell_occurrence(found: "Occurrence") -> Iterator[str]:
    """One occurrence: a line with where and what became of it, and what is known below."""
    yield f"{found.reference}  {found.status}"
    yield _row("written", _writing(found))
    record = found.introduced
    if record is not None and (record.turn or record.trace):
        turn = f"turn {record.turn}" if record.turn else ""
        trace = f"trace {record.trace}" if record.trace else ""
        yield _row("in", "  ".join(filter(None, (turn, trace))))
    if len({part.version for part in found.contributions}) > 1:
        yield from _listed(
            "words",
            [
                f"{shortened(part.text)}  {_who(part.record)} in @{part.version}"
                for part in found.contributions
            ],
        )
    sources = [f"{source}  declared" for source in (record.based_on if record else ())]
    sources += [f"{row.reference}  its turn was served it" for row in found.writer_served]
    yield from _listed("from", sources)
    yield _row("stood", _standing(found))
    yield from _listed("again", [_deed(each) for each in found.again])
    yield from _listed("marked", [_deed(each) for each in found.marked])
    yield from _readers(found)
    yield from _built(found)


def _writing(found: "Occurrence") -> str:
    record = found.introduced
    if record is None:
        return f"in version {found.first}, whose record is archived or hidden from you"
    return f"by {record.actor} ({record.actor.identity})  {_deed(record, named=False)}"


def _deed(record: Record, *, named: bool = True) -> str:
    """A record in a few words."""
    parts = [f"r{record.revision}", time_of(record.at), str(record.actor) if named else ""]
    parts += [record.operation, str(record.reference) if named else record.kind]
    parts.append(shortened(record.reason) if record.reason else "")
    return "  ".join(filter(None, parts))


def _standing(found: "Occurrence") -> str:
    lasted = duration(found.seconds) if found.seconds is not None else ""
    if found.stands:
        return f"from @{found.first} on" + (f", {lasted} so far" if lasted else "")
    until = f"from @{found.first} until @{found.end}" + (f": {lasted}" if lasted else "")
    if not found.sure:
        until += " at the most"
    if found.ended is None:
        return until
    if found.introduced is not None and found.introduced.revision == found.ended.revision:
        until += ", inside one commit, where nobody could read it"
    return f"{until}; then {_deed(found.ended)}"


def _readers(found: "Occurrence") -> Iterator[str]:
    served = found.served
    if not served:
        yield _row("served", "to no turn")
        return
    turns: dict[str, Served] = {}
    for row in served:
        turns.setdefault(row.turn, row)
    by_actor = Counter(row.actor for row in turns.values())
    told = ", ".join(f"{actor} ({count})" for actor, count in by_actor.most_common())
    more = "more than " if found.more_served else ""
    yield _row("served", f"to {more}{len(turns)} {_plural('turn', len(turns))}: {told}")
    rows = [
        f"{row.actor}  {row.turn}  r{row.revision}  {time_of(row.at)}  {row.reference}"
        for row in turns.values()
    ]
    yield from _few(rows)


def _built(found: "Occurrence") -> Iterator[str]:
    if not found.derived:
        yield _row("built on", "by nobody that is known")
        return
    edges = Counter(each.edge for each in found.derived)
    more = "more than " if found.more_derived else ""
    told = ", ".join(f"{edges[edge]} {edge}" for edge in sorted(edges))
    yield _row("built on", f"by {more}{told}")
    rows = [
        f"{'  ' * (each.depth - 1)}{each.record.reference}  {each.record.actor}  {each.edge} "
        f"from {each.source}"
        for each in found.derived
    ]
    yield from _few(rows)


# --- words --------------------------------------------------------------------------------------


def _row(name: str, value: str) -> str:
    return f"  {name:<9}{value}"


def _listed(name: str, values: Sequence[str]) -> Iterator[str]:
    for number, value in enumerate(values[:_LISTED]):
        yield _row("" if number else name, value)
    if len(values) > _LISTED:
        yield f"{_INDENT}and {len(values) - _LISTED} more"


def _few(rows: Sequence[str]) -> Iterator[str]:
    yield from (_INDENT + row for row in rows[:_LISTED])
    if len(rows) > _LISTED:
        yield f"{_INDENT}and {len(rows) - _LISTED} more"


def _who(record: Record | None) -> str:
    return str(record.actor) if record else "somebody whose record is archived or hidden,"


def _plural(noun: str, count: int) -> str:
    return noun if count == 1 else noun + "s"


def shortened(text: str) -> str:
    """A text in quotes on one line, cut where nobody reads on."""
    line = " / ".join(part for part in text.strip("\n").split("\n"))
    cut = line if len(line) <= _WIDTH else line[:_WIDTH] + " …"
    return '"' + cut.replace('"', '\\"') + '"'


def time_of(at: datetime) -> str:
    """A time in UTC, as every command takes it."""
    return at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def duration(seconds: float) -> str:
    """So long, in the two largest units that say it."""
    if seconds < 60:
        return f"{seconds:.3g} s"
    whole = round(seconds)
    for name, size, less, part in (
        ("d", 86_400, "h", 3600),
        ("h", 3600, "min", 60),
        ("min", 60, "s", 1),
    ):
        if whole >= size:
            rest = whole % size // part
            return f"{whole // size} {name}" + (f" {rest} {less}" if rest else "")
    raise AssertionError("unreachable")
