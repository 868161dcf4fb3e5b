"""copy: a tenant moves from file to server and back, killed on the way or not."""

import json
import random
import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from commonplace import Memory
from commonplace.cli import exits
from commonplace.cli.meanings import OBJECTS
from commonplace.testing.databases import Databases
from processes import Process
from shell import Shell

ROUNDS = 12
"""Times that a copy is killed before it is let go on to its end."""

COPY = """
import sys
from commonplace.cli import main
from commonplace.storage.programs.upkeep import moving
moving._RECORDS, moving._ROWS = 30, 10  # many pages of few records
main(["copy", "--json", "--as", "sup", *sys.argv[1:]])
"""


@pytest.fixture
def server(databases: Databases) -> Iterator[str]:
    address = databases.take()
    yield address
    databases.give_back(address)


def test_a_team_moves_to_a_server_and_back(team: Shell, server: str, tmp_path: Path) -> None:
    back = tmp_path / "back.db"
    (copied,) = _copied(team, str(team.address), server)
    assert tuple(copied) == ("type", *OBJECTS["copied"].fields)
    assert (copied["ok"], copied["after"], copied["behind"]) == (True, 0, 0)
    _copied(team, server, str(back))
    for words in (
        ("log", "--limit", "0"),
        ("position",),
        ("why", "Churn fell 11%"),
        ("blame", "task/q3:findings"),
        ("timeline", "task/q3"),
        ("show", "task/q3:findings@2"),
    ):
        said = team.lines(*words, "--json")
        assert team.lines(*words, "--json", "--memory", server) == said
        assert team.lines(*words, "--json", "--memory", str(back)) == said
    for address in (server, str(back)):
        assert team.run("audit", "--memory", address).exit_code == exits.OK
        team.lines("export", f"{tmp_path}/{len(address)}.log", "--memory", address)
    team.lines("export", f"{tmp_path}/log")
    assert len({file.read_bytes() for file in tmp_path.glob("*log")}) == 1


def _copied(shell: Shell, *words: str) -> list[dict[str, Any]]:
    return [each for each in shell.objects("copy", *words) if each["type"] == "copied"]


def test_it_says_what_it_does_and_what_came_of_it(team: Shell, tmp_path: Path) -> None:
    target = str(tmp_path / "target.db")
    result = team.run("copy", str(team.address), target)
    position = team.lines("position")[0]
    revision = position.partition(":")[0]
    assert result.exit_code == exits.OK
    assert result.stderr == f"default: {revision} of {revision}\n"
    first, second = result.stdout.splitlines()
    assert first.startswith("ok  tenant default: ")
    assert second.startswith(f"{position}  in both")
    again = team.run("copy", str(team.address), target)
    assert (again.stderr, f"0 receipts copied, from {revision} on" in again.stdout) == ("", True)
    objects = team.objects("copy", str(team.address), str(tmp_path / "third.db"))
    assert [each["type"] for each in objects] == ["copying", "copied"]
    assert tuple(objects[0]) == ("type", *OBJECTS["copying"].fields)


def test_all_tenants_go_one_after_the_other(team: Shell, server: str, tmp_path: Path) -> None:
    for tenant in ("b", "c[red]"):
        Memory(team.address, actor="sup", tenant=tenant).open().close()
    found = _copied(team, str(team.address), server, "--all-tenants")
    assert [each["tenant"] for each in found] == ["b", "c[red]", "default"]
    back = str(tmp_path / "back.db")
    assert len(_copied(team, server, back, "--all-tenants")) == 3
    assert len(_copied(team, server, back, "--tenant", "b")) == 1
    both = team.run("copy", server, back, "--tenant", "b", "--all-tenants")
    assert both.exit_code == exits.USAGE
    bound = team.run("copy", f"{server}?options=-c%20role%3Dcommonplace", back, "--all-tenants")
    assert (bound.exit_code, "tenant by tenant" in bound.stderr) == (exits.UNAVAILABLE, True)


