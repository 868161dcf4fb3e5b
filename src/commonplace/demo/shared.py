"""The shared notebook: the crew's blocks in a Commonplace memory."""

from collections.abc import Iterator

import commonplace
from commonplace.demo.brief import Page
from commonplace.demo.event import Acknowledged, Conflict, Reporter
from commonplace.demo.finding import Finding
from commonplace.demo.notebook import (
    AUDITOR,
    BRIEF,
    DOCS,
    FINDINGS,
    PLAN,
    PROGRESS,
    QUESTIONS,
    SUPERVISOR,
    SYNTHESIZER,
    WEB,
    GaveUp,
    News,
)
from commonplace.demo.question import Contribution, Edit, next_edit
from commonplace.model.receipt import Receipt

MAX_ATTEMPTS = 4
"""Times a contribution is tried before it takes a place in the block's queue."""


class TaskTaken(GaveUp):
    """Another run used this name in this memory; nothing was written."""


class SharedNotebook:
    """The notebook contract over a memory: what two agents write at once, both see."""

    def __init__(self, address: str, task: str, actor: str, reporter: Reporter) -> None:
        self.memory = commonplace.Memory(address, actor=actor).open()
        self._name = task
        self.task = self.memory.task(task)
        self._actor = actor
        self._reporter = reporter
        self._seen: dict[str, int] = {}

    def set_up(self) -> None:
        """Makes the task with five blocks. Whoever is not named at a block only reads it.

        Raises `TaskTaken` if an earlier run has used the name.
        """
        everyone = dict.fromkeys((WEB, DOCS, SYNTHESIZER, AUDITOR), "reader")
        task = self.memory.create_task(self._name, share=everyone, reason="a run of the crew")
        if FINDINGS in task.regions():
            raise TaskTaken(f"Task {self._name} is there already. Name another with --task.")
        task.create_block(PLAN, rule=commonplace.SingleWriter(SUPERVISOR))
        task.create_block(
            FINDINGS, share={WEB: "contributor", DOCS: "contributor", SYNTHESIZER: "owner"}
        )
        task.create_block(QUESTIONS, share={WEB: "editor", DOCS: "editor"})
        task.create_block(PROGRESS, share=dict.fromkeys((WEB, DOCS, SYNTHESIZER), "contributor"))
        task.create_block(
            BRIEF, rule=commonplace.SingleWriter(SYNTHESIZER), share={SYNTHESIZER: "owner"}
        )

    def publish_plan(self, text: str) -> None:
        """Replaces the plan; one writer owns it, so this cannot conflict."""
        block = self.task.block(PLAN)
        receipt = block.rewrite(
            text, expect=block.read().version, reason="the plan moved on", kind="directive"
        )
        self._acknowledge(PLAN, "rewrite", receipt, text)

    def report(self, line: str) -> None:
        """Adds a line to the crew's progress."""
        text = f"{self._actor}: {line}"
        self._acknowledge(PROGRESS, "append", self.task.block(PROGRESS).append(text), text)

    def add_finding(self, finding: Finding) -> None:
        """Appends a finding; appends never conflict."""
        text = str(finding)
        receipt = self.task.block(FINDINGS).append(text, reason=finding.where)
        self._acknowledge(FINDINGS, "append", receipt, text)

    def contribute(self, contribution: Contribution) -> None:
        """Reads, decides, writes; when another agent wrote first, reads again and decides anew."""
        block = self.task.block(QUESTIONS)
        met = ""
        for _ in range(MAX_ATTEMPTS):
            entry = block.read()
            edit = next_edit([line.text for line in entry.lines], contribution)
            if edit is None:
                break
            try:
                if edit.old:
                    receipt = block.replace(
                        edit.old, edit.new, base=entry.version, reason=contribution.where
                    )
                else:
                    unchanged = ((block.reference, entry.version),)
                    receipt = block.append(edit.new, reason=contribution.where, guards=unchanged)
            except (commonplace.VersionConflict, commonplace.AnchorNotFound) as error:
                met = error.code
                continue
            self._contributed(contribution, edit, receipt)
            self._settle(met, f"{edit.deed} after reading again")
            return
        else:
            self._queue(contribution, met)
            return
        self._settle(met, "nothing left to do: the other agent had done it")

    def page(self, block: str) -> Page:
        """A block as it stands now."""
        entry = self.task.block(block).read()
        self._seen[block] = entry.version
        return Page(entry.version, tuple(line.text for line in entry.lines))

    def condense(self, page: Page, text: str) -> None:
        """Puts the text in the place of what stood on the page; later appends stay below it."""
        block = self.task.block(FINDINGS)
        receipt = block.condense(
            text,
            through=page.version,
            reason=f"condensed {len(page.lines)} lines",
            kind="inference",
            based_on=[block.reference.pinned(page.version)],
        )
        self._acknowledge(FINDINGS, "condense", receipt, text, through=page.version)

    def write_brief(self, text: str) -> None:
        """Stores the brief in its own block, with the versions it was written from."""
        self._acknowledge(BRIEF, "rewrite", self.store_brief(text), text)

    def store_brief(self, text: str) -> Receipt:
        """Writes the brief's block and gives the receipt, without telling anybody."""
        block = self.task.block(BRIEF)
        return block.rewrite(
            text,
            expect=block.read().version,
            reason="the brief",
            kind="inference",
            based_on=[
                self.task.block(name).reference.pinned(self._seen[name])
                for name in (FINDINGS, QUESTIONS)
                if self._seen.get(name)
            ],
        )

    def follow(self, after: int) -> Iterator[News]:
        """The task's commits after a revision, as they come."""
        for commit in self.memory.watch(self.task.namespace, after=after):
            blocks = tuple(change.reference.region for change in commit.changes)
            if blocks:
                yield News(commit.revision, blocks)

    def close(self) -> None:
        """Closes the memory."""
        self.memory.close()

    def _queue(self, contribution: Contribution, met: str) -> None:
        """Takes a place in the block's queue, where the turn is certain to come."""
        made: list[Edit] = []

        def edited(text: str) -> str:
            edit = next_edit(text.split("\n"), contribution)
            made[:] = [edit] if edit else []
            return apply_edit(text, edit) if edit else text

        receipt = self.task.block(QUESTIONS).update(edited, reason=contribution.where)
        if made:
            self._contributed(contribution, made[0], receipt)
            self._settle(met, f"{made[0].deed} from the queue")
        else:
            self._settle(met, "nothing left to do: the other agent had done it")

    def _settle(self, met: str, ended: str) -> None:
        if met:
            self._reporter.say(Conflict(self._actor, QUESTIONS, met, ended))

    def _contributed(self, contribution: Contribution, edit: Edit, receipt: Receipt) -> None:
        self._reporter.say(
            Acknowledged(
                actor=self._actor,
                block=QUESTIONS,
                deed=edit.deed,
                version=receipt.version,
                revision=receipt.revision,
                text=edit.new,
                about=contribution.about,
                where=contribution.where,
                answer=contribution.answer,
            )
        )

    def _acknowledge(
        self, block: str, deed: str, receipt: Receipt, text: str, through: int = 0
    ) -> None:
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


def apply_edit(text: str, edit: Edit) -> str:
    """A list of questions with one edit made."""
    if not edit.old:
        return f"{text}\n{edit.new}" if text else edit.new
    return "\n".join(edit.new if line == edit.old else line for line in text.split("\n"))
