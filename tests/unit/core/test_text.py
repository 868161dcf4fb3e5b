import time
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commonplace.core.text import (
    MAX_PLACES_SHOWN,
    TEXT_OPERATIONS,
    Text,
    edits,
    from_plain,
    joined,
    locate,
    made,
    size_bytes,
    split,
    to_plain,
)
from commonplace.core.verdict import Refusal
from commonplace.model.entry import Line
from properties import prove, prove_much

LETTERS = "ab\né"
texts = st.text(LETTERS, max_size=12)
some_text = st.text(LETTERS, min_size=1, max_size=6)


def apply(value: Text | None, operation: str, version: int, **arguments: Any) -> Text | Refusal:
    return TEXT_OPERATIONS[operation].apply(value, arguments, version)


def must(value: Text | None, operation: str, version: int, **arguments: Any) -> Text:
    result = apply(value, operation, version, **arguments)
    assert not isinstance(result, Refusal), result.message
    return result


def shown(lines: Text) -> list[str]:
    return [line.text for line in lines]


@st.composite
def values(draw: st.DrawFn) -> Text:
    """A text after a few writes, each line with the version that wrote it."""
    value: Text = ()
    for version in range(1, draw(st.integers(0, 4)) + 1):
        value = must(value, "append", version, text=draw(texts))
    return value


# --- text and lines ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("", []),
        ("a", ["a"]),
        ("a\n", ["a"]),
        ("a\n\n", ["a", ""]),
        ("\n", [""]),
        ("\n\n", ["", ""]),
        ("\na", ["", "a"]),
        ("a\r b\u2028c\x0bd", ["a\r b\u2028c\x0bd"]),
    ],
)
def test_split(text: str, lines: list[str]) -> None:
    assert split(text) == lines


@prove_much
@given(st.lists(st.text("ab é", max_size=3)))
def test_what_is_read_splits_into_the_lines_it_was_made_of(lines: list[str]) -> None:
    value = tuple(Line(1, n, line) for n, line in enumerate(lines))
    assert split(joined(value)) == lines


@prove
@given(texts)
def test_reading_and_rewriting_changes_nothing(text: str) -> None:
    value = made(text, 1)
    assert shown(made(joined(value), 2)) == shown(value)
    assert joined(value) in {text, text.removesuffix("\n")}


@prove
@given(values())
def test_the_stored_form_gives_the_value_back(value: Text) -> None:
    assert from_plain(to_plain(value)) == value


def test_the_stored_form_is_runs() -> None:
    value = must(must(must(None, "append", 1, text="a\nb\nc"), "append", 2, text="d"), "replace", 3,
                 old="b", new="B")  # fmt: skip
    assert to_plain(value) == {
        "text": "a\nB\nc\nd",
        "lines": [[1, 0, 1], [3, 0, 1], [1, 2, 1], [2, 0, 1]],
    }
    assert to_plain(made("a\nb\nc", 4)) == {"text": "a\nb\nc", "lines": [[4, 0, 3]]}
    neighbours = (Line(1, 0, "a"), Line(2, 1, "b"), Line(2, 3, "c"))
    assert to_plain(neighbours)["lines"] == [[1, 0, 1], [2, 1, 1], [2, 3, 1]]
    assert from_plain(to_plain(neighbours)) == neighbours


@prove
@given(values())
def test_size_counts_bytes_and_one_newline_per_line(value: Text) -> None:
    assert size_bytes(value) == sum(len((line.text + "\n").encode()) for line in value)


@prove
@given(values(), texts)
def test_an_append_grows_by_what_it_says(value: Text, text: str) -> None:
    grows = TEXT_OPERATIONS["append"].grows_bytes
    assert grows is not None
    after = must(value, "append", 9, text=text)
    assert size_bytes(after) == size_bytes(value) + grows({"text": text})


# --- each operation against a model that knows only strings -------------------------------------


def text_of(value: Text) -> str:
    return "".join(line.text + "\n" for line in value)


def whole(text: str) -> str:
    """Text as whole lines: every line ended, as appending and rewriting put it there."""
    return text if text.endswith("\n") or not text else text + "\n"


