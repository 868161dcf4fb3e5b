"""The crew: four processes, started and listened to until they are done.

Each agent is a Python of its own that shares nothing with the others but the notebook. The
parent only listens: it starts them, hands them the job, and collects what they say.
"""

import queue
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from contextlib import ExitStack
from typing import IO, NamedTuple

from commonplace.demo.event import Event, Failed, Progress, parse_event
from commonplace.demo.job import Job
from commonplace.demo.notebook import SPECIALISTS, SUPERVISOR, SYNTHESIZER
from commonplace.demo.supervisor import SET_UP

STOP_S = 5.0
"""How long an agent that was asked to stop may take before it is killed."""

MAX_COMPLAINT_CHARS = 2000


class CrewFailed(RuntimeError):
    """An agent ended before its work was done; the others were stopped."""


class _Said(NamedTuple):
    role: str
    event: Event | None  # None: this agent's output has ended


class _Agent:
    """One agent's process and the thread that listens to it."""

    def __init__(self, role: str, job: Job, complaints: IO[str], heard: "queue.Queue[_Said]"):
        self.role = role
        self._complaints = complaints
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "commonplace.demo.agent", role],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._complaints,
            text=True,
            encoding="utf-8",
        )
        assert self._process.stdin is not None and self._process.stdout is not None
        self._thread = threading.Thread(
            target=_listen, args=(role, self._process.stdout, heard), daemon=True
        )
        self._thread.start()
        try:
            self._process.stdin.write(job.dumps() + "\n")
            self._process.stdin.close()
        except BrokenPipeError:
            return  # it ended at once; its exit code tells why

    def ended(self) -> int:
        """Waits for the end of the process and gives its exit code."""
        return self._process.wait()

    def complaint(self) -> str:
        """The end of what the process wrote to its error output."""
        self._complaints.seek(0)
        return self._complaints.read()[-MAX_COMPLAINT_CHARS:].strip()

    def stop(self) -> None:
        """Ends the process if it still runs, and lets go of its streams."""
        if self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(STOP_S)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        self._thread.join()
        if self._process.stdout is not None:
            self._process.stdout.close()


def run_crew(job: Job, show: Callable[[Event], None]) -> list[Event]:
    """Runs the whole crew and gives everything it said, in the order it was heard.

    Raises `CrewFailed` when an agent ends with an error; then the others are stopped.
    """
    heard: queue.Queue[_Said] = queue.Queue()
    events: list[Event] = []
    with ExitStack() as stack:
        agents: dict[str, _Agent] = {}

        def start(role: str) -> None:
            complaints = stack.enter_context(tempfile.TemporaryFile("w+", encoding="utf-8"))
            agents[role] = _Agent(role, job, complaints, heard)
            stack.callback(agents[role].stop)

        start(SUPERVISOR)
        running = 1
        while running:
            role, event = heard.get()
            if event is None:
                running -= 1
                _check(agents[role], events)
                continue
            events.append(event)
            show(event)
            if isinstance(event, Progress) and event.doing == SET_UP:
                for other in (*SPECIALISTS, SYNTHESIZER):
                    start(other)
                    running += 1
    return events


def _listen(role: str, output: IO[str], heard: "queue.Queue[_Said]") -> None:
    for line in output:
        event = parse_event(line)
        if event is not None:
            heard.put(_Said(role, event))
    heard.put(_Said(role, None))


def _check(agent: _Agent, events: list[Event]) -> None:
    code = agent.ended()
    if code == 0:
        return
    said = [event.message for event in events if isinstance(event, Failed)]
    why = said[-1] if said else "without a word"
    complaint = agent.complaint()
    where = f"\n{complaint}" if complaint else ""
    raise CrewFailed(f"{agent.role} ended with exit code {code}: {why}{where}")
