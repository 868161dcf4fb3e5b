"""One run of the demo from options to exit code: crew, ledger, citations, summary."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from rich.console import Console

from commonplace.demo.citation import check_brief
from commonplace.demo.crew import CrewFailed, run_crew
from commonplace.demo.event import Acknowledged, Event
from commonplace.demo.job import Job
from commonplace.demo.ledger import balance, balance_naive
from commonplace.demo.naive import load_blocks
from commonplace.demo.naive_citation import naive_citations
from commonplace.demo.notebook import BRIEF, SPECIALISTS
from commonplace.demo.options import BadOptions, Options, brief_path
from commonplace.demo.past import MemoryPast, memory_past
from commonplace.demo.screen import Screen
from commonplace.demo.summary import (
    citation_lines,
    condensation_lines,
    conflict_lines,
    ledger_lines,
    naive_lines,
    next_lines,
    write_lines,
)

OK, FINDINGS_FAILED, USAGE = 0, 1, 2

_Say = Callable[[Iterable[str]], None]


def conduct(options: Options, console: Console) -> int:
    """Runs the crew and reports. 0: all is well; 1: something was lost or failed; 2: bad options.

    The naive run loses writes by its nature and answers 0 when it ran and was counted.
    """

    def say(lines: Iterable[str]) -> None:
        for line in lines:
            console.print(line, highlight=False, markup=False, soft_wrap=True)

    try:
        job = options.prepare()
    except BadOptions as error:
        say([f"commonplace demo: {error}"])
        return USAGE
    say(_opening(job))
    try:
        with Screen(console) as screen:
            events = run_crew(job, screen.show)
    except CrewFailed as error:
        say([f"The crew stopped. {error}"])
        return FINDINGS_FAILED
    say([""])
    brief_path(job).write_text(_brief(events), encoding="utf-8")
    if job.naive:
        return _report_naive(job, events, say)
    with memory_past(job.address, job.task) as past:
        return _report(job, events, past, say)


def _opening(job: Job) -> Iterator[str]:
    if job.model:
        yield f"A crew of four processes on {job.model}, over the Messages API."
    else:
        yield "A crew of four processes. The agents are scripted extractors: no model, no network."
    for actor in SPECIALISTS:
        yield f"  {actor} reads {len(job.reading_list(actor))} documents: {job.source_of(actor)}"
    if job.naive:
        yield f"  They share a plain JSON file, read, changed and written back: {job.address}"
    else:
        yield f"  They share one memory, task {job.task}: {job.address}"


def _brief(events: Iterable[Event]) -> str:
    """The brief as the synthesizer's process acknowledged it; empty if there is none."""
    texts = [e.text for e in events if isinstance(e, Acknowledged) and e.block == BRIEF]
    return texts[-1] if texts else ""


def _report(job: Job, events: Sequence[Event], past: MemoryPast, say: _Say) -> int:
    ledger = balance(events, past)
    verdicts = check_brief(_brief(events), past.lines)
    say(write_lines(events))
    say(conflict_lines(events))
    say(condensation_lines(events))
    say(ledger_lines(ledger))
    say(citation_lines(verdicts, brief_path(job)))
    say(next_lines(job, verdicts))
    sound = bool(verdicts) and all(verdict.outcome == "ok" for verdict in verdicts)
    return OK if sound and not ledger.lost else FINDINGS_FAILED


def _report_naive(job: Job, events: Sequence[Event], say: _Say) -> int:
    held = {name: block["lines"] for name, block in load_blocks(Path(job.address)).items()}
    citations = naive_citations(_brief(events), held, events)
    say(write_lines(events))
    say(naive_lines(balance_naive(events, held), citations, brief_path(job)))
    return OK
