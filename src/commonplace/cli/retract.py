"""The commands `retract` and `supersede`, which take back what was written."""

import sys
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import click

from commonplace import CommonplaceError, Memory, Reference, Retraction, Suspect
from commonplace.cli.arguments import inside_option, parse_reference
from commonplace.cli.escape import escape, excerpt
from commonplace.cli.fields import Plain
from commonplace.cli.options import on_memory
from commonplace.cli.output import Output
from commonplace.storage.codec import parse_json

_YES = click.option("-y", "--yes", is_flag=True, help="Do it; without, only show what it would do.")
_REASON = click.option("--reason", metavar="TEXT", required=True, help="Why, for all who read it.")
_REPLACEMENT = "What is right, to stand in its place; for a JSON value: JSON."


@click.command(short_help="Say that something was wrong.")
@click.argument("reference", metavar="REF")
@click.option("--replacement", metavar="TEXT", help=_REPLACEMENT)
@_REASON
@click.option("--depth", type=click.IntRange(1), metavar="N", help="Follow at most N steps.")
@click.option("--declared", is_flag=True, help="Follow only what records say themselves.")
@click.option("--after", metavar="REF", help="Show the suspects behind this one.")
@inside_option
@_YES
@on_memory
def retract(
    memory: Memory, out: Output, /, reference: str, inside: str | None, yes: bool, **asked: Any
) -> None:
    """Say that something was wrong, mark what was built on it, and tell who was shown it.

    REF names what a version put there (task/q3:findings@12), lines (task/q3:findings@12#L3), or
    without either what stands now. Shows first what it would do: who would be told, and which
    records would be suspect. Takes having written it, or owner.

    \b
    commonplace retract task/q3:findings@12#L3 --replacement 'Churn rose.' --reason 'page 17'
    commonplace retract task/q3:findings@12#L3 --reason 'page 17' --yes
    """
    target = parse_reference(reference, inside)
    after = None if asked["after"] is None else parse_reference(asked["after"], inside)
    options: dict[str, Any] = {
        "replacement": _value(memory, target, asked["replacement"]),
        "reason": asked["reason"],
        "depth": asked["depth"],
        "inferred": not asked["declared"],
    }
    if not yes:
        seen = memory.retract(target, dry_run=True, after=after, **options)
        _show(out, seen)
        if seen.unchanged or not _is_confirmed(out):
            return
    _show(out, memory.retract(target, **options), brief=not yes)


@click.command(short_help="Put something newer in its place.")
@click.argument("reference", metavar="REF")
@click.option("--replacement", metavar="TEXT", required=True, help=_REPLACEMENT)
@_REASON
@inside_option
@_YES
@on_memory
def supersede(
    memory: Memory, out: Output, /, reference: str, inside: str | None, yes: bool, **asked: Any
) -> None:
    """Put something newer in the place of what was right when it was written.

    REF is as for `retract`. Nothing built on it becomes suspect. Shows first what it would do.
    Takes having written it, or editor.

    \b
    commonplace supersede task/q3:facts/arr@3 --replacement '12' --reason 'Q4 is in' --yes
    """
    target = parse_reference(reference, inside)
    replacement, reason = _value(memory, target, asked["replacement"]), asked["reason"]
    if not yes:
        seen = memory.supersede(target, replacement=replacement, reason=reason, dry_run=True)
        _show(out, seen)
        if seen.unchanged or not _is_confirmed(out):
            return
    done = memory.supersede(target, replacement=replacement, reason=reason)
    _show(out, done, brief=not yes)


def _value(memory: Memory, target: Reference, text: str | None) -> Any:
    """The replacement as what the entry holds: text as it is, anything else from its JSON."""
    if text is None:
        return None
    try:
        entry = memory.resolve(replace(target, at=None, lines=None)).entry
    except CommonplaceError:
        return text  # whatever is wrong with the reference, the retraction says it better
    is_text = bool(entry.lines) or isinstance(entry.value, str | None)
    return text if is_text else parse_json(text, "--replacement")


def _is_confirmed(out: Output) -> bool:
    """Whether somebody at a terminal says yes."""
    if out.as_json or not sys.stdin.isatty():
        out.note("Nothing was written. Add --yes to do it.")
        return False
    return click.confirm("Do it? It stays in the log for good.", err=True)


def _show(out: Output, what: Retraction, *, brief: bool = False) -> None:
    if brief:
        what = replace(what, suspects=())
    out.emit(retraction_fields(what) if out.as_json else {}, _lines(what, out, brief=brief))
    if out.as_json:
        for suspect in what.suspects:
            out.emit(suspect_fields(suspect), ())


def _lines(what: Retraction, out: Output, *, brief: bool) -> Iterator[str]:
    name = out.style(str(what.reference), "bold")
    done = "retracted" if what.operation == "retract" else "superseded"
    if what.unchanged:
        yield f"{name} was {done} before, in {what.by} by {escape(what.actor)}"
    elif what.dry_run:
        yield f"{name} would be {done}"
    else:
        yield f"{name} {done} in {what.by}  {out.style(f'r{what.revision}', 'yellow')}"
    if brief:
        return
    if not what.unchanged:
        yield from _change(what)
    if what.told:
        yield f"told: {', '.join(map(escape, what.told))}"
    for suspect in what.suspects:
        yield f"suspect  {suspect.reference}  {suspect.edge}, {_steps(suspect.depth)}"
    left = what.total - what.hidden - len(what.suspects)
    if left and what.suspects:
        yield f"{left} further suspects: --after '{what.suspects[-1].reference}'"
    if what.hidden:
        yield f"{what.hidden} further suspects are where you may not read"
    if not what.complete:
        yield "more than one retraction marks: narrow it with lines, --depth or --declared"
    if what.unclear:
        yield f"{what.unclear} later edits may have been of it: their text is gone"
    if what.served_floor:
        yield f"who was shown it before r{what.served_floor} is forgotten"


def _change(what: Retraction) -> Iterator[str]:
    text = what.replacement
    if text is not None and not isinstance(text, str):
        text = escape(repr(text))
    elif text is not None:
        text = f"| {excerpt(text)}"
    if what.stood:
        yield "what stands of it goes" + (f", and this comes in its place: {text}" if text else "")
    else:
        rest = " the replacement is in the record alone" if text else ""
        yield f"none of it stands any more: the entry stays as it is;{rest}".rstrip(";")


def _steps(depth: int) -> str:
    return "directly" if depth == 1 else f"{depth} steps away"


def retraction_fields(what: Retraction) -> Plain:
    """A retraction or supersession; its suspects follow, one object each."""
    return {
        "type": "retraction",
        "operation": what.operation,
        "reference": str(what.reference),
        "retraction": None if what.by is None else str(what.by),
        "revision": what.revision,
        "actor": what.actor,
        "reason": what.reason,
        "versions": list(what.versions),
        "stood": what.stood,
        "replacement": what.replacement,
        "told": list(what.told),
        "suspects": what.total,
        "hidden": what.hidden,
        "unclear": what.unclear,
        "complete": what.complete,
        "served_floor": what.served_floor,
        "dry_run": what.dry_run,
        "unchanged": what.unchanged,
    }


def suspect_fields(suspect: Suspect) -> Plain:
    """A record that was built on what was taken back."""
    return {
        "type": "suspect",
        "reference": str(suspect.reference),
        "edge": suspect.edge,
        "depth": suspect.depth,
    }
