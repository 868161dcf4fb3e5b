"""The command `why`."""

from collections.abc import Iterator
from shlex import quote
from typing import Final

import click

from commonplace import Memory, Why
from commonplace.cli.arguments import parse_where
from commonplace.cli.escape import escape
from commonplace.cli.options import on_memory, whom_to_ask
from commonplace.cli.output import Output
from commonplace.cli.why_fields import occurrence_fields, why_fields
from commonplace.model.channel import DISPATCHES

_STYLES: Final = {"stands": "green", "suspect": "red", "retracted": "red"}
_NEXT: Final = 3
"""Occurrences that the last lines give commands for."""


@click.command(short_help="Who wrote a sentence, from what, and what came of it.")
@click.argument("text")
@click.option(
    "--in",
    "where",
    metavar="WHERE",
    help="Only in a namespace (task/q3), below one (task/), or in an entry (task/q3:findings).",
)
@click.option(
    "-n",
    "--limit",
    type=click.IntRange(1, 1000),
    default=20,
    metavar="N",
    help="The oldest so many occurrences. Default: 20.",
)
@click.option(
    "--depth",
    type=click.IntRange(1, 8),
    default=1,
    metavar="N",
    help="How far to follow what was built on it. Default: 1.",
)
@on_memory
def why(
    memory: Memory, out: Output, /, text: str, where: str | None, limit: int, depth: int
) -> None:
    """Who wrote TEXT, when, from what, how long it stood, who was shown it and what they built.

    Every state that ever stood is searched: the text may be one word or several lines, may have
    been written by several actors, and may be long gone. Case and line ends do not count if
    nothing has it as it is written.

    \b
    commonplace why 'Churn fell 21%.'
    commonplace why 'Churn fell' --in task/q3 --depth 3
    """
    place = parse_where(where) if where else None
    if place and place.reference and (place.reference.at or place.reference.lines):
        raise click.UsageError(f"Every version is searched: name the entry alone in --in {where}.")
    found = memory.why(
        text,
        place.scope if place else None,
        region=place.region if place else None,
        key=place.key if place else None,
        limit=limit,
        depth=depth,
    )
    if out.as_json:
        for occurrence in found.occurrences:
            out.emit(occurrence_fields(occurrence), ())
        out.emit(why_fields(found), ())
        return
    out.emit({}, _lines(found, out))
    if not found.occurrences:
        out.note(whom_to_ask(memory))


def _lines(found: Why, out: Output) -> Iterator[str]:
    """The answer for people, where each occurrence begins in bold, and what to run next."""
    heads = {f"{each.reference}  {each.status}": each for each in found.occurrences}
    for line in str(found).split("\n"):
        if line in heads:
            each = heads[line]
            status = out.style(each.status, _STYLES.get(each.status, "yellow"))
            yield f"{out.style(str(each.reference), 'bold')}  {status}"
        else:
            yield escape(line, keep="\t")
    yield ""
    yield "next:"
    for each in found.occurrences[:_NEXT]:
        reference = quote(str(each.reference))
        yield f"  commonplace show {reference}"
        yield f"  commonplace blame {reference} --origins"
        if each.status not in {"retracted", "erased"} and each.reference.region != DISPATCHES:
            yield f"  commonplace retract {reference} --reason 'what was wrong'"
    yield f"  commonplace log -S {escape(quote(found.text))}"
