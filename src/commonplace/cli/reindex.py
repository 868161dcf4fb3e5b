"""The command `reindex`."""

import click

from commonplace import Memory
from commonplace.cli.fields import position_fields
from commonplace.cli.options import on_memory
from commonplace.cli.output import Output


@click.command(short_help="Make the index of texts anew.")
@on_memory
def reindex(memory: Memory, out: Output, /) -> None:
    """Make the index of texts anew, when `audit` or a search says that it is damaged.

    Others write meanwhile. Until it is done searches take longer, and find the same. Takes
    owner of the tenant.

    \b
    commonplace reindex
    """
    memory.reindex()
    found = memory.position()
    out.emit(position_fields(found), f"indexed up to r{found.revision}")
