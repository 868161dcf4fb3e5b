"""A file that follows a PostgreSQL memory: the same state, through stops of the server."""

import asyncio
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import apsw
import pytest

from commonplace import AsyncMemory, Memory, Namespace, NamespacePrefix, errors
from commonplace.storage.programs.upkeep.auditing import examine
from commonplace.testing.databases import connect
from commonplace.testing.postgres import PostgresServer
from copies import TABLES, columns, engine_of, state_of, until
from processes import Process

TASK = Namespace.task("q3")


@pytest.fixture
def source(databases) -> Iterator[Memory]:
    address = databases.take()
    with Memory(address, actor="lead") as memory:
        memory.share({"lead": "owner"}, prefix=NamespacePrefix(()))
        task = memory.create_task("q3", share={"ana": "editor"})
        for name in ("findings", "notes"):
            task.create_block(name)
        yield memory
    databases.give_back(address)


def live(memory: Memory, calls: int = 40) -> None:
    """Writes of several kinds."""
    notes, findings = (memory.task("q3").block(name) for name in ("notes", "findings"))
    for number in range(calls):
        notes.append(f"line {number} {'x' * (number % 50)}")
        if number % 5 == 0:
            with memory.atomic():
                notes.replace(f"line {number} ", f"LINE {number} ")
                findings.append(f"found {number}")
        if number % 7 == 0:
            with memory.turn() as turn:
                turn.read(notes)
                findings.append("built", turn=turn, based_on=["task/q3:notes"])


def rows_of(address: str, copy: Path) -> dict[str, list[Any]]:
    """As `copies.state_of`, of the database; its columns are those of the copy."""
    here = apsw.Connection(str(copy))
    found = {}
    with connect(address) as connection:
        for table in TABLES:
            kept = ", ".join(columns(here, table))
            rows = connection.execute(f"SELECT {kept} FROM commonplace.{table}").fetchall()
            found[table] = sorted((tuple(row) for row in rows), key=repr)
    here.close()
    return found


def test_copy_has_every_row_of_the_database(source: Memory, tmp_path: Path) -> None:
    path = tmp_path / "copy.db"
    live(source)
    with Memory(source._address, actor="lead", follow=path) as memory:
        live(memory)
        source.retract("task/q3:notes@1", replacement="right")
        source.erase("task/q3:notes@2")
        head = memory.catch_up(linearizable=True)
        assert head == source.position()
        copy, there = state_of(path), rows_of(source._address, path)
        for table in TABLES:
            assert copy[table] == there[table], table
        local = engine_of(memory).local.read("default", examine("default"))
        assert local.ok and local.digest == source.audit().digest
        source.compact(head.revision - 20)
        source.forget_served(head.revision - 30)
        memory.catch_up(linearizable=True)
        address = source._address
        until(lambda: state_of(path)["log"] == rows_of(address, path)["log"], "it is kept")
        assert memory.audit().ok


FOLLOWS = """
import sys
from commonplace import Memory
with Memory(sys.argv[1], actor="lead", follow=sys.argv[2]) as memory:
    print("open", flush=True)
    sys.stdin.readline()
"""


def test_killed_it_resumes(source: Memory, tmp_path: Path) -> None:
    path = tmp_path / "copy.db"
    for number in range(4):
        with Process(FOLLOWS, source._address, str(path)) as process:
            assert process.hear() == "open"
            live(source, 5 + 9 * number)
            process.send(signal.SIGKILL)
            process.kill()
    with Memory(source._address, actor="lead", follow=path) as memory:
        assert memory.catch_up(linearizable=True) == source.position()
        assert state_of(path)["log"] == rows_of(source._address, path)["log"]


def test_watch_and_session_through_it(source: Memory, tmp_path: Path) -> None:
    with Memory(source._address, actor="lead", follow=tmp_path / "copy.db") as memory:
        start = memory.catch_up(linearizable=True).revision
        notes = memory.task("q3").block("notes")
        with memory.watch(TASK, after=start, timeout_s=10) as watch:
            wanted = []
            for number in range(20):
                receipt = source.task("q3").block("notes").append(f"line {number}")
                wanted += [receipt.revision, notes.append("own").revision]
                assert notes.read().version == receipt.version + 1
            assert [next(watch).revision for _ in wanted] == wanted


async def _work(address: str, path: Path) -> None:
    async with AsyncMemory(address, actor="lead", follow=path) as memory:
        notes = memory.task("q3").block("notes")
        for number in range(10):
            receipt = await notes.append(f"line {number}")
            assert (await notes.read()).version == receipt.version
        await notes.update(lambda text: text + "!")
        assert (await notes.read(linearizable=True)).text.endswith("!")


def test_async_through_it(source: Memory, tmp_path: Path) -> None:
    asyncio.run(_work(source._address, tmp_path / "copy.db"))


def test_reads_go_on_while_the_server_is_down(tmp_path: Path) -> None:
    path = tmp_path / "copy.db"
    with PostgresServer() as server:
        address = server.conninfo()
        with Memory(address, actor="lead", follow=path, deadline_s=2) as memory:
            notes = memory.create_task("q3").create_block("notes")
            receipt = notes.append("one")
            assert notes.read().as_of == receipt.revision
            server.kill()
            assert notes.read().text == "one"
            with pytest.raises(errors.CommonplaceError):
                notes.append("lost")
            until(lambda: memory.health().state == "lagging", "it is noticed")
            assert notes.read().text == "one" and memory.why("one").occurrences
            with Memory(address, actor="lead", follow=path, deadline_s=2) as other:
                assert other.task("q3").block("notes").read().text == "one"
            server.start()
            until(lambda: memory.health().state == "ok", "it is well again")
            receipt = notes.append("two")
            assert notes.read().version == receipt.version
            assert memory.audit().ok
