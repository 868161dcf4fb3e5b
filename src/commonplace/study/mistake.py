"""Mistake: whether `why` leads from the text of the annotated mistake to its agent and step.

Three questions, kept apart. Did the annotated agent write the annotated step at all? Is the
record of that step among those that the answer names? And is it the one that the answer names
first, or had the words stood somewhere before?
"""

from collections.abc import Iterator, Sequence
from typing import Final

from commonplace import Record
from commonplace.limits import MAX_SOUGHT_BYTES
from commonplace.study.claim import sentences
from commonplace.study.question import ask
from commonplace.study.replay import Replay, Said
from commonplace.study.tally import Tallies

ANNOTATION: Final = "annotated steps that the annotated agent wrote"
NAMED: Final = "mistaken steps whose text leads to the record of that step"
FIRST: Final = "mistaken steps whose text had stood nowhere before"


def ask_mistake(replay: Replay, tallies: Tallies) -> None:
    """Ask for the mistaken step by its text, and count what the answer names."""
    conversation = replay.conversation
    said = replay.said[conversation.mistake_step]
    where = f"{conversation.name} step {conversation.mistake_step}"
    tallies.of(ANNOTATION, of_data=True).count(
        said.message.speaker == conversation.mistake_agent,
        f"{where}: annotated {conversation.mistake_agent}, said by {said.message.speaker}",
    )
    answers = [_writers(replay, text) for text in questions(said)]
    due = said.receipt.revision
    tallies.of(NAMED).count(
        any(due in [record.revision for record in answer] for answer in answers),
        f"{where}: {_told(replay, answers)}",
    )
    tallies.of(FIRST, of_data=True).count(
        any(answer and answer[0].revision == due for answer in answers),
        f"{where}: {_told(replay, answers)}",
    )


def questions(said: Said) -> Iterator[str]:
    """The text of a step, or its sentences when it is too long for one question."""
    text = said.message.text.strip("\n")
    if len(text.encode()) <= MAX_SOUGHT_BYTES:
        yield text
        return
    for sentence in sentences(text):
        if len(sentence.encode()) <= MAX_SOUGHT_BYTES:
            yield sentence


def _writers(replay: Replay, text: str) -> list[Record]:
    """The records that wrote a text, the earliest first; those that wrote it again included."""
    found = []
    for each in ask(replay, text).occurrences:
        found += [each.introduced, *each.again]
    return sorted(filter(None, found), key=lambda record: (record.revision, record.index))


def _told(replay: Replay, answers: Sequence[Sequence[Record]]) -> str:
    """What the answers named instead, in the words of the log."""
    first = next(iter(answers), ())
    return "named " + (
        "; ".join(f"{record.actor.name} at {record.reason}" for record in first) or "nobody"
    )
