"""The naive notebook: one JSON file that every agent reads, changes and writes back.

This is what a first version of a shared scratchpad looks like, and it is written with care as
far as it goes: the new file is complete before it takes the old one's place, so no reader ever
sees half a file. What it lacks is any notion that someone else wrote in between. Nothing is done
to make that happen: no pause stands between a read and the write that follows it.
"""

import json
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any, TypedDict

from commonplace.demo.brief import Page
from commonplace.demo.event import Acknowledged, Reporter
from commonplace.demo.finding import Finding
from commonplace.demo.naive_post import POLL_S, Post
from commonplace.demo.notebook import (
    BRIEF,
    FINDINGS,
    PLAN,
    QUESTIONS,
    News,
    Reply,
    Task,
    Wanted,
)
from commonplace.demo.plan import Plan
from commonplace.demo.question import Contribution, next_edit


class Held(TypedDict):
    """One block in the file."""

    version: int
    lines: list[str]


class NaiveNotebook:
    """The notebook contract over a JSON file, without any protection between processes."""

    def __init__(self, path: Path, actor: str, reporter: Reporter) -> None:
        self._path = path
        self._actor = actor
        self._reporter = reporter
        self._post = Post(path)
        self._published = 0
        self._sent: list[dict[str, Any]] = []

    def set_up(self) -> None:
        """Writes the empty file."""
        self._post.clear()
        self._save({})

    def publish(self, plan: Plan) -> None:
        """Replaces the plan."""
        text = json.dumps(plan.value, indent=1)
        self._published += 1
        self._put(PLAN, text.split("\n"), "publish", text)

    def dispatch(self, to: str, job: Mapping[str, Any]) -> None:
        """Sends an agent work, with how often the plan was published so far."""
        message = {"id": str(len(self._sent)), "to": to, "job": dict(job), "plan": self._published}
        self._sent.append(message)
        self._post.send(f"to-{to}", message)

    def replies(self) -> Iterator[Reply]:
        """What comes back."""
        for message in self._post.receive("from-*"):
            stale = message["plan"] != self._published
            yield Reply(message["id"], message["from"], message["said"], stale)

    def redispatch(self, reply: Reply) -> None:
        """Sends the same work again."""
        self.dispatch(reply.who, self._sent[int(reply.id)]["job"])

    def commit(self, reply: Reply, plan: Plan) -> None:
        """Replaces the plan by the one that follows from the reply."""
        self.publish(plan)

    def tasks(self) -> Iterator[Task]:
        """The work that is sent to this agent."""
        for message in self._post.receive(f"to-{self._actor}"):
            yield Task(message["id"], message["job"], plan=message["plan"])

    def reply(self, task: Task, said: Mapping[str, Any]) -> None:
        """Answers the supervisor."""
        message = {"id": task.id, "from": self._actor, "said": dict(said), "plan": task.plan}
        self._post.send(f"from-{self._actor}", message)

    def file(self, findings: Sequence[Finding]) -> None:
        """Appends findings, one after the other."""
        for finding in findings:
            self._append(FINDINGS, str(finding), "append")

    def contribute(self, wanted: Wanted) -> None:
        """Makes the same edits as the crew on a memory does, each on the lines just read."""
        for contribution in wanted(self.page(QUESTIONS).lines):
            self._contribute(contribution)

    def turn(self, pin: int = 0) -> AbstractContextManager["NaiveNotebook"]:
        """A file has no past to pin: each read is of what it has by then."""
        return nullcontext(self)

    def page(self, block: str) -> Page:
        """A block as the file has it now."""
        held = load_blocks(self._path).get(block, {"version": 0, "lines": []})
        return Page(held["version"], tuple(held["lines"]))

    def condense(self, page: Page, text: str) -> None:
        """Writes the condensed text over whatever the file has by now."""
        self._put(FINDINGS, text.split("\n"), "condense", text, through=page.version)

    def write_brief(self, text: str) -> None:
        """Stores the brief in the file."""
        self._put(BRIEF, text.rstrip("\n").split("\n"), "publish", text)

    def follow(self) -> Iterator[News]:
        """Looks again and again, and tells which blocks have moved, until work is sent.

        The plan in the file does not tell of it: it may be overwritten.
        """
        seen: dict[str, int] = {}
        while not self._post.waits(f"to-{self._actor}"):
            blocks = load_blocks(self._path)
            moved = [
                name
                for name, held in blocks.items()
                for _ in range(abs(held["version"] - seen.get(name, 0)))
            ]
            seen = {name: held["version"] for name, held in blocks.items()}
            if moved:
                yield News(_revision(blocks), tuple(moved))
            else:
                time.sleep(POLL_S)

    def close(self) -> None:
        """There is nothing to let go of."""

    def _contribute(self, contribution: Contribution) -> None:
        blocks = load_blocks(self._path)
        held = blocks.setdefault(QUESTIONS, {"version": 0, "lines": []})
        edit = next_edit(held["lines"], contribution)
        if edit is None:
            return
        held["lines"] = edit.made_in(held["lines"])
        held["version"] += 1
        self._save(blocks)
        self._reporter.say(
            Acknowledged(
                actor=self._actor,
                block=QUESTIONS,
                deed=edit.deed,
                version=held["version"],
                revision=_revision(blocks),
                text=edit.new,
                about=contribution.about,
                where=contribution.where,
                answer=contribution.answer,
            )
        )

    def _append(self, block: str, line: str, deed: str) -> None:
        blocks = load_blocks(self._path)
        held = blocks.setdefault(block, {"version": 0, "lines": []})
        held["lines"].append(line)
        held["version"] += 1
        self._save(blocks)
        self._say(block, deed, blocks, line)

    def _put(self, block: str, lines: list[str], deed: str, text: str, through: int = 0) -> None:
        blocks = load_blocks(self._path)
        held = blocks.setdefault(block, {"version": 0, "lines": []})
        held["lines"] = lines
        held["version"] += 1
        self._save(blocks)
        self._say(block, deed, blocks, text, through)

    def _say(
        self, block: str, deed: str, blocks: dict[str, Held], text: str, through: int = 0
    ) -> None:
        version = blocks[block]["version"]
        self._reporter.say(
            Acknowledged(
                self._actor, block, deed, version, _revision(blocks), text, through=through
            )
        )

    def _save(self, blocks: dict[str, Held]) -> None:
        draft = self._path.with_name(f"{self._path.name}.{os.getpid()}")
        draft.write_text(json.dumps(blocks, indent=1), encoding="utf-8")
        draft.replace(self._path)


def load_blocks(path: Path) -> dict[str, Held]:
    """Every block the file holds, by name; none if there is no file yet."""
    try:
        blocks: dict[str, Held] = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    return blocks


def _revision(blocks: dict[str, Held]) -> int:
    return sum(held["version"] for held in blocks.values())
