"""A memory that a team wrote, and a shell to ask it questions."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from commonplace import Memory, Namespace, NamespacePrefix
from shell import Shell


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("MEMORY", "FOLLOW", "ACTOR", "TENANT", "NAMESPACE", "TRACEBACK"):
        monkeypatch.delenv(f"COMMONPLACE_{name}", raising=False)


@pytest.fixture
def memory(tmp_path: Path) -> Iterator[Memory]:
    """The supervisor's own face of an empty memory."""
    with Memory(tmp_path / "team.db", actor="sup") as memory:
        yield memory


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    """A shell; there is no memory yet."""
    return Shell(tmp_path / "team.db")


@pytest.fixture
def team(memory: Memory, shell: Shell) -> Shell:
    """A shell on a memory with a task, two blocks, three writers and an auditor."""
    task = memory.create_task("q3", share={"web": "editor"})
    findings = task.create_block("findings", share={"docs": "contributor"})
    plan = task.create_block("plan")
    memory.share({"aud": "reader"}, prefix=NamespacePrefix.of())
    findings.append("Churn fell 12% in Q3.", reason="page 17")
    with memory.as_actor("web") as web:
        block = web.namespace(Namespace.task("q3")).block("findings")
        block.append(
            "Revenue rose.\nCosts rose.", kind="inference", based_on=[findings.reference.pinned(1)]
        )
        block.replace("12%", "11%", reason="typo")
    with memory.as_actor("docs") as docs:
        docs.namespace(Namespace.task("q3")).block("findings").append("The API changed.")
    plan.append("Read page 17.")
    with memory.atomic():
        findings.append("Two at")
        plan.append("once.")
    return shell
