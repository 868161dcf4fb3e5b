"""Lost answers, lost commits and servers that are away: each caller learns how its write ended."""

import asyncio
import contextlib
import os
import random
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from commonplace import AsyncMemory, Memory, limits
from commonplace.core.verdict import Accepted, Duplicate, Refusal, Unknown, Verdict
from commonplace.errors import CommonplaceError, EngineUnavailable, OutcomeUnknown
from commonplace.model.entry import EntryKey
from commonplace.storage.postgres.engine import PostgresEngine
from commonplace.storage.programs import reading, ticket
from commonplace.storage.step import Statement
from commonplace.testing.checker import check
from commonplace.testing.databases import Databases, connect
from commonplace.testing.history import Event, History
from commonplace.testing.proxy import Proxy
from commonplace.testing.replay import texts_of
from commonplace.testing.suite.stage import TASK, Stage, racing, together
from groups import BLOCK, TENANT, appending, creating
from postgres_harness import PostgresHarness
from postgres_wires import opened, proxied, texts, through, until

SEED = 20_261


@pytest.fixture
def harness(databases: Databases) -> Iterator[PostgresHarness]:
    with PostgresHarness(databases) as harness:
        yield harness


@pytest.fixture
def address(harness: PostgresHarness) -> str:
    return harness.address()


@pytest.fixture
def proxy(address: str) -> Iterator[Proxy]:
    with proxied(address) as proxy:
        yield proxy


@pytest.fixture
def near(address: str) -> Iterator[PostgresEngine]:
    """An engine that no fault comes near, on a block that is there."""
    with opened(address, founded=True) as engine:
        yield engine


@pytest.fixture
def far(near: PostgresEngine, proxy: Proxy, address: str) -> Iterator[PostgresEngine]:
    """An engine whose wire fails when it is told to."""
    with opened(through(proxy, address)) as engine:
        engine.propose(appending("before"), 10.0)
        yield engine


def of(verdict: Verdict) -> tuple[int, int]:
    assert isinstance(verdict, Accepted | Duplicate), verdict
    return verdict.receipts[0].revision, verdict.receipts[0].version


# -- one commit ----------------------------------------------------------------------------------


@pytest.mark.parametrize("times", [1, 2])
@pytest.mark.parametrize("fault", ["lose_answers_of_commits", "lose_commits"])
def test_a_write_has_one_outcome_and_is_there_once(near, far, proxy: Proxy, fault: str, times: int):
    getattr(proxy, fault)(times)
    assert of(far.propose(appending("this"), 10.0)) == (3, 2)
    assert of(far.propose(appending("after"), 10.0)) == (4, 3)
    assert texts(near) == ["before", "this", "after"]
    assert proxy.answers_lost + proxy.commits_lost == times


@pytest.mark.parametrize("fault", ["lose_answers_of_commits", "lose_commits"])
def test_every_write_of_a_batch_has_its_own_outcome(near, far, proxy: Proxy, fault: str):
    """Some queue while the first is under way, so that batches of several are hit."""
    proxy.delay_commits(0.02)
    getattr(proxy, fault)(3)
    verdicts = together(*(lambda n=n: far.propose(appending(f"line {n}"), 10.0) for n in range(24)))
    assert sorted(of(verdict)[1] for verdict in verdicts) == list(range(2, 26))
    assert sorted(texts(near)) == sorted(["before", *(f"line {n}" for n in range(24))])
    for number, verdict in enumerate(verdicts):
        assert texts(near)[of(verdict)[1] - 1] == f"line {number}"


def test_coroutines_have_their_outcomes_too(near, far, proxy: Proxy):
    async def work() -> list[Verdict]:
        calls = (far.propose_async(appending(f"line {n}"), 10.0) for n in range(24))
        return await asyncio.gather(*calls)

    proxy.delay_commits(0.02)
    proxy.lose_answers_of_commits(2)
    for number, verdict in enumerate(asyncio.run(work())):
        assert texts(near)[of(verdict)[1] - 1] == f"line {number}"


