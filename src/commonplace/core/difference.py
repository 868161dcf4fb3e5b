"""Difference: which lines of a text became which, in time that no text can make grow badly.

Lines that occur exactly once in both texts are kept as landmarks, in the longest order they
share, and the stretches between landmarks are compared in the same way (Bram Cohen's patience
diff, which bzr and git have). A short stretch without landmarks goes to `difflib`; a long one
counts as replaced whole, because `difflib` takes minutes over 10,000 equal lines.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence
from difflib import SequenceMatcher

MAX_PAIRS = 64 * 64
"""Pairs of lines that one stretch may have to be compared line by line."""

Span = tuple[int, int, int, int]
"""Lines [first, end) of the text before that became lines [first, end) of the text after."""


def same_ends(before: Sequence[str], after: Sequence[str]) -> tuple[int, int]:
    """How many lines are the same at the start, and then at the end."""
    start, end, shortest = 0, 0, min(len(before), len(after))
    while start < shortest and before[start] == after[start]:
        start += 1
    while end < shortest - start and before[-1 - end] == after[-1 - end]:
        end += 1
    return start, end


def differences(before: Sequence[str], after: Sequence[str]) -> list[Span]:
    """The spans that differ, in order; the lines between them are the same in both texts."""
    found: list[Span] = []
    waiting: list[Span] = [(0, len(before), 0, len(after))]
    while waiting:
        i1, i2, j1, j2 = waiting.pop()
        start, end = same_ends(before[i1:i2], after[j1:j2])
        span = i1 + start, i2 - end, j1 + start, j2 - end
        i1, i2, j1, j2 = span
        if i1 == i2 and j1 == j2:
            continue
        marks = _landmarks(before[i1:i2], after[j1:j2]) if i1 < i2 and j1 < j2 else []
        if marks:
            waiting += reversed(_between(span, marks))
        elif (i2 - i1) * (j2 - j1) <= MAX_PAIRS:
            found += _line_by_line(before, after, span)
        else:
            found.append(span)
    return _merged(found)


def _landmarks(before: Sequence[str], after: Sequence[str]) -> list[tuple[int, int]]:
    """Lines that occur once in each, as (place before, place after), both rising."""
    counts = Counter(after)
    place = {line: n for n, line in enumerate(after) if counts[line] == 1}
    counts = Counter(before)
    pairs = [
        (n, place[line]) for n, line in enumerate(before) if counts[line] == 1 and line in place
    ]
    # The longest rising run, by patience sorting: the last card of each pile, and what lay
    # on top of the pile to its left when a card was put down.
    tops: list[int] = []
    piles: list[int] = []
    left: list[int] = []
    for index, (_, place_after) in enumerate(pairs):
        pile = bisect_left(tops, place_after)
        left.append(piles[pile - 1] if pile else -1)
        tops[pile : pile + 1] = [place_after]
        piles[pile : pile + 1] = [index]
    marks = []
    at = piles[-1] if piles else -1
    while at >= 0:
        marks.append(pairs[at])
        at = left[at]
    return marks[::-1]


def _between(span: Span, marks: Sequence[tuple[int, int]]) -> list[Span]:
    i1, i2, j1, j2 = span
    stretches = []
    at_before, at_after = i1, j1
    for mark_before, mark_after in marks:
        stretches.append((at_before, i1 + mark_before, at_after, j1 + mark_after))
        at_before, at_after = i1 + mark_before + 1, j1 + mark_after + 1
    return [*stretches, (at_before, i2, at_after, j2)]


def _line_by_line(before: Sequence[str], after: Sequence[str], span: Span) -> list[Span]:
    i1, i2, j1, j2 = span
    matcher = SequenceMatcher(None, before[i1:i2], after[j1:j2], autojunk=False)
    return [
        (i1 + a1, i1 + a2, j1 + b1, j1 + b2)
        for tag, a1, a2, b1, b2 in matcher.get_opcodes()
        if tag != "equal"
    ]


def _merged(spans: Sequence[Span]) -> list[Span]:
    """Spans that touch as one, so that every span stands behind an unchanged line."""
    merged: list[Span] = []
    for i1, i2, j1, j2 in spans:
        if merged and (merged[-1][1], merged[-1][3]) == (i1, j1):
            first = merged.pop()
            merged.append((first[0], i2, first[2], j2))
        else:
            merged.append((i1, i2, j1, j2))
    return merged
