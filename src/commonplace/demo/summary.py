"""The summary: what a run comes to, in lines for the screen."""

import shlex
import shutil
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

from commonplace.demo.event import Acknowledged, Conflict, Event
from commonplace.demo.job import Job
from commonplace.demo.ledger import Ledger, Tally
from commonplace.demo.naive_citation import NaiveCitations
from commonplace.demo.notebook import (
    AUDITOR,
    BRIEF,
    DISPATCHES,
    FINDINGS,
    QUESTIONS,
    SYNTHESIZER,
)
from commonplace.demo.screen import ROLES
from commonplace.demo.story import Story
from commonplace.demo.verdict import Checked
from commonplace.model.namespace import Namespace

MAX_SHOWN = 10


def write_lines(events: Iterable[Event]) -> Iterator[str]:
    """Acknowledged writes by actor and block."""
    counts: dict[str, Counter[str]] = {role: Counter() for role in ROLES}
    for event in events:
        if isinstance(event, Acknowledged):
            counts[event.actor][event.block.partition("/")[0]] += 1
    yield "writes by actor"
    for role in ROLES:
        blocks = ", ".join(f"{block} {count}" for block, count in sorted(counts[role].items()))
        yield f"  {role:<16} {counts[role].total():>6,}   {blocks}"


def dispatch_lines(events: Iterable[Event]) -> Iterator[str]:
    """What went over the plan's channel, and what of it was sent again."""
    deeds = Counter(
        event.deed
        for event in events
        if isinstance(event, Acknowledged) and event.block.startswith(f"{DISPATCHES}/")
    )
    yield (
        f"dispatches: {deeds['dispatch'] + deeds['redispatch']:,}; replies: {deeds['reply']:,}; "
        f"built on a plan that no longer stood, and sent again: {deeds['redispatch']:,}"
    )


def conflict_lines(events: Iterable[Event]) -> Iterator[str]:
    """Every conflict, and how it ended."""
    ended = Counter((event.code, event.ended) for event in events if isinstance(event, Conflict))
    yield f"conflicts: {ended.total():,}"
    for (code, how), count in sorted(ended.items()):
        yield f"  {count:>6,} x {code}: {how}"


def condensation_lines(events: Iterable[Event]) -> Iterator[str]:
    """How often the findings were condensed, and what came in while their owner thought."""
    between = [
        event.version - 1 - event.through
        for event in events
        if isinstance(event, Acknowledged) and event.block == FINDINGS and event.through
    ]
    yield (
        f"condensations by the findings' owner: {len(between):,}; lines that came in between its "
        f"reading and its writing, and stayed: {sum(between):,}"
    )


def ledger_lines(ledger: Ledger) -> Iterator[str]:
    """What was acknowledged and what of it is lost."""
    yield f"writes acknowledged: {ledger.acknowledged:,}"
    yield f"lines lost: {ledger.lost:,}"
    yield from lost_lines(ledger)


def lost_lines(ledger: Ledger) -> Iterator[str]:
    """The first few of the lost writes, each with its author."""
    lost = [*ledger.findings.lost, *ledger.questions.lost, *ledger.others.lost]
    for event in lost[:MAX_SHOWN]:
        yield f"  lost: {event.actor} {event.deed} {event.block}@{event.version}: {event.text}"
    if len(lost) > MAX_SHOWN:
        yield f"  and {len(lost) - MAX_SHOWN:,} more"


def citation_lines(checked: Checked, brief: Path) -> Iterator[str]:
    """What `verify` says of the brief's citations."""
    yield f"brief: {brief}"
    counts = checked.counts
    told = ", ".join(f"{verdict} {count:,}" for verdict, count in sorted(counts.items()))
    yield f"citations in the brief: {counts.total():,}; verdicts: {told or 'none'}"
    if any(each.verdict == "stale" for each in checked.good):
        yield "  stale: their owner has condensed them since; the versions cited still show them"
    yield from (f"  {fault}" for fault in checked.faults[:MAX_SHOWN])
    if len(checked.faults) > MAX_SHOWN:
        yield f"  and {len(checked.faults) - MAX_SHOWN:,} more"


def naive_lines(ledger: Ledger, citations: NaiveCitations, brief: Path) -> Iterator[str]:
    """What the naive file did to the same crew."""
    yield _tally_line("findings", ledger.findings, "lost")
    yield _tally_line("question edits", ledger.questions, "overwritten")
    yield from lost_lines(ledger)
    gone = citations.condensed + citations.nowhere
    yield f"brief: {brief}"
    yield f"sentences in the brief: {sum(citations):,}, each with a citation"
    yield f"  {citations.in_place:>6,} stand where the citation says"
    yield f"  {citations.elsewhere:>6,} stand on another line"
    yield (
        f"  {gone:>6,} check out nowhere: {citations.condensed:,} were condensed away and the file "
        f"keeps no versions, {citations.nowhere:,} are gone without a trace"
    )
    yield "conflicts reported: 0 (a plain file reports none)"


def _tally_line(what: str, tally: Tally, word: str) -> str:
    return (
        f"{what}: {tally.acknowledged:,} acknowledged, {tally.kept:,} kept, "
        f"{len(tally.lost):,} {word}"
    )


def next_lines(job: Job, story: Story | None) -> Iterator[str]:
    """Commands to try on this very memory, with references from this very brief."""
    task, program = Namespace.task(job.task), _program()

    def command(*words: str, who: str = AUDITOR) -> str:
        return f"  {program} {shlex.join(words)} -m {shlex.quote(job.address)} --as {who}"

    yield "try next"
    yield command("timeline", str(task))
    yield command("blame", f"{task}:{QUESTIONS}")
    yield command("verify", f"{task}:{BRIEF}")
    if story is not None:
        yield command("show", str(story.cited))
        yield command("why", story.quotation)
        doubt = ["retract", str(story.cited), "--reason", "It was misread."]
        yield command(*doubt, who=story.author or SYNTHESIZER)


def _program() -> str:
    """The command as it can be typed here: by its name if that is found, else as it was called."""
    called = Path(sys.argv[0])
    if called.name != "commonplace" or shutil.which("commonplace"):
        return "commonplace"
    return shlex.quote(str(called))