@prove
@given(values(), texts)
def test_append_adds_whole_lines(value: Text, text: str) -> None:
    after = must(value, "append", 9, text=text)
    assert text_of(after) == text_of(value) + whole(text)
    assert after[: len(value)] == value
    assert {line.version for line in after[len(value) :]} <= {9}


@prove
@given(values(), texts)
def test_rewrite_puts_the_text_in_place_of_all(value: Text, text: str) -> None:
    assert must(value, "rewrite", 9, text=text) == made(text, 9)


def occurrences(text: str, anchor: str) -> list[int]:
    return [n for n in range(len(text)) if text.startswith(anchor, n)]


@prove_much
@given(values(), some_text, texts)
def test_replace_replaces_the_one_occurrence(value: Text, old: str, new: str) -> None:
    places = occurrences(text_of(value), old)
    after = apply(value, "replace", 9, old=old, new=new)
    if not places:
        assert isinstance(after, Refusal)
        assert after.code == "anchor_not_found"
    elif len(places) > 1:
        assert isinstance(after, Refusal)
        assert after.code == "anchor_not_unique"
        assert after.facts["lines"] == [text_of(value).count("\n", 0, n) + 1 for n in places]
    else:
        assert not isinstance(after, Refusal)
        assert text_of(after) == whole(text_of(value).replace(old, new, 1))


@st.composite
def anchored(draw: st.DrawFn) -> tuple[Text, str]:
    """A text and a piece of it that occurs once."""
    value = draw(values().filter(bool))
    text = text_of(value)
    start = draw(st.integers(0, len(text) - 1))
    old = text[start : draw(st.integers(start + 1, len(text)))]
    return value, old if len(occurrences(text, old)) == 1 else text


@prove_much
@given(anchored(), texts)
def test_replace_leaves_every_other_line_as_it_was(pair: tuple[Text, str], new: str) -> None:
    value, old = pair
    after = must(value, "replace", 9, old=old, new=new)
    (offset,) = occurrences(text_of(value), old)
    above = text_of(value).count("\n", 0, offset)
    below = text_of(value).count("\n", offset + len(old))
    if not text_of(value)[offset + len(old) - 1 :].startswith("\n"):
        below -= 1  # the rest of a line
    elif text_of(value)[:offset].rpartition("\n")[2] + new and not new.endswith("\n"):
        below -= 1  # a line that lost its end, and was joined
    below = max(below, 0)
    assert after[:above] == value[:above]
    assert after[len(after) - below :] == value[len(value) - below :]
    assert {line for line in after if line.version != 9} <= set(value)
    assert len({line[:2] for line in after}) == len(after)  # no line is there twice


@prove_much
@given(values(), some_text, texts)
def test_insert_puts_whole_lines_behind_the_anchor(value: Text, after: str, text: str) -> None:
    places = occurrences(text_of(value), after)
    result = apply(value, "insert", 9, after=after, text=text)
    if len(places) != 1:
        assert isinstance(result, Refusal)
        return
    assert not isinstance(result, Refusal)
    at = text_of(value).count("\n", 0, places[0] + len(after) - 1) + 1
    assert result == value[:at] + made(text, 9) + value[at:]


@prove
@given(values(), st.integers(0, 12), texts)
def test_insert_behind_a_line_number(value: Text, after: int, text: str) -> None:
    result = apply(value, "insert", 9, after=after, text=text)
    if after > len(value):
        assert isinstance(result, Refusal)
        assert result.code == "anchor_not_found"
    else:
        assert result == value[:after] + made(text, 9) + value[after:]


@prove
@given(values(), st.integers(0, 5), texts)
def test_condense_keeps_in_order_what_was_written_after(
    value: Text, through: int, text: str
) -> None:
    after = must(value, "condense", 9, text=text, through=through)
    assert after == made(text, 9) + tuple(line for line in value if line.version > through)


# --- anchors -----------------------------------------------------------------------------------


