"""Claims: what a sentence quotes and counts, and whether a passage bears it out.

A claim is a quotation or a figure. What a sentence claims is read strictly, what a passage
offers generously: the digits of `web-1` or `Q3` are part of a name and claim nothing, but a
sentence about standard 8601 is borne out by `ISO-8601`. Units and signs are not compared.

Worked example. "Churn fell 1,234 times, or 12.50%, by 20 November 2026" claims the figures
1234, 12.5 and 2026-11-20. The passage `1 234 losses (12.5 percent), 2026-11-20` offers them.
"""

import re
import unicodedata
from collections.abc import Collection, Iterator
from typing import Final, NamedTuple

_MONTHS: Final = "janfebmaraprmayjunjulaugsepoctnovdec"
_MONTH: Final = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?"
    r"|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\b\.?"
)
_DAY: Final = r"[0-9]{1,2}(?:st|nd|rd|th)?"
_SPACES: Final = " \u00a0\u2009\u202f"
_FIGURE: Final = "|".join(
    (
        r"(?P<iso>[0-9]{4}-[0-9]{2}-[0-9]{2})(?![0-9])",
        rf"(?P<day_first>{_DAY} (?:of )?{_MONTH},? [0-9]{{4}})(?![0-9])",
        rf"(?P<month_first>{_MONTH} {_DAY},? [0-9]{{4}})(?![0-9])",
        r"(?P<slashed>[0-9]{1,2}(?P<slash>[./])[0-9]{1,2}(?P=slash)[0-9]{4})(?![0-9])",
        r"(?P<time>[0-9]{1,2}:[0-9]{2}(?::[0-9]{2})?)(?![0-9])",
        r"v?(?P<dotted>[0-9]+(?:\.[0-9]+){2,})",
        rf"v?(?P<grouped>[0-9]{{1,3}}(?P<gap>[,'_{_SPACES}])[0-9]{{3}}(?:(?P=gap)[0-9]{{3}})*"
        r"(?:\.[0-9]+)?)(?![0-9])",
        r"v?(?P<plain>[0-9]+(?:[.,][0-9]+)?)",
    )
)
_OFFERED: Final = re.compile(_FIGURE, re.IGNORECASE)
_CLAIMED: Final = re.compile(
    # No digits of a name: neither behind a letter (Q3), nor behind its hyphen or dot (web-1),
    # nor before letters that end in digits (3f2a).
    rf"(?<!\w)(?<![^\W\d_]-)(?<!\w\.)(?:{_FIGURE})(?![A-Za-z_]*[0-9])",
    re.IGNORECASE,
)
_WORD: Final = re.compile(r"[0-9]+|[a-z]+", re.IGNORECASE)
_STRAIGHT: Final = {
    **dict.fromkeys(map(ord, "“”„«»‟"), '"'),
    **dict.fromkeys((*range(0x2018, 0x201C),), "'"),
    **dict.fromkeys((*range(0x2010, 0x2016), 0x2212), "-"),
    **dict.fromkeys(map(ord, "*`")),
}
_LEFT_OUT: Final = re.compile(r"\[?(?:…|\.\.\.)\]?")


class Figure(NamedTuple):
    """A number, date, time or version as it was written, and what it may mean.

    One of the `readings` holds when all its figures are offered: `12 345` may be one number
    or two.
    """

    text: str
    readings: tuple[tuple[str, ...], ...]

    def is_in(self, offered: Collection[str]) -> bool:
        """Whether a passage that offers these figures bears this one out."""
        return any(all(each in offered for each in reading) for reading in self.readings)


def figures(text: str) -> Iterator[Figure]:
    """What a sentence counts, in order; digits that belong to a name are left out."""
    for match in _CLAIMED.finditer(text):
        yield Figure(match[0], _read(match)[0])


def offered(text: str) -> set[str]:
    """Every figure that a passage could be quoted with, in the forms of `Figure.readings`."""
    found: set[str] = set()
    for match in _OFFERED.finditer(text):
        readings, parts = _read(match)
        found.update(parts, *readings)
    return found


def _read(match: re.Match[str]) -> tuple[tuple[tuple[str, ...], ...], tuple[str, ...]]:
    """The readings of a figure, and the parts of it that a passage offers besides."""
    kind = str(match.lastgroup)
    text = match[kind]
    if kind in {"iso", "day_first", "month_first", "slashed"}:
        days = tuple((day,) for day in _days(kind, text))
        return days, tuple(_number(part) for part in re.findall("[0-9]+", text))
    if kind == "time":
        hours, *rest = text.split(":")
        return ((":".join([_number(hours), *rest]),),), tuple(map(_number, text.split(":")))
    if kind == "dotted":
        steps = text.split(".")
        return ((text,),), (steps[0], ".".join(steps[:2]))
    if kind == "grouped":
        joined = (_number(text.replace(match["gap"], "")),)
        if match["gap"] not in _SPACES:
            return (joined,), ()
        apart = tuple(_number(part) for part in text.split(match["gap"]))
        return (joined, apart), apart
    if "," in text:
        return ((_number(text.replace(",", ".")),), tuple(map(_number, text.split(",")))), ()
    return ((_number(text),),), ()


def _days(kind: str, text: str) -> list[str]:
    """A date in the form 2026-11-20; two of them if day and month cannot be told apart."""
    if kind == "iso":
        return [text]
    first, second, year, *_ = (
        word for word in _WORD.findall(text) if word.lower() not in {"st", "nd", "rd", "th", "of"}
    )
    if kind == "slashed":
        return [f"{year}-{first:>02}-{second:>02}", f"{year}-{second:>02}-{first:>02}"]
    day, name = (first, second) if kind == "day_first" else (second, first)
    return [f"{year}-{_MONTHS.index(name[:3].lower()) // 3 + 1:02}-{day:>02}"]


def _number(digits: str) -> str:
    """A number in its one form: 007 is 7, and 12.50 is 12.5."""
    whole, _, fraction = digits.partition(".")
    whole, fraction = whole.lstrip("0") or "0", fraction.rstrip("0")
    return f"{whole}.{fraction}" if fraction else whole


def plain(text: str) -> str:
    """A text as quotations are compared: without layout, emphasis, case and curly quotes."""
    straight = unicodedata.normalize("NFC", text).translate(_STRAIGHT)
    return " ".join(straight.split()).casefold()


def is_quoted_from(quotation: str, passage: str) -> bool:
    """Whether `passage`, made `plain`, holds a quotation; what `…` leaves out may be anything.

    The full stop or comma that typography puts inside the quotation marks is not asked for.
    """
    at = 0
    for piece in _LEFT_OUT.split(quotation):
        wanted = plain(piece)
        found = passage.find(wanted, at)
        if found < 0:
            wanted = wanted.rstrip(".,;:!?")
            found = passage.find(wanted, at)
        if found < 0:
            return False
        at = found + len(wanted)
    return True
