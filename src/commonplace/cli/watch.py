"""The command `watch`."""

from typing import Any

import click

from commonplace import Change, Commit, Memory
from commonplace.cli.arguments import parse_where, revision_option
from commonplace.cli.escape import escape, quoted
from commonplace.cli.fields import change_fields, progress_fields, time_text
from commonplace.cli.options import on_memory
from commonplace.cli.output import Output

_SECONDS = click.FloatRange(min=0)


@click.command(short_help="Changes as they come.")
@click.argument("where")
@click.option(
    "--after",
    type=revision_option,
    metavar="REVISION",
    help="Begin after this revision. Default: now.",
)
@click.option("--region", metavar="NAME", help="Only this region.")
@click.option("--operation", metavar="NAME", help="Only this operation, such as append.")
@click.option("--actor", metavar="NAME", help="Only changes by this actor.")
@click.option("--cursor", metavar="NAME", help="Go on where the last watch of this name ended.")
@click.option("--group", metavar="NAME", help="Share the commits with all watches of this group.")
@click.option(
    "--timeout",
    "timeout_s",
    type=_SECONDS,
    metavar="SECONDS",
    help="End when nothing came for so long.",
)
@click.option(
    "--progress",
    "progress_s",
    type=_SECONDS,
    metavar="SECONDS",
    help="Say so when nothing came so long.",
)
@click.option(
    "-n", "--limit", type=click.IntRange(1, 10**9), metavar="N", help="End after so many commits."
)
@on_memory
def watch(memory: Memory, out: Output, /, where: str, limit: int | None, **options: Any) -> None:
    """Changes in a namespace as they come, in order, each once: one line per change.

    WHERE is a namespace (task/q3), all below one with a grant for it (task/), or a reference
    (task/q3:findings: that region). Ends with Ctrl-C, --timeout or --limit.

    \b
    commonplace watch task/q3
    commonplace watch task/q3:findings --after r4812 --timeout 60 --json
    commonplace watch task/q3 --cursor nightly --limit 1
    """
    place = parse_where(where)
    if options["region"] is None:
        options["region"] = place.region
    delivered = 0
    with memory.watch(place.scope, **options) as commits:
        for commit in commits:
            _print(commit, out)
            if commit.is_progress:
                continue
            delivered += 1
            if delivered == limit:
                commits.settle()
                break


def _print(commit: Commit, out: Output) -> None:
    if commit.is_progress:
        line = f"r{commit.revision}  nothing new"
        out.emit(progress_fields(commit), out.style(line, "dim"))
    for change in commit.changes:
        out.emit(change_fields(change, commit), change_line(change, commit, out))
    out.flush()


def change_line(change: Change, commit: Commit, out: Output) -> str:
    """A change on one line."""
    parts = [
        out.style(f"r{commit.revision}", "yellow"),
        out.style(time_text(commit.at), "dim"),
        out.style(escape(change.actor), "cyan"),
        escape(change.operation),
        out.style(str(change.reference), "bold"),
        change.kind,
    ]
    if change.reason:
        parts.append(quoted(change.reason))
    if commit.hidden:
        parts.append(f"(and {commit.hidden} that you may not read)")
    return "  ".join(parts)
