"""Processes: real workers on one memory, driven and heard through pipes, and killed.

A worker is `python -m commonplace.testing.worker`. It is sent one job as a line of JSON, says
`ready` when its memory is open, begins when it is told to, and says every call before and
after it makes it. What it said before it was killed is in the pipe, so nothing that it
acknowledged can be forgotten with it.
"""

import json
import os
import selectors
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from types import TracebackType
from typing import IO, Any, Final

from commonplace.testing.history import Event

PATIENCE_S: Final = 30.0
"""How long a condition may take that normally holds in milliseconds: past it, it hangs."""


class Worker:
    """One process, what it has said so far, and its life."""

    def __init__(self, job: Mapping[str, Any], *, wrapper: tuple[str, ...] = ()) -> None:
        self.job = dict(job)
        self.name: str = job["actor"]
        self.said: list[dict[str, Any]] = []
        self.open_calls: dict[str, dict[str, Any]] = {}
        self.events: list[Event] = []
        self.ended = False
        self._rest = b""
        self._errors: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 (closed with it)
        self._process = subprocess.Popen(
            [*wrapper, sys.executable, "-m", "commonplace.testing.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            bufsize=0,
            close_fds=True,
        )
        self.tell(self.job)

    @property
    def pid(self) -> int:
        """The process."""
        return self._process.pid

    @property
    def output(self) -> int:
        """The descriptor it is heard on."""
        assert self._process.stdout is not None
        return self._process.stdout.fileno()

    def tell(self, message: Mapping[str, Any]) -> None:
        """Send it one line; a worker that is gone hears nothing."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps(message).encode() + b"\n")
        except BrokenPipeError:
            return

    def dismiss(self) -> None:
        """Let it finish the call it is in and end."""
        assert self._process.stdin is not None
        self._process.stdin.close()

    def signal(self, number: int) -> None:
        """Send a signal: SIGKILL, SIGSTOP, SIGCONT."""
        self._process.send_signal(number)

    def listen(self) -> bool:
        """Take in what the pipe holds; False at its end."""
        data = os.read(self.output, 1 << 16)
        if not data:
            self.ended = True
            self._process.wait()
            return False
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            self._take(json.loads(line))
        return True

    def _take(self, message: dict[str, Any]) -> None:
        if "ask" in message:
            self.open_calls[message["ask"]["key"]] = message["ask"]
        elif "event" in message:
            event = Event.from_plain(message["event"])
            self.open_calls.pop(event.key, None)
            self.events.append(event)
        else:
            self.said.append(message)

    @property
    def unfinished(self) -> Iterator[Event]:
        """Calls that were begun and never answered, as events of unknown outcome."""
        for ask in self.open_calls.values():
            yield Event.from_plain({**ask, "answered_ns": None, "outcome": "unknown"})

    @property
    def is_ready(self) -> bool:
        """Whether its memory is open."""
        return any("ready" in message for message in self.said)

    @property
    def errors(self) -> str:
        """What it wrote to stderr."""
        self._errors.seek(0)
        return self._errors.read().decode("utf-8", "replace")

    def close(self) -> None:
        """End it, whatever it does."""
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout, self._errors):
            if pipe is not None:
                pipe.close()


class Crew:
    """Workers of one test; leaving the block ends them all."""

    def __init__(self) -> None:
        self.workers: list[Worker] = []
        self._selector = selectors.DefaultSelector()

    def __enter__(self) -> "Crew":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for worker in self.workers:
            worker.close()
        self._selector.close()

    def hire(self, job: Mapping[str, Any], *, wrapper: tuple[str, ...] = ()) -> Worker:
        """Start a worker; it opens its memory at once and begins when it is told to."""
        worker = Worker(job, wrapper=wrapper)
        self.workers.append(worker)
        self._selector.register(worker.output, selectors.EVENT_READ, worker)
        return worker

    def wait(
        self, condition: Callable[[], bool], what: str, *, patience_s: float = PATIENCE_S
    ) -> None:
        """Listen to all until `condition` holds; an assertion fails when it never does."""
        until = time.monotonic() + patience_s
        while not condition():
            left_s = until - time.monotonic()
            assert left_s > 0, f"not within {patience_s:g} s: {what}\n{self._complaints()}"
            self._listen(left_s)

    def listen_for(self, seconds: float) -> None:
        """Listen to all for a while."""
        until = time.monotonic() + seconds
        while (left_s := until - time.monotonic()) > 0:
            self._listen(left_s)

    def _listen(self, timeout_s: float) -> None:
        if not self._selector.get_map():
            time.sleep(timeout_s)
            return
        for key, _ in self._selector.select(timeout_s):
            if not key.data.listen():
                self._selector.unregister(key.fd)

    def ready(self, *workers: Worker) -> None:
        """Wait until these have opened their memory."""
        self.wait(
            lambda: all(worker.is_ready or worker.ended for worker in workers), "workers are ready"
        )
        for worker in workers:
            assert worker.is_ready, f"{worker.name} did not open the memory:\n{worker.errors}"

    def begin(self, *workers: Worker) -> None:
        """Tell these to begin."""
        for worker in workers:
            worker.tell({"go": True})

    def kill(self, worker: Worker) -> int:
        """Kill -9, hear the rest of what it said, and tell when that was."""
        worker.signal(signal.SIGKILL)
        killed_ns = time.monotonic_ns()
        self.wait(lambda: worker.ended, f"{worker.name} is dead")
        return killed_ns

    def finish(self, *workers: Worker) -> None:
        """Dismiss these and wait until they have ended by themselves, without a complaint."""
        for worker in workers:
            worker.dismiss()
        self.wait(lambda: all(worker.ended for worker in workers), "workers have ended")
        for worker in workers:
            assert not worker.errors, f"{worker.name} ended with:\n{worker.errors}"

    @property
    def events(self) -> list[Event]:
        """What all workers, dead ones too, have said of their calls."""
        return [event for worker in self.workers for event in (*worker.events, *worker.unfinished)]

    def _complaints(self) -> str:
        return "\n".join(
            f"{worker.name} ({'ended' if worker.ended else 'alive'}): {worker.errors[-2000:]}"
            for worker in self.workers
        )
