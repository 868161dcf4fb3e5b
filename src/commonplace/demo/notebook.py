"""The notebook: what the crew writes in, whether a memory or a plain file stands behind it.

One contract, two implementations. The roles know only this file, so that both runs have the
same crew and differ in nothing but the place they share.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, NamedTuple, Protocol

from commonplace.demo.brief import Page
from commonplace.demo.finding import Finding
from commonplace.demo.plan import Plan
from commonplace.demo.question import Contribution

PLAN = "plan"
FINDINGS = "findings"
QUESTIONS = "open-questions"
BRIEF = "brief"
DISPATCHES = "dispatches"

SUPERVISOR = "supervisor"
WEB = "web-specialist"
DOCS = "docs-specialist"
SYNTHESIZER = "synthesizer"
AUDITOR = "auditor"
SPECIALISTS = (WEB, DOCS)


class GaveUp(RuntimeError):
    """An agent cannot do its work; the message tells the person at the screen why."""


class News(NamedTuple):
    """Something changed: the revision, and the block each change was in, in order."""

    revision: int
    blocks: tuple[str, ...]


class Task(NamedTuple):
    """Work that the supervisor sent one agent.

    `plan` is the version of the plan that it was sent on, and `pin` the revision, if there is
    one. Of work that is sent again `changed` says what was published in between.
    """

    id: str
    job: Mapping[str, Any]
    plan: int
    pin: int = 0
    changed: str = ""


class Reply(NamedTuple):
    """What an agent answered; `stale` if the plan was published anew since the work was sent."""

    id: str
    who: str
    said: Mapping[str, Any]
    stale: bool


Wanted = Callable[[Sequence[str]], Sequence[Contribution]]
"""What one agent wants to see in the list of questions, given its lines."""


class Turn(Protocol):
    """One step of an agent: what it reads is one view, and what it writes is based on it."""

    def page(self, block: str) -> Page:
        """A block as this turn sees it; version 0 and no lines before the first write."""

    def condense(self, page: Page, text: str) -> None:
        """Puts `text` in the place of what stood on `page`. The synthesizer's."""

    def write_brief(self, text: str) -> None:
        """Stores the brief. The synthesizer's."""


class Notebook(Protocol):
    """What one agent can do with what the crew shares. Every write is acknowledged by an event."""

    def set_up(self) -> None:
        """Makes the task and its blocks, and says who may do what. The supervisor's."""

    def publish(self, plan: Plan) -> None:
        """Publishes the first plan. The supervisor's."""

    def dispatch(self, to: str, job: Mapping[str, Any]) -> None:
        """Sends an agent work. The supervisor's."""

    def replies(self) -> Iterator[Reply]:
        """What comes back, as it comes. The supervisor's."""

    def redispatch(self, reply: Reply) -> None:
        """Sends the work again, with what was published since. The supervisor's."""

    def commit(self, reply: Reply, plan: Plan) -> None:
        """Settles a reply, and publishes the plan that follows from it. The supervisor's."""

    def tasks(self) -> Iterator[Task]:
        """The work that is sent to this agent, as it comes."""

    def reply(self, task: Task, said: Mapping[str, Any]) -> None:
        """Answers the supervisor."""

    def file(self, findings: Sequence[Finding]) -> None:
        """Appends the findings of one document, each with its place as the reason."""

    def contribute(self, wanted: Wanted) -> None:
        """Brings questions and answers into the list, whatever others do to it meanwhile."""

    def turn(self, pin: int = 0) -> AbstractContextManager[Turn]:
        """Begins a turn, at the revision that work was sent at or at the newest."""

    def follow(self) -> Iterator[News]:
        """Every change from the first on, as it comes, until the plan awaits this agent."""

    def close(self) -> None:
        """Lets go of the memory or the file."""