def test_an_anchor_stands_exactly_once_or_not_at_all() -> None:
    value = made("one two\nthree\none four", 1)
    assert locate(value, "three") == (0, 1, 1)
    assert locate(value, "two\nthree\none") == (4, 0, 2)
    assert locate(value, "three\n") == (0, 1, 1)
    assert locate(value, "four\n") == (4, 2, 2)
    many = locate(value, "one")
    assert isinstance(many, Refusal)
    assert many.facts["lines"] == [1, 3]
    assert "occurs 2 times, at L1, L3." in many.message
    none = locate(value, "five")
    assert isinstance(none, Refusal)
    assert none.code == "anchor_not_found"


def test_occurrences_that_overlap_count() -> None:
    refusal = locate(made("aaa", 1), "aa")
    assert isinstance(refusal, Refusal)
    assert refusal.facts["lines"] == [1, 1]


def test_an_empty_anchor_is_nowhere() -> None:
    for value in ((), made("a\nb", 1)):
        refusal = locate(value, "")
        assert isinstance(refusal, Refusal)
        assert refusal.code == "anchor_not_found"


def test_a_long_anchor_is_shortened_in_the_message_alone() -> None:
    refusal = locate(made("a", 1), "x" * 5000)
    assert isinstance(refusal, Refusal)
    assert f"{'x' * 77 + '...'!r} does not occur" in refusal.message
    edge = locate(made("a", 1), "x" * 80)
    assert isinstance(edge, Refusal)
    assert f"{'x' * 80!r} does not occur" in edge.message
    assert refusal.facts["anchor"] == "x" * 5000


@pytest.mark.parametrize(
    ("text", "old", "new", "after"),
    [
        ("a\nb\nc", "b\n", "", ["a", "c"]),  # a whole line
        ("a\nb\nc", "a\n", "", ["b", "c"]),
        ("a\nb\nc", "c\n", "", ["a", "b"]),  # the last one too
        ("a\nb\nc", "\nc", "", ["a", "b"]),
        ("a\nb\nc", "a\nb\nc\n", "", []),
        ("a\nb\nc", "b\n", "B\nBB\n", ["a", "B", "BB", "c"]),
        ("a\nb\nc", "b\n", "B", ["a", "Bc"]),  # without its end the next line joins
        ("a\nb\nc", "c\n", "C", ["a", "b", "C"]),
        ("a\nb\nc", "b", "", ["a", "", "c"]),  # the text of a line, not the line
        ("a b\nc", "b\n", "B\n", ["a B", "c"]),
        ("a b\nc", " b\n", "", ["ac"]),
        ("a\n\nb", "\n\n", "\n", ["a", "b"]),
        ("a", "a", "", [""]),
    ],
)
def test_replacing_lines_and_parts_of_lines(
    text: str, old: str, new: str, after: list[str]
) -> None:
    assert shown(must(made(text, 1), "replace", 2, old=old, new=new)) == after


def test_lines_quoted_around_a_change_stay_whose_they_are() -> None:
    value = made("one\ntwo\nthree", 1)
    after = must(value, "replace", 2, old="one\ntwo\nthree", new="one\n2\nthree")
    assert after == (value[0], Line(2, 0, "2"), value[2])


def test_deleting_a_line_leaves_its_neighbours_whose_they_are() -> None:
    value = made("one\ntwo\nthree", 1)
    for old in ("two\n", "\ntwo"):
        assert must(value, "replace", 2, old=old, new="") == (value[0], value[2])


# --- versions read ------------------------------------------------------------------------------


def test_an_edit_of_untouched_lines_applies_wherever_they_moved() -> None:
    value = made("head\ntarget\ntail", 1)
    moved = must(value, "insert", 2, after=0, text="new 1\nnew 2")
    moved = must(moved, "replace", 3, old="head\n", new="")
    after = must(moved, "replace", 4, old="target", new="TARGET", base=1)
    assert shown(after) == ["new 1", "new 2", "TARGET", "tail"]


@pytest.mark.parametrize("operation", ["replace", "insert"])
def test_an_edit_of_a_line_changed_since_it_was_read_conflicts(operation: str) -> None:
    value = must(made("one\ntwo", 1), "replace", 2, old="two", new="two!")
    arguments: Mapping[str, Any] = (
        {"old": "two", "new": "2"} if operation == "replace" else {"after": "two", "text": "2"}
    )
    refusal = apply(value, operation, 3, base=1, **arguments)
    assert isinstance(refusal, Refusal)
    assert refusal.code == "version_conflict"
    assert refusal.facts["lines"] == [2]
    assert "You read version 1; line 2 was changed since, in version 2." in refusal.message
    must(value, operation, 3, base=2, **arguments)
    must(value, operation, 3, **arguments)


