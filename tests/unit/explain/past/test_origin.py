"""Origins: a line is followed back through every write that it went through."""

from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from commonplace import Block, Memory
from commonplace.core.text import ended
from commonplace.explain.past.origin import Tracer
from commonplace.explain.past.standing import open_states
from histories import BLOCK, TENANT, opened

FINDINGS = "task/q3:findings"


@pytest.fixture
def memory() -> Iterator[Memory]:
    with Memory(":memory:", actor="lead") as memory:
        memory.create_task("q3", share={"docs": "owner"}).create_block("findings")
        yield memory


@pytest.fixture
def block(memory: Memory) -> Block:
    return memory.task("q3").block("findings")


def _origins(memory: Memory, number: int) -> list[tuple[str, str, str]]:
    line = memory.blame(FINDINGS, origins=True)[number - 1]
    assert line.origins is not None
    return [(each.relation, str(each.reference), each.text) for each in line.origins]


def test_plain_blame_asks_for_none(memory: Memory, block: Block) -> None:
    block.append("a")
    assert [line.origins for line in memory.blame(FINDINGS)] == [None]
    assert [line.origins for line in memory.blame(FINDINGS, origins=True)] == [()]


def test_through_replacements_to_the_first_author(memory: Memory, block: Block) -> None:
    block.append("Intro.\nChurn fell 12% in Q3.")
    block.replace("12%", "21%")
    block.replace("Q3", "Q4")
    assert _origins(memory, 2) == [
        ("edited from", f"{FINDINGS}@2#L2", "Churn fell 21% in Q3."),
        ("edited from", f"{FINDINGS}@1#L2", "Churn fell 12% in Q3."),
    ]
    assert _origins(memory, 1) == []


def test_two_lines_that_a_replacement_joined(memory: Memory, block: Block) -> None:
    block.append("Churn fell\nby a fifth.")
    block.replace("fell\nby", "fell, they say, by")
    assert [text for _, _, text in _origins(memory, 1)] == ["Churn fell", "by a fifth."]


def test_a_line_replaced_by_one_with_no_word_in_common_begins_anew(
    memory: Memory, block: Block
) -> None:
    block.append("Churn fell.")
    block.replace("Churn fell.", "Revenue rose sharply")
    assert _origins(memory, 1) == []


def test_through_an_update(memory: Memory, block: Block) -> None:
    block.append("one\nChurn fell 12% in Q3.\nthree")
    block.update(lambda text: text.replace("12%", "21%") + "\nfour is new")
    assert _origins(memory, 2) == [
        ("edited from", f"{FINDINGS}@1#L2", "Churn fell 12% in Q3."),
    ]
    assert _origins(memory, 4) == []


def test_through_a_rewrite_what_was_kept_is_the_same_wherever_it_went(
    memory: Memory, block: Block
) -> None:
    block.append("alpha\nbeta\nChurn fell 12% in Q3.")
    block.rewrite("Churn fell 21% in Q3.\nbeta\nalpha\nwholly new", expect=1)
    assert [_origins(memory, number) for number in (1, 2, 3, 4)] == [
        [("rewritten from", f"{FINDINGS}@1#L3", "Churn fell 12% in Q3.")],
        [("same", f"{FINDINGS}@1#L2", "beta")],
        [("same", f"{FINDINGS}@1#L1", "alpha")],
        [],
    ]


def test_through_a_condensation_to_all_that_went_in(memory: Memory, block: Block) -> None:
    block.append("Churn fell 12% in Q3.")
    with memory.as_actor("docs") as docs:
        docs.task("q3").block("findings").append("Revenue rose.\nThe API changed.\nKept as it is.")
    block.condense("Churn fell 12%, and revenue rose.\nKept as it is.", through=2)
    told = memory.blame(FINDINGS, origins=True)[0].origins
    assert told is not None
    assert [(each.relation, each.text) for each in told] == [
        ("condensed from", "Churn fell 12% in Q3."),
        ("condensed from", "Revenue rose."),
    ]
    assert [each.record.actor.name for each in told if each.record] == ["lead", "docs"]
    assert _origins(memory, 2) == [("same", f"{FINDINGS}@2#L4", "Kept as it is.")]


def test_what_was_compacted_cannot_be_told_and_says_so(memory: Memory, block: Block) -> None:
    block.append("Churn fell 12%.")
    block.replace("12%", "21%")
    memory.compact(memory.position().revision)
    assert [line.origins for line in memory.blame(FINDINGS, origins=True)] == [None]


def test_lines_that_are_asked_for_keep_their_own_origins(memory: Memory, block: Block) -> None:
    block.append("one two\nthree four")
    block.replace("two", "2")
    block.replace("four", "4")
    (line,) = memory.blame(f"{FINDINGS}#L2", origins=True)
    assert line.origins is not None
    assert [each.text for each in line.origins] == ["three four"]


# --- to the character ---------------------------------------------------------------------------

EDITS = st.lists(
    st.tuples(st.integers(0, 200), st.integers(1, 12), st.text("abc \n", max_size=6)),
    min_size=1,
    max_size=12,
)


@given(EDITS)
@settings(max_examples=150, deadline=None)
def test_each_character_is_credited_to_the_replacement_that_wrote_it(
    edits: list[tuple[int, int, str]],
) -> None:
    """Against lines that carry the version of each of their characters along."""
    with opened(":memory:") as memory:
        memory.append("the quick brown fox\njumps over\nthe lazy dog")
        marks = {line[:2]: [1] * len(line.text) for line in memory.read().value}
        for start, size, new in edits:
            before = memory.read().value or ()
            whole = ended(before)
            first = start % max(len(whole), 1)
            old = whole[first : first + size]
            if not old or sum(whole.startswith(old, n) for n in range(len(whole))) != 1:
                continue
            version = memory.write(BLOCK, "replace", old=old, new=new).version
            flat = [mark for line in before for mark in (*marks[line[:2]], 0)]
            flat[first : first + len(old)] = [version] * len(new)
            at = 0
            for line in memory.read().value:  # one that says what it said keeps its name
                marks.setdefault(line[:2], flat[at : at + len(line.text)])
                at += len(line.text) + 1
        tracer = Tracer(memory.engine.read(TENANT, open_states(memory.reader, BLOCK)))
        for line in memory.read().value:
            found = memory.engine.read(TENANT, tracer.pieces(line))
            assert "".join(piece.text for piece in found) == line.text
            assert [piece.version for piece in found for _ in piece.text] == marks[line[:2]]
