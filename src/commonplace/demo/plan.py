"""The plan: the steps of a run, who takes each, and how far it is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, NamedTuple

State = Literal["waiting", "in progress", "done"]


class Step(NamedTuple):
    """One step. `who` may be empty while it waits: it falls to whoever is free."""

    who: str
    do: str
    state: State = "waiting"


@dataclass(frozen=True, slots=True)
class Plan:
    """The steps in their order, and the questions that the brief answers.

    Steps of one run, as it goes: two agents read, `web` is done first. What is left to answer
    falls to it once `docs` is done too, and then the brief is written.

        web: read      in progress   done          done          done
        docs: read     in progress   in progress   done          done
        answer         waiting       waiting       web: …        web: done
        synth: brief   waiting       waiting       waiting       in progress
    """

    task: str
    steps: tuple[Step, ...]
    questions: tuple[str, ...]

    @classmethod
    def of(cls, value: Mapping[str, Any]) -> "Plan":
        """The plan that a published value holds."""
        steps = tuple(Step(**step) for step in value["steps"])
        return cls(value["task"], steps, tuple(value["questions"]))

    @property
    def value(self) -> dict[str, Any]:
        """The plan as the value to publish."""
        return {
            "task": self.task,
            "steps": [step._asdict() for step in self.steps],
            "questions": list(self.questions),
        }

    @property
    def under_way(self) -> tuple[Step, ...]:
        """The steps that somebody is at."""
        return tuple(step for step in self.steps if step.state == "in progress")

    def awaits(self, who: str) -> bool:
        """Whether an agent is to do something now."""
        return any(step.who == who for step in self.under_way)

    def finished(self, who: str, free: Sequence[str] = ()) -> "Plan":
        """The plan after an agent's step; when none is under way any more the next begins.

        A step that is nobody's falls to the first who is `free` and did not do the last one.
        """
        steps = list(self.steps)
        place = next(
            n for n, step in enumerate(steps) if step in self.under_way and step.who == who
        )
        steps[place] = steps[place]._replace(state="done")
        after = replace(self, steps=tuple(steps))
        waiting = next((n for n, step in enumerate(steps) if step.state == "waiting"), None)
        if after.under_way or waiting is None:
            return after
        next_one = steps[waiting]
        taker = next_one.who or next(other for other in free if other != who)
        steps[waiting] = next_one._replace(who=taker, state="in progress")
        return replace(self, steps=tuple(steps))
