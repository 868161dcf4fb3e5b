"""The commands of a channel: `publish`, `dispatch`, `redispatch`, `reply`, `commit`, `demote`."""

import functools
import sys
from collections.abc import Callable
from typing import Any

import click

from commonplace import Channel, Dispatch, InvalidReference, Memory, Receipt
from commonplace.cli.arguments import inside_option, parse_reference
from commonplace.cli.fields import dispatch_fields, receipt_fields
from commonplace.cli.inbox import dispatch_lines
from commonplace.cli.options import on_memory
from commonplace.cli.output import Output
from commonplace.cli.writing import TakesText
from commonplace.storage.codec import parse_json

_PAYLOAD = "PAYLOAD is JSON where it begins with { or [, and else text; `-` is standard input."


def _on_channel(function: Callable[..., None]) -> Callable[..., Any]:
    """Make a function of a channel and an output into one that click can call.

    It takes what every write on a shell takes as `how`, and the rest by name.
    """

    @click.option("--reason", default="", metavar="TEXT", help="Why, for the log.")
    @click.option("--key", metavar="KEY", help="Idempotency key: the same key writes once.")
    @inside_option
    @on_memory
    @functools.wraps(function)
    def run(memory: Memory, out: Output, /, **given: Any) -> None:
        target = parse_reference(given.pop("reference"), given.pop("inside"))
        if target.at or target.lines or target.key:
            raise InvalidReference(f"{target}: this takes a channel, such as task/q3:plan.")
        assert target.namespace is not None
        channel = memory.namespace(target.namespace).channel(target.region)
        how = {"reason": given.pop("reason"), "idempotency_key": given.pop("key")}
        function(channel, out, how, **given)

    return run


@click.command(cls=TakesText, short_help="Publish a channel's value.")
@click.argument("reference", metavar="REF")
@click.argument("value")
@click.option("--expect", type=click.IntRange(min=0), metavar="VERSION", help="Only if it stands.")
@_on_channel
def publish(
    channel: Channel, out: Output, how: dict[str, Any], /, value: str, expect: int | None
) -> None:
    """Make VALUE the one that a channel shows. Its one writer may; `-` is standard input.

    A channel of JSON takes JSON where VALUE begins with { or [, and else the text itself.

    \b
    commonplace create task/q3:plan --channel
    commonplace publish task/q3:plan '{"steps": ["crawl", "read"]}'
    """
    _print(channel, channel.publish(_value(channel, value), expect=expect, **how), out)


@click.command(
    cls=TakesText,
    short_help="Send work to an actor.",
    help=f"""Send PAYLOAD to ACTOR, with the revision to read at. The channel's one writer may.

    {_PAYLOAD}

    \b
    commonplace dispatch task/q3:plan docs '{{"step": "read"}}'
    """,
)
@click.argument("reference", metavar="REF")
@click.argument("actor")
@click.argument("payload")
@_on_channel
def dispatch(
    channel: Channel, out: Output, how: dict[str, Any], /, actor: str, payload: str
) -> None:
    """Send work to an actor."""
    _print_dispatch(channel.dispatch(actor, _payload(payload), **how), out)


@click.command(short_help="Send work again, with what changed.")
@click.argument("reference", metavar="REF")
@click.argument("name", metavar="ID")
@click.option("--to", metavar="ACTOR", help="To another actor than before.")
@_on_channel
def redispatch(
    channel: Channel, out: Output, how: dict[str, Any], /, name: str, to: str | None
) -> None:
    """Take a dispatch back and send it again, with what was published since its worker read.

    \b
    commonplace redispatch task/q3:plan k7m2xq9a
    """
    _print_dispatch(channel.redispatch(name, to=to, **how), out)


@click.command(
    cls=TakesText,
    short_help="Answer a dispatch.",
    help=f"""Answer the dispatch ID, as `inbox` shows it. Whoever it was sent to may.

    {_PAYLOAD}

    \b
    commonplace reply task/q3:plan k7m2xq9a '{{"steps": ["crawl", "write"]}}' --as docs
    """,
)
@click.argument("reference", metavar="REF")
@click.argument("name", metavar="ID")
@click.argument("payload")
@click.option(
    "--read", type=click.IntRange(min=0), metavar="VERSION",
    help="The version it is built on. Default: the one that stood when it was sent.",
)  # fmt: skip
@_on_channel
def reply(
    channel: Channel, out: Output, how: dict[str, Any], /, name: str, payload: str, read: int | None
) -> None:
    """Answer a dispatch."""
    receipt = channel.reply(name, _payload(payload), read=read, **how)
    reference = channel.find(name).reference.pinned(receipt.version)
    _print_receipt(str(reference), receipt, out)


@click.command(short_help="Accept a reply, and publish it.")
@click.argument("reference", metavar="REF")
@click.argument("name", metavar="ID")
@click.option("--value", metavar="VALUE", help="Publish this, and not what the reply says.")
@click.option("--keep", is_flag=True, help="Publish nothing: what stands goes on standing.")
@_on_channel
def commit(
    channel: Channel, out: Output, how: dict[str, Any], /, name: str, value: str | None, keep: bool
) -> None:
    """Settle the reply to the dispatch ID, and publish what it says. The one writer may.

    \b
    commonplace commit task/q3:plan k7m2xq9a
    commonplace commit task/q3:plan k7m2xq9a --keep --reason 'done, and the plan stands'
    """
    if keep and value is not None:
        raise click.UsageError("--keep publishes nothing: leave out --value.")
    if keep:
        how["value"] = channel.read().value
    elif value is not None:
        how["value"] = _value(channel, value)
    _print(channel, channel.commit(name, **how), out)


@click.command(short_help="Leave a region to one writer.")
@click.argument("reference", metavar="REF")
@click.argument("writer", metavar="ACTOR")
@click.option("--reason", default="", metavar="TEXT", help="Why, for the log.")
@inside_option
@on_memory
def demote(
    memory: Memory, out: Output, /, reference: str, writer: str, reason: str, inside: str | None
) -> None:
    """Make a region a channel: from now on ACTOR alone writes it, and its history stays.

    \b
    commonplace demote task/q3:findings lead --reason 'one agent writes 97% of it'
    """
    target = parse_reference(reference, inside)
    assert target.namespace is not None
    receipt = memory.namespace(target.namespace).demote(target.region, writer, reason=reason)
    line = f"{out.style(f'r{receipt.revision}', 'yellow')}  {target}"
    out.emit(receipt_fields(str(target), receipt), line)


def _payload(text: str) -> Any:
    """JSON where it looks like an object or a list, and else the text itself."""
    said = sys.stdin.read() if text == "-" else text
    return parse_json(said, "the JSON") if said.lstrip().startswith(("{", "[")) else said


def _value(channel: Channel, text: str) -> Any:
    """A value to publish, as the channel holds it."""
    if channel.holds() == "json":
        return _payload(text)
    return sys.stdin.read() if text == "-" else text


def _print(channel: Channel, receipt: Receipt, out: Output) -> None:
    _print_receipt(str(channel.reference.pinned(receipt.version)), receipt, out)


def _print_receipt(reference: str, receipt: Receipt, out: Output) -> None:
    line = f"{out.style(reference, 'bold')}  {out.style(f'r{receipt.revision}', 'yellow')}"
    repeated = "  (repeated)" if receipt.repeated else ""
    out.emit(receipt_fields(reference, receipt), line + repeated)


def _print_dispatch(sent: Dispatch, out: Output) -> None:
    out.emit(dispatch_fields(sent), dispatch_lines(sent, out))
