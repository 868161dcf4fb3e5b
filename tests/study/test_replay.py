import pytest

from commonplace import AccessDenied, Memory
from commonplace.study.conversation import conversations
from commonplace.study.replay import HOST, Replay


@pytest.fixture
def memory():
    with Memory(":memory:", actor=HOST) as opened:
        yield opened


def test_each_message_is_a_record_of_its_speaker_in_a_turn(memory, orchestrated):
    with Replay(memory, orchestrated) as replay:
        replay.run()
    records = memory.log(replay.task.namespace, region="transcript", limit=100)[::-1]
    assert [(each.actor.name, each.reason, each.operation) for each in records] == [
        ("human", "step 0", "append"),
        ("Orchestrator", "step 1", "append"),
        ("Orchestrator", "step 3", "append"),
        ("Assistant", "step 4", "append"),
        ("Orchestrator", "step 7", "rewrite"),
        ("Orchestrator", "step 9", "append"),
    ]
    assert all(each.turn for each in records)
    assert len({each.turn for each in records}) == len(records)


def test_a_message_is_based_on_the_one_it_followed_among_those_it_was_shown(memory, orchestrated):
    with Replay(memory, orchestrated) as replay:
        replay.run()
    based_on = {each.reason: each.based_on for each in memory.log(replay.task.namespace, limit=100)}
    task = "task/orchestrated-1"
    assert based_on["step 0"] == ()
    assert based_on["step 3"] == (f"{task}:ledger@1#L1-2",)  # the thought before it
    assert based_on["step 4"] == (f"{task}:transcript@3#L5",)  # not the thought in between
    assert based_on["step 7"] == (f"{task}:thoughts@1#L1",)
    assert based_on["step 9"] == (f"{task}:transcript@5#L1-3",)  # step 8 said nothing


def test_nobody_reads_the_thoughts_of_the_orchestrator(memory, orchestrated):
    with Replay(memory, orchestrated) as replay:
        replay.run()
        for name in ("ledger", "thoughts"):
            with pytest.raises(AccessDenied):
                replay.block("Assistant", name).read()


def test_the_memory_holds_what_the_plain_copy_holds(memory, logs):
    """Every state of every block, and every message at the lines that its reference names."""
    chosen = list(conversations(logs))[::8]
    for conversation in chosen:
        with Replay(memory, conversation) as replay:
            replay.run()
        for block, version, text in replay.copy.states():
            entry = memory.resolve(f"{replay.task.namespace}:{block}@{version}").entry
            assert "".join(f"{line.text}\n" for line in entry.lines) == text
        for said in replay.said.values():
            assert memory.resolve(said.reference).text == said.message.text.removesuffix("\n")
        spoken = [message for message in conversation.messages if message.text]
        assert [said.message for said in replay.said.values()] == spoken


def test_every_turn_is_accounted_for(memory, orchestrated):
    with Replay(memory, orchestrated) as replay:
        replay.run()
    assert [taken.wrote for taken in replay.turns] == [
        ("transcript", 1),
        ("transcript", 2),
        ("ledger", 1),
        ("transcript", 3),
        ("transcript", 4),
        ("ledger", 2),
        ("thoughts", 1),
        ("transcript", 5),
        None,
        ("transcript", 6),
    ]
    assert replay.turns[3].served == (("transcript", 2), ("ledger", 1), ("thoughts", 0))
    assert replay.turns[4].served == (("transcript", 3),)
    logged = {each.turn for each in memory.log(replay.task.namespace, limit=100) if each.turn}
    assert logged == {taken.turn for taken in replay.turns if taken.wrote}
