"""Checks a brief's citations, by rule and without judgement.

Every sentence must carry a citation such as `[findings@12#L3]`. The cited version is read as it
stood, the line must exist, and what the sentence puts between double quotes, and every number
it states, must be found on a cited line. A sentence with neither is not checked by anything, so
it fails too.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Literal, NamedTuple

from commonplace.model.reference import AtVersion, Reference

Outcome = Literal["ok", "uncited", "malformed", "missing", "mismatch", "unchecked"]
Reader = Callable[[str, int], Sequence[str] | None]
"""Gives the lines of a block at a version, or None if there is no such block or version."""

_CITATION = re.compile(r"\[([^\[\]\s]+@[^\[\]\s]+)\]")
_QUOTE = re.compile(r'"([^"]*)"')
_NUMBER = re.compile(r"(?<![\w.])\d+(?:\.\d+)*")
_TRAILING = re.compile(r"([.!?])((?:\s*\[[^\[\]\s]+@[^\[\]\s]+\])+)")
_END = re.compile(r"[.!?](?:\s+|$)")
_BULLET = re.compile(r"^\s*(?:[-*]|\d+\.)\s+")


class Verdict(NamedTuple):
    """What became of one sentence of a brief; `line` counts the brief's lines from 1."""

    line: int
    sentence: str
    citations: tuple[str, ...]
    outcome: Outcome
    detail: str


def check_brief(text: str, read: Reader) -> list[Verdict]:
    """One verdict for each sentence of a brief. Headings and empty lines make no claim."""
    return [check_sentence(line, sentence, read) for line, sentence in brief_sentences(text)]


def brief_sentences(text: str) -> Iterator[tuple[int, str]]:
    """The sentences of a brief with the lines they stand on; quotations are never split."""
    for number, line in enumerate(text.splitlines(), start=1):
        claim = _BULLET.sub("", line).strip()
        if not claim or claim.startswith("#"):
            continue
        yield from ((number, sentence) for sentence in _split(claim))


def check_sentence(line: int, sentence: str, read: Reader) -> Verdict:
    """The verdict on one sentence."""
    found = tuple(_CITATION.findall(sentence))

    def verdict(outcome: Outcome, detail: str) -> Verdict:
        return Verdict(line, sentence, found, outcome, detail)

    if not found:
        return verdict("uncited", "the sentence carries no citation")
    evidence: list[str] = []
    for text in found:
        reference = _citation(text)
        if reference is None:
            return verdict("malformed", f"[{text}] is no citation such as [findings@12#L3]")
        lines = _cited(reference, read)
        if lines is None:
            return verdict("missing", f"nothing stands at {text}")
        evidence.extend(lines)
    claim = _CITATION.sub("", sentence)
    quotes = _QUOTE.findall(claim)
    numbers = _NUMBER.findall(_QUOTE.sub("", claim))
    if not quotes and not numbers:
        return verdict("unchecked", "the sentence states neither a quotation nor a number")
    for quote in quotes:
        if not any(quote in held for held in evidence):
            return verdict("mismatch", f'"{quote}" is not on the cited line')
    known = {number for held in evidence for number in _NUMBER.findall(held)}
    for number in numbers:
        if number not in known:
            return verdict("mismatch", f"{number} is not on the cited line")
    return verdict("ok", "")


def states(line: str, sentence: str) -> bool:
    """Whether one line bears out all a sentence quotes and counts, wherever the line stands."""
    claim = _CITATION.sub("", sentence)
    quotes = _QUOTE.findall(claim)
    numbers = _NUMBER.findall(_QUOTE.sub("", claim))
    known = set(_NUMBER.findall(line))
    return all(quote in line for quote in quotes) and all(number in known for number in numbers)


def citations_in(text: str) -> list[str]:
    """Every citation a text carries, in order, without its brackets."""
    return _CITATION.findall(text)


def _citation(text: str) -> Reference | None:
    try:
        reference = Reference.parse(text)
    except ValueError:
        return None
    if (
        not isinstance(reference.at, AtVersion)
        or reference.at.version < 1
        or reference.lines is None
    ):
        return None
    return reference


def _cited(reference: Reference, read: Reader) -> Sequence[str] | None:
    if not isinstance(reference.at, AtVersion) or reference.lines is None:
        return None
    lines = read(reference.region, reference.at.version)
    first, last = reference.lines
    if lines is None or last > len(lines):
        return None
    return lines[first - 1 : last]


def _split(claim: str) -> Iterator[str]:
    """Cuts at sentence ends outside quotations; citations after the full stop stay with theirs."""
    claim = _TRAILING.sub(lambda match: f"{match[2]}{match[1]}", claim)
    masked = _QUOTE.sub(lambda match: "_" * len(match[0]), claim)
    masked = _CITATION.sub(lambda match: "_" * len(match[0]), masked)
    start = 0
    for match in _END.finditer(masked):
        sentence = claim[start : match.end()].strip()
        if sentence:
            yield sentence
        start = match.end()
    rest = claim[start:].strip()
    if rest:
        yield rest
