"""Putting lines together at the end of their run gives what adding them one by one gives."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from commonplace.core.fold import OPERATIONS, fold, replay
from commonplace.core.text import made
from properties import prove

texts = st.text("ab\n", min_size=1, max_size=6)
steps = st.lists(
    st.one_of(
        st.builds(lambda text: ("append", {"text": text}), texts),
        st.builds(lambda text: ("rewrite", {"text": text}), texts),
        st.builds(lambda text: ("insert", {"text": text, "after": 0}), texts),
        st.builds(lambda text, n: ("condense", {"text": text, "through": n}), texts, st.just(3)),
        st.just(("delete", {})),
    ),
    max_size=12,
)


@prove
@given(st.one_of(st.none(), texts), steps)
def test_a_fold_is_one_replay_after_the_other(start: str | None, script: list[Any]) -> None:
    value = before = None if start is None else made(start, 1)
    numbered = [(name, arguments, version) for version, (name, arguments) in enumerate(script, 2)]
    for step in numbered:
        value = replay(value, *step)
    assert fold(before, numbered) == value


def test_what_only_adds_says_by_how_much() -> None:
    assert [each.name for each in OPERATIONS.values() if each.only_adds] == ["append"]
