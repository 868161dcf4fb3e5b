"""A change made in another text than the one it was made in."""

from hypothesis import given
from hypothesis import strategies as st

from commonplace.core.fold import replay
from commonplace.core.overlay import overlay
from commonplace.core.text import Text, made
from commonplace.model.entry import Line
from properties import prove

A, B, C = (Line(1, place, text) for place, text in enumerate("abc"))

_WRITES = st.one_of(
    st.builds(lambda text: ("append", {"text": text}), st.sampled_from(["p", "q\nr"])),
    st.builds(
        lambda at, text: ("insert", {"after": at, "text": text}),
        st.integers(0, 1),
        st.sampled_from(["s", "t\nu"]),
    ),
    st.builds(
        lambda old, new: ("edit", {"old": old, "new": new}),
        st.integers(0, 5),
        st.sampled_from([[], ["v"], ["w", "x"]]),
    ),
)


def _write(text: Text, write: tuple[str, dict[str, object]], version: int) -> Text:
    """One write that always applies: an edit takes out the line at a place, if there is one."""
    operation, arguments = write
    if operation == "edit":
        place, lines = arguments["old"], arguments["new"]
        assert isinstance(place, int)
        hunk = {"after": None, "remove": [list(each[:2]) for each in text[place : place + 1]]}
        arguments = {"base": version, "hunks": [{**hunk, "lines": lines}]}
    result: Text = replay(text, operation, arguments, version) if text else made("z", version)
    return result


def test_what_came_stands_where_the_lines_that_went_stood() -> None:
    other, mine = Line(2, 0, "B!"), Line(3, 0, "C!")
    assert overlay((A, B, C), (A, other, C), (A, other, mine)) == (A, B, mine)


def test_what_came_stands_behind_the_nearest_line_that_the_view_has() -> None:
    other, mine = Line(2, 0, "x"), Line(3, 0, "y")
    assert overlay((A, B), (A, B, other), (A, B, other, mine)) == (A, B, mine)
    assert overlay((A, B), (other, A, B), (mine, other, A, B)) == (mine, A, B)
    assert overlay((), (other,), (other, mine)) == (mine,)


@prove
@given(st.lists(_WRITES, max_size=6), _WRITES)
def test_in_the_text_it_was_made_in_a_change_is_itself(
    past: list[tuple[str, dict[str, object]]], write: tuple[str, dict[str, object]]
) -> None:
    text: Text = (A, B, C)
    for version, each in enumerate(past, start=2):
        text = _write(text, each, version)
    after = _write(text, write, 100)
    assert overlay(text, text, after) == after


@prove
@given(st.lists(st.tuples(st.booleans(), _WRITES), max_size=8))
def test_a_view_holds_what_was_pinned_and_what_is_its_own(
    writes: list[tuple[bool, tuple[str, dict[str, object]]]],
) -> None:
    """Own lines that stand are in the view, those of others never, whatever came in between."""
    pinned: Text = (A, B, C)
    head, view, own = pinned, pinned, {1}
    for version, (is_own, write) in enumerate(writes, start=2):
        before, head = head, _write(head, write, version)
        if is_own:
            own.add(version)
            view = overlay(view, before, head)
    assert {line.version for line in view} <= own
    mine = [line for line in head if line.version in own and line.version > 1]
    assert set(mine) <= set(view)
