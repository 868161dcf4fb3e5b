"""The commands `create` and `append`: for agents, and people, on a shell."""

import functools
import sys
from typing import Any

import click

from commonplace import InvalidReference, Memory, NamespacePrefix
from commonplace.cli.arguments import inside_option, parse_reference, parse_where
from commonplace.cli.fields import namespace_fields, receipt_fields
from commonplace.cli.options import on_memory
from commonplace.cli.output import Output
from commonplace.model.write import KINDS


@click.command(short_help="Make a namespace or a block.")
@click.argument("where")
@click.option("--channel", is_flag=True, help="A channel: one JSON value that you alone write.")
@click.option("--reason", default="", metavar="TEXT", help="Why, for the log.")
@functools.partial(on_memory, create=True)
def create(memory: Memory, out: Output, /, where: str, channel: bool, reason: str) -> None:
    """Make a namespace (task/q3), or a block in one (task/q3:findings), or a channel.

    Makes the memory too, if it is not there yet: whoever does so owns it. Repeating it
    changes nothing.

    \b
    commonplace create task/q3 --memory team.db
    commonplace create task/q3:findings
    commonplace create task/q3:plan --channel
    """
    place = parse_where(where)
    if isinstance(place.scope, NamespacePrefix):
        raise click.UsageError(f"{where!r} is a prefix: leave out the last slash.")
    if place.reference is not None and (place.key or place.reference.at or place.reference.lines):
        raise click.UsageError(f"{where!r} names more than a region: task/q3:findings.")
    if channel and place.region is not None:
        made = memory.namespace(place.scope).create_channel(place.region, reason=reason)
        out.emit({"type": "channel", "reference": str(made.reference)}, str(made.reference))
        return
    if channel:
        raise click.UsageError(f"{where!r} names no channel, such as task/q3:plan.")
    if place.region is None:
        memory.create_namespace(place.scope, reason=reason)
        out.emit(namespace_fields(place.scope), str(place.scope))
        return
    block = memory.namespace(place.scope).create_block(place.region, reason=reason)
    out.emit({"type": "block", "reference": str(block.reference)}, str(block.reference))


class TakesText(click.Command):
    """A command whose text may begin with a dash, as the items of a list do.

    A word with a space in it is no option. It goes behind `--`, where click takes it as it is.
    """

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse, with such words last."""
        if "--" in args:
            return super().parse_args(ctx, args)
        options = [each for each in self.params if isinstance(each, click.Option)]
        valued = {name for each in options if not each.is_flag for name in each.opts}
        words: list[str] = []
        texts: list[str] = []
        for word in args:
            is_option = word.partition("=")[0] in valued or (words and words[-1] in valued)
            is_text = word.startswith("-") and " " in word and not is_option
            (texts if is_text else words).append(word)
        return super().parse_args(ctx, [*words, "--", *texts] if texts else words)


@click.command(cls=TakesText, short_help="Add lines to a block.")
@click.argument("reference", metavar="REF")
@click.argument("text")
@click.option("--reason", default="", metavar="TEXT", help="Why; where it comes from.")
@click.option(
    "--kind",
    type=click.Choice(sorted(KINDS)),
    default="observation",
    metavar="KIND",
    help=f"{', '.join(sorted(KINDS))}. Default: observation.",
)
@click.option("--based-on", multiple=True, metavar="REF", help="Made from this; may be repeated.")
@click.option(
    "--expect", type=click.IntRange(min=0), metavar="VERSION", help="Only if it is still this one."
)
@click.option("--key", metavar="KEY", help="Idempotency key: the same key writes once.")
@inside_option
@on_memory
def append(
    memory: Memory,
    out: Output,
    /,
    reference: str,
    text: str,
    based_on: tuple[str, ...],
    key: str | None,
    inside: str | None,
    **options: Any,
) -> None:
    """Add whole lines at the end of a block; this never conflicts. TEXT `-` is standard input.

    A text that begins with a dash and has no space goes behind `--`.

    \b
    commonplace append task/q3:findings 'Churn fell 12% in Q3.' --reason 'page 17'
    commonplace append task/q3:findings - < notes.txt
    """
    target = parse_reference(reference, inside)
    if target.at or target.lines or target.key:
        raise InvalidReference(f"{target}: appending takes a block, such as task/q3:findings.")
    assert target.namespace is not None
    block = memory.namespace(target.namespace).block(target.region)
    written = sys.stdin.read() if text == "-" else text
    sources = [parse_reference(each, inside) for each in based_on]
    receipt = block.append(written, based_on=sources, idempotency_key=key, **options)
    made = str(block.reference.pinned(receipt.version))
    line = f"{out.style(made, 'bold')}  {out.style(f'r{receipt.revision}', 'yellow')}"
    out.emit(receipt_fields(made, receipt), line + ("  (repeated)" if receipt.repeated else ""))
