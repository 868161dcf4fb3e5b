"""Texts: what of a record can be searched, and which three characters an index needs of it.

Text is compared folded: `str.casefold`, and every run of white space as one space. The index
holds trigrams of that, so whatever contains a text has all its `grams`: the index may find too
much, and never too little.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any, Final, NamedTuple

from commonplace.core.reserved import is_said
from commonplace.model.entry import EntryKey
from commonplace.storage.codec import decode
from commonplace.storage.step import Row

_DAMAGED: Final = (ValueError, TypeError, KeyError, AttributeError)
"""What a damaged row may raise. The audit will name it; here nobody waits for that."""
_GRAM: Final = 3
_MANY_WORDS: Final = 64
_RARITY: Final = {letter: -n for n, letter in enumerate(" etaoinsrhldcumfpgwybv,.kxjqz")}
"""English, where it is known; whatever else is rare. A wrong guess costs time and nothing else."""
MAX_GRAMS: Final = 12
"""Trigrams that one question asks the index for: more find hardly less, and take longer."""


class Written(NamedTuple):
    """A record as the statements `text_rows` and `text_row` give it."""

    revision: int
    place: int
    namespace: str
    region: str
    key: str
    version: int
    operation: str
    payload: bytes | None
    made: str | None

    @property
    def entry(self) -> EntryKey:
        """The entry."""
        return EntryKey(self.namespace, self.region, self.key)

    @property
    def lacks_lines(self) -> bool:
        """Whether it is a `replace` whose lines have yet to be found."""
        return self.operation == "replace" and self.made is None and self.payload is not None


def made_text(operation: str, payload: bytes | None, made: str | None) -> str:
    """What a record put there: its lines, or the strings and numbers of its JSON, one a line.

    `made` are the lines that a `replace` left; without them only the new words are known.
    """
    if made is not None:
        return made
    if payload is None:
        return ""
    try:
        return _made(operation, decode(payload))
    except _DAMAGED:
        return payload.decode("utf-8", "replace")


def _made(operation: str, arguments: Mapping[str, Any]) -> str:
    if operation == "replace":
        return str(arguments["new"])
    if "hunks" in arguments:
        return "\n".join([line for hunk in arguments["hunks"] for line in hunk["lines"]])
    if "value" in arguments:
        return "\n".join(leaves(arguments["value"]))
    if "payload" in arguments:  # sent, or answered
        return "\n".join(leaves(arguments["payload"]))
    return str(arguments.get("text", ""))


def leaves(value: Any) -> Iterator[str]:
    """Every string and number of plain data in order; names of members are left out."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from leaves(item)
    elif isinstance(value, list):
        for item in value:
            yield from leaves(item)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield repr(value)


def made_of_row(row: Row) -> str:
    """`made_text` of a row of LOG_COLUMNS with the lines that a replace left behind it."""
    return made_text(row[10], row[19], row[23])


def indexed(row: Written) -> str:
    """What the index is given of a record; "" when there is nothing to find.

    What was given must be given again to take it out: a change here needs a migration that
    empties the index.
    """
    if not is_said(row.region):
        return ""
    found = words(made_text(row.operation, row.payload, row.made))
    if len(found) > _MANY_WORDS:  # a long text repeats itself: its words, and where they meet
        met = dict.fromkeys([f"{one[-1]} {other[0]}" for one, other in pairwise(found)])
        found = ["", *dict.fromkeys(found), *met, ""]  # any of them may stand in the middle
    return " ".join(found)


def words(text: str) -> list[str]:
    """The words of a text, folded."""
    # SQLite ends a text at NUL, which only a damaged or foreign log can hold.
    return text.replace("\0", " ").casefold().split()


def trigrams(text: str) -> list[str]:
    """The trigrams of what the index is given."""
    return [text[n : n + _GRAM] for n in range(len(text) - _GRAM + 1)]


def says(text: str, sought: Sequence[str]) -> bool:
    """Whether a text holds these words, one after the other."""
    folded = text.casefold()
    if not all(word in folded for word in sought):
        return False
    return len(sought) == 1 or " ".join(sought) in " ".join(words(text))


def grams(sought: Sequence[str]) -> list[str]:
    """Trigrams that whatever says these words, one after the other, has in the index.

    Empty when they are too short. Of many those are chosen whose letters are rare.
    """
    found = list(dict.fromkeys(trigrams(" ".join(sought))))
    return sorted(found, key=_commonness)[:MAX_GRAMS]


def _commonness(trigram: str) -> int:
    return sum([_RARITY.get(letter, -len(_RARITY)) for letter in trigram])


def query(wanted: Iterable[str]) -> str:
    """The question for rows with all these trigrams, as the index takes it."""
    return " AND ".join('"' + each.replace('"', '""') + '"' for each in wanted)
