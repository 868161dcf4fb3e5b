"""The naive notebook: one JSON file that every agent reads, changes and writes back.

This is what a first version of a shared scratchpad looks like, and it is written with care as
far as it goes: the new file is complete before it takes the old one's place, so no reader ever
sees half a file. What it lacks is any notion that someone else wrote in between. Nothing is done
to make that happen: no pause stands between a read and the write that follows it.
"""

import glob
import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TypedDict

from commonplace.demo.brief import Page
from commonplace.demo.event import Acknowledged, Reporter
from commonplace.demo.finding import Finding
from commonplace.demo.notebook import BRIEF, FINDINGS, PLAN, PROGRESS, QUESTIONS, News
from commonplace.demo.question import Contribution, next_edit

POLL_S = 0.02
"""How often a follower looks at the file. Only followers wait; no writer ever does."""

_PROGRESS = ".progress"


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

    def set_up(self) -> None:
        """Writes the empty file."""
        for path in self._progress_files():
            path.unlink()
        self._save({})

    def publish_plan(self, text: str) -> None:
        """Replaces the plan."""
        self._put(PLAN, text.rstrip("\n").split("\n"), "publish", text)

    def report(self, line: str) -> None:
        """Adds a line to this agent's own progress file.

        Progress is not in the shared file: a lost `done` would leave the crew waiting for ever.
        """
        own = self._path.with_name(f"{self._path.name}.{self._actor}{_PROGRESS}")
        with own.open("a", encoding="utf-8") as file:
            file.write(f"{self._actor}: {line}\n")

    def add_finding(self, finding: Finding) -> None:
        """Appends a finding."""
        self._append(FINDINGS, str(finding), "append")

    def contribute(self, contribution: Contribution) -> None:
        """Makes the same edit as the crew on a memory does, on the lines just read."""
        blocks = load_blocks(self._path)
        held = blocks.setdefault(QUESTIONS, {"version": 0, "lines": []})
        edit = next_edit(held["lines"], contribution)
        if edit is None:
            return
        if edit.old:
            held["lines"][held["lines"].index(edit.old)] = edit.new
        else:
            held["lines"].append(edit.new)
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

    def page(self, block: str) -> Page:
        """A block as the file has it now."""
        held = self._everything().get(block, {"version": 0, "lines": []})
        return Page(held["version"], tuple(held["lines"]))

    def condense(self, page: Page, text: str) -> None:
        """Writes the condensed text over whatever the file has by now."""
        self._put(FINDINGS, text.split("\n"), "condense", text, through=page.version)

    def write_brief(self, text: str) -> None:
        """Stores the brief in the file."""
        self._put(BRIEF, text.rstrip("\n").split("\n"), "publish", text)

    def follow(self, after: int) -> Iterator[News]:
        """Looks at the file again and again, and tells which blocks have moved."""
        seen: dict[str, int] = {}
        while True:
            blocks = self._everything()
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

    def _progress_files(self) -> list[Path]:
        names = f"{glob.escape(self._path.name)}.*{_PROGRESS}"
        return sorted(self._path.parent.glob(names))

    def _everything(self) -> dict[str, Held]:
        blocks = load_blocks(self._path)
        lines: list[str] = []
        for path in self._progress_files():
            lines.extend(path.read_text(encoding="utf-8").splitlines())
        blocks[PROGRESS] = {"version": len(lines), "lines": lines}
        return blocks

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
