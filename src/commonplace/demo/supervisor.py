"""The supervisor: sets the crew up, writes the plan, and keeps it true until the brief is there."""

from commonplace.demo.brief import HEADINGS
from commonplace.demo.event import Progress, Reporter
from commonplace.demo.job import Job
from commonplace.demo.notebook import (
    BRIEF_WRITTEN,
    DONE,
    PROGRESS,
    SPECIALISTS,
    SUPERVISOR,
    SYNTHESIZER,
    Notebook,
    said,
)

SET_UP = "set up"


def supervise(notebook: Notebook, job: Job, reporter: Reporter) -> None:
    """Makes the task, publishes the plan, and publishes it anew whenever a step is finished."""
    notebook.set_up()
    reading = {actor: len(job.reading_list(actor)) for actor in SPECIALISTS}
    plan = plan_text(job, reading, ())
    notebook.publish_plan(plan)
    reporter.say(Progress(SUPERVISOR, SET_UP))
    for news in notebook.follow(after=0):
        if PROGRESS not in news.blocks:
            continue
        lines = notebook.page(PROGRESS).lines
        latest = plan_text(job, reading, lines)
        if latest != plan:
            plan = latest
            notebook.publish_plan(plan)
            reporter.say(Progress(SUPERVISOR, "updated the plan"))
        if said(lines, SYNTHESIZER, BRIEF_WRITTEN):
            return


def plan_text(job: Job, reading: dict[str, int], progress: tuple[str, ...] | list[str]) -> str:
    """The plan, with each step marked by what the crew's progress says."""
    steps = []
    for actor in SPECIALISTS:
        state = "done" if said(progress, actor, DONE) else "in progress"
        steps.append(f"[{state}] {actor}: read {reading[actor]} documents: {job.source_of(actor)}")
    ready = all(said(progress, actor, DONE) for actor in SPECIALISTS)
    written = said(progress, SYNTHESIZER, BRIEF_WRITTEN)
    state = "done" if written else "in progress" if ready else "waiting"
    steps.append("[in progress] synthesizer: condense the findings as they come")
    if ready:
        steps[-1] = steps[-1].replace("in progress", "done")
    steps.append(f"[{state}] synthesizer: write the brief, a citation in every sentence")
    questions = [f"- {heading}" for heading in HEADINGS.values()]
    return "\n".join([f"Task {job.task}", *steps, "The brief answers:", *questions])