def test_a_refusal_is_a_refusal_though_its_answer_was_lost(far, proxy: Proxy):
    """Nothing is committed for a refusal, so nothing is in doubt: it is decided again."""
    proxy.lose_answers_of_commits(1)
    assert isinstance(far.propose(creating(), 10.0), Accepted)  # an identical one: a no-op
    assert proxy.answers_lost == 0
    absent = EntryKey("agent/web-1", "absent")
    assert isinstance(far.propose(appending("x", absent), 10.0), Refusal)


def test_a_group_and_a_key_survive_lost_answers(harness, address: str, proxy: Proxy):
    stage = Stage(harness, {}, address=address)
    for name in ("left", "right"):
        stage.task.create_block(name)
    with contextlib.closing(stage), Memory(through(proxy, address), actor="owner") as far:
        left, right = (far.task(TASK).block(name) for name in ("left", "right"))
        proxy.lose_answers_of_commits(1)
        with far.atomic() as group:
            left.append("both")
            right.append("both")
        assert len({receipt.revision for receipt in group.receipts}) == 1
        proxy.lose_answers_of_commits(1)
        first = left.append("keyed", idempotency_key="k1")
        again = left.append("keyed", idempotency_key="k1")
        assert (first.revision, first.version) == (again.revision, again.version)
        assert again.repeated
        assert proxy.answers_lost == 2
        assert stage.block("left").read().text == "both\nkeyed"
        assert stage.block("right").read().text == "both"


@pytest.mark.parametrize(("fault", "landed"), [("lose_answers_of_commits", 1), ("lose_commits", 0)])
def test_a_job_whose_answer_was_lost_says_that_it_does_not_know(
    near, far, proxy: Proxy, fault: str, landed: int
):
    getattr(proxy, fault)(1)
    with pytest.raises(OutcomeUnknown, match="Look whether it landed"):
        far.execute(TENANT, ticket.take(TENANT, [BLOCK], "me", "", 0), 10.0)
    assert len(near.read(TENANT, ticket.look(TENANT, BLOCK))) == landed
    assert far.execute(TENANT, ticket.take(TENANT, [BLOCK], "you", "", 0), 10.0) == [landed + 1]


def test_an_update_whose_place_in_the_queue_got_no_answer_holds_up_nobody(
    harness, address: str, proxy: Proxy, monkeypatch
):
    """A place that nobody knows of would keep all others waiting while its holder lives."""
    execute = PostgresEngine.execute
    armed = [True]

    def losing(self, *asked):
        if armed:
            armed.pop()
            proxy.lose_answers_of_commits(1)
        return execute(self, *asked)

    stage = Stage(harness, {}, address=address)
    with contextlib.closing(stage), Memory(through(proxy, address), actor="owner") as far:
        stage.task.create_block("count").append("0")
        monkeypatch.setattr(PostgresEngine, "execute", losing)
        for number in range(1, 4):
            far.task(TASK).block("count").update(lambda text: str(int(text) + 1))
            assert stage.block("count").read().text == str(number)
        assert proxy.answers_lost == 1
        assert stage.queue("count") == 0


# -- connections that are cut, refused and stalled -----------------------------------------------


def test_what_is_cut_between_two_calls_is_not_noticed(near, far, proxy: Proxy):
    for number in range(5):
        proxy.cut_all()
        assert of(far.propose(appending(f"line {number}"), 10.0))[1] == number + 2
        proxy.cut_all()
        assert far.position(TENANT) == near.position(TENANT)
        proxy.cut_all()
        far.execute(TENANT, ticket.take(TENANT, [BLOCK], "me", "", 0), 10.0)
        proxy.cut_all()
        assert far.barrier(TENANT) == near.position(TENANT)
    assert texts(near) == ["before", *(f"line {number}" for number in range(5))]


