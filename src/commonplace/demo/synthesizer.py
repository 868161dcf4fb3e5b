"""The synthesizer: follows the findings, condenses them while others go on, writes the brief."""

from commonplace.demo.brief import Page, write_brief
from commonplace.demo.condensation import Cited, cited_findings, condense
from commonplace.demo.event import Progress, Reporter
from commonplace.demo.job import Job
from commonplace.demo.notebook import (
    BRIEF_WRITTEN,
    DONE,
    FINDINGS,
    PROGRESS,
    QUESTIONS,
    SPECIALISTS,
    SYNTHESIZER,
    Notebook,
    said,
)

CONDENSE_EVERY = 60
"""Changes to the findings after which their owner condenses them."""


def synthesize(notebook: Notebook, job: Job, reporter: Reporter) -> None:
    """Condenses whenever enough has come in, and at the end tells it all in a brief."""
    found: list[Cited] = []
    waiting = 0
    for news in notebook.follow(after=0):
        waiting += news.blocks.count(FINDINGS)
        if waiting >= CONDENSE_EVERY:
            found.extend(condense_now(notebook, reporter))
            waiting = 0
        if PROGRESS in news.blocks:
            lines = notebook.page(PROGRESS).lines
            if all(said(lines, actor, DONE) for actor in SPECIALISTS):
                break
    found.extend(condense_now(notebook, reporter))
    title = f"What {job.source_of(SPECIALISTS[0])} and {job.source_of(SPECIALISTS[1])} say"
    brief = write_brief(title, found, notebook.page(FINDINGS), notebook.page(QUESTIONS))
    notebook.write_brief(brief)
    notebook.report(BRIEF_WRITTEN)
    reporter.say(Progress(SYNTHESIZER, BRIEF_WRITTEN))


def condense_now(notebook: Notebook, reporter: Reporter) -> list[Cited]:
    """One condensation: what stands now, said in fewer lines. Gives the raw lines it saw."""
    page: Page = notebook.page(FINDINGS)
    raw = list(cited_findings(page.lines, page.version))
    if not raw:
        return []
    notebook.condense(page, condense(page.lines, page.version))
    reporter.say(Progress(SYNTHESIZER, f"condensed {len(raw)} findings"))
    return raw
