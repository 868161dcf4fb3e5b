"""The commands `compact`, `forget`, `archive` and `erase`, which take something away for good."""

import sys
from dataclasses import replace

import click

from commonplace import AtVersion, Memory, Reference
from commonplace.cli.arguments import inside_option, parse_reference, revision_option
from commonplace.cli.escape import escape
from commonplace.cli.options import on_memory
from commonplace.cli.output import Output
from commonplace.cli.upkeep_fields import (
    archival_fields,
    compaction_fields,
    erasure_fields,
    forgetting_fields,
)

_YES = click.option("-y", "--yes", is_flag=True, help="Do not ask.")


def _pinned(memory: Memory, reference: Reference) -> Reference:
    """The reference at a version of its own, which is what an erasure takes."""
    if isinstance(reference.at, AtVersion) and reference.at.version < 0:
        head = memory.resolve(replace(reference, at=None)).entry.version
        return reference.pinned(head + reference.at.version)
    if reference.at is None or isinstance(reference.at, AtVersion):
        return reference
    return memory.resolve(reference).entry.reference


def _confirm(question: str, yes: bool) -> None:
    """Ask before what cannot be undone; without a terminal to ask on, take only --yes."""
    if yes:
        return
    if not _is_asked_on_a_terminal():
        raise click.UsageError("This cannot be undone, and nobody is here to be asked: add --yes.")
    click.confirm(f"{question} This cannot be undone. Go on?", abort=True, err=True)


def _is_asked_on_a_terminal() -> bool:
    return sys.stdin.isatty()


@click.command(short_help="Drop what was superseded.")
@click.argument("revision", type=revision_option)
@click.option("--reason", metavar="TEXT", default="", help="Why, for the log.")
@_YES
@on_memory
def compact(memory: Memory, out: Output, /, revision: int, reason: str, yes: bool) -> None:
    """Drop what was written and superseded before REVISION; headers and the chain stay.

    Reads at and after REVISION stay whole, older ones are answered with `compacted`. Takes
    owner of the tenant.

    \b
    commonplace compact r4812
    """
    _confirm(f"Everything superseded before r{revision} loses its text.", yes)
    done = memory.compact(revision, reason=reason)
    line = f"whole from r{done.floor}; {done.payloads} payloads dropped, {done.freed_bytes} bytes"
    out.emit(compaction_fields(done), line)


@click.command(short_help="Forget what turns were served.")
@click.argument("revision", type=revision_option)
@click.option("--reason", metavar="TEXT", default="", help="Why, for the log.")
@_YES
@on_memory
def forget(memory: Memory, out: Output, /, revision: int, reason: str, yes: bool) -> None:
    """Forget who was shown what before REVISION; what was written stays, and so do notices.

    Afterwards nobody can tell what a turn before it was served, and a retraction does not know
    whom to tell of it. Takes owner of the tenant.

    \b
    commonplace forget r4812 --reason 'kept for a year'
    """
    _confirm(f"Who was shown what before r{revision} is forgotten.", yes)
    done = memory.forget_served(revision, reason=reason)
    line = f"forgotten before r{done.floor}; {done.records} records emptied"
    out.emit(forgetting_fields(done), line)


@click.command(short_help="Move old records to a file.")
@click.argument("file", type=click.Path(dir_okay=False))
@click.option(
    "--through",
    type=revision_option,
    metavar="REVISION",
    required=True,
    help="The last revision to move.",
)
@click.option("--reason", metavar="TEXT", default="", help="Why, for the log.")
@_YES
@on_memory
def archive(
    memory: Memory, out: Output, /, file: str, through: int, reason: str, yes: bool
) -> None:
    """Move the records up to a revision to a new FILE; the log then begins at an anchor.

    The anchor is chained, so the archive can always be told from a forgery. Takes owner of
    the tenant, and a compaction at least so far.

    \b
    commonplace archive 2026-q3.ndjson --through r4812
    """
    _confirm(f"The records up to r{through} move to {file}.", yes)
    done = memory.archive(file, through=through, reason=reason)
    line = f"{done.written} records up to r{done.anchor.through} are in {escape(file)}"
    out.emit(archival_fields(done), line)


@click.command(short_help="Destroy bytes, for privacy.")
@click.argument("reference", metavar="REF")
@click.option(
    "--reason", metavar="TEXT", required=True, help="Why, for the log. It stays: name nobody in it."
)
@inside_option
@_YES
@on_memory
def erase(
    memory: Memory, out: Output, /, reference: str, reason: str, inside: str | None, yes: bool
) -> None:
    """Destroy what an entry's versions wrote, for good; their headers and the chain stay.

    REF with a version (task/q3:findings@12) erases what that one wrote, and later copies of
    it; without one, all of the entry. Takes owner.

    \b
    commonplace erase task/q3:findings@12 --reason 'request 311'
    """
    target = parse_reference(reference, inside)
    target = _pinned(memory, target)
    what = "what every version wrote" if target.at is None else "what it wrote"
    _confirm(f"{target}: {what} is destroyed.", yes)
    done = memory.erase(target, reason=reason)
    lines = [
        f"{done.reference}  r{done.revision}",
        f"erased versions {', '.join(map(str, done.records))}; {done.lines} lines blanked",
    ]
    lines += (f"review {each.reference}: built on this ({each.edge})" for each in done.review)
    if done.unlisted:
        lines.append(f"review {done.unlisted} more, not listed")
    if not done.settled:
        lines.append("not settled: the bytes go with the next checkpoint of the write-ahead log")
    out.emit(erasure_fields(done), lines)
