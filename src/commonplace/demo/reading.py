"""A reading: what one extractor took out of one document."""

from dataclasses import dataclass
from typing import NamedTuple

from commonplace.demo.finding import Finding, Topic


class Mention(NamedTuple):
    """A document speaks of something another may explain: `pep:594`, `mod:cgi`, `dist:click`."""

    about: str
    where: str


class Answer(NamedTuple):
    """What a document says of its own subject, fit to answer a question about it."""

    about: str
    text: str
    where: str


@dataclass(frozen=True, slots=True)
class Reading:
    """Findings, mentions and the answers one document gave."""

    findings: tuple[Finding, ...]
    mentions: tuple[Mention, ...]
    answers: tuple[Answer, ...]


def take(found: list[Finding], most: dict[Topic, int]) -> tuple[Finding, ...]:
    """The findings in order, each once, at most so many of a topic (three if not said)."""
    counts: dict[Topic, int] = {}
    seen: set[tuple[str, str, str]] = set()
    kept = []
    for finding in found:
        if finding.key in seen or not finding.quote:
            continue
        if counts.get(finding.topic, 0) >= most.get(finding.topic, 3):
            continue
        seen.add(finding.key)
        counts[finding.topic] = counts.get(finding.topic, 0) + 1
        kept.append(finding)
    return tuple(kept)


def first_mentions(found: list[Mention], most: int) -> tuple[Mention, ...]:
    """The first mention of each thing, at most so many of them."""
    first: dict[str, Mention] = {}
    for mention in found:
        if len(first) >= most:
            break
        first.setdefault(mention.about, mention)
    return tuple(first.values())
