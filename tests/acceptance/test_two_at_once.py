"""The table of docs/concepts.md: what each rule does when two agents write at once."""

from collections.abc import Callable, Iterator

import pytest

import commonplace
from commonplace import (
    AnchorNotFound,
    AppendOnly,
    Block,
    CommonplaceError,
    CompareAndSet,
    ContractMismatch,
    ExpectRequired,
    LastWriterWins,
    NotOwner,
    Rule,
    SingleWriter,
    TextBlock,
    VersionConflict,
)

Pair = tuple[Block, Block, int]
Landed = type[CommonplaceError] | None


@pytest.fixture
def pair(rule: Rule) -> Iterator[Pair]:
    """A block as two owners have it, with three lines that both have read at a version."""
    with (
        commonplace.Memory(":memory:", actor="first") as memory,
        memory.as_actor("second") as other,
    ):
        task = memory.create_task("q3", share={"second": "owner"})
        block = task.create_block("notes", rule=rule)
        read = block.append("one\ntwo\nthree").version
        yield block, other.task("q3").block("notes"), read


def both_append(first: Block, second: Block, read: int) -> None:
    first.append("four")
    second.append("five")


def both_edit_different_lines(first: Block, second: Block, read: int) -> None:
    first.replace("one", "1", base=read)
    second.replace("three", "3", base=read)


def both_edit_one_line(first: Block, second: Block, read: int) -> None:
    first.replace("two", "2", base=read)
    second.replace("two", "II", base=read)


def both_rewrite(first: Block, second: Block, read: int) -> None:
    first.rewrite("mine", expect=read)
    second.rewrite("no, mine", expect=read)


def rewrite_blindly(first: Block, second: Block, read: int) -> None:
    first.rewrite("mine")


def append_blindly(first: Block, second: Block, read: int) -> None:
    second.append("more")


TABLE: list[tuple[Rule, Callable[[Block, Block, int], None], Landed]] = [
    (TextBlock(), append_blindly, None),
    (TextBlock(), both_append, None),
    (TextBlock(), both_edit_different_lines, None),
    (TextBlock(), both_edit_one_line, AnchorNotFound),
    (TextBlock(), both_rewrite, VersionConflict),
    (TextBlock(), rewrite_blindly, ExpectRequired),
    (AppendOnly(), append_blindly, None),
    (AppendOnly(), both_edit_different_lines, ContractMismatch),
    (AppendOnly(), both_rewrite, ContractMismatch),
    (CompareAndSet(), append_blindly, ExpectRequired),
    (CompareAndSet(), both_edit_different_lines, VersionConflict),
    (CompareAndSet(), both_edit_one_line, VersionConflict),
    (CompareAndSet(), both_rewrite, VersionConflict),
    (SingleWriter("first"), append_blindly, NotOwner),
    (SingleWriter("first"), both_edit_different_lines, NotOwner),
    (LastWriterWins(), append_blindly, None),
    (LastWriterWins(), both_edit_different_lines, None),
    (LastWriterWins(), both_edit_one_line, AnchorNotFound),
    (LastWriterWins(), rewrite_blindly, None),
]


@pytest.mark.parametrize(
    ("rule", "act", "refused"), TABLE, ids=[f"{rule.name}-{act.__name__}" for rule, act, _ in TABLE]
)
def test_two_write_at_once(
    pair: Pair, act: Callable[[Block, Block, int], None], refused: Landed
) -> None:
    first, second, read = pair
    if refused is None:
        act(first, second, read)
        return
    with pytest.raises(refused):
        act(first, second, read)


@pytest.mark.parametrize("rule", [CompareAndSet()])
def test_an_append_may_say_what_it_read(pair: Pair) -> None:
    first, second, read = pair
    assert first.append("four", expect=read).version == read + 1
    with pytest.raises(VersionConflict):
        second.append("five", expect=read)


@pytest.mark.parametrize("rule", [LastWriterWins()])
def test_the_last_writer_wins_silently(pair: Pair) -> None:
    first, second, _ = pair
    first.rewrite("mine")
    second.rewrite("no, mine")
    assert first.read().text == "no, mine"


@pytest.mark.parametrize("rule", [TextBlock()])
def test_the_same_words_replaced_twice_cannot_both_land(pair: Pair) -> None:
    first, second, read = pair
    first.replace("two", "two, or three", base=read)
    with pytest.raises(VersionConflict):
        second.replace("two", "2", base=read)
    # Without a base it lands on words that are still there, whatever else the line says now.
    second.replace("two", "2")
    assert first.read().text == "one\n2, or three\nthree"
