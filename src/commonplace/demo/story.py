"""The story of one sentence: what `memory.why` tells of it, shortened to a few lines."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import commonplace
from commonplace.demo.brief import reads_well
from commonplace.demo.notebook import FINDINGS
from commonplace.demo.verdict import Checked
from commonplace.explain.why.consequences import Derivation
from commonplace.explain.why.telling import duration, shortened
from commonplace.model.reference import AtVersion

DEPTH = 8
"""Steps that are followed from the finding through what was built on it."""
MAX_NAMED = 3
MAX_LINE = 90


class Story(NamedTuple):
    """A quotation of the brief, where it cites it from, and what is known of it."""

    quotation: str
    cited: commonplace.Reference
    told: commonplace.Occurrence

    @property
    def author(self) -> str:
        """Who wrote it."""
        return self.told.introduced.actor.name if self.told.introduced else ""


def longest_story(
    memory: commonplace.Memory, task: commonplace.Namespace, checked: Checked
) -> Story | None:
    """That of the oldest finding which the brief quotes: it was condensed most often.

    One that fits on a line is preferred, so that it can be looked for by hand.
    """
    quoted = [
        each
        for each in checked.good
        if each.reference.region == FINDINGS and each.sentence.quotations
    ]
    if not quoted:
        return None
    oldest = min(quoted, key=lambda each: (not _is_plain(each), version_of(each.reference)))
    quotation = oldest.sentence.quotations[0]
    found = memory.why(quotation, task, region=FINDINGS, depth=DEPTH)
    version = version_of(oldest.reference)
    for each in found.occurrences:
        if each.first <= version and (each.end is None or version < each.end):
            return Story(quotation, oldest.reference, each)
    return None


def story_lines(story: Story) -> Iterator[str]:
    """Who wrote it and from what, how long it stood, who was served it, what was built on it."""
    told, made = story.told, story.told.introduced
    yield f"why does the brief say {shortened(story.quotation)}?"
    if made is not None:
        yield f"  written   by {made.actor}, {_short(told.reference)}, from {made.reason}"
    until = f" until {FINDINGS}@{told.end}" if told.end else ""
    lasted = f", {duration(told.seconds)}" if told.seconds is not None else ""
    ended = f"; then {told.ended.actor} did {told.ended.operation}" if told.ended else ""
    yield f"  stood     from {FINDINGS}@{told.first}{until}{lasted}{ended}"
    actors = sorted({row.actor for row in told.served})
    turns = len({row.turn for row in told.served})
    noun = "turn" if turns == 1 else "turns"
    yield f"  served    to {', '.join(actors) or 'nobody'}, in {turns} {noun}"
    yield f"  built on  {_built(told.derived)}"


def version_of(reference: commonplace.Reference) -> int:
    """The version that a reference is pinned to."""
    return reference.at.version if isinstance(reference.at, AtVersion) else 0


def _is_plain(checked: commonplace.CheckedCitation) -> bool:
    """Whether the quotation is a sentence that fits on a line and into a command as it is."""
    quotation = checked.sentence.quotations[0]
    return reads_well(quotation) and len(quotation) <= MAX_LINE and "'" not in quotation


def _short(reference: commonplace.Reference) -> str:
    """A reference as the brief writes it, without the task."""
    return str(reference).partition(":")[2]


def _built(derived: Sequence[Derivation]) -> str:
    """The first few records that were built on it, how many more, and how far that was followed."""
    names = [_short(each.record.reference) for each in derived]
    told = f"by {', '.join(names[:MAX_NAMED]) or 'nothing that is known'}"
    if len(names) > MAX_NAMED:
        told += f" and {len(names) - MAX_NAMED} more"
    followed = any(each.depth == DEPTH for each in derived)
    return f"{told}, followed for {DEPTH} steps" if followed else told
