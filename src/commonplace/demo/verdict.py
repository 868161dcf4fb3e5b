"""The verdict on a brief: whether every citation of it holds, by `memory.verify`."""

from collections import Counter
from typing import NamedTuple

import commonplace
from commonplace.demo.notebook import FINDINGS, SYNTHESIZER
from commonplace.demo.past import MAX_RECORDS
from commonplace.model.reference import AtVersion


class Checked(NamedTuple):
    """A brief that was checked: its citations, those without a fault, and the faults in words."""

    citations: tuple[commonplace.CheckedCitation, ...]
    good: tuple[commonplace.CheckedCitation, ...]
    faults: tuple[str, ...]

    @property
    def counts(self) -> Counter[str]:
        """How many citations have each verdict that one has."""
        return Counter(each.verdict for each in self.citations)


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
        return Checked((), (), tuple(str(error).splitlines()))
    condensed = _condensed_through(memory, task)
    good = tuple(each for each in found.citations if _holds(each, condensed))
    faults = [str(each) for each in found.citations if each not in good]
    faults += [
        f"line {each.line}: uncited: it counts something and cites nothing"
        for each in found.uncited
    ]
    if not found.citations:
        faults.append("the brief cites nothing")
    return Checked(found.citations, good, tuple(faults))


def _condensed_through(memory: commonplace.Memory, task: commonplace.Namespace) -> int:
    """The newest version of the findings that their owner has condensed."""
    for record in memory.log(task, region=FINDINGS, actor=SYNTHESIZER, limit=MAX_RECORDS):
        if record.operation == "condense" and record.arguments:
            return int(record.arguments["through"])
    return 0


def _holds(checked: commonplace.CheckedCitation, condensed: int) -> bool:
    at = checked.reference.at
    if checked.verdict == "stale" and checked.reference.region == FINDINGS:
        return isinstance(at, AtVersion) and at.version <= condensed
    return checked.verdict == "ok"
