"""One run of the demo from options to exit code: crew, ledger, citations, summary."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from rich.console import Console

import commonplace
from commonplace.demo.crew import CrewFailed, run_crew
from commonplace.demo.event import Acknowledged, Event
from commonplace.demo.job import Job
from commonplace.demo.ledger import balance, balance_naive
from commonplace.demo.naive import load_blocks
from commonplace.demo.naive_citation import naive_citations
from commonplace.demo.notebook import AUDITOR, BRIEF, SPECIALISTS
from commonplace.demo.options import BadOptions, Options, brief_path
from commonplace.demo.past import MemoryPast
from commonplace.demo.screen import Screen
from commonplace.demo.story import longest_story, story_lines
from commonplace.demo.summary import (
    citation_lines,
    condensation_lines,
    conflict_lines,
    dispatch_lines,
    ledger_lines,
    naive_lines,
    next_lines,
    write_lines,
)
from commonplace.demo.verdict import check_brief

OK, FINDINGS_FAILED, USAGE = 0, 1, 2

_Say = Callable[[Iterable[str]], None]


def conduct(options: Options, console: Console) -> int:
    """Runs the crew and reports. 0: all is well; 1: something was lost or failed; 2: bad options.

    The naive run loses writes by its nature and answers 0 when it ran and was counted.
    """

    def say(lines: Iterable[str]) -> None:
        for line in lines:
            console.print(printable(line), highlight=False, markup=False, soft_wrap=True)

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
    brief = _brief(events)
    brief_path(job).write_text(brief.text if brief else "", encoding="utf-8")
    if job.naive:
        return _report_naive(job, events, say)
    with commonplace.Memory(job.address, actor=AUDITOR, create=False) as memory:
        return _report(job, events, memory, say)


def printable(line: str) -> str:
    """A line without what could steer a terminal: documents and models say what they like."""
    return "".join(each if each.isprintable() or each == "\n" else "\ufffd" for each in line)


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


def _brief(events: Iterable[Event]) -> Acknowledged | None:
    """The brief as the synthesizer's process had it acknowledged, if it had."""
    briefs = [e for e in events if isinstance(e, Acknowledged) and e.block == BRIEF]
    return briefs[-1] if briefs else None


def _report(job: Job, events: Sequence[Event], memory: commonplace.Memory, say: _Say) -> int:
    ledger = balance(events, MemoryPast(memory, job.task))
    brief = _brief(events)
    text, written = (brief.text, brief.revision) if brief else ("", None)
    task = commonplace.Namespace.task(job.task)
    checked = check_brief(memory, task, text, written)
    story = longest_story(memory, task, checked)
    say(write_lines(events))
    say(dispatch_lines(events))
    say(conflict_lines(events))
    say(condensation_lines(events))
    say(ledger_lines(ledger))
    say(citation_lines(checked, brief_path(job)))
    say(story_lines(story) if story else ())
    say(next_lines(job, story))
    return FINDINGS_FAILED if checked.faults or ledger.lost else OK


def _report_naive(job: Job, events: Sequence[Event], say: _Say) -> int:
    held = {name: block["lines"] for name, block in load_blocks(Path(job.address)).items()}
    brief = _brief(events)
    citations = naive_citations(brief.text if brief else "", held, events)
    say(write_lines(events))
    say(naive_lines(balance_naive(events, held), citations, brief_path(job)))
    return OK
