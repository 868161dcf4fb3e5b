"""The command `migrate`."""

import click

from commonplace.cli import exits
from commonplace.cli.escape import escape
from commonplace.cli.options import NAMES, Settings, memory_options
from commonplace.cli.output import Output
from commonplace.cli.upkeep_fields import schema_fields
from commonplace.storage import schema


@click.command(short_help="Bring the schema up to date.")
@click.argument("address", required=False)
@click.option("--check", is_flag=True, help="Only look. Exit code 1: something is missing.")
@memory_options
@click.pass_context
def migrate(
    context: click.Context, /, address: str | None, check: bool, **given: str | bool | None
) -> int:
    """Apply the migrations that the memory at ADDRESS lacks: a file, or postgresql://….

    Opening a memory does so too, if it may. In a database the schema is made if it is not there:
    run it as the role that is to own the tables, before others open the memory who may not make
    any. Several at once do no harm. Without ADDRESS: the memory of --memory.

    \b
    commonplace migrate postgresql://owner@db1,db2/team
    commonplace migrate team.db --check
    """
    assert set(given) == set(NAMES)
    settings = Settings.of(given, context.find_object(Settings))
    where = address or settings.address()
    out = Output(as_json=settings.as_json)
    found = schema.schema(where) if check else schema.migrate(where)
    missing = found.missing if check else 0
    out.emit(schema_fields(found, missing), _told(found, missing, where))
    return exits.FINDINGS if missing else exits.OK


def _told(found: schema.Schema, missing: int, address: str) -> str:
    if missing:
        count = "1 migration is" if missing == 1 else f"{missing} migrations are"
        # Not the address itself: it may hold a password.
        again = "ADDRESS" if "://" in address else escape(address)
        return (
            f"schema {found.found} of {found.newest}: {count} missing. Run "
            f"`commonplace migrate {again}`."
        )
    if found.missing:
        return f"schema {found.newest}, migrated from {found.found}"
    return f"schema {found.newest}, up to date"
