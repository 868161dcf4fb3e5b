"""The notebook: what the crew writes in, whether a memory or a plain file stands behind it.

One contract, two implementations. The roles know only this file, so that both runs have the
same crew and differ in nothing but the place they share.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple, Protocol

from commonplace.demo.brief import Page
from commonplace.demo.finding import Finding
from commonplace.demo.question import Contribution

PLAN = "plan"
FINDINGS = "findings"
QUESTIONS = "open-questions"
PROGRESS = "progress"
BRIEF = "brief"

SUPERVISOR = "supervisor"
WEB = "web-specialist"
DOCS = "docs-specialist"
SYNTHESIZER = "synthesizer"
AUDITOR = "auditor"
SPECIALISTS = (WEB, DOCS)

FINISHED_READING = "finished reading"
DONE = "done"
BRIEF_WRITTEN = "wrote the brief"


class GaveUp(RuntimeError):
    """An agent cannot do its work; the message tells the person at the screen why."""


class News(NamedTuple):
    """Something changed: the revision, and the block each change was in, in order."""

    revision: int
    blocks: tuple[str, ...]


class Notebook(Protocol):
    """What one agent can do with what the crew shares. Every write is acknowledged by an event."""

    def set_up(self) -> None:
        """Makes the task and its blocks, and says who may do what. The supervisor's."""

    def publish_plan(self, text: str) -> None:
        """Replaces the plan. The supervisor's."""

    def report(self, line: str) -> None:
        """Adds a line to the crew's progress."""

    def add_finding(self, finding: Finding) -> None:
        """Appends a finding, with its place as the reason."""

    def contribute(self, contribution: Contribution) -> None:
        """Brings a question or an answer into the list, whatever others do to it meanwhile."""

    def page(self, block: str) -> Page:
        """A block as it stands now; version 0 and no lines before the first write."""

    def condense(self, page: Page, text: str) -> None:
        """Puts `text` in the place of what stood on `page`. The synthesizer's."""

    def write_brief(self, text: str) -> None:
        """Stores the brief. The synthesizer's."""

    def follow(self, after: int) -> Iterator[News]:
        """Every change after a revision, as it comes. Ends when the caller stops asking."""

    def close(self) -> None:
        """Lets go of the memory or the file."""


def said(lines: Sequence[str], actor: str, what: str) -> bool:
    """Whether an actor's progress lines say this."""
    return any(line.startswith(f"{actor}: {what}") for line in lines)
