"""A turn stays in its process, and a killed one leaves what it had told."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from commonplace import CommonplaceError, Memory, Namespace
from processes import Process

_READS = """
import sys
from commonplace import Memory
address, how = sys.argv[1:]
memory = Memory(address, actor="web").open()
findings = memory.task("q3").block("findings")
turn = memory.turn().begin()
turn.render(findings)
if how == "wrote":
    findings.append("Mine.", turn=turn)
    turn.read("task/q3:plan")
elif how == "fenced":
    turn.fence()
print(turn.id, flush=True)
sys.stdin.readline()
"""


@pytest.fixture
def address(tmp_path: Path) -> Path:
    address = tmp_path / "team.db"
    with Memory(address, actor="lead") as memory:
        task = memory.create_task("q3", share={"web": "editor"})
        task.create_block("findings").append("Churn fell.")
        task.create_block("plan").append("Crawl.")
    return address


def regions_served(address: Path, turn: str) -> list[str]:
    """What the log says that a turn was served."""
    with Memory(address, actor="web") as memory:
        records = memory.log(Namespace.agent("web"), region="_served")
        told = [record.arguments or {} for record in reversed(records)]
        return [row[1] for each in told if each["turn"] == turn for row in each["rows"]]


@pytest.mark.parametrize(
    ("how", "left"), [("wrote", ["findings"]), ("fenced", ["findings"]), ("only read", [])]
)
def test_a_killed_turn_leaves_what_it_told_with_its_writes(
    address: Path, how: str, left: list[str]
) -> None:
    with Process(_READS, str(address), how) as process:
        turn = process.hear()
        process.kill()
        assert regions_served(address, turn) == left
        with Memory(address, actor="lead") as memory:
            assert memory.audit().ok
            written = [r.turn for r in memory.task("q3").block("findings").history(limit=1)]
            assert written == ([turn] if how == "wrote" else [""])


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this platform does not fork")
def test_a_turn_does_not_go_on_in_a_forked_child(address: Path) -> None:
    with Memory(address, actor="web") as memory:
        findings = memory.task("q3").block("findings")
        with memory.turn() as turn:
            uses: dict[str, Callable[[], object]] = {
                "read": lambda: turn.read(findings),
                "render": lambda: turn.render(findings),
                "write": lambda: findings.append("x", turn=turn),
                "depend": lambda: findings.append("x", unless_changed=turn),
                "fence": turn.fence,
                "end": turn.end,
            }
            said = [_said_by_child(use) for use in uses.values()]
            assert said == ["foreign_turn"] * len(uses)
            assert turn.read(findings).text == "Churn fell.", "the parent's turn goes on"
        assert findings.read().version == 1


def _said_by_child(use: Callable[[], object]) -> str:
    """The code of the error that a use raises in a forked child."""
    heard, says = os.pipe()
    child = os.fork()
    if child == 0:
        code = "nothing"
        try:
            use()
        except CommonplaceError as error:
            code = error.code
        finally:
            os.write(says, code.encode())
            os._exit(0)
    os.close(says)
    with os.fdopen(heard) as pipe:
        said = pipe.read()
    os.waitpid(child, 0)
    return said
