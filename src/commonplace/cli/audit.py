"""The commands `position` and `audit`."""

import click

from commonplace import Memory, Position
from commonplace.cli import exits
from commonplace.cli.escape import escape
from commonplace.cli.fields import position_fields
from commonplace.cli.options import on_memory
from commonplace.cli.output import Output
from commonplace.cli.upkeep_fields import finding_fields, report_fields


def position_option(text: str) -> Position:
    """`REVISION:DIGEST`, as `position` prints it, for click."""
    revision, _, digest = text.removeprefix("r").partition(":")
    try:
        found = Position(int(revision), bytes.fromhex(digest))
    except ValueError:
        found = Position(-1, b"")
    if found.revision < 0 or not found.digest:
        raise click.BadParameter(f"{text!r} is no position such as r4812:7f6a4f….")
    return found


@click.command(short_help="Where the log stands.")
@on_memory
def position(memory: Memory, out: Output, /) -> None:
    """The newest revision and the digest of the chain there.

    Keep it elsewhere: a log that was cut or rewritten cannot give the same digest again.

    \b
    commonplace position
    commonplace audit --expect r4812:7f6a4ffb68791847…
    """
    found = memory.position()
    out.emit(position_fields(found), position_text(found))


def position_text(found: Position) -> str:
    """A position as `--expect` takes it."""
    return f"r{found.revision}:{found.digest.hex()}"


@click.command(short_help="Check that nothing was tampered with.")
@click.option(
    "--expect",
    type=position_option,
    metavar="REVISION:DIGEST",
    help="A position you kept: the log must still pass through it.",
)
@on_memory
def audit(memory: Memory, out: Output, /, expect: Position | None) -> int:
    """Check the chain of all records, and the live state against them. Exit code 1: findings.

    Names the record that was edited or is missing. Takes owner of the tenant.

    \b
    commonplace audit
    commonplace audit --expect r4812:7f6a4ffb68791847…
    """
    report = memory.audit(expect=expect)
    verdict = out.style("ok", "green") if report.ok else out.style("FINDINGS", "red")
    head = Position(report.revision, report.digest)
    summary = [
        f"{verdict}  {report.records} records and {report.entries} entries checked",
        f"tenant {escape(report.tenant)}  {position_text(head)}",
    ]
    if report.anchor:
        summary.append(f"checked from r{report.anchor} on; what came before was archived")
    if report.floor:
        summary.append(f"what was superseded before r{report.floor} was compacted")
    out.emit(report_fields(report), summary)
    for finding in report.findings:
        out.emit(finding_fields(finding), escape(str(finding)))
    if report.omitted:
        out.note(f"and {report.omitted} more.")
    return exits.OK if report.ok else exits.FINDINGS
