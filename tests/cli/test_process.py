"""The command as a process: exit codes, pipes, Ctrl-C, and what it imports."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from commonplace import AppendOnly, Memory
from shell import Shell

COMMAND = [sys.executable, "-c", "from commonplace.cli import main; main()"]


def _environment(shell: Shell) -> dict[str, str]:
    return {**os.environ, "COMMONPLACE_MEMORY": str(shell.address), "COMMONPLACE_ACTOR": "sup"}


def _run(shell: Shell, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *words], env=_environment(shell), capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("log",), 0),
        (("audit", "--expect", "r1:00"), 1),
        (("log", "--nonsense"), 2),
        (("show", "nothing here"), 2),
        (("append", "task/q3:findings", "other", "--key", "k"), 3),
        (("show", "task/q3:findings@99"), 4),
        (("show", "task/q3:findings", "--as", "nobody"), 5),
        (("log", "--memory", __file__), 6),
    ],
)
def test_exit_codes(team: Shell, words: tuple[str, ...], code: int) -> None:
    team.lines("append", "task/q3:findings", "one", "--key", "k")
    done = _run(team, *words)
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    assert bool(done.stderr) == (code > 1)


def test_an_ascii_terminal_gets_escapes_and_no_error(team: Shell, memory: Memory) -> None:
    memory.task("q3").block("plan").append("Größe")
    done = subprocess.run(
        [*COMMAND, "show", "task/q3:plan"],
        env={**_environment(team), "PYTHONIOENCODING": "ascii"},
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0
    assert b"Gr\\xf6\\xdfe" in done.stdout


def test_a_reader_that_leaves_early_is_no_error(memory: Memory, shell: Shell) -> None:
    block = memory.create_task("q3").create_block("findings")
    block.append("\n".join("x" * 200 for _ in range(4000)))
    with subprocess.Popen(
        [*COMMAND, "show", "task/q3:findings"],
        env=_environment(shell),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None and process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait() == 141


def test_ctrl_c_ends_a_watch_without_a_traceback(team: Shell) -> None:
    with subprocess.Popen(
        [*COMMAND, "watch", "task/q3", "--after", "0"],
        env=_environment(team),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None and process.stderr is not None
        for _ in range(7):
            process.stdout.readline()
        process.send_signal(signal.SIGINT)
        told = process.stderr.read()
        assert process.wait() == 130
    assert told.strip() == "commonplace: Stopped. [interrupted]"


def test_a_watch_hands_over_each_commit_as_it_comes(team: Shell) -> None:
    with subprocess.Popen(
        [*COMMAND, "watch", "task/q3", "--limit", "8", "--after", "0"],
        env=_environment(team),
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        for _ in range(7):
            process.stdout.readline()
        for number in (6, 7):
            team.lines("append", "task/q3:findings", "now")
            assert f"task/q3:findings@{number}" in process.stdout.readline()
        assert process.wait() == 0


def test_the_help_imports_no_command_and_nothing_heavy() -> None:
    code = (
        "import sys\n"
        "from commonplace.cli import main\n"
        "try: main(['--help'])\n"
        "except SystemExit: print(*sys.modules, file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(done.stderr.split())
    assert "commonplace.cli.group" in loaded
    heavy = {"apsw", "asyncio", "msgspec", "rich", "commonplace._sync.memory"}
    commands = {"commonplace.demo", "commonplace.bench", "commonplace.cli.log"}
    assert not loaded & (heavy | commands)


def test_asking_imports_no_event_loop_and_no_async_face(team: Shell) -> None:
    code = (
        "import sys\n"
        "from commonplace.cli import main\n"
        "try: main(['log'])\n"
        "except SystemExit: print(*sys.modules, file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=_environment(team),
        capture_output=True,
        text=True,
        check=True,
    )
    loaded = set(done.stderr.split())
    assert "commonplace.cli.log" in loaded
    assert not loaded & {"asyncio", "rich", "commonplace._async.memory", "commonplace.cli.audit"}


@pytest.mark.soak
def test_how_long_it_takes_over_a_hundred_thousand_records(tmp_path: Path) -> None:
    """Prints; asserts no time. Run with `pytest -m soak -s tests/cli/test_process.py`."""
    with Memory(tmp_path / "team.db", actor="sup") as memory:
        block = memory.create_task("q3").create_block("findings", rule=AppendOnly())
        for batch in range(100_000 // 250):
            if batch % 100 == 99:
                block = memory.task("q3").create_block(f"findings-{batch}", rule=AppendOnly())
            with memory.atomic():
                for number in range(250):
                    block.append(f"finding {number}")
    shell = Shell(tmp_path / "team.db")
    for words in (("--help",), ("log",), ("log", "--text", "finding 249", "--json")):
        wall_ms, busy_ms = [], []
        for _ in range(9):
            begun, spent = time.perf_counter(), os.times()
            assert _run(shell, *words).returncode == 0
            wall_ms.append((time.perf_counter() - begun) * 1000)
            now = os.times()
            busy = now.children_user + now.children_system
            busy_ms.append((busy - spent.children_user - spent.children_system) * 1000)
        wall, busy = sorted(wall_ms)[4], sorted(busy_ms)[4]
        print(
            f"commonplace {' '.join(words)}: {wall:.0f} ms, of which {busy:.0f} ms busy (medians)"
        )
