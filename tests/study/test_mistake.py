from dataclasses import replace

import pytest

from commonplace import Memory
from commonplace.study.mistake import ask_mistake, questions
from commonplace.study.replay import HOST, Replay
from commonplace.study.tally import Tallies


@pytest.fixture
def counted(orchestrated):
    """Count the mistake of the small conversation, with its annotation or text changed."""

    def count(*said: tuple[int, str], **changed: object) -> list[bool]:
        messages = list(orchestrated.messages)
        for step, text in said:
            messages[step] = replace(messages[step], text=text)
        conversation = replace(orchestrated, messages=tuple(messages), **changed)
        tallies = Tallies()
        with Memory(":memory:", actor=HOST) as memory, Replay(memory, conversation) as replay:
            replay.run()
            ask_mistake(replay, tallies)
        exceptions.extend(each for tally in tallies for each in tally.exceptions)
        return [tally.right == 1 for tally in tallies]

    exceptions: list[str] = []
    return count, exceptions


def test_the_text_of_a_step_leads_to_its_agent_and_record(counted):
    count, _ = counted
    assert count() == [True, True, True]


def test_an_annotation_that_names_another_agent_is_told(counted):
    count, exceptions = counted
    assert count(mistake_agent="WebSurfer") == [False, True, True]
    assert exceptions == ["orchestrated-1 step 4: annotated WebSurfer, said by Assistant"]


def test_words_that_had_stood_before_lead_to_whoever_had_them_first(counted):
    count, exceptions = counted
    assert count((3, "I looked.\nThere are 17 apples.")) == [True, True, False]
    assert exceptions == [
        "orchestrated-1 step 4: named Orchestrator at step 3; Assistant at step 4"
    ]


def test_a_step_too_long_for_one_question_is_asked_for_by_its_sentences(counted):
    count, _ = counted
    long = "\n".join(f"The apple with the number {n} is red." for n in range(200))
    assert count((4, long)) == [True, True, True]


def test_what_is_asked_for(orchestrated):
    with Memory(":memory:", actor=HOST) as memory, Replay(memory, orchestrated) as replay:
        replay.run()
    said = replay.said[4]
    assert list(questions(said)) == ["I looked.\nThere are 17 apples."]
    said = replace(said, message=replace(said.message, text="One. Two.\n" + "x" * 5000))
    assert list(questions(said)) == ["One.", "Two."]
