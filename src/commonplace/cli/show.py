"""The command `show`."""

import sys
from collections.abc import Iterator

import click

from commonplace import CommitRecords, Memory, Passage
from commonplace.cli.arguments import inside_option, parse_reference, parse_revision
from commonplace.cli.escape import escape
from commonplace.cli.fields import commit_fields, entry_fields, record_fields, time_text
from commonplace.cli.log import log_line
from commonplace.cli.options import on_memory
from commonplace.cli.output import Output


@click.command(short_help="One entry, or one commit.")
@click.argument("reference", metavar="REF")
@click.option("--raw", is_flag=True, help="The text alone, as it is stored: for files and pipes.")
@inside_option
@on_memory
def show(
    memory: Memory, out: Output, /, reference: str, raw: bool, inside: str | None
) -> int | None:
    """One entry at the head, a version, a revision or a time; or one commit (r4812).

    \b
    commonplace show task/q3:findings
    commonplace show task/q3:findings@12#L3-5
    commonplace show task/q3:findings@-1
    commonplace show task/q3:findings@2026-11-20T03:00Z
    commonplace show r4812
    """
    revision = parse_revision(reference)
    if revision is not None:
        _show_commit(memory.commit(revision), out)
        return None
    passage = memory.resolve(parse_reference(reference, inside))
    if raw:
        if sys.stdout.isatty():
            raise click.UsageError("--raw is for files and pipes: a terminal would obey the text.")
        out.raw(passage.text + "\n" if passage.lines else "")
        return None
    out.emit(entry_fields(passage), entry_lines(passage, out))
    return None


def entry_lines(passage: Passage, out: Output) -> Iterator[str]:
    """An entry for people: where it stands, then its lines by number."""
    entry = passage.entry
    yield out.style(str(passage.reference), "bold")
    if not entry.version:
        yield "nothing was written yet"
        return
    yield (
        f"{out.style(f'r{entry.revision}', 'yellow')}  "
        f"{out.style(time_text(entry.updated_at), 'dim')}  "
        f"{out.style(escape(entry.updated_by), 'cyan')}"
    )
    if not entry.exists:
        yield "deleted: the versions before it can still be read, as with @-1"
    width = len(str(passage.first + len(passage.lines) - 1))
    for number, line in enumerate(passage.lines, start=passage.first):
        anchor = f"L{number}|".rjust(width + 2)
        yield out.style(anchor, "dim") + escape(line.text, keep="\t")


def _changes(commit: CommitRecords) -> str:
    return "change" if len(commit.records) == 1 else "changes"


def _show_commit(commit: CommitRecords, out: Output) -> None:
    first = commit.records[0]
    hidden = f", {commit.hidden} more that you may not read" if commit.hidden else ""
    out.emit(
        commit_fields(commit),
        (
            f"{out.style(f'r{commit.revision}', 'yellow')}  {time_text(first.at)}  "
            f"{out.style(escape(first.actor.name), 'cyan')} ({first.actor.identity.value})",
            f"digest {commit.records[-1].digest.hex()}",
            f"{len(commit.records)} {_changes(commit)}{hidden}",
        ),
    )
    for record in commit.records:
        lines = [log_line(record, out)]
        lines += (f"  based on {escape(each)}" for each in record.based_on)
        if record.trace:
            lines.append(f"  trace {escape(record.trace)}")
        out.emit(record_fields(record), lines)
