"""Bells: a hint for each batch at most, and a poll that needs none."""

import os
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack

import pytest
from psycopg import conninfo

from commonplace import limits
from commonplace.core.verdict import Accepted, Verdict
from commonplace.model.write import WriteGroup
from commonplace.storage.postgres import bells
from commonplace.storage.postgres.bells import Bells, channel_of
from commonplace.storage.postgres.engine import PostgresEngine
from commonplace.storage.postgres.opening import Server
from commonplace.storage.programs import ticket
from commonplace.testing import pgbouncer, suite
from commonplace.testing.databases import Databases, connect
from commonplace.testing.suite.stage import together
from groups import BLOCK, TENANT, appending
from postgres_harness import PostgresHarness
from postgres_wires import opened, proxied, through, until
from processes import Process


@pytest.fixture
def harness(databases: Databases) -> Iterator[PostgresHarness]:
    with PostgresHarness(databases) as harness:
        yield harness


@pytest.fixture
def engine(harness: PostgresHarness) -> Iterator[PostgresEngine]:
    with opened(harness.address(), founded=True) as engine:
        yield engine


def address_of(engine: PostgresEngine) -> str:
    return conninfo.make_conninfo(**engine._place.options)


class Ear:
    """Hears every notification of a tenant, until it is asked what it heard."""

    def __init__(self, address: str) -> None:
        self._connection = connect(address)
        self._connection.execute(f"LISTEN {channel_of(TENANT)}")

    def heard(self) -> int:
        """How many there were; a last one of its own marks the end."""
        with connect(self._connection.info.dsn) as other:
            other.execute("SELECT pg_notify($1, 'end')", (channel_of(TENANT),))
        for count, note in enumerate(self._connection.notifies(timeout=20)):
            if note.payload == "end":
                return count
        raise AssertionError("the end was not heard")

    def close(self) -> None:
        self._connection.close()


@pytest.fixture
def ear(engine: PostgresEngine) -> Iterator[Ear]:
    ear = Ear(address_of(engine))
    yield ear
    ear.close()


# -- notifications -------------------------------------------------------------------------------


def test_a_batch_notifies_once_whatever_it_holds(engine: PostgresEngine, ear: Ear):
    lane, batches = engine._writer(TENANT)._lane, list[int]()
    commit = lane._commit

    def counted(groups: Sequence[WriteGroup]) -> Sequence[Verdict]:
        batches.append(len(groups))
        return commit(groups)

    lane._commit = counted
    together(*(lambda n=n: engine.propose(appending(f"{n}"), 10.0) for n in range(32)))
    assert sum(batches) == 32
    assert ear.heard() == len(batches)


def test_what_stores_nothing_notifies_nobody(engine: PostgresEngine, ear: Ear):
    group = appending("this")
    engine.propose(group, 10.0)
    engine.propose(group, 10.0)
    engine.position(TENANT)
    assert ear.heard() == 1


def test_bells_that_are_held_ring_once_after(engine: PostgresEngine, ear: Ear):
    ring = engine.hold_bells(60.0)
    for number in range(5):
        engine.propose(appending(f"{number}"), 10.0)
    assert ear.heard() == 0
    ring()
    assert ear.heard() == 1
    ring()
    assert ear.heard() == 0, "it rang twice"


def test_bells_that_are_held_too_long_ring_by_themselves(engine: PostgresEngine, ear: Ear):
    ring = engine.hold_bells(0.05)
    engine.propose(appending("this"), 10.0)
    until(lambda: not engine._bells.are_held, "the wait is over")
    assert ear.heard() == 1
    ring()
    assert ear.heard() == 0


def test_bells_held_for_nothing_do_not_ring(engine: PostgresEngine, ear: Ear):
    engine.hold_bells(60.0)()
    assert ear.heard() == 0


def test_bells_let_go_while_the_server_is_away_raise_nothing(harness, monkeypatch):
    monkeypatch.setattr(limits, "DEADLINE_S", 0.1)
    address = harness.address()
    with proxied(address) as proxy, opened(through(proxy, address), founded=True) as engine:
        ring = engine.hold_bells(60.0)
        engine.propose(appending("this"), 10.0)
        proxy.refuse()
        proxy.cut_all()
        ring()


# -- without notifications -----------------------------------------------------------------------


