"""The commands `share` and `unshare`."""

import click

from commonplace import Memory, Namespace, NamespacePrefix, Receipt
from commonplace.cli.arguments import Where, parse_where
from commonplace.cli.fields import receipt_fields
from commonplace.cli.options import on_memory
from commonplace.cli.output import Output


@click.command(short_help="Give others access.")
@click.argument("where")
@click.argument("grants", metavar="ACTOR=TIER...", nargs=-1, required=True)
@click.option("--no-history", is_flag=True, help="Hide what was written before.")
@click.option("--reason", metavar="TEXT", default="", help="Why, for the log.")
@on_memory
def share(
    memory: Memory,
    out: Output,
    /,
    where: str,
    grants: tuple[str, ...],
    no_history: bool,
    reason: str,
) -> None:
    """Give actors access. Tiers: reader, contributor (append), editor, owner.

    WHERE is a namespace (task/q3), a region (task/q3:findings), all namespaces below a
    prefix (task/, or / for all), or `tenant`: who may create, audit and share.

    \b
    commonplace share task/q3 web-1=editor auditor=reader
    commonplace share / auditor=reader --reason 'on call'
    """
    place = parse_where(where)
    wanted = dict(_grant(each) for each in grants)
    if isinstance(place.scope, NamespacePrefix):
        if no_history:
            raise click.UsageError("--no-history takes a namespace or a region, not a prefix.")
        receipt = memory.share(wanted, prefix=place.scope, reason=reason)
    elif place.scope == Namespace.tenant() and place.region is None and not no_history:
        receipt = memory.share(wanted, reason=reason)
    else:
        scope = memory.namespace(place.scope)
        receipt = scope.share(wanted, region=_region(place), history=not no_history, reason=reason)
    _print(receipt, where, out)


@click.command(short_help="Take access back.")
@click.argument("where")
@click.argument("actor")
@click.option("--reason", metavar="TEXT", default="", help="Why, for the log.")
@on_memory
def unshare(memory: Memory, out: Output, /, where: str, actor: str, reason: str) -> None:
    """Take back what `share` gave to an actor: over a namespace, one region, or a prefix.

    \b
    commonplace unshare task/q3 web-1 --reason 'left the team'
    commonplace unshare / auditor
    """
    place = parse_where(where)
    if isinstance(place.scope, NamespacePrefix):
        receipt = memory.unshare(actor, prefix=place.scope, reason=reason)
    else:
        scope = memory.namespace(place.scope)
        receipt = scope.unshare(actor, region=_region(place), reason=reason)
    _print(receipt, where, out)


def _grant(text: str) -> tuple[str, str]:
    actor, equals, tier = text.rpartition("=")
    if not equals or not actor:
        raise click.UsageError(f"{text!r} is no grant such as web-1=editor.")
    return actor, tier


def _region(place: Where) -> str | None:
    if place.key or (place.reference and (place.reference.at or place.reference.lines)):
        raise click.UsageError(f"{place.reference}: access is given to a region as a whole.")
    return place.region


def _print(receipt: Receipt, where: str, out: Output) -> None:
    line = f"{out.style(f'r{receipt.revision}', 'yellow')}  {where}"
    out.emit(receipt_fields(where, receipt), line)
