"""Served: a reading program on a copy, put aside where it asks for less lag than there is.

A program of a region with a bound yields one step that no driver knows, before it reads anything
else. It is answered here: at once while the copy is within the bound; else the run ends with
`Waits`, and the same program goes on when whoever runs it has waited.
"""

from collections.abc import Callable
from typing import Any, Generic, TypeVar

from commonplace.model.contract import Bounded
from commonplace.storage.engine import Lag
from commonplace.storage.programs.reading import WITHIN
from commonplace.storage.step import Program, Step

T = TypeVar("T")


class Waits(Exception):
    """The program goes on when the copy is within `bound`."""

    def __init__(self, bound: Bounded) -> None:
        super().__init__(str(bound))
        self.bound = bound


class Served(Generic[T]):
    """One program, run once or more until it ends."""

    def __init__(self, program: Program[T], lag: Callable[[], Lag]) -> None:
        self._program = program
        self._lag = lag
        self._held: Step | None = None

    def run(self) -> Program[T]:
        """Go on with the program, as one that an engine can run. Raises `Waits`."""
        program = self._program
        try:
            step = next(program) if self._held is None else self._held
            while True:
                answer: Any = [[]]
                if step[0].name == WITHIN:
                    self._require(step)
                else:
                    answer = yield step
                step = program.send(answer)
        except StopIteration as stop:
            result: T = stop.value
            return result
        except Waits:
            raise
        except BaseException:
            program.close()
            raise

    def _require(self, step: Step) -> None:
        bound = Bounded(*step[0].rows[0])
        if not is_within(self._lag(), bound):
            self._held = step
            raise Waits(bound)
        self._held = None


def is_within(lag: Lag, bound: Bounded) -> bool:
    """Whether a copy that is so far behind may answer."""
    return lag.revisions <= bound.revisions and lag.seconds <= bound.seconds
