"""The estimate of tokens."""

import pytest

from commonplace.core.tokens import estimate_tokens


@pytest.mark.parametrize(
    ("text", "tokens"), [("", 0), ("a", 1), ("abcd", 1), ("abcde", 2), ("žluť", 2), ("日本語", 3)]
)
def test_every_four_bytes_are_a_token(text: str, tokens: int) -> None:
    assert estimate_tokens(text) == tokens


def test_two_texts_are_never_more_than_their_parts() -> None:
    one, two = "Churn fell", " 12 % in Q3."
    whole = estimate_tokens(one + two)
    assert whole <= estimate_tokens(one) + estimate_tokens(two) <= whole + 1
