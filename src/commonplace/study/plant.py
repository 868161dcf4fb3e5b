"""Plant: a sentence of a report whose verdict is known before anybody verifies it.

Each stands on a line of its own, so that a verdict is matched with its plant by the line.
"""

import random
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Final, Literal, NamedTuple, get_args

Kind = Literal[
    "true quotation",
    "true number",
    "phantom quotation",
    "phantom number",
    "phantom place",
    "true words, cited elsewhere",
    "replaced, seen while it stood",
    "replaced, never seen",
    "replaced, cited where it stood no more",
    "overwritten in the run, seen",
    "overwritten in the run, never seen",
    "retracted, seen while it stood",
    "standing, never seen",
    "standing, left out of the prompt",
]
KINDS: Final[tuple[Kind, ...]] = get_args(Kind)
SOUND: Final[tuple[Kind, ...]] = ("true quotation", "true number")
"""The kinds that are not planted: what they say stands where they say, and was served."""

_EXCERPT: Final = re.compile(r"[A-Za-z][A-Za-z ,']{14,70}[A-Za-z]")
_FIGURE: Final = re.compile(r"(?<![\w.,:/$%+-])[1-9][0-9]{1,8}(?![\w.,:/%-])")
_INVENTED: Final = 10**9

Unsaid = Callable[[str], bool]
"""Whether nobody ever wrote a text."""


class Plant(NamedTuple):
    """A sentence of a report with one citation, and the verdict that is due."""

    kind: Kind
    sentence: str
    due: str


class Shown(NamedTuple):
    """A line that can be cited: where it stands, where it stood first, its writer, its words."""

    citation: str
    first: str
    writer: str
    text: str


def quoting(kind: Kind, shown: Shown, excerpt: str, due: str) -> Plant:
    """A sentence that says that somebody wrote something."""
    return Plant(kind, f'{shown.writer} says "{excerpt}" [{shown.citation}].', due)


def counting(kind: Kind, shown: Shown, figure: str, due: str) -> Plant:
    """A sentence that says that somebody gave a number."""
    return Plant(kind, f"{shown.writer} gives the number {figure} [{shown.citation}].", due)


def excerpts(shown: Sequence[Shown]) -> list[tuple[Shown, str]]:
    """Words that can be quoted from each line, without marks that would end the quotation."""
    return [(each, match[0]) for each in shown if (match := _EXCERPT.search(each.text))]


def figures(shown: Sequence[Shown]) -> list[tuple[Shown, str]]:
    """A number that each line states by itself."""
    return [(each, match[0]) for each in shown if (match := _FIGURE.search(each.text))]


def garbled(found: Sequence[tuple[Shown, str]], unsaid: Unsaid) -> list[tuple[Shown, str]]:
    """Quotations that nobody wrote: two neighbouring words of a true one change places."""
    wrong = []
    for shown, excerpt in found:
        words = excerpt.split(" ")
        for at in range(len(words) - 1):
            swapped = " ".join([*words[:at], words[at + 1], words[at], *words[at + 2 :]])
            if unsaid(swapped):
                wrong.append((shown, swapped))
                break
    return wrong


def miscounted(found: Sequence[tuple[Shown, str]], unsaid: Unsaid) -> list[tuple[Shown, str]]:
    """Numbers that nobody gave: a true one and as much more as it takes."""
    wrong = []
    for shown, figure in found:
        number = int(figure) + 1
        while not unsaid(str(number)):
            number += 1
        wrong.append((shown, str(number)))
    return wrong


def invented(chance: random.Random, unsaid: Unsaid) -> Iterator[str]:
    """Numbers that nobody gave, like no other."""
    while True:
        number = str(chance.randrange(_INVENTED // 10, _INVENTED))
        if unsaid(number):
            yield number
