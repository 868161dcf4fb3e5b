"""A place in the queue of updates that cannot be given back does not speak for the update."""

import pytest

from commonplace import Block, EngineUnavailable, Memory
from commonplace.storage.programs import ticket


@pytest.fixture
def block() -> Block:
    with Memory(":memory:", actor="owner") as memory:
        block = memory.create_task("q3").create_block("findings")
        block.append("one")
        yield block


@pytest.fixture
def failing(block: Block, monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    def fail(*asked: object) -> object:
        raise EngineUnavailable("Nothing was written: the disk reported an error.")

    monkeypatch.setattr(ticket, "drop", fail)
    return monkeypatch


def queue(block: Block) -> int:
    session = block._session
    return len(session.read(ticket.look(session.tenant, block._key)))


def test_an_update_that_landed_is_acknowledged(block: Block, failing: pytest.MonkeyPatch) -> None:
    receipt = block.update(lambda text: f"{text}\ntwo")
    assert receipt.version == block.read().version == 2
    assert queue(block) == 1


def test_the_next_write_gives_the_place_back(block: Block, failing: pytest.MonkeyPatch) -> None:
    block.update(lambda text: f"{text}\ntwo")
    failing.undo()
    block.append("three")
    assert queue(block) == 0


def test_the_next_update_does_not_wait_for_it(block: Block, failing: pytest.MonkeyPatch) -> None:
    block.update(lambda text: f"{text}\ntwo")
    failing.undo()
    block.update(lambda text: f"{text}\nthree")
    assert block.read().text == "one\ntwo\nthree"
    assert queue(block) == 0


def test_the_error_of_the_update_itself_is_raised(
    block: Block, failing: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ZeroDivisionError):
        block.update(lambda text: str(1 // 0))
