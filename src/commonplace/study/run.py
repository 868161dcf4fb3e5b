"""Run: the whole study, conversation by conversation, in one memory."""

from collections.abc import Iterable
from typing import Final

from commonplace import Memory
from commonplace.study.cascade import foresee
from commonplace.study.conversation import Conversation
from commonplace.study.mistake import ask_mistake
from commonplace.study.question import ask_claims, ask_everywhere
from commonplace.study.replay import Replay
from commonplace.study.reporter import Reporter
from commonplace.study.result import Result
from commonplace.study.tally import Tallies
from commonplace.study.verdict import judge

STATES: Final = "past states that read as the strings that were written"


def run(memory: Memory, conversations: Iterable[Conversation], *, seed: int = 0) -> Result:
    """Replay conversations into a memory and ask it about each. The seed decides what is sampled.

    Each is asked about when it is complete, with all before it in the same memory.
    """
    tallies = Tallies()
    replays: list[Replay] = []
    for conversation in conversations:
        with Replay(memory, conversation) as replay:
            replay.run()
            _compare_states(replay, tallies)
            ask_mistake(replay, tallies)
            foresee(replay, tallies)
            ask_claims(replay, tallies, seed)
            judge(replay, Reporter(replay, seed).report(), tallies)
        replays.append(replay)
    ask_everywhere(replays, tallies, seed)
    taken = [turn for replay in replays for turn in replay.turns]
    return Result(
        seed,
        len(replays),
        sum(len(replay.conversation.messages) for replay in replays),
        len(taken),
        sum(len(turn.served) for turn in taken),
        tuple(tallies),
    )


def _compare_states(replay: Replay, tallies: Tallies) -> None:
    for block, version, text in replay.copy.states():
        reference = f"{replay.task.namespace}:{block}@{version}"
        entry = _text(replay, reference)
        tallies.of(STATES).count(entry == text, reference)


def _text(replay: Replay, reference: str) -> str:
    """A past state as the memory has it, every line ended."""
    return "".join(f"{line.text}\n" for line in replay.memory.resolve(reference).lines)
