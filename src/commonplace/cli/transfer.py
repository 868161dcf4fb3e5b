"""The commands `export` and `import`."""

import functools

import click

from commonplace import Memory
from commonplace.cli.audit import position_text
from commonplace.cli.fields import position_fields
from commonplace.cli.options import on_memory
from commonplace.cli.output import Output

_FILE = click.Path(dir_okay=False)


@click.command(short_help="Copy the log to a file.")
@click.argument("file", type=_FILE)
@on_memory
def export(memory: Memory, out: Output, /, file: str) -> None:
    """Write the whole log, with its chain, to a new FILE. Takes owner of the tenant.

    \b
    commonplace export team.ndjson
    """
    end = memory.export(file)
    out.emit(position_fields(end), position_text(end))


@click.command("import", short_help="Restore a log from a file.")
@click.argument("file", type=_FILE)
@functools.partial(on_memory, create=True)
def import_(memory: Memory, out: Output, /, file: str) -> None:
    """Read an exported log into a memory that is empty or holds its beginning.

    Makes the memory if it is not there yet. Every digest is checked before anything is kept.

    \b
    commonplace import team.ndjson --memory restored.db
    """
    end = memory.import_log(file)
    out.emit(position_fields(end), position_text(end))
