"""Run every check of the source in order: one line each with its time; fails if any fails."""

import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent  # the checks installed beside this Python

CHECKS: dict[str, list[str]] = {
    "ruff check": [str(BIN / "ruff"), "check", "--quiet"],
    "ruff format": [str(BIN / "ruff"), "format", "--check", "--quiet"],
    "mypy": [str(BIN / "mypy"), "--no-error-summary"],
    "lint-imports": [str(BIN / "lint-imports"), "--no-logo"],
    "tidy": [sys.executable, "tools/tidy.py"],
    "unasync": [sys.executable, "tools/unasync.py", "--check"],
}


def run(name: str, command: list[str]) -> bool:
    """Run one check from the root, print its line, and what it said if it failed."""
    started = time.perf_counter()
    done = subprocess.run(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    passed = done.returncode == 0
    elapsed_s = time.perf_counter() - started
    print(f"{'ok' if passed else 'FAILED':<8}{name:<14}{elapsed_s:6.1f} s", flush=True)
    if not passed:
        print(done.stdout.rstrip(), end="\n\n", flush=True)
    return passed


def main() -> int:
    """Run them all, so that one run shows everything there is to mend."""
    passed = [run(name, command) for name, command in CHECKS.items()]
    return 0 if all(passed) else 1


if __name__ == "__main__":
    sys.exit(main())
