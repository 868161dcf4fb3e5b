from hypothesis import given
from hypothesis import strategies as st

from commonplace.core.difference import MAX_PAIRS, differences, same_ends
from properties import prove_much

lines = st.lists(st.sampled_from(["", "a", "b", "c", "d", "e"]), max_size=20)


@prove_much
@given(lines, lines)
def test_what_lies_between_the_spans_is_the_same(before: list[str], after: list[str]) -> None:
    rebuilt: list[str] = []
    at_before = at_after = 0
    for i1, i2, j1, j2 in differences(before, after):
        assert before[at_before:i1] == after[at_after:j1]
        assert at_before < i1 or not at_before  # spans never touch
        assert i1 < i2 or j1 < j2
        rebuilt += before[at_before:i1] + after[j1:j2]
        at_before, at_after = i2, j2
    assert before[at_before:] == after[at_after:]
    assert rebuilt + before[at_before:] == after


def test_a_line_inserted_among_blank_ones_is_the_only_difference() -> None:
    before = [line for n in range(50) for line in (f"paragraph {n}", "")]
    after = [*before[:40], "new", "", *before[40:]]
    assert differences(before, after) == [(40, 40, 40, 42)]


def test_lines_that_changed_places_keep_the_longest_order() -> None:
    """Of what is moved, as much as can be stays: five of six lines here, three below."""
    assert differences(list("abcdef"), list("bcdefa")) == [(0, 1, 0, 0), (6, 6, 5, 6)]
    kept = 6 - sum(i2 - i1 for i1, i2, _, _ in differences(list("abcdef"), list("badcfe")))
    assert kept == 3


def test_a_long_stretch_without_landmarks_counts_as_replaced_whole() -> None:
    many = MAX_PAIRS // 10
    before, after = ["a", "b"] * many, ["b", "a"] * many
    assert differences(before, after) == [(0, 2 * many, 0, 2 * many)]


def test_same_ends_do_not_overlap() -> None:
    assert same_ends(["a", "a"], ["a", "a", "a"]) == (2, 0)
    assert same_ends(["a", "b"], ["b"]) == (0, 1)
    assert same_ends([], ["a"]) == (0, 0)
