"""Tokens: how much of a model's window a text takes, as far as one can say without the model."""

from collections.abc import Callable

Estimator = Callable[[str], int]
"""A text to its size in tokens."""

_BYTES_PER_TOKEN = 4


def estimate_tokens(text: str) -> int:
    """An estimate without a tokenizer: a token for every four bytes of UTF-8, rounded up.

    English prose comes to a little less. What a tokenizer cuts finer, such as digits and
    scripts with several bytes to a letter, is longer in bytes too.
    """
    return -(-len(text.encode("utf-8", "surrogatepass")) // _BYTES_PER_TOKEN)
