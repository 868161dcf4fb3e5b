"""The command `diff`."""

from collections.abc import Iterator
from dataclasses import replace

import click

from commonplace import Diff, Memory
from commonplace.cli.arguments import inside_option, parse_reference
from commonplace.cli.escape import escape
from commonplace.cli.fields import diff_fields
from commonplace.cli.options import on_memory
from commonplace.cli.output import Output
from commonplace.model.reference import parse_at

_COLOURS = {"+": "green", "-": "red"}


@click.command(short_help="What changed between two versions.")
@click.argument("old", metavar="REF")
@click.argument("new", metavar="[REF|@VERSION]", required=False)
@inside_option
@on_memory
def diff(memory: Memory, out: Output, /, old: str, new: str | None, inside: str | None) -> None:
    """What changed from one reference to another, as a unified diff of lines.

    With one REF: what its version changed. A second one that begins with @ is the same entry.

    \b
    commonplace diff task/q3:findings
    commonplace diff task/q3:findings@3 @5
    commonplace diff task/q3:plan@2026-11-20T03:00Z task/q3:plan
    """
    first = parse_reference(old, inside)
    if new is None:
        found = memory.diff(first)
    elif new.startswith("@"):
        found = memory.diff(first, replace(first, at=parse_at(new[1:])))
    else:
        found = memory.diff(first, parse_reference(new, inside))
    out.emit(diff_fields(found), diff_lines(found, out))
    if not found:
        out.note(f"{found.old} and {found.new} are the same.")


def diff_lines(found: Diff, out: Output) -> Iterator[str]:
    """A difference for people, as `diff -u` prints one."""
    if not found:
        return
    yield out.style(f"--- {found.old}", "bold")
    yield out.style(f"+++ {found.new}", "bold")
    for hunk in found.hunks:
        yield out.style(hunk.header, "cyan")
        for line in hunk.lines:
            text = line.sign + escape(line.text, keep="\t")
            yield out.style(text, _COLOURS[line.sign]) if line.sign in _COLOURS else text
