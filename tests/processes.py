"""Real processes for tests: a script with a pipe in and a pipe out, killed at the end."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from types import TracebackType

_PATH = os.pathsep.join([str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")])


class Process:
    """Runs Python `code` with `arguments`; talks to it line by line."""

    def __init__(self, code: str, *arguments: str) -> None:
        self._popen = subprocess.Popen(
            [sys.executable, "-c", code, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": _PATH},  # the helpers beside this file
        )
        self.pid = self._popen.pid

    def hear(self) -> str:
        """The next line it prints; "" when it has ended."""
        assert self._popen.stdout is not None
        return self._popen.stdout.readline().rstrip("\n")

    def say(self, line: str = "") -> None:
        """Give it a line to read."""
        assert self._popen.stdin is not None
        self._popen.stdin.write(line + "\n")
        self._popen.stdin.flush()

    def send(self, number: signal.Signals) -> None:
        """Send a signal."""
        self._popen.send_signal(number)

    def kill(self) -> None:
        """kill -9, and wait until it is gone."""
        self._popen.kill()
        self._popen.wait()

    def end(self) -> int:
        """Wait for it to end by itself; its exit code."""
        assert self._popen.stdin is not None
        self._popen.stdin.close()
        return self._popen.wait()

    def __enter__(self) -> "Process":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.kill()
        for pipe in (self._popen.stdin, self._popen.stdout):
            if pipe is not None and not pipe.closed:
                pipe.close()