def test_a_read_that_is_under_way_is_asked_again(far, proxy: Proxy):
    for program in (reading.head(TENANT), _in_a_transaction()):
        proxy.stall()
        answered: list[object] = []
        thread = threading.Thread(
            target=lambda program=program, told=answered: told.append(far.read(TENANT, program))
        )
        thread.start()
        before = proxy.connections
        assert not answered
        proxy.cut_all()
        proxy.stall(False)
        thread.join(20)
        assert answered
        assert proxy.connections > before


def _in_a_transaction():
    (_, rows) = yield (Statement("begin_read"), Statement("tenant_read", [(TENANT,)]))
    yield (Statement("commit"),)
    return rows


def test_a_server_that_refuses_is_waited_for_up_to_the_deadline(near, far, proxy: Proxy):
    proxy.refuse()
    proxy.cut_all()
    calls = [lambda n=n: far.propose(appending(f"lost {n}"), 0.3) for n in range(4)]
    began_s = time.monotonic()
    for error in _errors(*calls):
        assert isinstance(error, EngineUnavailable)
        assert "Nothing was written" in str(error)
        assert f"127.0.0.1:{proxy.port}" in str(error), "the server is not named"
    assert time.monotonic() - began_s < 3.0

    waiting = threading.Thread(target=lambda: far.propose(appending("patient"), 20.0))
    waiting.start()
    until(lambda: far._writers[TENANT]._lane.depth == 1, "it queues")
    proxy.refuse(False)
    waiting.join(20)
    assert texts(near) == ["before", "patient"]


def test_coroutines_wait_up_to_their_deadline(near, far, proxy: Proxy):
    async def work() -> None:
        with pytest.raises(EngineUnavailable, match="Nothing was written"):
            await far.propose_async(appending("lost"), 0.2)
        patient = asyncio.ensure_future(far.propose_async(appending("patient"), 20.0))
        proxy.refuse(False)
        assert isinstance(await patient, Accepted)

    proxy.refuse()
    proxy.cut_all()
    asyncio.run(work())
    assert texts(near) == ["before", "patient"]


def test_a_read_says_that_the_server_is_away(far, proxy: Proxy, monkeypatch):
    monkeypatch.setattr(limits, "DEADLINE_S", 0.2)
    proxy.refuse()
    proxy.cut_all()
    with pytest.raises(EngineUnavailable, match="cannot be reached"):
        far.read(TENANT, reading.head(TENANT))
    assert far.health().state == "halted"
    proxy.refuse(False)
    assert far.health().state == "ok"


def test_a_wire_that_stalls_is_given_up(near, far, proxy: Proxy, monkeypatch):
    """TCP takes every byte and nothing comes back: nobody but a clock notices."""
    monkeypatch.setattr(limits, "DEADLINE_S", 0.3)
    monkeypatch.setattr(limits, "SETTLE_S", 0.3)
    proxy.stall()
    errors = _errors(*(lambda n=n: far.propose(appending(f"lost {n}"), 0.3) for n in range(3)))
    assert all(isinstance(error, EngineUnavailable | Unknown) for error in errors)
    proxy.cut_all()  # what was held back is never said
    proxy.stall(False)
    assert isinstance(far.propose(appending("after"), 20.0), Accepted)
    there = texts(near)
    for number, error in enumerate(errors):
        at_most = 0 if isinstance(error, EngineUnavailable) else 1
        assert there.count(f"lost {number}") <= at_most, error


def test_a_commit_that_stalls_is_unknown_and_settled_by_its_key(near, far, proxy, monkeypatch):
    monkeypatch.setattr(limits, "DEADLINE_S", 0.3)
    monkeypatch.setattr(limits, "SETTLE_S", 0.3)
    group = appending("this")
    proxy.delay_commits(30.0)
    assert isinstance(far.propose(group, 0.3), Unknown)
    with pytest.raises(EngineUnavailable, match=f"process {os.getpid()} on .* has been writing"):
        near.propose(appending("another"), 1.5)
    proxy.delay_commits(0)
    proxy.cut_all()
    assert isinstance(far.propose(group, 20.0), Accepted | Duplicate)
    assert texts(near) == ["before", "this"]