def test_what_is_in_the_way_is_told_by_the_exit_code(team: Shell, tmp_path: Path) -> None:
    source, target = str(team.address), tmp_path / "target.db"
    for words, code in (
        ((source, source), exits.USAGE),
        ((source, ":memory:"), exits.USAGE),
        ((str(tmp_path / "no.db"), str(target)), exits.NOT_FOUND),
        ((source, str(target), "--tenant", "no"), exits.NOT_FOUND),
        ((source, str(tmp_path / "no" / "target.db")), exits.NOT_FOUND),
        ((source, "postgresql://nobody@127.0.0.1:1/x"), exits.UNAVAILABLE),
        ((source, str(target), "--as", "web"), exits.DENIED),
    ):
        assert team.run("copy", *words).exit_code == code, words
    assert not target.exists()
    assert "The tenant's owner is sup" in team.run("copy", source, str(target), actor="web").stderr
    with Memory(target, actor="sup") as other:
        other.create_task("another")
    before = Shell(target).lines("position")
    refused = team.run("copy", source, str(target))
    assert (refused.exit_code, "another log" in refused.stderr) == (exits.CONFLICT, True)
    assert Shell(target).lines("position") == before


def test_findings_at_the_target_are_told_and_fail(team: Shell, server: str) -> None:
    _copied(team, str(team.address), server)
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute("UPDATE commonplace.log SET actor = 'eve' WHERE region = 'findings'")
    result = team.run("copy", str(team.address), server)
    assert result.exit_code == exits.FINDINGS
    assert result.stdout.startswith("FINDINGS")
    assert "the record was edited" in result.stdout


@pytest.mark.parametrize("back", [False, True], ids=["to_postgres", "from_postgres"])
def test_killed_anywhere_and_run_again_it_goes_on(
    team: Shell, server: str, tmp_path: Path, back: bool
) -> None:
    """Real processes and kill -9, while somebody goes on writing at the source."""
    _write_more(team.address, 600)
    source, target = str(team.address), server
    if back:
        _copied(team, source, server)
        source, target = server, str(tmp_path / "back.db")
    chance, reached = random.Random(7), [0]
    with Memory(source, actor="sup") as memory:
        block = memory.task("q3").block("findings")
        done = threading.Event()
        told = threading.Event()

        def write() -> None:
            number = 0
            while not done.is_set():
                block.append(f"late {number}", idempotency_key=f"late-{number}")
                number += 1
                told.wait(0.005)

        writer = threading.Thread(target=write)
        writer.start()
        try:
            for _ in range(ROUNDS):
                reached.append(_killed(source, target, chance.randrange(3)) or reached[-1])
        finally:
            done.set()
            told.set()
            writer.join()
    assert reached == sorted(reached)
    assert reached[-1] > reached[0]
    done_at = _ended(source, target)
    assert done_at["ok"]
    assert (done_at["after"] > 0, done_at["behind"]) == (True, 0)
    said = team.lines("position", "--memory", source)
    assert team.lines("position", "--memory", target) == said
    names = [tmp_path / "source.log", tmp_path / "target.log"]
    for address, name in zip((source, target), names, strict=True):
        team.lines("export", str(name), "--memory", address)
        assert team.run("audit", "--memory", address).exit_code == exits.OK
    assert names[0].read_bytes() == names[1].read_bytes()
    with Memory(target, actor="sup", create=False) as memory:
        block = memory.task("q3").block("findings")
        head = memory.position()
        for number in range(0, 600, 7):
            assert block.append(f"more {number}", idempotency_key=f"more-{number}").repeated
        assert block.append("late 0", idempotency_key="late-0").repeated
        assert memory.position() == head


def _write_more(address: Path, count: int) -> None:
    with Memory(address, actor="sup") as memory:
        block = memory.task("q3").block("findings")
        for number in range(count):
            block.append(f"more {number}", idempotency_key=f"more-{number}")


def _killed(source: str, target: str, pages: int) -> int:
    """Copy, and kill -9 after so many pages; the revision that was reached then."""
    with Process(COPY, source, target) as process:
        reached = 0
        for _ in range(pages + 1):
            line = process.hear()
            if line:
                reached = int(json.loads(line)["revision"])
        process.send(signal.SIGKILL)
    return reached


def _ended(source: str, target: str) -> dict[str, Any]:
    """Copy to the end; what came of it."""
    with Process(COPY, source, target) as process:
        lines = []
        while line := process.hear():
            lines.append(line)
        assert process.end() == 0
    found: dict[str, Any] = json.loads(lines[-1])
    return found
