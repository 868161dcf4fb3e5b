"""What becomes of a brief's citations over a plain file, which keeps no versions to look up."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from commonplace.demo.condensation import condensed_keys
from commonplace.demo.event import Acknowledged, Event
from commonplace.demo.finding import parse_finding
from commonplace.demo.notebook import BRIEF, FINDINGS
from commonplace.explain.reports.claims import is_quoted_from, offered, plain
from commonplace.explain.reports.report import Sentence, parse_report
from commonplace.model.namespace import Namespace


class NaiveCitations(NamedTuple):
    """The sentences of a naive brief, by where they check out.

    `in_place`: where the citation says. `elsewhere`: on another line of the file. `condensed`:
    nowhere, since their owner condensed the line and the file kept no version of it. `nowhere`:
    no trace of the line is left at all.
    """

    in_place: int
    elsewhere: int
    condensed: int
    nowhere: int


class _Held(NamedTuple):
    """A line of the file, with the words and figures that a sentence may take from it."""

    text: str
    words: str
    figures: frozenset[str]

    @classmethod
    def of(cls, text: str) -> "_Held":
        return cls(text, plain(text), frozenset(offered(text)))

    def states(self, sentence: Sentence) -> bool:
        """Whether the line bears out all that a sentence quotes and counts."""
        quoted = all(is_quoted_from(each, self.words) for each in sentence.quotations)
        return quoted and all(each.is_in(self.figures) for each in sentence.figures)


def naive_citations(
    brief: str, held: Mapping[str, Sequence[str]], events: Iterable[Event]
) -> NaiveCitations:
    """Looks for each sentence where it says, then anywhere in the file, then in what was filed.

    The file has no versions, so a citation is looked up in the text of today. Sentences are
    read, and compared with lines, as `memory.verify` does it.
    """
    now = {name: [_Held.of(each) for each in held[name]] for name in held if name != BRIEF}
    anywhere = [line for lines in now.values() for line in lines]
    condensed = condensed_keys(held.get(FINDINGS, ()))
    filed = [
        _Held.of(event.text)
        for event in events
        if isinstance(event, Acknowledged) and event.block == FINDINGS and not event.through
    ]
    counts = dict.fromkeys(NaiveCitations._fields, 0)
    for sentence in parse_report(brief, Namespace.task("naive")).sentences:
        if any(line.states(sentence) for line in _cited(sentence, now)):
            counts["in_place"] += 1
        elif any(line.states(sentence) for line in anywhere):
            counts["elsewhere"] += 1
        else:
            origin = next((line.text for line in filed if line.states(sentence)), "")
            finding = parse_finding(origin)
            known = finding is not None and finding.key in condensed
            counts["condensed" if known else "nowhere"] += 1
    return NaiveCitations(**counts)


def _cited(sentence: Sentence, now: Mapping[str, Sequence[_Held]]) -> Iterator[_Held]:
    """The lines of today under the numbers that a sentence cites."""
    for citation in sentence.citations:
        first, last = citation.reference.lines or (1, 0)
        yield from now.get(citation.reference.region, ())[first - 1 : last]
