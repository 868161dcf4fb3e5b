"""Lags: how far a copy is behind its source, from looks at both.

A look at the source says that at one moment it stood at a revision. Once the copy holds that
revision, it is known to have lacked nothing at that moment. So what is known is never younger
than the last look: a source that is out of reach lets the seconds grow.

Worked example. At 10.0 s the source stands at revision 7, and the copy at 5: it lacks 2. At
10.3 s the copy reaches 7, so it lacked nothing at 10.0 s: it is 0 revisions and 0.3 s behind.
"""

import math
import threading
from collections import deque
from collections.abc import Callable

from commonplace import limits
from commonplace.storage.engine import Lag


class Lags:
    """Looks at the source and the revisions reached. Thread-safe."""

    def __init__(self, monotonic_s: Callable[[], float]) -> None:
        self._monotonic_s = monotonic_s
        self._mutex = threading.Lock()
        self._looks: deque[tuple[float, int]] = deque()
        self._head = 0
        self._reached = 0
        self._whole_s: float | None = None

    @property
    def reached(self) -> int:
        """The newest revision that the copy is known to hold."""
        return self._reached

    @property
    def head(self) -> int:
        """The newest revision that the source is known to have had."""
        return self._head

    def looked(self, at_s: float, head: int) -> None:
        """The source stood at `head` at a moment."""
        with self._mutex:
            self._head = max(self._head, head)
            if len(self._looks) < limits.MAX_LOOKS or head <= self._reached:
                self._looks.append((at_s, head))
            self._settle()

    def reach(self, revision: int) -> None:
        """The copy holds everything up to a revision."""
        if revision <= self._reached:
            return
        with self._mutex:
            self._reached = max(self._reached, revision)
            self._settle()

    def lag(self) -> Lag:
        """How far the copy is behind.

        Asked at every read, so without the mutex: whatever moves meanwhile makes it less.
        """
        lacks, whole_s = max(0, self._head - self._reached), self._whole_s
        if whole_s is None:
            return Lag(lacks, math.inf)  # it may lack anything
        return Lag(lacks, max(0.0, self._monotonic_s() - whole_s))

    def _settle(self) -> None:
        while self._looks and self._looks[0][1] <= self._reached:
            self._whole_s = max(self._looks.popleft()[0], self._whole_s or 0.0)
