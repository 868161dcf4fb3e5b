"""A specialist: reads documents, files findings, asks questions and answers those it can."""

from commonplace.demo.document import load
from commonplace.demo.event import Progress, Reporter
from commonplace.demo.extract import extract
from commonplace.demo.job import Job
from commonplace.demo.notebook import (
    DONE,
    FINISHED_READING,
    PROGRESS,
    QUESTIONS,
    SPECIALISTS,
    Notebook,
    said,
)
from commonplace.demo.question import Contribution, parse_question
from commonplace.demo.reading import Answer

LOOK_EVERY = 5
"""Documents read between two looks at the open questions."""


def research(notebook: Notebook, job: Job, actor: str, reporter: Reporter) -> None:
    """Reads everything on the list, then waits for the other and answers what is left."""
    listed = job.reading_list(actor)
    known: dict[str, Answer] = {}
    for number, name in enumerate(listed, start=1):
        reading = extract(load(name))
        for finding in reading.findings:
            notebook.add_finding(finding)
        for mention in reading.mentions:
            notebook.contribute(Contribution(mention.about, actor, mention.where))
        known.update({answer.about: answer for answer in reading.answers})
        reporter.say(Progress(actor, f"read {name.name}", number, len(listed)))
        if number % LOOK_EVERY == 0:
            _answer(notebook, actor, known)
    notebook.report(f"{FINISHED_READING} {len(listed)} documents")
    _answer_until_all_have_read(notebook, actor, known)
    notebook.report(DONE)
    reporter.say(Progress(actor, DONE, len(listed), len(listed)))


def _answer(notebook: Notebook, actor: str, known: dict[str, Answer]) -> None:
    """Answers every open question that what was read so far can answer."""
    for line in notebook.page(QUESTIONS).lines:
        question = parse_question(line)
        if question is None or question.solution is not None or question.about not in known:
            continue
        answer = known[question.about]
        notebook.contribute(Contribution(question.about, actor, answer.where, answer.text))


def _answer_until_all_have_read(notebook: Notebook, actor: str, known: dict[str, Answer]) -> None:
    """Follows the others until each has finished reading; then no new question can come."""
    for news in notebook.follow(after=0):
        if PROGRESS not in news.blocks:
            continue
        lines = notebook.page(PROGRESS).lines
        if all(said(lines, other, FINISHED_READING) for other in SPECIALISTS):
            break
    _answer(notebook, actor, known)
