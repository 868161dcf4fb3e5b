"""Account: who was shown a sentence and what was written from it, by going through every turn.

Naive on purpose, like `PlainCopy`: it looks at the whole text of whatever each turn was served,
and at the lines that each write says it was based on.
"""

from typing import Literal

from commonplace.study.replay import Replay, Taken

Edge = Literal["declared", "inferred"]


def readers(replay: Replay, sentence: str) -> set[str]:
    """The turns that were served a state with the sentence in it."""
    return {taken.turn for taken in replay.turns if _was_shown(replay, taken, sentence)}


def built_on(replay: Replay, sentence: str) -> dict[tuple[str, int], Edge]:
    """What was written from it, by block and version.

    Declared: it was based on lines that hold the sentence. Inferred: only its turn was shown it.
    """
    found: dict[tuple[str, int], Edge] = {}
    for taken in replay.turns:
        if taken.wrote is None:
            continue
        if _names(replay, taken, sentence):
            found[taken.wrote] = "declared"
        elif _was_shown(replay, taken, sentence):
            found[taken.wrote] = "inferred"
    return found


def _was_shown(replay: Replay, taken: Taken, sentence: str) -> bool:
    return any(sentence in replay.copy.text(block, version) for block, version in taken.served)


def _names(replay: Replay, taken: Taken, sentence: str) -> bool:
    if taken.based_on is None or taken.based_on.lines is None:
        return False
    first, last = taken.based_on.lines
    version = int(str(taken.based_on.at))
    lines = replay.copy.text(taken.based_on.region, version).split("\n")
    return sentence in "\n".join(lines[first - 1 : last])
