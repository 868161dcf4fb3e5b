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
    Turn,
)

CONDENSE_EVERY = 60
"""Changes to the findings after which their owner condenses them."""
BRIEF_WRITTEN = "wrote the brief"


def synthesize(notebook: Notebook, job: Job, reporter: Reporter) -> None:
    """Condenses whenever enough has come in, and tells it all in a brief when that is asked.

    The brief is one turn, at the revision at which the supervisor asked for it.
    """
    found: list[Cited] = []
    waiting = 0
    for news in notebook.follow():
        waiting += news.blocks.count(FINDINGS)
        if waiting >= CONDENSE_EVERY:
            with notebook.turn() as turn:
                found.extend(condense_now(turn, reporter))
            waiting = 0
    task = next(notebook.tasks())
    with notebook.turn(task.pin) as turn:
        found.extend(condense_now(turn, reporter))
        title = f"What {job.source_of(SPECIALISTS[0])} and {job.source_of(SPECIALISTS[1])} say"
        turn.write_brief(write_brief(title, found, turn.page(FINDINGS), turn.page(QUESTIONS)))
    notebook.reply(task, {"wrote": "the brief"})
    reporter.say(Progress(SYNTHESIZER, BRIEF_WRITTEN))


def condense_now(turn: Turn, reporter: Reporter) -> list[Cited]:
    """One condensation: what stands now, said in fewer lines. Gives the raw lines it saw."""
    page = turn.page(FINDINGS)
    raw = list(cited_findings(page.lines, page.version))
    if raw:
        turn.condense(page, condense(page.lines, page.version))
        reporter.say(Progress(SYNTHESIZER, f"condensed {len(raw)} findings"))
    return raw