# -- what a server refuses -----------------------------------------------------------------------


def test_a_statement_that_fails_hurts_its_author_alone(near, far, address: str):
    """Not tried again until the deadline: a trigger that refuses one text refuses it at once."""
    with connect(address) as connection:
        connection.execute(_TRIGGER)
        try:
            began_s = time.monotonic()
            results = racing(
                *(lambda n=n: far.propose(appending(f"poison {n}"), 20.0) for n in range(3)),
                *(lambda n=n: far.propose(appending(f"line {n}"), 20.0) for n in range(9)),
            )
            assert time.monotonic() - began_s < 10.0
        finally:
            connection.execute("DROP TRIGGER no_poison ON commonplace.log")
    for result in results[:3]:
        assert isinstance(result, EngineUnavailable)
        assert "no poison" in str(result)
    assert all(isinstance(result, Accepted) for result in results[3:])
    assert sorted(texts(near)) == ["before", *(f"line {n}" for n in range(9))]


_TRIGGER = """
CREATE OR REPLACE FUNCTION pg_temp.refuse_poison() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF convert_from(NEW.payload, 'UTF8') LIKE '%poison%' THEN
        RAISE 'no poison';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER no_poison BEFORE INSERT ON commonplace.log
    FOR EACH ROW EXECUTE FUNCTION pg_temp.refuse_poison();
"""


def test_a_session_that_is_ended_in_its_transaction_knows_that_it_wrote_nothing(near, far, address):
    """The server says goodbye before COMMIT is read: that is no lost answer."""

    def ended():
        yield from _begun()
        with connect(address) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
                " WHERE state = 'idle in transaction'"
            )
        yield _touching()

    with pytest.raises(EngineUnavailable, match="Nothing was written"):
        far.execute(TENANT, ended(), 10.0)
    assert near.read(TENANT, ticket.look(TENANT, BLOCK)) == []


def _begun():
    yield (Statement("begin_write"),)


def _touching():
    row = (TENANT, *BLOCK, 1, "me", "", 0)
    return (Statement("ticket_insert", [row]), Statement("commit"))


# -- many rounds ---------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", [SEED, SEED + 1])
def test_a_history_through_a_failing_wire_is_linearizable(harness, address, proxy, seed: int):
    _failing_rounds(harness, address, proxy, seed, calls=15)


@pytest.mark.soak
def test_many_histories_through_a_failing_wire_are_linearizable(harness, address, proxy):
    for seed in range(30):
        _failing_rounds(harness, address, proxy, seed, calls=60)
        harness.__exit__(None, None, None)
        address = harness.address()


def _failing_rounds(
    harness: PostgresHarness, address: str, proxy: Proxy, seed: int, *, calls: int
) -> None:
    """Threads and coroutines write, and the wire is cut at moments of the seed's choice."""
    stage = Stage(harness, {f"c{n}": "owner" for n in range(6)}, address=address)
    try:
        for name, text in (("log", "begin"), ("board", "a 0\nb 0"), ("left", "x"), ("right", "x")):
            stage.task.create_block(name).append(text)
        history, done = History(), threading.Event()
        all_open = threading.Barrier(5, timeout=20)
        breaker = threading.Thread(target=_break, args=(proxy, random.Random(seed), all_open, done))
        breaker.start()
        try:
            far = through(proxy, address)
            together(
                *(
                    lambda n=n: _thread(
                        far, f"c{n}", history, random.Random(seed + n), calls, all_open
                    )
                    for n in range(3)
                ),
                lambda: asyncio.run(_coroutines(far, history, calls, all_open)),
            )
        finally:
            done.set()
            breaker.join()
            proxy.refuse(False)
        violations = check(stage.log(), history.events, texts_of)
        assert not violations, f"seed {seed}:\n" + "\n".join(violations[:10])
        left, right = (stage.block(name).read().text for name in ("left", "right"))
        assert left == right, f"seed {seed}: half a group was written"
        report = stage.owner.audit()
        assert report.ok, f"seed {seed}: {report.findings}"
        landed = sum(event.outcome == "ok" for event in history.events)
        assert landed > len(history.events) / 2, f"seed {seed}: {landed} of {len(history.events)}"
    finally:
        stage.close()


