"""Oracle: the memory as one would write it in an afternoon, for comparison.

Lists and dictionaries, everything copied at every commit, no thought of speed. Written from
the design, sharing no code with `commonplace.core`: where the two differ, one is wrong.
It models the blocks of one namespace under the rule `TextBlock`: what lands, what is refused
and with which code, who may do what, what stood at each revision, and what a watch delivers.
"""

import copy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

TIERS = ("none", "reader", "contributor", "editor", "owner")
NEEDS = {
    "append": "contributor", "insert": "editor", "replace": "editor", "update": "editor",
    "rewrite": "owner", "condense": "owner", "delete": "owner",
}  # fmt: skip


class No(Exception):
    """The oracle's refusal; `code` is that of the product's error."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Call(NamedTuple):
    """One requested write of a block."""

    operation: str
    block: str
    text: str = ""
    old: str | int = ""
    expect: int | None = None
    change: Callable[[str], str] | None = None


class Line(NamedTuple):
    """A line and the version that put it there."""

    version: int
    text: str


@dataclass
class Block:
    """A block that was created; `lines` is None before the first write and after a delete."""

    version: int = 0
    revision: int = 0
    lines: list[Line] | None = None

    @property
    def text(self) -> str:
        """The lines, joined."""
        return "\n".join(line.text for line in self.lines or ())

    @property
    def dead(self) -> bool:
        """Whether it was deleted."""
        return self.version > 0 and self.lines is None


@dataclass
class Written:
    """One record: what a history shows and a watch delivers."""

    revision: int
    actor: str
    operation: str
    block: str
    version: int


@dataclass
class Oracle:
    """The blocks of one namespace. `revision` begins where the memory stood at the start."""

    owner: str
    blocks: dict[str, Block]
    revision: int
    floor: int = 0
    # (region, or "" for the whole namespace; actor) to (tier, first revision it shows)
    grants: dict[tuple[str, str], tuple[str, int]] = field(default_factory=dict)
    past: dict[int, dict[str, Block]] = field(default_factory=dict)
    log: list[Written] = field(default_factory=list)
    keys: dict[tuple[str, str], tuple[Any, list[tuple[int, int]]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.grants["", self.owner] = ("owner", 0)
        self.past[self.revision] = copy.deepcopy(self.blocks)

    # --- who may ------------------------------------------------------------------------------

    def _reach(self, actor: str, block: str) -> tuple[int, int]:
        held = [
            self.grants[place] for place in (("", actor), (block, actor)) if place in self.grants
        ]
        tier = max((TIERS.index(name) for name, _ in held), default=0)
        return tier, min((since for _, since in held), default=0)

    def _may(self, actor: str, block: str, tier: str) -> int:
        has, since = self._reach(actor, block)
        if has < TIERS.index(tier):
            raise No("access_denied")
        return since

    def share(self, by: str, actor: str, tier: str, block: str, history: bool) -> None:
        """Grant; granting what is granted changes nothing."""
        self._may(by, block, "owner")
        held = self.grants.get((block, actor))
        if held and held[0] == tier and (held[1] == 0) == history:
            return
        self.revision += 1
        self.grants[block, actor] = (tier, 0 if history else self.revision)
        self.past[self.revision] = copy.deepcopy(self.blocks)

    def unshare(self, by: str, actor: str, block: str) -> None:
        """Revoke; revoking what is not granted changes nothing."""
        self._may(by, block, "owner")
        if self.grants.pop((block, actor), None) is not None:
            self.revision += 1
            self.past[self.revision] = copy.deepcopy(self.blocks)

    # --- writing ------------------------------------------------------------------------------

    def commit(
        self,
        actor: str,
        calls: Sequence[Call],
        *,
        guards: Mapping[str, int] | None = None,
        key: str | None = None,
    ) -> list[tuple[int, int]]:
        """All of `calls` or none: (revision, version) of each, or `No` with the code."""
        body = (tuple(calls), tuple(sorted((guards or {}).items())))
        if key is not None and (actor, key) in self.keys:
            asked, answer = self.keys[actor, key]
            if asked != body:
                raise No("idempotency_mismatch")
            return answer
        for block, version in (guards or {}).items():
            self._may(actor, block, "reader")
            stands = self.blocks[block]
            if version != stands.version and not (version == 0 and stands.lines is None):
                raise No("version_conflict")
        draft = copy.deepcopy(self.blocks)
        written = []
        for call in calls:
            self._may(actor, call.block, NEEDS[call.operation])
            _write(draft[call.block], call)
            draft[call.block].revision = self.revision + 1
            name = "edit" if call.operation == "update" else call.operation
            version = draft[call.block].version
            written.append(Written(self.revision + 1, actor, name, call.block, version))
        self.revision += 1
        self.log += written
        answer = [(record.revision, record.version) for record in written]
        self.blocks = draft
        self.past[self.revision] = copy.deepcopy(draft)
        if key is not None:
            self.keys[actor, key] = (body, answer)
        return answer

    # --- reading ------------------------------------------------------------------------------

    def read(self, actor: str, block: str, at: int | None = None) -> Block:
        """A block at the head, or as it stood at a revision."""
        since = self._may(actor, block, "reader")
        if at is None:
            return self.blocks[block]
        if at < since:
            raise No("access_denied")
        if at < self.floor:
            raise No("compacted")
        return self.past[at][block]

    def history(self, actor: str, block: str) -> list[Written]:
        """The records of a block that an actor may see, newest first."""
        since = self._may(actor, block, "reader")
        return [w for w in reversed(self.log) if w.block == block and w.revision >= since]

    def compact(self, floor: int, head: int) -> None:
        """Forget what stood before `floor`; the memory made records of its own up to `head`."""
        self.floor = floor
        for revision in range(self.revision + 1, head + 1):
            self.past[revision] = copy.deepcopy(self.blocks)
        self.revision = head

    def watched(self, after: int) -> list[tuple[int, list[Written]]]:
        """What the owner is delivered: the commits after a revision, each whole."""
        revisions = sorted({w.revision for w in self.log if w.revision > after})
        return [(n, [w for w in self.log if w.revision == n]) for n in revisions]


def _write(block: Block, call: Call) -> None:
    """Apply one call to a block, or say `No`."""
    whole = call.operation == "rewrite"
    if block.dead and not whole:
        raise No("deleted")
    if block.version == 0 and call.operation == "delete":
        raise No("not_found")
    absent = call.expect == 0 and block.lines is None
    if call.expect not in {None, block.version} and not absent:
        raise No("version_conflict")
    if call.operation in {"rewrite", "delete"} and call.expect is None and block.lines is not None:
        raise No("expect_required")
    lines, version = list(block.lines or ()), block.version + 1
    block.lines = _changed(lines, call, version)
    block.version = version


def _changed(lines: list[Line], call: Call, version: int) -> list[Line] | None:
    new = [Line(version, text) for text in call.text.split("\n")]
    match call.operation:
        case "append":
            return lines + new
        case "rewrite":
            return new
        case "delete":
            return None
        case "condense":
            assert isinstance(call.old, int)
            if call.old >= version:
                raise No("version_conflict")
            return new + [line for line in lines if line.version > call.old]
        case "insert":
            after = call.old if isinstance(call.old, int) else _lines_of(lines, call.old)[1] + 1
            return lines[:after] + new + lines[after:]
        case "replace":
            assert isinstance(call.old, str)
            first, last = _lines_of(lines, call.old)
            text = "\n".join(line.text for line in lines[first : last + 1])
            changed = text.replace(call.old, call.text, 1).split("\n")
            # Lines quoted around the change stay who they are.
            span = _edited(lines[first : last + 1], changed, version)
            return lines[:first] + span + lines[last + 1 :]
    assert call.operation == "update" and call.change is not None
    text = "\n".join(line.text for line in lines)
    return _edited(lines, call.change(text).split("\n"), version)


def _lines_of(lines: list[Line], anchor: str) -> tuple[int, int]:
    """The first and last line of the one place where `anchor` stands."""
    text = "\n".join(line.text for line in lines)
    starts = [n for n in range(len(text)) if text.startswith(anchor, n)]
    if not starts:
        raise No("anchor_not_found")
    if len(starts) > 1:
        raise No("anchor_not_unique")
    return text.count("\n", 0, starts[0]), text.count("\n", 0, starts[0] + len(anchor))


def _edited(lines: list[Line], after: list[str], version: int) -> list[Line]:
    """Keep equal lines at both ends, and take what is between as new."""
    start = 0
    while start < min(len(lines), len(after)) and lines[start].text == after[start]:
        start += 1
    end = 0
    while (
        end < min(len(lines), len(after)) - start
        and lines[len(lines) - 1 - end].text == after[len(after) - 1 - end]
    ):
        end += 1
    middle = [Line(version, text) for text in after[start : len(after) - end]]
    return lines[:start] + middle + lines[len(lines) - end :]
