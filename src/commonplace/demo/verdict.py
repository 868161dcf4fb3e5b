"""The verdict on a brief: whether every citation of it holds, by `memory.verify`."""

from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

import commonplace
from commonplace.demo.notebook import FINDINGS, SYNTHESIZER
from commonplace.demo.past import MAX_RECORDS
from commonplace.model.reference import AtVersion


class Checked(NamedTuple):
    """A brief that was checked: what verify found, if it could be read, and what is wrong."""

    found: commonplace.Verification | None
    faults: tuple[str, ...]

    @property
    def counts(self) -> Counter[str]:
        """How many citations have each verdict that one has."""
        return Counter(each.verdict for each in self.found.citations) if self.found else Counter()


def check_brief(
    memory: commonplace.Memory, task: commonplace.Namespace, text: str, written: int | None = None
) -> Checked:
    """Checks a brief: it cites, every citation holds, and nothing is counted without one.

    What it cites must have been served to the synthesizer's turns before it was `written`. That
    a finding is `stale` because its owner has condensed it since is no fault: the version that
    is cited still shows it.
    """
    try:
        found = memory.verify(text, run=task, actors=[SYNTHESIZER], written=written)
    except commonplace.InvalidReport as error:
        return Checked(None, tuple(str(error).splitlines()))
    return Checked(found, tuple(_faults(found, _condensed_through(memory, task))))


def _condensed_through(memory: commonplace.Memory, task: commonplace.Namespace) -> int:
    """The newest version of the findings that their owner has condensed."""
    for record in memory.log(task, region=FINDINGS, actor=SYNTHESIZER, limit=MAX_RECORDS):
        if record.operation == "condense" and record.arguments:
            return int(record.arguments["through"])
    return 0


def _faults(found: commonplace.Verification, condensed: int) -> Iterator[str]:
    for each in found.citations:
        was_condensed = each.verdict == "stale" and _is_within(each.reference, condensed)
        if each.verdict != "ok" and not was_condensed:
            yield str(each)
    for sentence in found.uncited:
        yield f"line {sentence.line}: uncited: it counts something and cites nothing"
    if not found.citations:
        yield "the brief cites nothing"


def _is_within(reference: commonplace.Reference, condensed: int) -> bool:
    at = reference.at
    return reference.region == FINDINGS and isinstance(at, AtVersion) and at.version <= condensed