@pytest.fixture
def deaf(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if the server let nobody listen."""
    monkeypatch.setattr(Server, "session", lambda self: None)


def test_a_lost_notification_is_made_good_by_the_poll(harness: PostgresHarness, monkeypatch):
    monkeypatch.setattr(Bells, "_listen_for", _deafly(Bells._listen_for))
    _hears_of(harness, harness.address())


def _deafly(listen):
    """Waits as long, and takes no notice of what it hears."""

    def listen_for(self, wait_s, hears):
        return listen(self, wait_s, {})

    return listen_for


@pytest.mark.usefixtures("deaf")
def test_the_poll_alone_tells_of_commits_of_others(harness: PostgresHarness):
    _hears_of(harness, harness.address())


def _hears_of(harness: PostgresHarness, address: str) -> None:
    with opened(address, founded=True) as one, opened(address) as other:
        rung = threading.Event()
        end = other.subscribe(TENANT, rung.set)
        for number in range(3):
            rung.wait(0.05)  # whatever the first look was about
            rung.clear()
            one.propose(appending(f"{number}"), 10.0)
            assert rung.wait(10 * limits.BACKSTOP_S), "nobody was told"
        end()


@pytest.mark.usefixtures("deaf")
def test_a_place_given_back_is_seen_though_no_revision_moved(harness: PostgresHarness):
    """What waits in a queue of updates waits for a ticket: no commit of the log tells of it."""
    address = harness.address()
    with opened(address, founded=True) as one, opened(address) as other:
        (number,) = one.execute(TENANT, ticket.take(TENANT, [BLOCK], "me", "", 0), 10.0)
        rung = threading.Event()
        end = other.subscribe(TENANT, rung.set)
        while rung.wait(2 * limits.BACKSTOP_S):
            rung.clear()
        before = one.position(TENANT)
        one.execute(TENANT, ticket.drop(TENANT, BLOCK, [(number, "me")]), 10.0)
        assert rung.wait(10 * limits.BACKSTOP_S), "nobody was told"
        assert one.position(TENANT) == before
        end()


class Clock:
    """Stands for the wait between two looks: notes how long each is, and waits for none."""

    def __init__(self) -> None:
        self.waits: list[float] = []
        self.gate = threading.Semaphore(0)

    def listen_for(self, wait_s: float, hears: object) -> None:
        self.waits.append(wait_s)
        self.gate.acquire()


def test_polls_grow_rarer_while_nothing_happens_and_frequent_when_something_does():
    head, clock, looks = [0], Clock(), []

    def look(tenant: str) -> int:
        looks.append(tenant)
        return head[0]

    made = Bells(lambda: None, look, lambda tenant: None)
    made._listen_for = clock.listen_for  # type: ignore[method-assign]
    rung = threading.Event()
    end = made.subscribe(TENANT, rung.set)
    for _ in range(20):
        clock.gate.release()
    until(lambda: len(clock.waits) == 21, "it looked twenty times")
    waits = clock.waits
    assert waits[0] <= 0.01
    assert waits == sorted(waits)
    assert waits[-1] == limits.BACKSTOP_S
    assert sum(waits[:12]) > 5 * sum(waits[:6]), "they do not grow rarer"
    assert not rung.is_set()
    head[0] = 1
    clock.gate.release()
    until(lambda: len(clock.waits) == 22, "it looked again")
    assert rung.is_set()
    assert waits[-1] == bells._SOONEST_S
    end()
    asked = len(looks)
    clock.gate.release()
    until(lambda: len(clock.waits) == 23, "it went on")
    assert len(looks) == asked, "it looks for nobody"
    closing = threading.Thread(target=made.close)
    closing.start()
    clock.gate.release()
    closing.join()


# -- sessions that come and go -------------------------------------------------------------------


def test_a_listening_session_that_is_ended_is_made_again(engine: PostgresEngine, harness):
    token = engine.presence()
    rung = threading.Event()
    engine.subscribe(TENANT, rung.set)
    with connect(address_of(engine)) as connection:
        connection.execute("SELECT pg_terminate_backend($1)", (int(token.split("-")[0]),))
    until(lambda: engine.is_present(token) is False, "the server tells that it has ended")
    until(lambda: engine.presence() != token, "another token stands for it")
    assert engine.is_present(engine.presence()) is True
    with opened(address_of(engine)) as other:
        until(lambda: rung.wait(0.01) or True, "settled")
        while rung.wait(2 * limits.BACKSTOP_S):
            rung.clear()
        other.propose(appending("this"), 10.0)
        assert rung.wait(10.0)


# -- the suite -----------------------------------------------------------------------------------

CHOSEN = [
    "test_watch_delivers_every_commit_in_order_and_once",
    "test_updates_of_processes_all_count",
    "test_first_opener_may_leave_and_the_others_go_on",
    "test_dead_head_of_the_update_queue_is_passed_over",
]


class PooledHarness(PostgresHarness):
    """Every memory is reached through PgBouncer, which hands sessions around."""

    name = "PostgreSQL behind PgBouncer"

    def __init__(self, databases: Databases, stack: ExitStack) -> None:
        super().__init__(databases)
        self._stack = stack

    def address(self) -> str:
        return self._stack.enter_context(pgbouncer.pgbouncer(super().address()))


@pytest.fixture
def pooled(databases: Databases) -> Iterator[PooledHarness]:
    if reason := pgbouncer.why_not():
        pytest.skip(reason)
    with ExitStack() as stack:
        harness = PooledHarness(databases, stack)
        stack.callback(lambda: harness.__exit__(None, None, None))
        with ExitStack() as poolers:
            harness._stack = poolers
            yield harness


@pytest.mark.parametrize("test", CHOSEN)
def test_the_suite_passes_behind_a_pooler(pooled: PooledHarness, test: str):
    getattr(suite, test)(pooled)


@pytest.mark.usefixtures("deaf")
@pytest.mark.parametrize("test", [CHOSEN[0], "test_concurrent_updates_all_count"])
def test_the_suite_passes_where_nobody_may_listen(harness: PostgresHarness, test: str):
    getattr(suite, test)(harness)


def test_behind_a_pooler_the_kernel_tells_who_lives(pooled: PooledHarness):
    with opened(pooled.address(), founded=True) as engine:
        assert engine._server.is_pooled
        token = engine.presence()
        assert engine.is_present(token) is True
        with Process(
            "import sys; from commonplace.storage.postgres import neighbours;"
            "print(neighbours.token(), flush=True); sys.stdin.readline()"
        ) as other:
            token = other.hear()
            assert engine.is_present(token) is True
            other.kill()
            assert engine.is_present(token) is False
        host, pid, began = token.split(" ")
        assert engine.is_present(f"{host} {os.getpid()} {began}") is False, "its number is reused"
        assert engine.is_present(f"elsewhere {pid} {began}") is None
        assert engine.is_present("") is None
        assert isinstance(engine.propose(appending("this"), 10.0), Accepted)
