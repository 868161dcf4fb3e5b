"""Servers that are killed under load: standbys that take over, and restarts."""

import os
import random
import threading
from collections.abc import Iterator

import pytest

from commonplace import limits
from commonplace.core.verdict import Accepted, Duplicate, Unknown, Verdict
from commonplace.errors import EngineUnavailable
from commonplace.storage.postgres.engine import PostgresEngine
from commonplace.testing import failover
from commonplace.testing.databases import Databases, connect
from commonplace.testing.postgres import PostgresServer
from commonplace.testing.processes import Crew, Worker
from commonplace.testing.suite.participants import Report, _judge, _prepared, job
from groups import TENANT, appending
from postgres_harness import PostgresHarness
from postgres_wires import opened, texts, until

# -- standbys ------------------------------------------------------------------------------------


def test_a_standby_takes_over_under_load_and_nothing_acknowledged_is_lost():
    report = failover.run(rounds=1, load_s=0.4, seed=7)
    assert report.acknowledged > 8
    assert report.rounds[0].first_s < 5.0


@pytest.mark.soak
def test_ten_failovers_lose_nothing():
    os.write(1, f"\n{failover.run(rounds=10, load_s=2.0, seed=7)}\n".encode())


class Pair:
    """A primary whose commits wait for a standby, and an engine that follows whichever writes."""

    def __init__(self, primary: PostgresServer, standby: PostgresServer, database: str) -> None:
        self.primary, self.standby, self.database = primary, standby, database
        self.hosts = failover.address_of(primary, standby, database=database)

    def waiting(self) -> list[int]:
        """The sessions whose COMMIT waits for the standby."""
        with connect(self.primary.conninfo()) as connection:
            found = connection.execute(
                "SELECT pid FROM pg_stat_activity WHERE wait_event = 'SyncRep'"
            ).fetchall()
        return [pid for (pid,) in found]

    def cancel_a_wait(self) -> None:
        """Have a COMMIT return with a warning, as an operator might who loses patience."""
        until(lambda: bool(self.waiting()), "a commit waits for the standby")
        with connect(self.primary.conninfo()) as connection:
            for pid in self.waiting():
                connection.execute("SELECT pg_cancel_backend($1)", (pid,))


@pytest.fixture(scope="module")
def servers() -> Iterator[tuple[PostgresServer, PostgresServer]]:
    with (
        PostgresServer() as primary,
        PostgresServer.standby_of(primary, name="second") as standby,
    ):
        primary.wait_for("second")
        yield primary, standby


@pytest.fixture
def pair(servers: tuple[PostgresServer, PostgresServer], request) -> Pair:
    primary, standby = servers
    pair = Pair(primary, standby, f"memory_{abs(hash(request.node.name))}")
    with opened(primary.create_database(pair.database), founded=True):
        return pair


class Call:
    """A proposal in a thread of its own."""

    def __init__(self, engine: PostgresEngine, text: str, deadline_s: float = 30.0) -> None:
        self.verdict: Verdict | None = None
        self._thread = threading.Thread(target=self._run, args=(engine, text, deadline_s))
        self._thread.start()

    def _run(self, engine: PostgresEngine, text: str, deadline_s: float) -> None:
        self.verdict = engine.propose(appending(text), deadline_s)

    def answer(self) -> Verdict:
        self._thread.join(30)
        assert self.verdict is not None, "it was not answered"
        return self.verdict


def test_a_commit_that_did_not_wait_for_its_standby_is_no_acknowledgement(pair: Pair):
    with opened(pair.hosts) as engine:
        pair.standby.stop()
        call = Call(engine, "this")
        pair.cancel_a_wait()
        # It landed on the primary, and a retry finds it there; that is not enough.
        until(lambda: bool(pair.waiting()), "another commit waits for the standby")
        assert call.verdict is None
        with opened(pair.primary.conninfo(pair.database)) as near:
            assert texts(near) == ["this"]
        pair.standby.start()
        assert isinstance(call.answer(), Accepted | Duplicate)
        assert texts(engine) == ["this"]


