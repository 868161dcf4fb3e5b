"""A file and a database give every question the same answer: the address alone differs."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

import commonplace
from shell import Shell

SENTENCE = "Churn fell 12% in Q3."
QUESTIONS = (
    f"why '{SENTENCE}'",
    "why 'Customers stay'",
    "log",
    "log -S Revenue",
    "log task/q3:findings",
    "show task/q3:findings",
    "show r7",
    "show task/q3:findings@1",
    "diff task/q3:findings@1 task/q3:findings@3",
    "blame task/q3:findings",
    "blame --origins task/q3:brief",
    "timeline task/q3",
    "verify {report} --task task/q3",
    "advise",
    "describe task/q3:findings",
    "describe task/q3:plan --markdown",
    "namespaces",
    "inbox task/q3:plan",
    "position",
    "audit",
    "bisect task/q3:findings --good 1 -- grep -q Churn",
)
_SECONDS = re.compile(r'"?[0-9.]+ (s|ms|min|h|d)\b|"(seconds|age_s|waiting_s)": [0-9.e-]+')


def tell(address: Path) -> None:
    """A crew: a plan, turns, a false sentence, what was built on it, and a retraction."""
    with commonplace.Memory(address, actor="lead") as lead:
        task = lead.create_task("q3", share={"web": "editor", "writer": "editor"})
        findings, brief = task.create_block("findings"), task.create_block("brief")
        plan = task.create_channel("plan")
        plan.publish({"steps": ["read", "write"]})
        plan.dispatch("web", {"step": "read"})
        with lead.as_actor("web") as web, web.turn() as turn:
            web.task("q3").block("findings").append(
                f"{SENTENCE}\nRevenue grew.", reason="page 17", turn=turn
            )
        with lead.as_actor("writer") as writer, writer.turn() as turn:
            turn.render("task/q3:findings")
            writer.task("q3").block("brief").append("Customers stay longer.", turn=turn)
        findings.replace("Revenue grew.", "Revenue grew 3%.")
        findings.condense("Both were read.", through=1)
        with lead.as_actor("web") as web:
            web.retract("task/q3:findings@1#L1", reason="It was misread.")
        brief.append("The end.")


@pytest.fixture
def both(tmp_path: Path, database: str) -> Iterator[tuple[str, str]]:
    address = tmp_path / "team.db"
    tell(address)
    with commonplace.Memory(address, actor="lead") as memory:
        memory.copy_to(database)
    yield str(address), database


def test_every_question_gets_the_same_answer(both: tuple[str, str], tmp_path: Path) -> None:
    report = tmp_path / "report.md"
    report.write_text(f"# Q3\n\nIt is known that {SENTENCE} [task/q3:findings@1#L1]\n")
    for question in QUESTIONS:
        line = question.format(report=report)
        for form in ("", " --json"):
            file, database = (_asked(address, line + form) for address in both)
            assert file == database, line + form


def _asked(address: str, line: str) -> tuple[int, str, str]:
    done = Shell(address).run(*shlex.split(line), actor="lead")
    said = (text.replace(address, "MEMORY") for text in (done.stdout, done.stderr))
    return done.exit_code, *(_SECONDS.sub("TIME", text) for text in said)
