"""The engine among others: round trips, stopped holders, forks, threads, interrupts and closing."""

import gc
import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator

import psutil
import pytest

from commonplace import limits
from commonplace.core.verdict import Accepted
from commonplace.errors import CommonplaceError, EngineUnavailable, ForkedMemory
from commonplace.storage.postgres.connections import Connections
from commonplace.storage.postgres.engine import PostgresEngine
from commonplace.storage.postgres.wire import Wire
from commonplace.storage.programs import reading, ticket
from commonplace.storage.step import Statement
from commonplace.testing.databases import Databases, connect
from commonplace.testing.suite.stage import racing, together
from groups import BLOCK, TENANT, appending
from postgres_harness import PostgresHarness
from postgres_wires import opened, proxied, texts, through, until
from processes import Process


@pytest.fixture
def address(databases: Databases) -> Iterator[str]:
    with PostgresHarness(databases) as harness:
        yield harness.address()


@pytest.fixture
def engine(address: str) -> Iterator[PostgresEngine]:
    with opened(address, founded=True) as engine:
        yield engine


@pytest.fixture
def trips(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The names of what each round trip carries."""
    told: list[list[str]] = []
    run = Wire.run

    def counted(self, statements, *more):
        told.append([each.name for each in statements])
        return run(self, statements, *more)

    monkeypatch.setattr(Wire, "run", counted)
    return told


# -- round trips ---------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [1, 64])
def test_a_batch_is_two_round_trips_where_nobody_contends(engine, trips, count: int):
    engine.propose(appending("warm"), 10.0)
    trips.clear()
    verdicts = engine._writer(TENANT)._commit([appending(f"{n}") for n in range(count)])
    assert all(isinstance(verdict, Accepted) for verdict in verdicts)
    assert len(trips) == 2
    first, second = trips
    assert first[:3] == ["begin_write", "tenant_set", "tenant_row_now"]
    assert second[-2:] == ["commit", "notify"]
    assert second.count("log_insert") == 1, "records are stored one by one"


def test_a_point_read_is_one_round_trip(engine, trips):
    engine.position(TENANT)
    assert len(trips) == 1


def test_a_row_that_others_want_costs_one_more(address, engine, trips):
    """Found taken, it is waited for in a round trip of its own, and then in the next as well."""
    with connect(address) as other:
        with other.transaction():
            other.execute("SELECT FROM commonplace.tenant WHERE tenant = $1 FOR UPDATE", (TENANT,))
            thread = threading.Thread(target=engine.propose, args=(appending("this"), 20.0))
            thread.start()
            until(lambda: any(trip[-1] == "tenant_row" for trip in list(trips)), "it waits")
        thread.join(20)
    assert texts(engine) == ["this"]
    trips.clear()
    engine.propose(appending("next"), 10.0)
    assert len(trips) == 3
    until(lambda: _propose_in(engine, trips) == 2, "nobody wants it any more")


def _propose_in(engine: PostgresEngine, trips: list[list[str]]) -> int:
    trips.clear()
    engine.propose(appending("more"), 10.0)
    return len(trips)


# -- a holder that is stopped --------------------------------------------------------------------

HOLDER = """
import os, signal, sys
from commonplace.errors import CommonplaceError
from commonplace.storage.postgres import driver
from commonplace.storage.postgres.engine import PostgresEngine
from commonplace.storage.programs import ticket
from groups import BLOCK, TENANT, appending

driver._IDLE_MS = int(sys.argv[3])
run, armed = driver.Driver._run, []

def stopping(self, step, *more, **named):
    if armed and step and step[-1].name == "commit":
        armed.pop()
        signal.raise_signal(signal.SIGSTOP)  # to this thread: not one step further
    return run(self, step, *more, **named)

driver.Driver._run = stopping
engine = PostgresEngine(sys.argv[1])
engine.open(create=False)
print("open", flush=True)
sys.stdin.readline()
armed.append(True)
try:
    if sys.argv[2] == "batch":
        verdict = engine.propose(appending("from the stopped one"), 30.0)
        print(type(verdict).__name__, verdict.receipts[0].version, flush=True)
    else:
        engine.execute(TENANT, ticket.take(TENANT, [BLOCK], "stopped", "", 0), 30.0)
        print("taken", flush=True)
except CommonplaceError as error:
    print(type(error).__name__, error, flush=True)
engine.close()
"""


ENDS = {"batch": "Accepted 3", "job": "EngineUnavailable Nothing was written"}


def _stopped(holder: Process) -> None:
    """Have it stop where it has loaded what it decides by, and stored nothing."""
    assert holder.hear() == "open"
    holder.say()
    until(lambda: psutil.Process(holder.pid).status() == psutil.STATUS_STOPPED, "it stopped")


@pytest.mark.parametrize("what", ENDS)
def test_a_stopped_holder_is_named_and_once_it_is_ended_it_knows(address, engine, what: str):
    engine.propose(appending("before"), 10.0)
    with Process(HOLDER, address, what, "600000") as holder:
        _stopped(holder)
        named = f"process {holder.pid} on {socket.gethostname()} has been writing"
        for call in (
            lambda: engine.propose(appending("too early"), 0.5),
            lambda: engine.execute(TENANT, ticket.take(TENANT, [BLOCK], "me", "", 0), 0.5),
        ):
            with pytest.raises(EngineUnavailable, match=named) as caught:
                call()
            assert "Nothing was written" in str(caught.value)
        with connect(address) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
                " WHERE application_name LIKE $1 AND state = 'idle in transaction'",
                (f"commonplace {holder.pid} %",),
            )
        _others_go_on(engine, holder, what)


@pytest.mark.parametrize("what", ENDS)
def test_a_stopped_holder_is_ended_by_the_server(address, engine, what: str):
    """Its session sits idle in a transaction, for no longer than the limit."""
    engine.propose(appending("before"), 10.0)
    with Process(HOLDER, address, what, "300") as holder:
        _stopped(holder)
        _others_go_on(engine, holder, what)


def _others_go_on(engine: PostgresEngine, holder: Process, what: str) -> None:
    """And when it is continued it does not believe that it wrote: it writes once, after them."""
    assert isinstance(engine.propose(appending("meanwhile"), 20.0), Accepted)
    holder.send(signal.SIGCONT)
    assert holder.hear().startswith(ENDS[what])
    own = ["from the stopped one"] if what == "batch" else []
    assert texts(engine) == ["before", "meanwhile", *own]
    assert engine.read(TENANT, ticket.look(TENANT, BLOCK)) == []


# -- forks ---------------------------------------------------------------------------------------

PARENT = """
import os, sys
from commonplace.core.verdict import Accepted
from commonplace.errors import ForkedMemory
from commonplace.storage.postgres.engine import PostgresEngine
from commonplace.storage.programs import reading
from commonplace.testing.databases import connect
from groups import TENANT, appending

address, how = sys.argv[1:]
engine = PostgresEngine(address)
engine.open(create=False)
rung = []
end = engine.subscribe(TENANT, lambda: rung.append(1))
ring = engine.hold_bells(60.0)
engine.propose(appending("before the fork"), 10.0)

def sessions():
    with connect(address) as connection:
        return sorted(connection.execute(
            "SELECT pid, backend_start FROM pg_stat_activity WHERE application_name LIKE $1",
            (f"commonplace {os.getpid()} %",),
        ).fetchall())

before, token = sessions(), engine.presence()
assert len(before) >= 2, before
child = os.fork()
if not child:
    told = 0
    for use in (
        lambda: engine.propose(appending("from the child"), 1.0),
        lambda: engine.read(TENANT, reading.head(TENANT)),
        lambda: engine.barrier(TENANT),
        lambda: engine.subscribe(TENANT, print),
        lambda: engine.hold_bells(1.0),
        lambda: engine.open(create=False),
        engine.presence,
    ):
        try:
            use()
        except ForkedMemory:
            told += 1
    end()
    ring()
    engine.close()
    assert told == 7, told
    assert engine.health().state == "halted"
    own = PostgresEngine(address)
    own.open(create=False)
    assert isinstance(own.propose(appending("the child's own"), 10.0), Accepted)
    if how == "hard":
        os._exit(7)
    if how == "closed":
        own.close()
    sys.exit(7)
_, status = os.waitpid(child, 0)
assert os.waitstatus_to_exitcode(status) == 7, status
assert set(before) <= set(sessions()), (before, sessions())
assert engine.presence() == token and engine.is_present(token) is True
ring()
rung.clear()
assert isinstance(engine.propose(appending("the parent goes on"), 10.0), Accepted)
assert rung
print("well", flush=True)
engine.close()
"""


@pytest.mark.parametrize("how", ["hard", "normal", "closed"])
def test_a_child_leaves_its_parent_s_sessions_alone(address, engine, how: str):
    with Process(PARENT, address, how) as parent:
        assert parent.hear() == "well"
    assert texts(engine) == ["before the fork", "the child's own", "the parent goes on"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this platform does not fork")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_a_child_says_so_at_once_though_the_server_is_away(address: str, monkeypatch):
    with proxied(address) as proxy, opened(through(proxy, address), founded=True) as engine:
        proxy.refuse()
        proxy.cut_all()
        child = os.fork()
        if not child:
            try:
                engine.propose(appending("from the child"), 5.0)
            except ForkedMemory:
                os._exit(3)
            finally:
                os._exit(4)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 3


# -- threads -------------------------------------------------------------------------------------


def test_many_threads_share_few_connections(address, engine):
    def work(number: int) -> None:
        for each in range(4):
            engine.propose(appending(f"{number} {each}"), 20.0)
            engine.position(TENANT)

    together(*(lambda n=n: work(n) for n in range(64)))
    assert len(texts(engine)) == 256
    assert len(engine._connections._all) <= limits.CONNECTIONS
    assert engine._connections._opening == 0


def test_a_writer_among_many_readers_gets_its_turn(address, engine, monkeypatch):
    """Connections are handed out in the order in which they were asked for."""
    monkeypatch.setattr(engine._connections, "_most", 4)
    done = threading.Event()

    def read() -> None:
        while not done.is_set():
            engine.position(TENANT)

    def write() -> float:
        longest_s = 0.0
        try:
            for number in range(10):
                began_s = time.monotonic()
                engine.propose(appending(f"{number}"), 20.0)
                longest_s = max(longest_s, time.monotonic() - began_s)
        finally:
            done.set()
        return longest_s

    longest_s, *_ = together(write, *([read] * 24))
    assert longest_s < 2.0


def _slow(gate: threading.Event, inside: threading.Semaphore):
    yield (Statement("begin_read"), Statement("tenant_read", [(TENANT,)]))
    inside.release()
    assert gate.wait(20)
    yield (Statement("commit"),)


def test_whoever_finds_no_connection_is_told_so(engine, monkeypatch):
    monkeypatch.setattr(limits, "DEADLINE_S", 0.1)
    monkeypatch.setattr(engine._connections, "_most", 2)
    gate, inside = threading.Event(), threading.Semaphore(0)
    threads = [
        threading.Thread(target=engine.read, args=(TENANT, _slow(gate, inside))) for _ in range(2)
    ]
    for thread in threads:
        thread.start()
        assert inside.acquire(timeout=20)
    with pytest.raises(EngineUnavailable, match="All 2 connections of this process are in use"):
        engine.position(TENANT)
    gate.set()
    for thread in threads:
        thread.join(20)
    assert engine.position(TENANT).revision == 1


def test_many_threads_are_told_why_when_the_server_is_away(address: str, monkeypatch):
    monkeypatch.setattr(limits, "DEADLINE_S", 0.3)
    with proxied(address) as proxy, opened(through(proxy, address), founded=True) as engine:
        proxy.refuse()
        proxy.cut_all()
        for error in racing(*([lambda: engine.position(TENANT)] * 40)):
            assert isinstance(error, EngineUnavailable)
            assert "cannot be reached" in str(error)
        proxy.refuse(False)
        assert engine.position(TENANT).revision == 1


# -- interrupts ----------------------------------------------------------------------------------


@pytest.mark.parametrize("what", ["read", "propose", "execute"])
def test_an_interrupted_round_trip_leaves_nothing_behind(address: str, what: str):
    with proxied(address) as proxy, opened(through(proxy, address), founded=True) as engine:
        calls: dict[str, Callable[[], object]] = {
            "read": lambda: engine.position(TENANT),
            "propose": lambda: engine.propose(appending("interrupted"), 30.0),
            "execute": lambda: engine.execute(TENANT, _nothing(), 30.0),
        }
        engine.propose(appending("before"), 10.0)
        for _ in range(3):
            proxy.stall()
            timer = threading.Timer(0.05, os.kill, (os.getpid(), signal.SIGINT))
            timer.start()
            with pytest.raises(KeyboardInterrupt):
                calls[what]()
            timer.join()
            proxy.stall(False)
            _all_is_well(address, engine)
        assert isinstance(engine.propose(appending("after"), 10.0), Accepted)
        there = texts(engine)
        assert there[0] == "before"
        assert there[-1] == "after"
        assert len(there) <= 5


def _nothing():
    yield (Statement("begin_write"),)
    yield (Statement("rollback"),)


def _all_is_well(address: str, engine: PostgresEngine) -> None:
    """No session sits in a transaction, none is lost sight of, and the next calls are served."""
    engine.barrier(TENANT)
    engine.position(TENANT)
    with connect(address) as connection:
        until(
            lambda: (
                connection.execute(
                    "SELECT count(*) FROM pg_stat_activity WHERE state LIKE 'idle in transaction%'"
                    " AND datname = current_database()"
                ).fetchone()
                == (0,)
            ),
            "no session is inside a transaction",
        )
    held = engine._connections
    assert len(held._all) == len(held._idle), "a connection was not given back"
    assert held._opening == 0


def test_a_connection_that_is_given_back_in_a_transaction_is_closed(engine):
    driver = engine._connections.take()
    with pytest.raises(ZeroDivisionError):
        driver.run(_in_the_middle(driver), engine._terms(TENANT))
    driver.hold(engine._terms(TENANT))
    assert driver.wire.is_inside
    engine._connections.give_back(driver)
    assert driver.wire.is_lost
    assert isinstance(engine.propose(appending("this"), 10.0), Accepted)


def _in_the_middle(driver):
    yield (Statement("begin_read"), Statement("tenant_read", [(TENANT,)]))
    assert driver.wire.is_inside
    raise ZeroDivisionError


def test_a_connection_that_is_never_given_back_counts_no_more(engine):
    """An interrupt may fall between taking one and knowing it."""
    held: Connections = engine._connections
    before = len(held._all)
    with pytest.warns(ResourceWarning, match="deleted while still open"):
        held.take()
        gc.collect()
    assert len(held._all) == max(before - 1, 0)
    assert engine.position(TENANT).revision == 1


# -- closing -------------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", ["refuse", "stall"])
def test_closing_while_the_server_is_away_is_prompt(address: str, fault: str, monkeypatch):
    monkeypatch.setattr(limits, "DEADLINE_S", 0.5)
    with proxied(address) as proxy:
        engine = PostgresEngine(through(proxy, address))
        engine.open(create=True)
        engine.subscribe(TENANT, lambda: None)
        engine.propose(appending("refused: there is no block"), 10.0)
        getattr(proxy, fault)()
        if fault == "refuse":
            proxy.cut_all()
        calls = [lambda: _error(lambda: engine.propose(appending("queued"), 30.0))] * 6
        if fault == "refuse":
            calls.append(lambda: _error(lambda: engine.position(TENANT)))
        results: list[list[object]] = []
        crowd = threading.Thread(target=lambda: results.append(racing(*calls)))
        crowd.start()
        lane = engine._writer(TENANT)._lane
        until(lambda: lane.depth >= 5, "they queue")
        began_s = time.monotonic()
        engine.close()
        assert time.monotonic() - began_s < 3.0
        crowd.join(20)
        assert results, "somebody is still waiting"
        assert all(result is not None for result in results[0])


def _error(call: Callable[[], object]) -> object:
    try:
        return call()
    except CommonplaceError as error:
        return error


def test_what_is_closed_can_be_opened_again(engine):
    engine.propose(appending("before"), 10.0)
    engine.close()
    engine.close()
    with pytest.raises(EngineUnavailable, match="is not open"):
        engine.read(TENANT, reading.head(TENANT))
    engine.open(create=False)
    assert isinstance(engine.propose(appending("after"), 10.0), Accepted)
    assert texts(engine) == ["before", "after"]


def test_closing_leaves_no_session_and_no_thread(address: str):
    before = {thread.name for thread in threading.enumerate()}
    with opened(address, founded=True) as engine:
        engine.subscribe(TENANT, lambda: None)
        together(*(lambda n=n: engine.propose(appending(f"{n}"), 10.0) for n in range(8)))
    with connect(address) as connection:
        until(
            lambda: (
                connection.execute(
                    "SELECT count(*) FROM pg_stat_activity"
                    " WHERE application_name LIKE 'commonplace %' AND datname = current_database()"
                ).fetchone()
                == (0,)
            ),
            "its sessions have ended",
        )
    until(
        lambda: {t.name for t in threading.enumerate()} - before <= {"commonplace-lane"},
        "its threads have ended",
    )
