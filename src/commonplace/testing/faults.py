"""Faults: system calls that fail under a worker, by `strace`'s injection.

The worker itself does not know. A fault hits one system call on the files of one memory: the
N-th time only, or from then on, as a bad block or a full disk would.
"""

import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal


@dataclass(frozen=True, slots=True)
class Fault:
    """`call` fails with `error` the `nth` time it is made on a memory's files, or from then on."""

    call: str
    error: Literal["EIO", "ENOSPC"]
    nth: int
    lasting: bool

    def __str__(self) -> str:
        return f"{self.call}={self.error}@{self.nth}{'+' if self.lasting else ''}"

    def wrapper(self, files: Sequence[Path], log: Path) -> tuple[str, ...]:
        """The command that runs another under this fault; `log` is where strace writes."""
        when = f"{self.nth}{'+' if self.lasting else ''}"
        return (
            "strace", "-f", "-qq", "-o", str(log),
            "-e", f"trace={self.call}",
            "-e", f"inject={self.call}:error={self.error}:when={when}",
            *(option for file in files for option in ("-P", str(file))),
        )  # fmt: skip


def struck(log: Path) -> int:
    """How many calls were made to fail."""
    return log.read_text().count("(INJECTED)") if log.exists() else 0


def why_not() -> str:
    """What keeps this machine from injecting faults, in words; "" when nothing does."""
    strace = shutil.which("strace")
    if strace is None:
        return "injecting faults takes strace, which is not installed"
    done = subprocess.run(
        (strace, "-qq", "-o", "/dev/null", "-e", "inject=fsync:error=EIO", "true"),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    return "" if done.returncode == 0 else f"strace cannot trace here: {done.stderr.strip()}"