def test_a_retry_waits_for_the_standby_like_the_first_try(pair: Pair, monkeypatch):
    """Whoever retries by its key is told that it landed: then it must be on the standby too."""
    monkeypatch.setattr(limits, "DEADLINE_S", 0.4)
    monkeypatch.setattr(limits, "SETTLE_S", 0.4)
    group = appending("this")
    with opened(pair.hosts) as engine, opened(pair.hosts) as another:
        pair.standby.stop()
        first: list[Verdict] = []
        thread = threading.Thread(target=lambda: first.append(engine.propose(group, 0.4)))
        thread.start()
        pair.cancel_a_wait()
        thread.join(30)
        assert isinstance(first[0], Unknown)
        for pid in pair.waiting():
            with connect(pair.primary.conninfo()) as connection:
                connection.execute("SELECT pg_terminate_backend($1, 5000)", (pid,))
        assert isinstance(another.propose(group, 0.4), Unknown)
        pair.standby.start()
        assert isinstance(another.propose(group, 30.0), Duplicate)
        assert texts(another) == ["this"]


def test_a_standby_is_refused_unless_a_primary_is_named_too(pair: Pair):
    alone = PostgresEngine(pair.standby.conninfo(pair.database))
    with pytest.raises(EngineUnavailable, match=r"is a standby, .*target_session_attrs=read-write"):
        alone.open(create=False)
    hosts = failover.address_of(pair.standby, pair.primary, database=pair.database)
    # Without the word, too: of several hosts a memory wants the one that can be written to.
    with opened(hosts.partition("?")[0]) as engine:
        assert isinstance(engine.propose(appending("this"), 10.0), Accepted)


def test_what_only_the_dead_primary_had_was_acknowledged_to_nobody(pair: Pair):
    # The last of those who share these servers.
    with opened(pair.hosts) as engine:
        assert isinstance(engine.propose(appending("before"), 10.0), Accepted)
        pair.standby.stop()
        call = Call(engine, "this")
        pair.cancel_a_wait()
        until(lambda: bool(pair.waiting()), "another commit waits for the standby")
        pair.primary.kill()
        pair.standby.start()
        assert call.verdict is None
        pair.standby.promote()
        assert isinstance(call.answer(), Accepted), "it is written again where it is not"
        assert texts(engine) == ["before", "this"]
        assert engine.position(TENANT).revision == 3


# -- restarts ------------------------------------------------------------------------------------

_WRITERS = ("w1", "w2", "w3")


def test_a_server_that_is_killed_and_started_again_has_lost_nothing():
    _kill_servers(2, seed=13, writers=_WRITERS[:2])


@pytest.mark.soak
def test_a_hundred_server_kills_lose_nothing():
    _kill_servers(int(os.environ.get("COMMONPLACE_SERVER_KILLS", "100")), seed=13)


def _kill_servers(rounds: int, *, seed: int, writers: tuple[str, ...] = _WRITERS) -> None:
    """Kill -9 the server under several processes, start it again, and wait until all go on."""
    rng, report = random.Random(seed), Report(seed)
    with (
        PostgresServer() as server,
        Databases(server.conninfo()) as databases,
        PostgresHarness(databases) as harness,
    ):
        while report.rounds < rounds:
            _one_memory(harness, server, min(10, rounds - report.rounds), rng, report, writers)
    os.write(1, f"\n{report}\n".encode())


def _one_memory(
    harness: PostgresHarness,
    server: PostgresServer,
    rounds: int,
    rng: random.Random,
    report: Report,
    writers: tuple[str, ...],
) -> None:
    with _prepared(harness) as address, Crew() as crew:
        roles = {**dict.fromkeys(writers, "write"), "r1": "follow"}
        present = [
            crew.hire(job(address, name, role, life=report.rounds, seed=rng.randrange(1 << 30)))
            for name, role in roles.items()
        ]
        crew.ready(*present)
        crew.begin(*present)
        _all_go_on(crew, present[:-1])
        for _ in range(rounds):
            crew.listen_for(rng.uniform(0.0, 0.2))
            server.kill()
            server.start()
            _all_go_on(crew, present[:-1])
            report.rounds += 1
            report.killed["server"] = report.killed.get("server", 0) + 1
        crew.finish(*present)
        _judge(harness, address, crew, report)


def _all_go_on(crew: Crew, writers: list[Worker]) -> None:
    seen = [len(worker.events) for worker in writers]

    def went_on() -> bool:
        return all(
            any(event.outcome == "ok" for event in worker.events[before:])
            for worker, before in zip(writers, seen, strict=True)
        )

    crew.wait(went_on, "everybody goes on", patience_s=100.0)
