"""Daemon: a server program that does not outlive the process which started it.

A guard reads a pipe that only the starter holds. However the starter dies, kill -9 included,
the pipe closes, and the guard ends the daemon.
"""

import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from commonplace.testing.binaries import account, environment

_GUARD: Final = """
read _
kill -QUIT "$1"
n=0; while kill -0 "$1" && [ $n -lt 100 ]; do sleep 0.1; n=$((n + 1)); done
[ -z "$2" ] || rm -rf -- "$2"
"""


class Daemon:
    """A running program that writes to `log`; it must take SIGQUIT as the order to end at once.

    `remove`: a folder that the guard removes after it, should this process die.
    """

    def __init__(self, command: Sequence[str], log: Path, *, remove: Path | None = None) -> None:
        self._log = log
        with log.open("ab") as output:
            self.process = subprocess.Popen(
                command,
                cwd="/",
                env=environment(),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,  # an interrupt of the terminal is not for it
                **account(),
            )
        self._guard = subprocess.Popen(
            ["/bin/sh", "-c", _GUARD, "guard", str(self.process.pid), str(remove or "")],
            cwd="/",
            env=environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            **account(),
        )

    @property
    def is_running(self) -> bool:
        """Whether it lives."""
        return self.process.poll() is None

    @property
    def complaints(self) -> str:
        """The end of what it wrote."""
        return self._log.read_text("utf-8", "replace")[-2000:]

    def end(self, number: signal.Signals, timeout_s: float) -> None:
        """Send a signal and wait for it to end; kill -9 and an error if it does not."""
        try:
            self.process.send_signal(number)
            self.process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise
        finally:
            self.dismiss_guard()

    def dismiss_guard(self) -> None:
        """Let nobody watch over it any more: it has ended."""
        self._guard.kill()
        self._guard.wait()
        assert self._guard.stdin is not None
        self._guard.stdin.close()
