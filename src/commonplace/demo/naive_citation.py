"""What becomes of a brief's citations over a plain file, which keeps no versions to look up."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from commonplace.demo.citation import check_brief, states
from commonplace.demo.condensation import condensed_keys
from commonplace.demo.event import Acknowledged, Event
from commonplace.demo.finding import parse_finding
from commonplace.demo.notebook import BRIEF, FINDINGS


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


def naive_citations(
    brief: str, held: Mapping[str, Sequence[str]], events: Iterable[Event]
) -> NaiveCitations:
    """Looks for each sentence where it says, then anywhere in the file, then in what was filed.

    The file has no versions, so a citation is looked up in the text of today.
    """
    now = {name: lines for name, lines in held.items() if name != BRIEF}
    anywhere = [line for lines in now.values() for line in lines]
    condensed = condensed_keys(now.get(FINDINGS, ()))
    filed = [e.text for e in events if isinstance(e, Acknowledged) and e.block == FINDINGS]
    counts = dict.fromkeys(NaiveCitations._fields, 0)
    for verdict in check_brief(brief, lambda block, _: now.get(block)):
        if verdict.outcome == "ok":
            counts["in_place"] += 1
        elif any(states(line, verdict.sentence) for line in anywhere):
            counts["elsewhere"] += 1
        else:
            origin = next((line for line in filed if states(line, verdict.sentence)), "")
            finding = parse_finding(origin)
            known = finding is not None and finding.key in condensed
            counts["condensed" if known else "nowhere"] += 1
    return NaiveCitations(**counts)
