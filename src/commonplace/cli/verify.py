"""The command `verify`."""

import sys
from pathlib import Path
from typing import Final

import click

from commonplace import Memory, Namespace, Reference, Verification
from commonplace.cli import exits
from commonplace.cli.arguments import NAMESPACE, parse_reference
from commonplace.cli.checking_fields import citation_fields, uncited_fields, verification_fields
from commonplace.cli.escape import escape, quoted
from commonplace.cli.options import on_memory
from commonplace.cli.output import Output
from commonplace.limits import MAX_REPORT_BYTES

_STYLES: Final = {"stale": "yellow", "ok": "green"}


@click.command(short_help="Check the citations of a report.")
@click.argument("report", metavar="REPORT")
@click.option(
    "--task",
    metavar="NAMESPACE",
    envvar=NAMESPACE,
    help=f"Whose report it is: task/q3. Default: {NAMESPACE}; of an entry, its own.",
)
@click.option("--actor", "actors", multiple=True, metavar="NAME", help="Only what NAME knew.")
@click.option("--turn", "turns", multiple=True, metavar="ID", help="Only what this turn knew.")
@click.option("--written", metavar="WHEN", help="When it was written: r4812, or a time.")
@click.option("--allow-foreign", is_flag=True, help="Citations may name other namespaces.")
@click.option("--allow-stale", is_flag=True, help="What stood when it was read is no finding.")
@click.option("--strict", is_flag=True, help="A number without a citation is a finding too.")
@on_memory
def verify(
    memory: Memory,
    out: Output,
    /,
    *,
    report: str,
    task: str | None,
    actors: tuple[str, ...],
    turns: tuple[str, ...],
    written: str | None,
    allow_foreign: bool,
    allow_stale: bool,
    strict: bool,
) -> int:
    """Check every citation of a report. REPORT is a file, `-`, or a reference to an entry.

    Each [findings@12#L3] must exist, must have been shown to the run before the report was
    written, and must say what its sentence quotes and counts. Exit code 1: not all are ok.

    \b
    commonplace verify brief.md --task task/q3
    commonplace verify task/q3:brief --json
    commonplace verify - --task task/q3 --actor synthesizer < brief.md
    """
    namespace = Namespace.parse(task) if task else None
    subject = _subject(report)
    if isinstance(subject, str) and namespace is None:
        raise click.UsageError(
            f"Whose report is it? Name its task: --task task/q3, or {NAMESPACE}."
        )
    found = memory.verify(
        subject,
        run=namespace if isinstance(subject, str) else None,
        actors=actors,
        turns=turns,
        written=_when(written),
        allow_foreign=allow_foreign,
    )
    good = {"ok", "stale"} if allow_stale else {"ok"}
    failed = [each for each in found.citations if each.verdict not in good]
    is_good = not failed and not (strict and found.uncited)
    _print(found, report if isinstance(subject, str) else str(subject), is_good, out)
    return exits.OK if is_good else exits.FINDINGS


def _subject(report: str) -> str | Reference:
    """The text of a report, or the reference to one."""
    if report == "-":
        return _decoded(sys.stdin.buffer.read(MAX_REPORT_BYTES + 1), "standard input")
    path = Path(report)
    if path.is_file():
        with path.open("rb") as file:
            return _decoded(file.read(MAX_REPORT_BYTES + 1), report)
    if ":" not in report:
        raise click.UsageError(
            f"There is no file {report!r}. An entry is named with its namespace: task/q3:brief."
        )
    return parse_reference(report)


def _decoded(raw: bytes, name: str) -> str:
    try:
        # What is cut off is over the limit anyway, and may end inside a character.
        return raw.decode("utf-8-sig", "replace" if len(raw) > MAX_REPORT_BYTES else "strict")
    except UnicodeDecodeError as error:
        raise click.UsageError(f"{name} is no UTF-8: see byte {error.start}.") from None


def _when(written: str | None) -> int | str | None:
    number = (written or "").removeprefix("r")
    return int(number) if number.isascii() and number.isdigit() else written


def _print(found: Verification, name: str, is_good: bool, out: Output) -> None:
    for checked in found.citations:
        lines = []
        if checked.verdict != "ok" or checked.remarks:
            citation = checked.citation
            also = [f"(also {', '.join(checked.also)})"] if checked.also else []
            said = " ".join([checked.detail, *also, *checked.remarks]).strip()
            verdict = out.style(checked.verdict, _STYLES.get(checked.verdict, "red"))
            place = f"{name}:{citation.line}:{citation.column}"
            reference = out.style(str(checked.reference), "bold")
            lines.append(f"{escape(place)}  {verdict}  {reference}  {escape(said)}")
        out.emit(citation_fields(checked), lines)
    for sentence in found.uncited:
        line = f"{escape(name)}:{sentence.line}  uncited  {quoted(sentence.text)}"
        out.emit(uncited_fields(sentence), line)
    out.emit(verification_fields(found), _summary(found, is_good, out))
    if not found.turns and found.citations:
        out.note("No turn of this run was shown anything it cites. Do its agents work in turns?")


def _summary(found: Verification, is_good: bool, out: Output) -> str:
    verdict = out.style("ok", "green") if is_good else out.style("FINDINGS", "red")
    total = len(found.citations)
    counts = ", ".join(f"{count} {name}" for name, count in found.counts.items() if count)
    uncited = f"{len(found.uncited)}{'+' if found.more_uncited else ''}"
    said = f"{verdict}  {total} citation{'' if total == 1 else 's'}"
    if counts:
        said += f": {counts}"
    if found.uncited:
        said += f"; {uncited} with numbers and no citation"
    return said
