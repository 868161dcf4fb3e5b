"""The synthesizer: follows the findings, condenses them while others go on, writes the brief."""

from commonplace.demo.brief import write_brief
from commonplace.demo.condensation import Cited, cited_findings, condense
from commonplace.demo.event import Progress, Reporter
from commonplace.demo.job import Job
from commonplace.demo.notebook import (
    FINDINGS,
    QUESTIONS,
    SPECIALISTS,
    SYNTHESIZER,
    Notebook,
    Step,
)

CONDENSE_EVERY = 60
"""Changes to the findings after which their owner condenses them."""
BRIEF_WRITTEN = "wrote the brief"


def synthesize(notebook: Notebook, job: Job, reporter: Reporter) -> None:
    """Condenses whenever enough has come in, and tells it all in a brief when that is asked.

    The brief is one step, at the revision at which the supervisor asked for it.
    """
    found: list[Cited] = []
    waiting = 0
    for news in notebook.follow():
        waiting += news.blocks.count(FINDINGS)
        if waiting >= CONDENSE_EVERY:
            with notebook.step() as step:
                found.extend(condense_now(step, reporter))
            waiting = 0
    task = next(notebook.tasks())
    with notebook.step(task.pin) as step:
        found.extend(condense_now(step, reporter))
        title = f"What {job.source_of(SPECIALISTS[0])} and {job.source_of(SPECIALISTS[1])} say"
        step.write_brief(write_brief(title, found, step.page(FINDINGS), step.page(QUESTIONS)))
    notebook.reply(task, {"wrote": "the brief"})
    reporter.say(Progress(SYNTHESIZER, BRIEF_WRITTEN))


def condense_now(step: Step, reporter: Reporter) -> list[Cited]:
    """One condensation: what stands now, said in fewer lines. Gives the raw lines it saw."""
    page = step.page(FINDINGS)
    raw = list(cited_findings(page.lines, page.version))
    if raw:
        step.condense(page, condense(page.lines, page.version))
        reporter.say(Progress(SYNTHESIZER, f"condensed {len(raw)} findings"))
    return raw
