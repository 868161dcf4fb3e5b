"""A specialist: reads documents, files findings, asks questions and answers those it can."""

from collections.abc import Mapping, Sequence

from commonplace.demo.document import load
from commonplace.demo.event import Progress, Reporter
from commonplace.demo.extract import extract
from commonplace.demo.job import Job
from commonplace.demo.notebook import Notebook, Wanted
from commonplace.demo.question import Contribution, parse_question
from commonplace.demo.reading import Answer, Mention

LOOK_EVERY = 5
"""Documents read between two looks at the open questions."""
DONE = "done"


def research(notebook: Notebook, job: Job, actor: str, reporter: Reporter) -> None:
    """Does the work that comes, until some brings nothing more to read: that is the last.

    By then the other has read everything too, so that no new question can come.
    """
    library = {each.name: each for each in job.library(actor)}
    read: set[str] = set()
    known: dict[str, Answer] = {}

    def answers(lines: Sequence[str]) -> list[Contribution]:
        return answerable(lines, actor, known)

    for task in notebook.tasks():
        listed = [library[name] for name in task.job.get("documents", ()) if name not in read]
        for number, name in enumerate(listed, start=1):
            reading = extract(load(name))
            notebook.file(reading.findings)
            notebook.contribute(asking(actor, reading.mentions))
            known.update({answer.about: answer for answer in reading.answers})
            read.add(name.name)
            reporter.say(Progress(actor, f"read {name.name}", number, len(listed)))
            if number % LOOK_EVERY == 0:
                notebook.contribute(answers)
        notebook.contribute(answers)
        notebook.reply(task, {"read": len(read), "can answer": len(known)})
        if not listed:
            reporter.say(Progress(actor, DONE, len(read), len(read)))
            return


def asking(actor: str, mentions: Sequence[Mention]) -> Wanted:
    """A question about everything that a document mentions, whatever the list has by now."""
    asked = [Contribution(each.about, actor, each.where) for each in mentions]
    return lambda _: asked


def answerable(lines: Sequence[str], actor: str, known: Mapping[str, Answer]) -> list[Contribution]:
    """An answer to every open question that what was read so far can answer."""
    questions = [parse_question(line) for line in lines]
    return [
        Contribution(each.about, actor, known[each.about].where, known[each.about].text)
        for each in questions
        if each is not None and each.solution is None and each.about in known
    ]
