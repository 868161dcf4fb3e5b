"""Verification: the verdict on every citation of a report, and what it was judged by."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, get_args

from commonplace.explain.reports.report import Citation, Sentence
from commonplace.model.namespace import Namespace
from commonplace.model.reference import Reference

CitationVerdict = Literal[
    "missing", "erased", "compacted", "retracted", "mismatch", "unserved", "stale", "ok"
]
VERDICTS: Final[tuple[CitationVerdict, ...]] = get_args(CitationVerdict)
"""In the order in which they are given: of several that apply, the first is the verdict.

What cannot be read comes first, since nothing else can be said of it; then what its own author
took back; then a sentence that says what its source does not; then what the run never saw; and
what was true when it was written comes last.
"""


@dataclass(frozen=True, slots=True)
class CheckedCitation:
    """One citation of a report and its verdict.

    `verdict` is "missing", "erased", "compacted", "retracted", "mismatch", "unserved", "stale"
    or "ok": the first in this order that applies, and `also` lists the others. `detail` says
    why, for a person; an `ok` has none. `reference` is whole, and pinned to a version if one
    was found. `remarks` say what else is known: that a source is suspect.
    """

    citation: Citation
    sentence: Sentence
    verdict: CitationVerdict
    detail: str
    reference: Reference
    also: tuple[CitationVerdict, ...] = ()
    remarks: tuple[str, ...] = ()

    def __str__(self) -> str:
        said = f"line {self.citation.line}: [{self.citation.text}] {self.verdict}"
        return f"{said}: {self.detail}" if self.detail else said


@dataclass(frozen=True, slots=True)
class Verification:
    """What became of a report's citations, in their order.

    `run` is the namespace of its task. `written` is the revision at which it was written; for a
    text that nobody dated, the head. `revision` is the head that it was judged against.
    `uncited` are sentences that count something and cite nothing (`more_uncited`: there are
    others): they have no verdict. `turns` counts the turns of the run that were served anything
    of what is cited; without one, no agent of the run worked in turns, or none looked there.
    """

    run: Namespace
    written: int
    revision: int
    citations: tuple[CheckedCitation, ...]
    uncited: tuple[Sentence, ...]
    more_uncited: bool
    turns: int

    @property
    def ok(self) -> bool:
        """Whether every citation is `ok`."""
        return all(each.verdict == "ok" for each in self.citations)

    @property
    def counts(self) -> Mapping[CitationVerdict, int]:
        """How many citations have each verdict, those that none has included."""
        found = Counter(each.verdict for each in self.citations)
        return {verdict: found[verdict] for verdict in VERDICTS}
