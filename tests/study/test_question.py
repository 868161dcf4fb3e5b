import pytest

from commonplace import Memory
from commonplace.explain.why import search
from commonplace.study import question
from commonplace.study.question import ask_claims, ask_everywhere
from commonplace.study.replay import HOST, Replay
from commonplace.study.tally import Tallies


@pytest.fixture
def replay(orchestrated):
    with Memory(":memory:", actor=HOST) as memory, Replay(memory, orchestrated) as replay:
        replay.run()
        yield replay


@pytest.fixture
def tallies():
    return Tallies()


def test_the_memory_knows_of_each_claim_what_the_plain_search_knows(replay, tallies):
    ask_claims(replay, tallies, 0)
    assert all(tally.is_sound and tally.asked > 4 for tally in tallies)
    assert len(list(tallies)) == 3


def test_a_state_that_the_memory_does_not_have_is_an_exception(replay, tallies):
    replay.copy.rewrite("transcript", "all gone", "nobody")
    ask_claims(replay, tallies, 0)
    assert not tallies.of(question.WINDOWS).is_sound


def test_a_reading_that_nobody_did_is_an_exception(replay, tallies):
    replay.turns.append(replay.turns[8]._replace(turn="t-none", served=(("transcript", 5),)))
    ask_claims(replay, tallies, 0)
    assert tallies.of(question.WINDOWS).is_sound
    assert not tallies.of(question.READERS).is_sound


def test_an_edge_of_the_other_kind_is_an_exception(replay, tallies):
    last = replay.turns[-1]
    replay.turns[-1] = last._replace(based_on=None)
    ask_claims(replay, tallies, 0)
    assert tallies.of(question.READERS).is_sound
    assert not tallies.of(question.DERIVED).is_sound


def test_claims_are_found_in_every_task(replay, tallies, chat):
    with Replay(replay.memory, chat) as other:
        other.run()
    ask_everywhere([replay, other], tallies, 0)
    assert tallies.of(question.EVERYWHERE).is_sound
    assert tallies.of(question.EVERYWHERE).asked == 2 * question.MAX_EVERYWHERE
    ask_everywhere([replay], tallies, 0)  # as if there were no other task
    ask_everywhere([other], tallies, 0)
    assert tallies.of(question.EVERYWHERE).is_sound  # they share no claim
    for message in replay.conversation.messages[-3:]:
        other.copy.append("transcript", message.text, "nobody")
    ask_everywhere([replay, other], tallies, 0)
    assert not tallies.of(question.EVERYWHERE).is_sound


def test_an_answer_that_was_cut_short_is_counted_apart(replay, tallies, monkeypatch):
    monkeypatch.setattr(search, "MAX_HITS", 1)
    monkeypatch.setattr(question, "MAX_EVERYWHERE", 100)
    ask_everywhere([replay], tallies, 0)
    assert tallies.of(question.CUT_SHORT).asked
    assert all(tally.is_sound for tally in tallies)
