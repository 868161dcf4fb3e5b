"""The command `namespaces`."""

import click

from commonplace import Memory, NamespacePrefix
from commonplace.cli.arguments import parse_where
from commonplace.cli.fields import namespace_fields
from commonplace.cli.options import on_memory
from commonplace.cli.output import Output


@click.command(short_help="The namespaces that you may read.")
@click.argument("prefix", default="/")
@on_memory
def namespaces(memory: Memory, out: Output, /, prefix: str) -> None:
    """The namespaces that you may read as a whole, below PREFIX if given.

    \b
    commonplace namespaces
    commonplace namespaces task/
    """
    scope = parse_where(prefix if prefix.endswith("/") else prefix + "/").scope
    assert isinstance(scope, NamespacePrefix)
    found = memory.namespaces(scope)
    for namespace in found:
        out.emit(namespace_fields(namespace), str(namespace))
    if not found:
        out.note(f"None that {memory.actor} may read as a whole.")
