"""Sentence: where a paragraph's sentences begin and end, and what in them is quoted or code.

What makes no claim in words is *masked*, character for character: code, addresses, citations,
quotations, the numbers of notes. Every step works on masked text of unchanged length.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

_MASK: Final = "\ue001"
_CITED: Final = "\ue000"
"""Stands for a citation, which belongs to the sentence whose full stop it follows."""
_TICKS: Final = re.compile(r"(?<![\\`])`+")
_ADDRESS: Final = re.compile(r"\bhttps?://[^\s<>()\[\]\"]+")
_NOTE: Final = re.compile(r"\[(?:\^[^\[\]\s]*|[0-9]+)\]|\([0-9]{1,2}\)")
_MARKS: Final = {'"': '"', "“": "”", "„": "“”", "«": "»"}
_MARK: Final = re.compile('["“„«]')
_STOPS: Final = ".!?…"
_END: Final = re.compile(
    rf"(?<![.!?…])[.!?…]++[\"'”\u2019»)\]*_]*+(?:\s*+{_CITED}++)*+(?:\s++|\Z)"
    rf"|[。\uff01\uff1f]++[”\u2019»」』\uff09]*+(?:\s*+{_CITED}++)*+\s*+"
)
_SHORTENED: Final = re.compile(
    r"(?:\A|[\s(])(?:[A-Z]|(?i:e\.g|i\.e|vs|cf|nos?|figs?|approx|ca|al|dr|mrs?|ms|st|pp?|vol|eq"
    r"|sec|ch|inc|ltd|co|corp|jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec|u\.s))\Z"
)
"""An initial, or a word whose full stop ends no sentence."""


class Span(NamedTuple):
    """A stretch of a paragraph, and what is quoted there."""

    start: int
    end: int
    quoted: str = ""


def masked(text: str, spans: Iterable[Span], mask: str = _MASK) -> str:
    """`text` with spans, in order, filled in."""
    parts: list[str] = []
    at = 0
    for start, end, _ in spans:
        parts += text[at:start], mask * (end - start)
        at = end
    return "".join([*parts, text[at:]])


def cited(text: str, spans: Iterable[Span]) -> str:
    """`text` with its citations filled in such that `sentences` knows them."""
    return masked(text, spans, _CITED)


def code_spans(text: str) -> Iterator[Span]:
    """What stands between backticks: as many close it as opened it."""
    runs = [match.span() for match in _TICKS.finditer(text)]
    later: dict[int, int] = {}
    closing = [-1] * len(runs)
    for index in range(len(runs) - 1, -1, -1):
        length = runs[index][1] - runs[index][0]
        closing[index] = later.get(length, -1)
        later[length] = index
    index = 0
    while index < len(runs):
        close = closing[index]
        if close >= 0:
            start, end = runs[index][0], runs[close][1]
            yield Span(start, end, text[runs[index][1] : runs[close][0]].strip())
            index = close
        index += 1


def address_spans(text: str) -> Iterator[Span]:
    """Bare addresses."""
    for match in _ADDRESS.finditer(text):
        yield Span(*match.span())


def note_spans(text: str) -> Iterator[Span]:
    """The numbers of footnotes, and of enumerations: (1)."""
    for match in _NOTE.finditer(text):
        yield Span(*match.span())


def quotations(text: str, spoken: str) -> Iterator[Span]:
    """What stands between quotation marks in `text`; the words are those of `spoken`.

    A straight mark opens before a letter and closes behind one, so inches (5") open nothing.
    """
    at = 0
    absent: set[str] = set()  # closing marks that do not come any more: looked for only once
    while match := _MARK.search(text, at):
        start, at = match.start(), match.end()
        if match[0] in absent or not _opens(text, start):
            continue
        close = min((n for n in (text.find(c, at) for c in _MARKS[match[0]]) if n >= 0), default=-1)
        if close < 0:
            absent.add(match[0])
        elif text[at:close].strip() and not (match[0] == '"' and text[close - 1].isspace()):
            yield Span(start, close + 1, spoken[at:close].strip())
            at = close + 1


def _opens(text: str, at: int) -> bool:
    if text[at] != '"':
        return True
    before, behind = text[at - 1 : at], text[at + 1 : at + 2]
    return not (before.isalnum() or before == "%") and bool(behind.strip())


def unquoted(text: str, spans: Iterable[Span]) -> str:
    """`text` with its quotations masked, but for a full stop that ends one."""
    return masked(text, (_but_for_stop(text, span) for span in spans))


def _but_for_stop(text: str, span: Span) -> Span:
    stops = text[span.end - 2] in _STOPS
    return span._replace(end=span.end - 2) if stops else span


def sentences(text: str) -> Iterator[Span]:
    """Where the sentences of a masked paragraph begin and end."""
    start = 0
    for match in _END.finditer(text):
        if _goes_on(text, match):
            continue
        yield Span(start, match.end())
        start = match.end()
    if start < len(text):
        yield Span(start, len(text))


def _goes_on(text: str, match: re.Match[str]) -> bool:
    """Whether a full stop ends no sentence: small letters follow, or it shortened a word."""
    if text[match.end() : match.end() + 1].islower():
        return True
    if match[0][0] != "." or _CITED in match[0]:
        return False
    return bool(_SHORTENED.search(text[max(0, match.start() - 8) : match.start()]))
