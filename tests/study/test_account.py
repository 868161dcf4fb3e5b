from commonplace import Memory
from commonplace.study.account import built_on, readers
from commonplace.study.replay import HOST, Replay


def test_who_was_shown_a_sentence_and_what_came_of_it(orchestrated):
    with Memory(":memory:", actor=HOST) as memory, Replay(memory, orchestrated) as replay:
        replay.run()
    by_step = {taken.turn: step for step, taken in enumerate(replay.turns)}
    assert {by_step[turn] for turn in readers(replay, "There are 17 apples.")} == {5, 6, 7}
    assert built_on(replay, "There are 17 apples.") == {
        ("ledger", 2): "declared",
        ("thoughts", 1): "inferred",
        ("transcript", 5): "inferred",
    }
    assert {by_step[turn] for turn in readers(replay, '"done": false')} == {3, 5}
    assert built_on(replay, '"done": false') == {
        ("transcript", 3): "declared",
        ("ledger", 2): "inferred",
    }
    assert readers(replay, "FINAL ANSWER") == set()
