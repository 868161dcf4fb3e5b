"""Trigrams: what the text index holds, which SQLite's tokenizer makes by itself.

A record is indexed as the set of its trigrams. Three code points of 21 bits are a number, so
nothing is lost and no two trigrams share one.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from commonplace.storage.step import Row
from commonplace.storage.texts import trigrams

_BITS: Final = 21
_QUOTED: Final = re.compile(r'"((?:[^"]|"")*)"')


def numbers(text: str) -> list[int]:
    """The trigrams of a text as the index holds them, in order and each once."""
    return sorted({_number(each) for each in trigrams(text)})


def asked(question: str) -> list[int]:
    """The trigrams that a question of `texts.query` wants to be there."""
    return sorted({_number(each.replace('""', '"')) for each in _QUOTED.findall(question)})


def _number(trigram: str) -> int:
    first, second, third = map(ord, trigram)
    return (first << 2 * _BITS) | (second << _BITS) | third


BINDS: Final[Mapping[str, Callable[[Row], tuple[Any, ...]]]] = {
    "sought_insert": lambda row: (row[0], numbers(row[1])),
    "sought_delete": lambda row: (row[0],),
    "sought_rows": lambda row: (asked(row[0]), *row[1:]),
    "sought_count": lambda row: (asked(row[0]), *row[1:]),
}
"""How the rows of the index's statements are bound, by their names."""


def array_of(row: Row) -> str:
    """The trigrams that a row of those in `ASKS` asks for, as `sought_ask` is told them."""
    return "{" + ",".join(map(str, asked(row[0]))) + "}"


ASKS: Final = frozenset({"sought_rows", "sought_count"})
"""Statements that find by the index what `sought_ask` was told before."""

EACH_TIME: Final = frozenset({"sought_rows", "sought_count"})
"""Statements whose plan depends on how common the trigrams are that are asked for."""
