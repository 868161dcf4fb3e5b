"""The command `blame`."""

import click

from commonplace import BlameLine, Memory, Origin
from commonplace.cli.arguments import inside_option, parse_reference
from commonplace.cli.escape import escape, quoted
from commonplace.cli.fields import blame_fields, time_text
from commonplace.cli.options import on_memory
from commonplace.cli.output import Output


@click.command(short_help="Who wrote each line, when and why.")
@click.argument("reference", metavar="REF")
@click.option(
    "--origins", is_flag=True, help="Also the older lines that its words came from, through edits."
)
@inside_option
@on_memory
def blame(
    memory: Memory, out: Output, /, reference: str, origins: bool, inside: str | None
) -> None:
    """Who wrote each line, in which version and why; at the head or wherever REF points.

    \b
    commonplace blame task/q3:findings
    commonplace blame task/q3:findings@12#L3-5
    commonplace blame task/q3:findings --origins
    """
    lines = memory.blame(parse_reference(reference, inside), origins=origins)
    for line in lines:
        shown = [blame_line(line, out), *(origin_line(each, out) for each in line.origins or ())]
        if origins and line.origins is None:
            shown.append(
                "    (where its words came from cannot be told: bytes are gone, or too many)"
            )
        out.emit(blame_fields(line), shown)
    if not lines:
        out.note("It has no lines.")


def blame_line(line: BlameLine, out: Output) -> str:
    """A line and its origin."""
    parts = [out.style(str(line.reference), "bold")]
    if line.revision:
        parts += (
            out.style(f"r{line.revision}", "yellow"),
            out.style(time_text(line.at), "dim"),
            out.style(escape(line.actor), "cyan"),
            escape(line.operation),
        )
        if line.reason:
            parts.append(quoted(line.reason))
    else:
        parts.append("(its record was archived, or is hidden from you)")
    return "  ".join(parts) + "  | " + escape(line.text, keep="\t")


def origin_line(origin: Origin, out: Output) -> str:
    """An older line that words came from, below the line that has them now."""
    parts = [out.style(origin.relation, "dim"), out.style(str(origin.reference), "bold")]
    if origin.record is not None:
        parts += (
            out.style(f"r{origin.record.revision}", "yellow"),
            out.style(time_text(origin.record.at), "dim"),
            out.style(escape(origin.record.actor.name), "cyan"),
        )
    return "    " * origin.depth + "  ".join(parts) + "  | " + escape(origin.text, keep="\t")