def test_a_line_that_would_join_the_next_touches_it_too() -> None:
    value = must(made("one\ntwo", 1), "replace", 2, old="two", new="TWO")
    refusal = apply(value, "replace", 3, old="one\n", new="one ", base=1)
    assert isinstance(refusal, Refusal)
    assert refusal.facts["lines"] == [2]
    assert shown(must(value, "replace", 3, old="one\n", new="", base=1)) == ["TWO"]


def test_text_written_again_as_it_was_is_another_line() -> None:
    """No ABA: the same words, deleted and written again, are not what was read."""
    value = made("one\ntwo", 1)
    again = must(must(value, "replace", 2, old="two\n", new=""), "append", 3, text="two")
    assert shown(again) == shown(value)
    refusal = apply(again, "replace", 4, old="two", new="2", base=1)
    assert isinstance(refusal, Refusal)
    hunks = edits(value, ["one", "2"])
    refusal = apply(again, "edit", 4, hunks=hunks, base=1)
    assert isinstance(refusal, Refusal)
    assert refusal.facts["expect"] == 1


# --- what commutes ------------------------------------------------------------------------------


@prove
@given(values(), texts, texts)
def test_appends_in_either_order_leave_the_same_set_of_lines(
    value: Text, one: str, two: str
) -> None:
    ab = must(must(value, "append", 8, text=one), "append", 9, text=two)
    ba = must(must(value, "append", 8, text=two), "append", 9, text=one)
    assert sorted(shown(ab)) == sorted(shown(ba))


@prove_much
@given(anchored(), texts, texts)
def test_an_append_and_a_replace_commute(pair: tuple[Text, str], new: str, text: str) -> None:
    value, old = pair
    replaced = must(value, "replace", 8, old=old, new=new, base=7)
    moved = must(value, "append", 8, text=text)
    second = apply(moved, "replace", 9, old=old, new=new, base=7)
    if isinstance(second, Refusal):
        joins = old.endswith("\n") and not new.endswith("\n") and moved != value
        assert joins or len(occurrences(text_of(moved), old)) > 1
    else:
        assert shown(second) == shown(must(replaced, "append", 9, text=text))


@prove
@given(values(), texts, texts, st.integers(0, 4))
def test_a_slow_condense_keeps_every_later_line(
    value: Text, summary: str, text: str, through: int
) -> None:
    late = must(value, "append", 8, text=text)
    after = must(late, "condense", 9, text=summary, through=through)
    early = must(value, "condense", 8, text=summary, through=through)
    assert shown(after) == shown(must(early, "append", 9, text=text))


@prove_much
@given(values(), texts, texts)
def test_an_edit_goes_on_while_others_append_and_insert(
    value: Text, target: str, text: str
) -> None:
    hunks = edits(value, split(target))
    moved = must(must(value, "insert", 7, after=0, text=text), "append", 8, text=text)
    after = must(moved, "edit", 9, hunks=hunks, base=4)
    theirs = [line for line in after if line.version in {7, 8}]
    assert theirs == [line for line in moved if line.version in {7, 8}]
    assert [line.text for line in after if line.version not in {7, 8}] == split(target)


# --- edits --------------------------------------------------------------------------------------


@prove_much
@given(values(), texts)
def test_edits_reproduce_the_target_exactly(value: Text, target: str) -> None:
    hunks = edits(value, split(target))
    after = must(value, "edit", 9, hunks=hunks, base=4)
    assert shown(after) == split(target)
    assert bool(hunks) == (shown(value) != split(target))
    kept = [line for line in after if line.version != 9]
    assert kept == [line for line in value if line in kept]
    names = [line[:2] for line in after]
    assert len(set(names)) == len(names)


