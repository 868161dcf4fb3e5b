"""The command `describe`."""

import click

from commonplace import Description, Memory, Namespace, NamespacePrefix, Reference
from commonplace.cli.arguments import parse_where
from commonplace.cli.escape import escape
from commonplace.cli.fields import region_fields
from commonplace.cli.options import on_memory
from commonplace.cli.output import Output


@click.command(short_help="What a region promises.")
@click.argument("where")
@click.option("--markdown", is_flag=True, help="As a table, for a design review.")
@on_memory
def describe(memory: Memory, out: Output, /, where: str, markdown: bool) -> None:
    """What a region promises: its rule, what may be lost, who may do what.

    WHERE is a region (task/q3:findings), or a namespace: then one line per region.

    \b
    commonplace describe task/q3:findings
    commonplace describe task/q3:findings --markdown
    commonplace describe task/q3
    """
    place = parse_where(where)
    if isinstance(place.scope, NamespacePrefix):
        raise click.UsageError(f"{where!r} is a prefix. Name a namespace, or list: namespaces.")
    if place.region is not None:
        region = memory.describe(Reference(place.scope, place.region))
        text = region.markdown() if markdown else str(region)
        out.emit(region_fields(region), escape(text, keep="\n"))
        return
    found = _regions(memory, place.scope)
    for region in found:
        line = f"{out.style(str(region.reference), 'bold')}  {region.rule}  you: {region.tier}"
        text = region.markdown() + "\n" if markdown else line
        out.emit(region_fields(region), escape(text, keep="\n") if markdown else text)
    if not found:
        out.note(f"No region in {place.scope} that {memory.actor} may read.")


def _regions(memory: Memory, namespace: Namespace) -> list[Description]:
    names = memory.namespace(namespace).regions()
    return [memory.describe(Reference(namespace, name)) for name in names]
