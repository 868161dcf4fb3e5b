"""The list of open questions in a memory, which two specialists edit at once."""

from collections import Counter

import commonplace
from commonplace.demo.event import Acknowledged, Conflict, Reporter
from commonplace.demo.notebook import QUESTIONS, Wanted
from commonplace.demo.question import Contribution, Edit, next_edit
from commonplace.model.receipt import Receipt

MAX_ATTEMPTS = 4
"""Turns in which a contribution is tried before it takes a place in the block's queue."""

CONFLICTS = (commonplace.VersionConflict, commonplace.AnchorNotFound, commonplace.StaleTurn)
"""What a write is refused with when the other agent was quicker."""


class QuestionList:
    """One agent's way to the list: looks, decides and writes in turns, and settles conflicts."""

    def __init__(
        self, memory: commonplace.Memory, block: commonplace.Block, reporter: Reporter
    ) -> None:
        self._memory = memory
        self._block = block
        self._reporter = reporter
        self._actor = memory.actor.name
        self._met: dict[Contribution, str] = {}

    def contribute(self, wanted: Wanted) -> None:
        """Makes every contribution that is still to be made.

        When the other agent was quicker, another turn shows what it wrote, and this agent
        decides anew; after a few rounds in vain it takes a place in the queue of `update`.
        """
        tries: Counter[Contribution] = Counter()
        while (refused := self._contribute_in_a_turn(wanted)) is not None:
            tries[refused] += 1
            if tries[refused] == MAX_ATTEMPTS:
                self._queue(refused)
        for contribution in list(self._met):
            self._settle(contribution, "nothing left to do: the other agent had done it")

    def _contribute_in_a_turn(self, wanted: Wanted) -> Contribution | None:
        """Writes what it can on what one turn sees; gives what was refused, if anything was."""
        with self._memory.turn() as turn:
            lines = [line.text for line in turn.read(self._block).lines]
            for contribution in wanted(lines):
                edit = next_edit(lines, contribution)
                if edit is None:
                    continue
                try:
                    receipt = self._write(edit, contribution, turn)
                except CONFLICTS as error:
                    self._met[contribution] = error.code
                    return contribution
                self._wrote(contribution, edit, receipt)
                self._settle(contribution, f"{edit.deed} after reading again")
                lines = edit.made_in(lines)
        return None

    def _write(self, edit: Edit, contribution: Contribution, turn: commonplace.Turn) -> Receipt:
        """Replaces a line that must still be as it was read, or adds one to an unchanged list."""
        where = contribution.where
        if edit.old:
            return self._block.replace(edit.old, edit.new, reason=where, turn=turn)
        return self._block.append(edit.new, reason=where, turn=turn, unless_changed=turn)

    def _queue(self, contribution: Contribution) -> None:
        """Takes a place in the block's queue, where the chance is certain to come."""
        made: list[Edit] = []

        def edited(text: str) -> str:
            lines = text.split("\n") if text else []
            edit = next_edit(lines, contribution)
            made[:] = [edit] if edit else []
            return "\n".join(edit.made_in(lines)) if edit else text

        with self._memory.turn() as turn:
            receipt = self._block.update(edited, reason=contribution.where, turn=turn)
        if made:
            self._wrote(contribution, made[0], receipt)
            self._settle(contribution, f"{made[0].deed} from the queue")

    def _settle(self, contribution: Contribution, ended: str) -> None:
        met = self._met.pop(contribution, "")
        if met:
            self._reporter.say(Conflict(self._actor, QUESTIONS, met, ended))

    def _wrote(self, contribution: Contribution, edit: Edit, receipt: Receipt) -> None:
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
