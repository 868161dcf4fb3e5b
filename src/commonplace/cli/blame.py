"""The command `blame`."""

import click

from commonplace import BlameLine, Memory
from commonplace.cli.arguments import inside_option, parse_reference
from commonplace.cli.escape import escape, quoted
from commonplace.cli.fields import blame_fields, time_text
from commonplace.cli.options import on_memory
from commonplace.cli.output import Output


@click.command(short_help="Who wrote each line, when and why.")
@click.argument("reference", metavar="REF")
@inside_option
@on_memory
def blame(memory: Memory, out: Output, /, reference: str, inside: str | None) -> None:
    """Who wrote each line, in which version and why; at the head or wherever REF points.

    \b
    commonplace blame task/q3:findings
    commonplace blame task/q3:findings@12#L3-5
    """
    lines = memory.blame(parse_reference(reference, inside))
    for line in lines:
        out.emit(blame_fields(line), blame_line(line, out))
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
