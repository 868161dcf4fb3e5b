"""Cascade: what a retraction of the mistaken step would reach, held against a plain search.

The plain search knows each turn's account alone. From a message it goes to what was written
from it: *declared*, by who named it as a source or put something in its place; *inferred*, in
turns that were served a state in which it stood. The way of declared steps counts before a
shorter one, as in the memory.
"""

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from commonplace.study.account import Edge
from commonplace.study.replay import Replay, Taken
from commonplace.study.tally import Tallies

SUSPECTS: Final = "retractions of the mistaken step that would mark what follows from every turn"
TOLD: Final = "retractions of the mistaken step that would tell whoever was shown it"

Write = tuple[str, int]
"""A block, and the version of it that was written."""
Reached = dict[Write, tuple[Edge, int]]
"""What was reached: how, and in how many steps."""


def foresee(replay: Replay, tallies: Tallies) -> None:
    """Ask what retracting the mistaken step would do, and count whether that is all of it."""
    said = replay.said[replay.conversation.mistake_step]
    reference = replace(said.reference, lines=None)
    write = (said.message.place, said.receipt.version)
    plan = page = replay.memory.retract(reference, dry_run=True)
    found: Reached = {}
    while page.suspects:
        for each in page.suspects:
            found[each.reference.region, int(str(each.reference.at))] = (each.edge, each.depth)
        last = page.suspects[-1].reference
        page = replay.memory.retract(reference, dry_run=True, after=last)
    tallies.of(SUSPECTS).count(found == reached(replay, write), str(reference))
    shown = {taken.actor for taken in replay.turns if _was_shown(replay, taken, write)}
    tallies.of(TOLD).count(set(plan.told) == shown, str(reference))


def reached(replay: Replay, write: Write) -> Reached:
    """Everything that follows from a message, step by step."""
    close: Reached = {}
    front = {write}
    depth = 0
    levels = [front]
    while front:
        depth += 1
        front = _next(replay, front, "declared") - {write, *close}
        close |= dict.fromkeys(front, ("declared", depth))
        levels.append(front)
    found = dict(close)
    loose: set[Write] = set()
    depth = 0
    while loose or depth < len(levels):
        depth += 1
        near = levels[depth - 1] if depth <= len(levels) else set[Write]()
        loose = _next(replay, loose, "declared") | _next(replay, loose | near, "inferred")
        loose -= {write, *found}
        found |= dict.fromkeys(loose, ("inferred", depth))
    return found


def _next(replay: Replay, front: Iterable[Write], edge: Edge) -> set[Write]:
    follows = _is_declared if edge == "declared" else _was_shown
    return {
        taken.wrote
        for source in front
        for taken in replay.turns
        if taken.wrote and follows(replay, taken, source)
    }


def _is_declared(replay: Replay, taken: Taken, source: Write) -> bool:
    """Whether a turn's write names a message as its source, or took its lines away."""
    named = taken.based_on
    if named is not None and (named.region, int(str(named.at))) == source:
        return True
    if taken.wrote is None or taken.wrote not in _replacing(replay):
        return False
    block, version = taken.wrote
    return block == source[0] and _stood(replay, source, version - 1)


def _was_shown(replay: Replay, taken: Taken, source: Write) -> bool:
    """Whether a turn was served a state in which a message stood."""
    block, _ = source
    return any(name == block and _stood(replay, source, at) for name, at in taken.served)


def _stood(replay: Replay, source: Write, version: int) -> bool:
    """Whether what a message wrote stood in a later version of its block."""
    block, first = source
    between = {(block, each) for each in range(first + 1, version + 1)}
    return first <= version and not between & _replacing(replay)


def _replacing(replay: Replay) -> set[Write]:
    """The writes that became all of their block."""
    return {
        (said.message.place, said.receipt.version)
        for said in replay.said.values()
        if said.message.replaces
    }
