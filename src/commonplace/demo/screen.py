"""The screen: live progress for a person, plain lines for a pipe."""

import time
from collections import Counter
from collections.abc import Callable
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.live import Live
from rich.table import Table

from commonplace.demo.event import Acknowledged, Conflict, Event, Progress
from commonplace.demo.notebook import DOCS, FINDINGS, QUESTIONS, SUPERVISOR, SYNTHESIZER, WEB

ROLES = (SUPERVISOR, WEB, DOCS, SYNTHESIZER)
REFRESH_PER_S = 8
LINE_EVERY_S = 1.0


class Screen(AbstractContextManager["Screen"]):
    """Shows events as they are heard: a table that redraws itself, or a line now and then."""

    def __init__(self, console: Console, clock: Callable[[], float] = time.monotonic) -> None:
        self._console = console
        self._clock = clock
        self._live: Live | None = None
        self._printed = clock()
        self._doing: dict[str, Progress] = {}
        self._writes: Counter[tuple[str, str]] = Counter()
        self._conflicts: Counter[str] = Counter()

    def __enter__(self) -> Self:
        if self._console.is_terminal:
            self._live = Live(
                console=self._console,
                get_renderable=self._table,
                refresh_per_second=REFRESH_PER_S,
            )
            self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._live is not None:
            self._live.stop()
        elif kind is None:
            self._line()

    def show(self, event: Event) -> None:
        """Takes in one event; in a pipe, prints a line if the last one is a second old."""
        if isinstance(event, Acknowledged) and event.deed != "condense":
            self._writes[event.actor, event.block] += 1
        elif isinstance(event, Conflict):
            self._conflicts[event.actor] += 1
        elif isinstance(event, Progress):
            self._doing[event.actor] = event
        if self._live is None and self._clock() - self._printed >= LINE_EVERY_S:
            self._line()

    def _line(self) -> None:
        self._printed = self._clock()
        parts = [f"{role}: {self._state(role)}" for role in ROLES if role in self._doing]
        parts.append(f"findings {self._total(FINDINGS)}, question edits {self._total(QUESTIONS)}")
        parts.append(f"conflicts {self._conflicts.total()}")
        self._console.print("  ".join(parts), highlight=False, soft_wrap=True, markup=False)

    def _table(self) -> Table:
        table = Table(box=None, pad_edge=False)
        for heading in ("agent", "read", "findings", "questions", "conflicts", "now"):
            right = heading in ("read", "findings", "questions", "conflicts")
            table.add_column(heading, justify="right" if right else "left", no_wrap=True)
        for role in ROLES:
            progress = self._doing.get(role)
            read = f"{progress.done}/{progress.total}" if progress and progress.total else ""
            table.add_row(
                role,
                read,
                str(self._writes[role, FINDINGS] or ""),
                str(self._writes[role, QUESTIONS] or ""),
                str(self._conflicts[role] or ""),
                progress.doing if progress else "starting",
            )
        return table

    def _state(self, role: str) -> str:
        progress = self._doing[role]
        return f"{progress.done}/{progress.total}" if progress.total else progress.doing

    def _total(self, block: str) -> int:
        return sum(count for (_, written), count in self._writes.items() if written == block)
