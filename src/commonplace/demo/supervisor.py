"""The supervisor: publishes the plan, sends everybody their work, and commits what comes back."""

from collections.abc import Mapping

from commonplace.demo.brief import HEADINGS
from commonplace.demo.event import Progress, Reporter
from commonplace.demo.job import Job
from commonplace.demo.notebook import SPECIALISTS, SUPERVISOR, SYNTHESIZER, Notebook
from commonplace.demo.plan import Plan, Step

SET_UP = "set up"


def supervise(notebook: Notebook, job: Job, reporter: Reporter) -> None:
    """Makes the task, publishes the plan, and publishes it anew whenever a step is finished.

    A reply that was built on a plan which no longer stands goes back, with what has changed. That
    is how the second specialist to finish reading learns that the first one has, and that the
    list of questions is complete.
    """
    reading = {actor: [each.name for each in job.reading_list(actor)] for actor in SPECIALISTS}
    plan = first_plan(job, {actor: len(names) for actor, names in reading.items()})
    notebook.set_up()
    notebook.publish(plan)
    reporter.say(Progress(SUPERVISOR, SET_UP))
    for step in plan.under_way:
        notebook.dispatch(step.who, {"do": step.do, "documents": reading[step.who]})
    for reply in notebook.replies():
        if reply.stale:
            notebook.redispatch(reply)
            reporter.say(Progress(SUPERVISOR, f"sent {reply.who} its work again"))
            continue
        before, plan = plan, plan.finished(reply.who, free=SPECIALISTS)
        notebook.commit(reply, plan)
        reporter.say(Progress(SUPERVISOR, "updated the plan"))
        for step in plan.under_way:
            if step not in before.under_way:
                notebook.dispatch(step.who, {"do": step.do})
        if not plan.under_way:
            return


def first_plan(job: Job, reading: Mapping[str, int]) -> Plan:
    """The plan as a run begins: both specialists read, the rest waits."""
    steps = [
        Step(actor, f"read {count} documents: {job.source_of(actor)}", "in progress")
        for actor, count in reading.items()
    ]
    steps.append(Step("", "answer the questions that are left"))
    steps.append(Step(SYNTHESIZER, "write the brief, a citation in every sentence"))
    return Plan(job.task, tuple(steps), tuple(HEADINGS.values()))
