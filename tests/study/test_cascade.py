from commonplace import Memory
from commonplace.study.cascade import foresee, reached
from commonplace.study.replay import HOST, Replay
from commonplace.study.tally import Tallies


def test_what_follows_from_a_message_step_by_step(orchestrated):
    with Memory(":memory:", actor=HOST) as memory, Replay(memory, orchestrated) as replay:
        replay.run()
        # Step 4 counts the apples. The ledger names it, the stall names the ledger, and so on.
        assert reached(replay, ("transcript", 4)) == {
            ("ledger", 2): ("declared", 1),
            ("transcript", 5): ("declared", 1),  # it took the place of what was said before
            ("thoughts", 1): ("declared", 2),
            ("transcript", 6): ("declared", 2),
        }
        assert reached(replay, ("ledger", 1)) == {
            ("transcript", 3): ("declared", 1),
            ("ledger", 2): ("declared", 1),
            ("transcript", 4): ("declared", 2),
            ("thoughts", 1): ("declared", 2),
            ("transcript", 5): ("declared", 2),
            ("transcript", 6): ("declared", 3),
        }
        assert reached(replay, ("transcript", 6)) == {}


def test_a_message_that_nobody_names_is_followed_by_who_was_shown_it(chat):
    with Memory(":memory:", actor=HOST) as memory, Replay(memory, chat) as replay:
        replay.run()
        assert reached(replay, ("transcript", 1)) == {
            ("transcript", 2): ("declared", 1),
            ("transcript", 3): ("declared", 2),
            ("transcript", 4): ("declared", 3),
        }
        del replay.turns[2]  # the terminal's, so that nothing names the second message
        assert reached(replay, ("transcript", 2)) == {("transcript", 4): ("inferred", 1)}


def test_a_dry_run_that_reaches_anything_else_is_an_exception(orchestrated):
    tallies = Tallies()
    with Memory(":memory:", actor=HOST) as memory, Replay(memory, orchestrated) as replay:
        replay.run()
        foresee(replay, tallies)
        assert all(tally.is_sound for tally in tallies)
        del replay.turns[5:]  # as if the orchestrator had gone no further
        foresee(replay, tallies)
    assert [(tally.right, tally.asked) for tally in tallies] == [(1, 2), (1, 2)]
    assert all("transcript@4" in tally.exceptions[0] for tally in tallies)
