"""The command `inbox`, and a dispatch as it is printed."""

import json
from collections.abc import Iterator
from typing import Any

import click

from commonplace import Channel, Dispatch, Memory, NamespacePrefix, Reference
from commonplace.cli.arguments import Where, parse_where
from commonplace.cli.escape import escape
from commonplace.cli.fields import dispatch_fields, time_text
from commonplace.cli.options import on_memory
from commonplace.cli.output import Output
from commonplace.limits import MAX_INBOX


@click.command(short_help="What waits for you in a channel.")
@click.argument("where")
@click.option(
    "-n", "--limit", type=click.IntRange(1, MAX_INBOX), default=50, metavar="N",
    help="At most so many. Default: 50.",
)  # fmt: skip
@click.option(
    "--budget-tokens", type=click.IntRange(min=1), metavar="N",
    help="At most so many tokens, by the rule of four bytes each.",
)  # fmt: skip
@on_memory
def inbox(
    memory: Memory, out: Output, /, where: str, limit: int, budget_tokens: int | None
) -> None:
    """What waits for you in a channel, oldest first: replies if you write it, else dispatches.

    WHERE is a channel (task/q3:plan), or a namespace: then all its channels that you may read.
    A reply that was built on a version superseded since is marked STALE.

    \b
    commonplace inbox task/q3:plan --as docs
    commonplace inbox task/q3 --json
    """
    place = parse_where(where)
    if isinstance(place.scope, NamespacePrefix):
        raise click.UsageError(f"{where!r} is a prefix: name a namespace, or a channel in it.")
    shown = 0
    for channel in _channels(memory, place):
        found = channel.inbox(limit=limit, budget_tokens=budget_tokens)
        for dispatch in found:
            out.emit(dispatch_fields(dispatch), dispatch_lines(dispatch, out))
        shown += len(found)
        fields = {
            "type": "inbox",
            "reference": str(channel.reference),
            "shown": len(found),
            "waiting": found.waiting,
        }
        more = f"{channel.reference}: {found.waiting} more, behind these; see --limit."
        out.emit(fields, (more,) if found.waiting else ())
    if not shown:
        out.note(f"Nothing waits for {memory.actor} in {where}.")


def _channels(memory: Memory, place: Where) -> Iterator[Channel]:
    assert not isinstance(place.scope, NamespacePrefix)
    scope = memory.namespace(place.scope)
    if place.region is not None:
        yield scope.channel(place.region)
        return
    for name in scope.regions():
        if memory.describe(Reference(place.scope, name)).writer:
            yield scope.channel(name)


def dispatch_lines(dispatch: Dispatch, out: Output) -> Iterator[str]:
    """A dispatch for people: what was sent to whom, the reply, what either was built on."""
    state = "" if dispatch.state in ("open", "replied") else f"  {dispatch.state}"
    yield (
        f"{out.style(dispatch.id, 'bold')}  to {out.style(escape(dispatch.to), 'cyan')}  "
        f"{out.style(f'r{dispatch.revision}', 'yellow')}  "
        f"{out.style(time_text(dispatch.at), 'dim')}{state}"
    )
    yield f"  {escape(_json(dispatch.payload))}"
    if dispatch.reply is not None:
        yield f"  reply: {escape(_json(dispatch.reply.payload))}"
    built = f"  built on {dispatch.channel.pinned(dispatch.read)}, pin r{dispatch.pin}"
    if dispatch.stale:
        built += "  " + out.style(f"STALE: @{dispatch.stands} stands", "red")
    yield built
    if dispatch.follows:
        yield f"  in the place of {dispatch.follows}; published since @{dispatch.since}:"
        yield from (f"    {escape(line)}" for line in dispatch.difference.splitlines())


def _json(payload: Any) -> str:
    return json.dumps(payload, ensure_ascii=False, sort_keys=True)