@prove_much
@given(st.lists(st.sampled_from(["", "a", "b", "c"]), max_size=30), st.data())
def test_edits_of_repeated_lines_reproduce_the_target(
    lines: list[str], data: st.DataObject
) -> None:
    target = data.draw(st.permutations(lines)) + data.draw(st.lists(st.sampled_from(["", "a"])))
    value = tuple(Line(1, n, line) for n, line in enumerate(lines))
    hunks = edits(value, target)
    assert shown(must(value, "edit", 2, hunks=hunks, base=1)) == target


def test_an_edit_of_lines_that_are_gone_conflicts() -> None:
    value = made("one\ntwo\nthree", 1)
    changed = must(value, "replace", 2, old="two", new="2")
    for target in (["one", "TWO", "three"], ["one", "three"], ["one", "two", "more", "three"]):
        refusal = apply(changed, "edit", 3, hunks=edits(value, target), base=1)
        assert isinstance(refusal, Refusal)
        assert refusal.code == "version_conflict"
    untouched = edits(value, ["one", "two", "THREE"])
    assert shown(must(changed, "edit", 3, hunks=untouched, base=1)) == ["one", "2", "THREE"]


@pytest.mark.parametrize(
    "hunks",
    [
        # the same line twice; a line and what goes behind it; behind what an earlier hunk took
        [{"after": None, "remove": [[1, 0]], "lines": ["x"]}] * 2,
        [
            {"after": None, "remove": [[1, 0]], "lines": ["x"]},
            {"after": [1, 0], "remove": [], "lines": ["y"]},
        ],
        [{"after": [1, 1], "remove": [[1, 0], [1, 0]], "lines": []}],
    ],
)
def test_hunks_nobody_would_make_have_a_result_all_the_same(hunks: list[dict[str, Any]]) -> None:
    after = must(made("one\ntwo", 1), "edit", 2, hunks=hunks, base=1)
    assert "one" not in shown(after)
    assert shown(after)[-1] == "two"


# --- at 10,000 lines ----------------------------------------------------------------------------

LINES = 10_000


def seconds(work: Any) -> float:
    """Processor time of the fastest of three runs: a neighbour's load does not count."""
    times = []
    for _ in range(3):
        started = time.process_time()
        work()
        times.append(time.process_time() - started)
    return min(times)


BIG = {
    "different": made("\n".join(f"line {n}" for n in range(LINES)), 1),
    "equal": made("\n" * LINES, 1),
    "one long": made("a" * 1_000_000, 1),
    "two kinds": made("ab\nba\n" * (LINES // 2), 1),
}


@pytest.mark.parametrize("value", BIG.values(), ids=BIG)
@pytest.mark.parametrize(
    ("operation", "arguments"),
    [
        ("append", {"text": "x"}),
        ("replace", {"old": "a", "new": "b"}),
        ("replace", {"old": "\n", "new": "b"}),
        ("replace", {"old": "a" * 400_000, "new": "b"}),
        ("insert", {"after": "line 99", "text": "b"}),
        ("condense", {"text": "x", "through": 0}),
    ],
    ids=lambda value: None if isinstance(value, str) else str(value)[:20],
)
def test_no_operation_takes_long(value: Text, operation: str, arguments: dict[str, Any]) -> None:
    assert seconds(lambda: apply(value, operation, 2, **arguments)) < 0.25


def test_an_ambiguous_anchor_lists_a_bounded_number_of_places() -> None:
    refusal = locate(BIG["one long"], "a")
    assert isinstance(refusal, Refusal)
    assert len(refusal.facts["lines"]) == MAX_PLACES_SHOWN
    assert f"occurs more than {MAX_PLACES_SHOWN} times, at L1." in refusal.message


@pytest.mark.parametrize("value", BIG.values(), ids=BIG)
def test_edits_are_found_and_applied_quickly(value: Text) -> None:
    lines = shown(value)
    targets = [
        [line for n, line in enumerate(lines) if n % 3] + ["end"],
        [*lines[LINES // 2 :], *lines[: LINES // 2]],
        [line + "!" * (n % 2) for n, line in enumerate(lines)],
        [],
    ]
    for target in targets:

        def work(target: list[str] = target) -> None:
            hunks = edits(value, target)
            assert shown(must(value, "edit", 2, hunks=hunks, base=1)) == target

        assert seconds(work) < 1.0
