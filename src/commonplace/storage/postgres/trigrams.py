"""Trigrams: what the text index holds, which SQLite's tokenizer makes by itself.

A record is indexed as the set of its trigrams. Three code points of 21 bits are a number, so
nothing is lost and no two trigrams share one.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from commonplace.storage.step import Row

_BITS: Final = 21
_REMEMBERED: Final = 1 << 16
_QUOTED: Final = re.compile(r'"((?:[^"]|"")*)"')


class _Written(dict[tuple[str, ...], str]):
    """The number of each trigram met so far, in digits: a language has few, and they come again."""

    def __missing__(self, trigram: tuple[str, ...]) -> str:
        if len(self) >= _REMEMBERED:
            self.clear()
        self[trigram] = written = str(_number(*trigram))
        return written


_WRITTEN: Final = _Written()


def written(text: str) -> str:
    """The trigrams of a text as the index is given them, an array's text: each once."""
    grams = dict.fromkeys(zip(text, text[1:], text[2:], strict=False))
    return "{" + ",".join(map(_WRITTEN.__getitem__, grams)) + "}"


def asked(question: str) -> list[int]:
    """The trigrams that a question of `texts.query` wants to be there."""
    return sorted({_number(*each.replace('""', '"')) for each in _QUOTED.findall(question) if each})


def _number(first: str, second: str, third: str) -> int:
    return (ord(first) << 2 * _BITS) | (ord(second) << _BITS) | ord(third)


BINDS: Final[Mapping[str, Callable[[Row], tuple[Any, ...]]]] = {
    "sought_insert": lambda row: (row[0], written(row[1])),
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
