"""Question: what the memory answers about a text, and what it should have answered."""

import random
from collections.abc import Iterable, Sequence
from typing import Final

from commonplace.explain.why.why import Occurrence, Why
from commonplace.study import account
from commonplace.study.claim import claims
from commonplace.study.plain_copy import Stood
from commonplace.study.replay import Replay
from commonplace.study.tally import Tallies

WINDOWS: Final = "claims in the versions, by the writers, that reading every state finds"
READERS: Final = "claims with the same readers as going through every turn"
DERIVED: Final = "claims with the same derivations, declared and inferred apart"

EVERYWHERE: Final = "claims asked of all tasks at once, in every version that reading all finds"
CUT_SHORT: Final = "claims too common for that, whose answers say so and name nothing wrong"

MAX_OCCURRENCES: Final = 512
"""More than a task of this study has of anything, so that no answer is cut short there."""
_CUT: Final = "were not followed"
MAX_EVERYWHERE: Final = 3
"""Claims of one conversation that are asked of all of them."""


def ask(replay: Replay, text: str) -> Why:
    """What the memory says about a text in the task of a conversation."""
    return replay.memory.why(text, where=replay.task.namespace, limit=MAX_OCCURRENCES)


def ask_claims(replay: Replay, tallies: Tallies, seed: int) -> None:
    """Ask about what the final answer says, and compare with going through everything."""
    for claim in claims(replay.conversation, seed):
        answer = ask(replay, claim)
        told = f"{replay.conversation.name}: {claim[:80]!r}"
        tallies.of(WINDOWS).count(found(answer.occurrences) == replay.copy.stood(claim), told)
        served = {row.turn for each in answer.occurrences for row in each.served}
        tallies.of(READERS).count(served == account.readers(replay, claim), told)
        tallies.of(DERIVED).count(derived(answer) == account.built_on(replay, claim), told)


def ask_everywhere(replays: Sequence[Replay], tallies: Tallies, seed: int) -> None:
    """Ask some of the claims of all tasks of one memory, when all is written.

    Reports that quote the others' words, what was replaced and what was retracted are in it. An
    answer that was cut short says so; then all that it is sure of must be so.
    """
    chance = random.Random(f"{seed}:everywhere")
    for replay in replays:
        told = list(claims(replay.conversation, seed))
        for claim in chance.sample(told, min(MAX_EVERYWHERE, len(told))):
            answer = replay.memory.why(claim, limit=MAX_OCCURRENCES)
            due = {
                (str(each.task.namespace), stood)
                for each in replays
                for stood in each.copy.stood(claim)
            }
            given = {
                (str(occurrence.reference.namespace), stood)
                for occurrence in answer.occurrences
                for stood in found([occurrence])
            }
            what = f"{replay.conversation.name}: {claim[:80]!r}"
            if answer.omitted or any(_CUT in each for each in answer.unknown):
                tallies.of(CUT_SHORT).count(given <= due, what)
            else:
                tallies.of(EVERYWHERE).count(given == due, what)


def found(occurrences: Iterable[Occurrence]) -> set[Stood]:
    """An answer in the form of the plain copy's."""
    return {
        Stood(
            each.reference.region,
            each.first,
            each.end,
            each.introduced.actor.name if each.introduced else "",
        )
        for each in occurrences
        if each.match == "exact" and each.sure
    }


def derived(answer: Why) -> dict[tuple[str, int], account.Edge]:
    """What an answer says was built on the text, by the surer edge."""
    built: dict[tuple[str, int], account.Edge] = {}
    for occurrence in answer.occurrences:
        for each in occurrence.derived:
            made = (each.record.region, each.record.version)
            if built.get(made) != "declared":
                built[made] = each.edge
    return built
