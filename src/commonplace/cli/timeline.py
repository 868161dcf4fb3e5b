"""The command `timeline`."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

import click

from commonplace import Event, Memory, Timeline
from commonplace.cli.arguments import parse_where, revisions_option, when_option
from commonplace.cli.escape import escape, quoted
from commonplace.cli.fields import event_fields, time_text
from commonplace.cli.options import on_memory, whom_to_ask
from commonplace.cli.output import Output
from commonplace.limits import MAX_TIMELINE_EVENTS

_MARKS: Final[Mapping[str, tuple[str, str]]] = {
    "write": ("W", "green"),
    "stale": ("~", "yellow"),
    "read": ("r", "dim"),
    "refused": ("x", "red"),
}
_LEGEND: Final = "W wrote   ~ wrote on an old base   r was served in a turn   x was refused"


@click.command(short_help="Who wrote, read and was refused what, a lane each.")
@click.argument("where", required=False)
@click.option("--actor", metavar="NAME", help="Only what this actor did.")
@click.option(
    "--since", type=when_option, metavar="TIME", help="Not before this time: 2h, 2026-11-20T03:00Z."
)
@click.option("--until", type=when_option, metavar="TIME", help="Not after this time.")
@click.option("--revisions", type=revisions_option, metavar="FIRST..LAST", help="Such as r10..r20.")
@click.option(
    "-n",
    "--limit",
    type=click.IntRange(1, MAX_TIMELINE_EVENTS),
    default=100,
    metavar="N",
    help="The newest so many. Default: 100.",
)
@on_memory
def timeline(
    memory: Memory,
    out: Output,
    /,
    where: str | None,
    revisions: tuple[int, int | None] | None,
    limit: int,
    **filters: Any,
) -> None:
    """Who wrote, was served and was refused what, oldest first, with a lane for each actor.

    WHERE is a namespace (task/q3), all below one (task/), everything with a grant for it (/) or
    an entry (task/q3:findings). Reads and refusals are those of turns: others leave no trace.

    \b
    commonplace timeline task/q3 --since 2h
    commonplace timeline task/q3:findings --actor web-1
    """
    place = parse_where(where) if where is not None else None
    first, last = revisions or (0, None)
    found = memory.timeline(
        place.scope if place else None,
        region=place.region if place else None,
        key=place.key if place else None,
        after=max(first - 1, 0),
        before=None if last is None else last + 1,
        limit=limit,
        **filters,
    )
    if out.as_json:
        for event in found.events:
            out.emit(event_fields(event), ())
    else:
        out.emit({}, timeline_lines(found, out))
    if not found.events:
        out.note(f"Nothing that {memory.actor} may read. {whom_to_ask(memory)}")
    elif found.more:
        out.note(f"The newest {limit}; --limit shows more.")


def timeline_lines(found: Timeline, out: Output) -> Iterator[str]:
    """The lanes by number, then one line for each event."""
    lane_of = {actor: number for number, actor in enumerate(found.actors)}
    if not lane_of:
        return
    width = len(str(len(lane_of)))
    for actor, number in lane_of.items():
        yield f"{number + 1:>{width}}  {out.style(escape(actor), 'cyan')}"
    yield _LEGEND
    heads = " ".join(f"{number + 1:>{width}}" for number in lane_of.values())
    yield f"{'time':<27}  {'revision':<9}  {heads}"
    for event in found.events:
        yield f"{_when(event, out)}  {_lanes(event, lane_of, width, out)}  {_what(event, out)}"


def _when(event: Event, out: Output) -> str:
    revision = out.style(f"r{event.revision:<8}", "yellow")
    return f"{out.style(time_text(event.at), 'dim')}  {revision}"


def _lanes(event: Event, lane_of: Mapping[str, int], width: int, out: Output) -> str:
    mark, style = _MARKS[event.what]
    cells = ["\N{MIDDLE DOT}".rjust(width)] * len(lane_of)
    cells[lane_of[event.actor]] = out.style(mark.rjust(width), style)
    return " ".join(cells)


def _what(event: Event, out: Output) -> str:
    parts = [event.operation, out.style(str(event.reference), "bold")]
    if event.what == "stale":
        parts.append(f"made against @{event.made_against}")
    if event.code:
        parts.append(f"[{event.code}]")
    if event.reason:
        parts.append(quoted(event.reason))
    return "  ".join(parts)