def _break(
    proxy: Proxy, rng: random.Random, all_open: threading.Barrier, done: threading.Event
) -> None:
    all_open.wait()
    while not done.wait(rng.uniform(0.0, 0.03)):
        fault = rng.choice(("cut", "cut", "answer", "answer", "commit", "refuse"))
        if fault == "cut":
            proxy.cut_all()
        elif fault == "answer":
            proxy.lose_answers_of_commits(1)
        elif fault == "commit":
            proxy.lose_commits(1)
        else:
            proxy.refuse()
            proxy.cut_all()
            done.wait(rng.uniform(0.0, 0.02))
            proxy.refuse(False)


def _thread(
    address: str, client: str, history: History, rng: random.Random, calls: int,
    all_open: threading.Barrier,
) -> None:  # fmt: skip
    with Memory(address, actor=client) as memory:
        all_open.wait()
        task = memory.task(TASK)
        for number in range(calls):
            key, kind = f"{client}-{number}", rng.choice(("log", "board", "pair", "read"))
            if kind == "log":
                _noted(
                    history, client, "append", "log", key,
                    lambda key=key: task.block("log").append(key, idempotency_key=key),
                )  # fmt: skip
            elif kind == "read":
                _noted(history, client, "read", "log", "", task.block("log").read)
            elif kind == "board":
                read = _noted(history, client, "read", "board", "", task.block("board").read)
                line = rng.choice((read.text or "a 0").split("\n"))
                _noted(
                    history, client, "replace", "board", key,
                    lambda key=key, line=line, at=read.version: task.block("board").replace(
                        line, f"{line[:1]} {key}", expect=at, idempotency_key=key
                    ),
                    expect=read.version,
                )  # fmt: skip
            else:
                _noted(
                    history, client, "append", "left", key,
                    lambda key=key: _pair(memory, key),
                )  # fmt: skip


def _pair(memory: Memory, key: str):
    with memory.atomic(key=key) as group:
        memory.task(TASK).block("left").append(key)
        memory.task(TASK).block("right").append(key)
    return group.receipts[0]


def _noted(
    history: History, client: str, operation: str, block: str, key: str,
    call: Callable, expect: int | None = None,
) -> Event:  # fmt: skip
    return history.record(client, operation, f"task/{TASK}:{block}", call, key=key, expect=expect)


async def _coroutines(
    address: str, history: History, calls: int, all_open: threading.Barrier
) -> None:
    opened = asyncio.Barrier(3)

    async def work(client: str) -> None:
        async with AsyncMemory(address, actor=client) as memory:
            log = memory.task(TASK).block("log")
            if await opened.wait() == 0:
                await asyncio.to_thread(all_open.wait)
            for number in range(calls):
                key = f"{client}-{number}"
                asked_ns = time.monotonic_ns()
                try:
                    receipt = await log.append(key, idempotency_key=key)
                    told = ("ok", receipt.version, receipt.revision)
                except OutcomeUnknown:
                    told = ("unknown", 0, 0)
                except CommonplaceError:
                    told = ("refused", 0, 0)
                history.add(
                    Event(
                        client, "append", f"task/{TASK}:log", asked_ns, time.monotonic_ns(),
                        told[0], key, told[1], told[2],
                    )
                )  # fmt: skip

    await asyncio.gather(*(work(f"c{n}") for n in (3, 4, 5)))


def _errors(*calls: Callable[[], object]) -> list[CommonplaceError | Unknown]:
    """What calls that cannot succeed, made at once, end with."""
    results = racing(*calls)
    assert not any(isinstance(result, Accepted) for result in results), results
    return results
