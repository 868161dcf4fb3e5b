from dataclasses import replace

import pytest

from commonplace import Memory
from commonplace.study import reporter
from commonplace.study.conversation import Message
from commonplace.study.plant import KINDS, SOUND
from commonplace.study.replay import HOST, Replay
from commonplace.study.reporter import NOTES, REPORT, Reporter
from commonplace.study.tally import Tallies
from commonplace.study.verdict import judge


@pytest.fixture
def replay(orchestrated):
    with Memory(":memory:", actor=HOST) as memory, Replay(memory, orchestrated) as replay:
        replay.run()
        yield replay


def judged(replay):
    """The kinds of sentences in a report on it, all of which got the verdict that is due."""
    tallies = Tallies()
    reported = Reporter(replay, 0).report()
    judge(replay, reported, tallies)
    assert all(tally.is_sound for tally in tallies), [tally.exceptions for tally in tallies]
    return {plant.kind for plant in reported.plants.values()}


def test_sound_and_planted_sentences_are_judged_as_is_due(replay):
    rare = {kind for kind in KINDS if kind.startswith(("overwritten", "standing, left out"))}
    assert judged(replay) == set(KINDS) - rare


def test_a_line_that_the_prompt_had_no_room_for_is_unserved(replay, monkeypatch):
    monkeypatch.setattr(reporter, "PROMPT_TOKENS", 1)  # its last line is all that it gets
    assert "standing, left out of the prompt" in judged(replay)


def test_of_an_overwritten_ledger_what_was_read_is_stale_and_the_rest_unserved(orchestrated):
    ledgers = tuple(
        Message(step, "Orchestrator", "ledger", True, f"Updated Ledger: nobody counted the {what}")
        for step, what in enumerate(("pears so far", "plums so far", "figs as yet"), start=10)
    )
    conversation = replace(orchestrated, messages=(*orchestrated.messages, *ledgers))
    with Memory(":memory:", actor=HOST) as memory, Replay(memory, conversation) as replay:
        replay.run()
        overwritten = {kind for kind in KINDS if kind.startswith("overwritten")}
        assert overwritten <= judged(replay)


def test_the_report_and_the_notes_are_in_the_plain_copy_too(replay):
    reported = Reporter(replay, 0).report()
    for name in (NOTES, REPORT):
        entry = replay.task.block(name).read()
        assert "".join(f"{line.text}\n" for line in entry.lines) == replay.copy.text(name)
    lines = replay.copy.text(REPORT).split("\n")
    for number, plant in reported.plants.items():
        assert lines[number - 1] == f"- {plant.sentence}"


def test_a_verdict_that_is_not_due_is_an_exception(replay):
    tallies = Tallies()
    reported = Reporter(replay, 0).report()
    for number, plant in reported.plants.items():
        due = "stale" if plant.kind in SOUND else "ok"
        reported.plants[number] = plant._replace(due=due)
    judge(replay, reported, tallies)
    wrong = [tally for tally in tallies if not tally.is_sound]
    assert sum(tally.asked - tally.right for tally in wrong) == len(reported.plants)


def test_a_seed_gives_one_report(orchestrated):
    texts = []
    for seed in (1, 1, 2):
        with Memory(":memory:", actor=HOST) as memory, Replay(memory, orchestrated) as replay:
            replay.run()
            Reporter(replay, seed).report()
            texts.append(replay.copy.text(REPORT))
    assert texts[0] == texts[1] != texts[2]
