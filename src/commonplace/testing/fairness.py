"""Fairness: how long `update`s wait when several processes think over one entry.

A measurement, not a test: it takes real time. `python -m commonplace.testing.fairness` runs
it on a fresh file and prints the waits; `--kill` ends one process with kill -9 half way, and
prints how long it took until the next was called as a figure of its own.
"""

import argparse
import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from commonplace import Memory
from commonplace.testing.processes import Crew, Worker
from commonplace.testing.worker import TASK

ACTOR = "thinker"


@dataclass(frozen=True, slots=True)
class Waits:
    """What a run measured, in seconds. `detection_s` is 0 when nobody was killed."""

    done: int
    counted: int
    failed: tuple[str, ...]
    repeated: int
    waited_s: tuple[float, ...]
    detection_s: float = 0.0

    def quantile(self, part: float) -> float:
        """The wait that `part` of all stayed below."""
        ordered = sorted(self.waited_s)
        return ordered[min(int(part * len(ordered)), len(ordered) - 1)]

    def __str__(self) -> str:
        waits = ", ".join(
            f"{name} {self.quantile(part) * 1000:.0f} ms"
            for name, part in (("p50", 0.5), ("p99", 0.99), ("max", 1.0))
        )
        told = (
            f"{self.done} updates acknowledged, {self.counted} counted, "
            f"{len(self.failed)} failed, {self.repeated} called again\nwaits: {waits}"
        )
        if self.detection_s:
            told += f"\nfrom the kill to the next call: {self.detection_s * 1000:.0f} ms"
        return told


def measure(
    address: str, *, processes: int, updates: int, think_s: float, kill: bool = False
) -> Waits:
    """Let `processes` do `updates` each on one entry, with `think_s` of thought in each.

    With `kill`, the first process is ended while it thinks, half way through. How long it took
    until the next was called is a figure of its own, and is no part of the others' waits.
    """
    with Memory(address, actor="owner") as memory:
        count = memory.create_task(TASK, share={ACTOR: "editor"}).create_block("count")
        count.append("0")
    with Crew() as crew:
        workers = [crew.hire(_job(address, n, updates, think_s)) for n in range(processes)]
        crew.ready(*workers)
        crew.begin(*workers)
        killed_s, detection_s = _kill_thinking(crew, workers, updates) if kill else (0.0, 0.0)
        living = [worker for worker in workers if not worker.ended]
        patience_s = 60.0 + 5 * processes * updates * think_s
        crew.wait(
            lambda: all(len(_answers(worker)) == updates for worker in living),
            "all updates were answered",
            patience_s=patience_s,
        )
        crew.finish(*living)
    with Memory(address, actor="owner") as memory:
        counted = int(memory.task(TASK).block("count").read().text)
    answers = [answer for worker in workers for answer in _answers(worker)]
    done = [answer for answer in answers if "waited_s" in answer]
    return Waits(
        done=len(done),
        counted=counted,
        failed=tuple(answer["message"] for answer in answers if "failed" in answer),
        repeated=sum(answer["calls"] - 1 for answer in done),
        waited_s=tuple(_wait_s(answer, killed_s, detection_s) for answer in done),
        detection_s=detection_s,
    )


def _wait_s(answer: dict[str, Any], killed_s: float, detection_s: float) -> float:
    """How long one update waited, less what it took to see that the one before it was dead."""
    began_s, waited_s = float(answer["at_s"]), float(answer["waited_s"])
    spans = began_s - waited_s < killed_s < began_s
    return waited_s - detection_s if spans else waited_s


def _job(address: str, number: int, updates: int, think_s: float) -> dict[str, Any]:
    return {
        "role": "think", "address": address, "tenant": "default", "actor": ACTOR,
        "life": number, "seed": number, "count": updates, "think_s": think_s,
    }  # fmt: skip


def _answers(worker: Worker) -> list[dict[str, Any]]:
    return [said for said in worker.said if "waited_s" in said or "failed" in said]


def _kill_thinking(crew: Crew, workers: Sequence[Worker], updates: int) -> tuple[float, float]:
    """Kill the first while it thinks, half way; when that was, and seconds to the next call."""
    first, others = workers[0], workers[1:]
    crew.wait(
        lambda: {"thinking": updates // 2} in first.said,
        "the first is half way",
        patience_s=60.0,
    )
    killed_ns = crew.kill(first)

    def next_calls() -> list[float]:
        return [
            said["at_s"]
            for worker in others
            for said in worker.said
            if said.get("at_s", 0.0) > killed_ns / 1e9
        ]

    crew.wait(lambda: bool(next_calls()), "the next was called")
    return killed_ns / 1e9, min(next_calls()) - killed_ns / 1e9


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure as asked for on the command line and print what came out."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--processes", type=int, default=8)
    parser.add_argument("--updates", type=int, default=50, help="of each process")
    parser.add_argument("--think-ms", type=float, default=20.0)
    parser.add_argument("--kill", action="store_true", help="end one process half way")
    asked = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        waits = measure(
            str(Path(folder) / "memory.db"),
            processes=asked.processes,
            updates=asked.updates,
            think_s=asked.think_ms / 1000,
            kill=asked.kill,
        )
    os.write(1, f"{waits}\n".encode())
    return 1 if waits.failed else 0


if __name__ == "__main__":
    raise SystemExit(main())
