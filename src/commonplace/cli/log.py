"""The command `log`."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from itertools import islice
from typing import Any, Final

import click

from commonplace import Memory, Record
from commonplace.cli.arguments import parse_where, revisions_option, when_option
from commonplace.cli.escape import escape, excerpt, quoted
from commonplace.cli.fields import record_fields, time_text
from commonplace.cli.options import on_memory, whom_to_ask
from commonplace.cli.output import Output
from commonplace.limits import MAX_GROUP_WRITES, MAX_HITS

_FEW: Final = MAX_GROUP_WRITES + 1
_MANY: Final = 16 * MAX_GROUP_WRITES
"""Records read at a time; more than one commit can hold, so that every page gets further."""


@click.command(short_help="What was written, newest first.")
@click.argument("where", required=False)
@click.option("--actor", metavar="NAME", help="Only what this actor wrote.")
@click.option("--region", metavar="NAME", help="Only this region; `_grants` shows who got access.")
@click.option("--key", metavar="KEY", help="Only entries of this key.")
@click.option("--text", metavar="TEXT", help="Only where TEXT was written or is in the reason.")
@click.option("-S", "changed", metavar="TEXT", help="Only what brought TEXT in, or took it out.")
@click.option("--trace", metavar="ID", help="Only what this trace wrote: 32 digits or traceparent.")
@click.option(
    "--since", type=when_option, metavar="TIME", help="Not before this time: 2h, 2026-11-20T03:00Z."
)
@click.option("--until", type=when_option, metavar="TIME", help="Not after this time.")
@click.option("--revisions", type=revisions_option, metavar="FIRST..LAST", help="Such as r10..r20.")
@click.option(
    "-n",
    "--limit",
    type=click.IntRange(0, 10**9),
    default=50,
    metavar="N",
    help="At most so many; 0: all. Default: 50.",
)
@click.option("--reverse", is_flag=True, help="Oldest of them first.")
@on_memory
def log(
    memory: Memory,
    out: Output,
    /,
    where: str | None,
    limit: int,
    reverse: bool,
    changed: str | None,
    **filters: Any,
) -> None:
    """What was written, newest first: one line per record.

    WHERE is a namespace (task/q3), all below one (task/), everything with a grant for it (/)
    or a reference (task/q3:findings@12: what led to it). Without WHERE: all you may read.

    \b
    commonplace log task/q3 --actor web-1 --since 2h
    commonplace log --text 'Churn fell' --limit 5
    commonplace log -S 'Churn fell 12%'
    commonplace log task/q3:findings --revisions r10..r20 --reverse
    """
    asked = _asked(memory, where, **filters)
    found = records(memory, asked, limit) if changed is None else axed(memory, changed, asked, out)
    if limit:
        found = islice(found, limit)
    if reverse:
        found = reversed(list(found))
    count = 0
    for record in found:
        out.emit(record_fields(record) if out.as_json else {}, log_line(record, out))
        count += 1
    if not count:
        out.note(f"Nothing that {memory.actor} may read matches. {whom_to_ask(memory)}")
    elif count == limit:
        out.note(f"The newest {limit}; --limit 0 shows all.")


def _asked(
    memory: Memory,
    where: str | None,
    *,
    since: datetime | None,
    until: datetime | None,
    revisions: tuple[int, int | None] | None,
    **filters: str | None,
) -> dict[str, Any]:
    """The options as arguments of `Memory.log`."""
    first, last = revisions or (0, None)
    asked: dict[str, Any] = {**filters, "since": since, "until": until}
    if where is not None:
        place = parse_where(where)
        asked["where"] = place.scope
        asked["region"] = filters["region"] or place.region
        asked["key"] = filters["key"] or place.key
        if place.reference is not None and place.reference.at is not None:
            newest = memory.resolve(str(place.reference)).entry.revision
            last = newest if last is None else min(last, newest)
    asked["after"] = max(first - 1, 0)
    asked["before"] = None if last is None else last + 1
    return asked


def records(memory: Memory, asked: Mapping[str, Any], limit: int) -> Iterator[Record]:
    """All records that are asked for, newest first, a page at a time."""
    before, seen = asked["before"], None
    size = _FEW if 0 < limit < _FEW else _MANY
    while True:
        page = memory.log(**{**asked, "before": before}, limit=size)
        for record in page:
            place = (record.revision, record.index)
            if seen is None or place < seen:
                seen = place
                yield record
        if len(page) < size:
            return
        before = page[-1].revision + 1


def axed(memory: Memory, text: str, asked: Mapping[str, Any], out: Output) -> Iterator[Record]:
    """Those records that changed how often a text occurs, newest first, a page at a time."""
    unfit = [name for name in ("text", "trace") if asked[name]]
    if unfit:
        raise click.UsageError(f"-S does not go with --{unfit[0]}: leave one out.")
    scope = {"region": asked["region"], "key": asked["key"]}
    since, until = asked["since"], asked["until"]
    before = None if asked["before"] is None else (asked["before"], 0)
    while True:
        page = memory.pickaxe(text, asked.get("where"), **scope, before=before)
        for record, _ in page.changed:
            if record.revision <= asked["after"] or (since is not None and record.at < since):
                return
            if asked["actor"] in {None, record.actor.name} and (
                until is None or record.at <= until
            ):
                yield record
        before = page.next_before
        if before is None:
            break
    if page.more:
        out.note(f"More than {MAX_HITS} records have it: the oldest were not looked at.")


def log_line(record: Record, out: Output) -> str:
    """A record on one line."""
    parts = [
        out.style(f"r{record.revision}", "yellow"),
        out.style(time_text(record.at), "dim"),
        out.style(escape(record.actor.name), "cyan"),
        escape(record.operation),
        out.style(str(record.reference), "bold"),
        record.kind,
    ]
    if record.reason:
        parts.append(quoted(record.reason))
    parts.append(written(record))
    return "  ".join(part for part in parts if part)


def written(record: Record) -> str:
    """What a record wrote, in a few words."""
    arguments = record.arguments
    if arguments is None:
        return "(what it wrote was compacted or erased)"
    if "old" in arguments and "new" in arguments:
        return f"{quoted(arguments['old'])} -> {quoted(arguments['new'])}"
    if "hunks" in arguments:
        removed = sum(len(hunk["remove"]) for hunk in arguments["hunks"])
        added = [line for hunk in arguments["hunks"] for line in hunk["lines"]]
        first = f" {excerpt(added[0])}" if added else ""
        return f"(-{removed} +{len(added)} lines){first}"
    if isinstance(arguments.get("text"), str):
        return "| " + excerpt(arguments["text"])
    return " ".join(f"{name}={excerpt(str(value))}" for name, value in arguments.items())
