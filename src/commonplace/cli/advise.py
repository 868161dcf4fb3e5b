"""The command `advise`."""

from datetime import datetime

import click

from commonplace import Advice, Memory, Survey
from commonplace.cli import exits
from commonplace.cli.arguments import parse_revision, when_option
from commonplace.cli.checking_fields import advice_fields, survey_fields
from commonplace.cli.escape import escape
from commonplace.cli.fields import time_text
from commonplace.cli.options import on_memory
from commonplace.cli.output import Output
from commonplace.explain.advice import MAX_ADVICE


def since_option(text: str) -> int | datetime:
    """A revision such as r4812, or a time, for click."""
    revision = parse_revision(text)
    return when_option(text) if revision is None else revision


@click.command(short_help="What to change in how a team works.")
@click.option(
    "--since",
    type=since_option,
    metavar="WHEN",
    help="Look at what came after r4812, 2h, a time; r0: at all. Default: the newest 100,000.",
)
@on_memory
def advise(memory: Memory, out: Output, /, since: int | datetime | None) -> int:
    """Read the log and say what to change: each finding with its numbers and one fix.

    Takes reader over everything, or owner of the tenant. Exit code 1: there are findings.

    \b
    commonplace advise
    commonplace advise --since 24h --json
    """
    survey = memory.advise(since=since)
    for found in survey.advice:
        out.emit(advice_fields(found), advice_lines(found, out))
    out.emit(survey_fields(survey), survey_lines(survey, out))
    return exits.OK if survey.ok else exits.FINDINGS


def advice_lines(found: Advice, out: Output) -> list[str]:
    """A finding for people: what, about what, by which numbers, and what to do."""
    numbers = ", ".join(f"{name} {value}" for name, value in found.evidence.items())
    return [
        f"{out.style(found.code, 'red')}  {out.style(escape(found.subject), 'bold')}",
        f"  {escape(found.message)}",
        f"  evidence: {escape(numbers)}",
        f"  fix: {out.style(escape(found.fix), 'green')}",
    ]


def survey_lines(survey: Survey, out: Output) -> list[str]:
    """The window, and what could not be judged in it."""
    verdict = out.style("ok", "green") if survey.ok else out.style("FINDINGS", "red")
    since = f", from {time_text(survey.since)} on" if survey.records else ""
    said = f"{verdict}  r{survey.after + 1}..r{survey.revision}{since}"
    lines = [f"{said}: {survey.records} records, {survey.turns} turns"]
    if survey.omitted:
        lines.append(f"and {survey.omitted} more of a kind that has {MAX_ADVICE} above")
    return lines + [f"not judged: {each}" for each in survey.unknown]
