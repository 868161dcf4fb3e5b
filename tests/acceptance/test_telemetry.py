"""Telemetry between processes, and where OpenTelemetry is not installed or not used."""

import json
import subprocess
import sys
from pathlib import Path

from commonplace import Memory
from processes import Process

SETUP = """
import json, sys
from commonplace import Memory
from spans import Spans
from opentelemetry import trace

spans = Spans()
trace.set_tracer_provider(spans.provider)
memory = Memory(sys.argv[1], actor=sys.argv[2]).open()
task = memory.task("q3")

def place(context):
    return context and f"{context.trace_id:032x} {context.span_id:016x}"

def told(span):
    return {
        "place": place(span.get_span_context()),
        "parent": place(span.parent),
        "links": [place(link.context) for link in span.links],
    }
"""

WRITER = f"""{SETUP}
with spans.tracer.start_as_current_span("step"):
    task.block("findings").append("Churn fell.")
print(json.dumps(told(spans.last("upsert_memory"))), flush=True)
sys.stdin.readline()
memory.close()
"""

WATCHER = f"""{SETUP}
with spans.tracer.start_as_current_span("react") as react:
    with task.watch(after=int(sys.argv[3]), timeout_s=60) as watch:
        print("watching", flush=True)
        next(watch)
print(json.dumps({{**told(spans.last("commonplace.deliver")), "react": told(react)["place"]}}))
memory.close()
"""

WITHOUT = """
import sys

class Absent:
    def find_spec(self, name, path, target=None):
        if name.partition(".")[0] == "opentelemetry":
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

if sys.argv[1] == "absent":
    sys.meta_path.insert(0, Absent())

import asyncio
from commonplace import AsyncMemory, Memory, VersionConflict

with Memory(":memory:", actor="lead") as memory:
    task = memory.create_task("q3")
    block = task.create_block("findings")
    with memory.turn() as turn:
        turn.read(block)
        block.append("Churn fell.", turn=turn)
    block.update(lambda text: text + " Revenue rose.")
    try:
        block.replace("Churn", "Costs", expect=1)
    except VersionConflict:
        pass
    delivered = [commit.changes[0].trace for commit in task.watch(after=0, timeout_s=0)]
    assert delivered == ["", ""], delivered
    assert memory.log(trace="4bf92f3577b34da6a3ce929d0e0e4736") == []

async def crew():
    async with AsyncMemory(":memory:", actor="lead") as memory:
        await (await (await memory.create_task("q4")).create_block("findings")).append("a")

asyncio.run(crew())
assert not [name for name in sys.modules if name.partition(".")[0] == "opentelemetry"]
"""

COST = """
import sys, time
from commonplace.model.actor import Actor
from commonplace.model.entry import EntryKey
from commonplace.storage.proposal import draft
from commonplace.telemetry.writing import writing

actor, calls = Actor("web-1"), 20_000
drafts = (draft(EntryKey("task/q3", "findings"), "append", {}),)

def once():
    began = time.perf_counter()
    for _ in range(calls):
        with writing("acme", actor, drafts) as told:
            told.answer(told.trace)
    return (time.perf_counter() - began) / calls

assert "opentelemetry.trace" not in sys.modules
print(min(once() for _ in range(10)))
"""


def test_a_delivery_in_another_process_is_linked_to_the_span_that_wrote(tmp_path: Path) -> None:
    address = str(tmp_path / "team.db")
    with Memory(address, actor="lead") as memory:
        task = memory.create_task("q3", share={"web-1": "editor", "docs-1": "reader"})
        task.create_block("findings")
        start = memory.position().revision
        with Process(WATCHER, address, "docs-1", str(start)) as watcher:
            assert watcher.hear() == "watching"
            with Process(WRITER, address, "web-1") as writer:
                written = json.loads(writer.hear())
            delivered = json.loads(watcher.hear())
        assert delivered["links"] == [written["place"]]
        assert delivered["parent"] == delivered["react"]
        here, there = delivered["place"].split()[0], written["place"].split()[0]
        assert here != there
        (record,) = memory.log(trace=there)
        assert record.trace[3:52].replace("-", " ") == written["place"]
        assert record.actor.name == "web-1"
        assert memory.log(trace=here) == []


def test_a_trace_leads_to_the_record_from_the_shell_and_back(tmp_path: Path) -> None:
    address = str(tmp_path / "team.db")
    with Memory(address, actor="lead") as memory:
        memory.create_task("q3", share={"web-1": "editor"}).create_block("findings")
    with Process(WRITER, address, "web-1") as writer:
        written = json.loads(writer.hear())

    def shell(*words: str) -> str:
        code = "from commonplace.cli import main; main()"
        done = subprocess.run(
            [sys.executable, "-c", code, *words, "--memory", address, "--as", "lead"],
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout

    digits = written["place"].split()[0]
    (record,) = map(json.loads, shell("log", "--trace", digits, "--json").splitlines())
    assert record["reference"] == "task/q3:findings@1"
    assert record["trace"][3:52].replace("-", " ") == written["place"]
    assert f"trace {record['trace']}" in shell("show", f"r{record['revision']}")


def run(code: str, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_everything_works_where_opentelemetry_is_not_installed() -> None:
    run(WITHOUT, "absent")


def test_it_is_never_imported_for_an_application_that_does_not_use_it() -> None:
    run(WITHOUT, "present")


def test_a_write_that_nobody_traces_pays_less_than_two_microseconds() -> None:
    assert float(run(COST)) < 2e-6  # measured: 0.3
