"""The shared notebook: the crew's task in a Commonplace memory."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import commonplace
from commonplace.demo.brief import Page
from commonplace.demo.event import Acknowledged, Reporter
from commonplace.demo.finding import Finding
from commonplace.demo.notebook import (
    AUDITOR,
    BRIEF,
    DISPATCHES,
    DOCS,
    FINDINGS,
    PLAN,
    QUESTIONS,
    SUPERVISOR,
    SYNTHESIZER,
    WEB,
    GaveUp,
    News,
    Reply,
    Task,
    Wanted,
)
from commonplace.demo.plan import Plan
from commonplace.demo.question_list import QuestionList
from commonplace.model.receipt import Receipt


class TaskTaken(GaveUp):
    """Another run used this name in this memory; nothing was written."""


class SharedNotebook:
    """The notebook contract over a memory: a channel for the plan, turns for everything else."""

    def __init__(self, address: str, task: str, actor: str, reporter: Reporter) -> None:
        self.memory = commonplace.Memory(address, actor=actor).open()
        self._name = task
        self.task = self.memory.task(task)
        self.plan = self.task.channel(PLAN)
        self._actor = actor
        self._reporter = reporter

    def set_up(self) -> None:
        """Makes the task, the channel and three blocks. Whoever is not named only reads.

        Raises `TaskTaken` if an earlier run has used the name.
        """
        everyone = dict.fromkeys((WEB, DOCS, SYNTHESIZER, AUDITOR), "reader")
        task = self.memory.create_task(self._name, share=everyone, reason="a run of the crew")
        if FINDINGS in task.regions():
            raise TaskTaken(f"Task {self._name} is there already. Name another with --task.")
        task.create_channel(PLAN, writer=SUPERVISOR)
        task.create_block(
            FINDINGS, share={WEB: "contributor", DOCS: "contributor", SYNTHESIZER: "owner"}
        )
        task.create_block(QUESTIONS, share={WEB: "editor", DOCS: "editor"})
        task.create_block(
            BRIEF, rule=commonplace.SingleWriter(SYNTHESIZER), share={SYNTHESIZER: "owner"}
        )

    # --- the channel --------------------------------------------------------------------------

    def publish(self, plan: Plan) -> None:
        """Publishes the first plan."""
        receipt = self.plan.publish(plan.value, kind="directive")
        self.acknowledge(PLAN, "publish", receipt)

    def dispatch(self, to: str, job: Mapping[str, Any]) -> None:
        """Sends an agent work, with the revision to read the task at."""
        self._sent("dispatch", self.plan.dispatch(to, dict(job), kind="directive"))

    def replies(self) -> Iterator[Reply]:
        """What comes back; stale if the plan was published anew since the one it is built on."""
        for each in self.plan.receive():
            assert each.reply is not None
            yield Reply(each.id, each.to, each.reply.payload, each.stale)

    def redispatch(self, reply: Reply) -> None:
        """Sends the work again, with the difference between the two plans."""
        self._sent("redispatch", self.plan.redispatch(reply.id, reason="the plan moved on"))

    def commit(self, reply: Reply, plan: Plan) -> None:
        """Settles a reply and publishes the plan that follows from it, in one commit."""
        receipt = self.plan.commit(reply.id, value=plan.value, kind="directive")
        self.acknowledge(PLAN, "commit", receipt)

    def tasks(self) -> Iterator[Task]:
        """The work in this agent's inbox, as it comes."""
        for each in self.plan.receive():
            yield Task(each.id, each.payload, each.published, each.pin, each.difference)

    def reply(self, task: Task, said: Mapping[str, Any]) -> None:
        """Answers; the answer is built on the plan as it stood where the work was sent."""
        receipt = self.plan.reply(task.id, dict(said))
        self.acknowledge(f"{DISPATCHES}/{task.id}", "reply", receipt)

    def _sent(self, deed: str, sent: commonplace.Dispatch) -> None:
        assert sent.receipt is not None
        self.acknowledge(f"{DISPATCHES}/{sent.id}", deed, sent.receipt)

    # --- the blocks ---------------------------------------------------------------------------

    def file(self, findings: Sequence[Finding]) -> None:
        """Appends findings in one turn; appends never conflict."""
        if not findings:
            return
        block = self.task.block(FINDINGS)
        with self.memory.turn() as turn:
            for finding in findings:
                receipt = block.append(str(finding), reason=finding.where, turn=turn)
                self.acknowledge(FINDINGS, "append", receipt, str(finding))

    def contribute(self, wanted: Wanted) -> None:
        """Looks and writes in one turn; when another agent was quicker, in another turn."""
        QuestionList(self.memory, self.task.block(QUESTIONS), self._reporter).contribute(wanted)

    @contextmanager
    def turn(self, pin: int = 0) -> Iterator["SharedTurn"]:
        """Begins a turn, at the pin that came with the work or at the newest revision."""
        with self.memory.turn(at=pin or None) as turn:
            yield SharedTurn(self, turn)

    def follow(self) -> Iterator[News]:
        """The task's commits, as they come, until the plan awaits this agent."""
        for commit in self.memory.watch(self.task.namespace, after=0):
            blocks = tuple(change.reference.region for change in commit.changes)
            if PLAN in blocks and Plan.of(self.plan.read().value).awaits(self._actor):
                return
            yield News(commit.revision, blocks)

    def close(self) -> None:
        """Closes the memory."""
        self.memory.close()

    def acknowledge(
        self, block: str, deed: str, receipt: Receipt, text: str = "", through: int = 0
    ) -> None:
        """Says what the memory has accepted."""
        self._reporter.say(
            Acknowledged(
                actor=self._actor,
                block=block,
                deed=deed,
                version=receipt.version,
                revision=receipt.revision,
                text=text,
                through=through,
            )
        )


class SharedTurn:
    """One turn: what it reads is recorded as served, and its writes carry that."""

    def __init__(self, notebook: SharedNotebook, turn: commonplace.Turn) -> None:
        self._notebook = notebook
        self.turn = turn
        self._read: dict[str, commonplace.Reference] = {}

    def page(self, block: str) -> Page:
        """A block as the turn sees it: at its pin, with what the turn itself has written."""
        handle = self._notebook.task.block(block)
        entry = self.turn.read(handle)
        self._read[block] = handle.reference.pinned(entry.version)
        return Page(entry.version, tuple(line.text for line in entry.lines))

    def condense(self, page: Page, text: str) -> None:
        """Puts the text in the place of what stood on the page; later appends stay below it."""
        receipt = self._notebook.task.block(FINDINGS).condense(
            text,
            through=page.version,
            reason=f"condensed {len(page.lines)} lines",
            kind="inference",
            based_on=[self._read[FINDINGS]],
            turn=self.turn,
        )
        self._notebook.acknowledge(FINDINGS, "condense", receipt, text, through=page.version)

    def write_brief(self, text: str) -> None:
        """Stores the brief, with the versions it was written from."""
        receipt = self._notebook.task.block(BRIEF).rewrite(
            text,
            reason="the brief",
            kind="inference",
            based_on=list(self._read.values()),
            turn=self.turn,
        )
        self._notebook.acknowledge(BRIEF, "rewrite", receipt, text)
