"""A follower through the faces: what a session sees, how answers are labelled, what is refused."""

import asyncio
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from commonplace import (
    AsyncMemory,
    Bounded,
    Memory,
    Namespace,
    NamespacePrefix,
    Receipt,
    TextBlock,
    errors,
)
from copies import cut, engine_of
from crews import Crew, crew

TASK = Namespace.task("q3")


@pytest.fixture
def team(tmp_path: Path) -> Iterator[Crew]:
    with crew(tmp_path / "team.db") as team:
        yield team


@contextmanager
def following(team: Crew, actor: str = "lead", **options: float) -> Iterator[Memory]:
    path = Path(str(team.path)).with_name("copy.db")
    with Memory(str(team.path), actor=actor, follow=path, **options) as memory:
        yield memory


@contextmanager
def held(memory: Memory) -> Iterator[None]:
    """The copy takes up nothing; its source is in reach all the while."""
    tail = engine_of(memory)._tail
    right, lock = tail._step, threading.Lock()
    with lock:
        tail._step = lambda: False
    try:
        yield
    finally:
        tail._step = right
        tail.nudge()


def revision_of(receipt: Receipt) -> int:
    return receipt.revision


def settle(memory: Memory) -> None:
    memory.catch_up(linearizable=True)


# --- what a session sees ------------------------------------------------------------------------


def test_it_reads_its_own_writes(team: Crew) -> None:
    with following(team) as memory:
        notes = memory.task("q3").block("notes")
        for number in range(40):
            receipt = notes.append(f"line {number}")
            entry = notes.read()
            assert (entry.version, entry.revision) == (receipt.version, receipt.revision)
            assert entry.as_of >= receipt.revision
            assert memory.position().revision >= receipt.revision


def test_it_sees_what_stood_when_it_was_opened(team: Crew) -> None:
    for number in range(200):
        team.append("ana", f"line {number}")
    with following(team) as memory:
        assert memory.task("q3").block("findings").read().version == 200


def test_a_conflict_shows_what_the_next_read_shows(team: Crew) -> None:
    with following(team) as memory:
        notes = memory.task("q3").block("notes")
        version = notes.append("one").version
        team.append("ana", "two", "notes")
        with pytest.raises(errors.VersionConflict) as caught:
            notes.rewrite("mine", expect=version)
        assert caught.value.current.text == "one\ntwo"
        assert notes.read().version == caught.value.current.version
        with pytest.raises(errors.AnchorNotFound):
            notes.replace("nowhere", "x")


def test_reads_wait_for_a_receipt_a_position_or_a_revision(team: Crew) -> None:
    with following(team) as memory:
        notes = memory.task("q3").block("notes")
        for given in (lambda receipt: receipt, lambda receipt: receipt.position, revision_of):
            receipt = team.append("ana", "line", "notes")
            entry = notes.read(at_least=given(receipt))
            assert (entry.version, entry.as_of) == (receipt.version, receipt.revision)
        assert notes.read().version == 3
        team.append("ana", "four", "notes")
        assert notes.read(linearizable=True).version == 4
        with pytest.raises(errors.FutureRevision, match="another memory"):
            notes.read(at_least=10_000)
        with pytest.raises(errors.InvalidValue):
            notes.read(at_least=-1)


def test_a_channel_reads_alike(team: Crew) -> None:
    plan = team["lead"].task("q3").create_channel("plan", share={"ana": "reader"})
    with following(team, "ana") as memory:
        receipt = plan.publish({"step": 1})
        entry = memory.task("q3").channel("plan").read(at_least=receipt)
        assert entry.value == {"step": 1} and entry.as_of >= receipt.revision
        plan.publish({"step": 2})
        assert memory.task("q3").channel("plan").read(linearizable=True).value == {"step": 2}


def test_it_waits_no_longer_than_its_deadline(team: Crew) -> None:
    with following(team, deadline_s=0.3) as memory:
        settle(memory)
        with held(memory):
            receipt = team.append("ana", "late")
            begun_s = time.monotonic()
            with pytest.raises(errors.FollowerBehind) as caught:
                memory.catch_up(at_least=receipt)
            assert 0.2 < time.monotonic() - begun_s < 5
            assert f"asks for revision {receipt.revision}" in str(caught.value)
            own = memory.task("q3").block("notes").append("own")
            with pytest.raises(errors.FollowerBehind, match=f"revision {own.revision}"):
                memory.task("q3").block("notes").read()
        assert memory.task("q3").block("notes").read().text == "own"


def test_with_linearizable_every_read_sees_everything(team: Crew) -> None:
    path = Path(str(team.path)).with_name("copy.db")
    with Memory(str(team.path), actor="lead", follow=path, linearizable=True) as memory:
        for number in range(20):
            version = team.append("ana", f"line {number}").version
            assert memory.task("q3").block("findings").read().version == version


def test_the_same_words_work_at_the_source(team: Crew) -> None:
    block = team.block("ana")
    receipt = team.append("ana", "one")
    assert block.read(at_least=receipt, linearizable=True).as_of == receipt.revision
    assert team["ana"].catch_up(at_least=receipt) == receipt.position
    with pytest.raises(errors.FutureRevision):
        block.read(at_least=receipt.revision + 1)


# --- labels -------------------------------------------------------------------------------------


def test_every_entry_says_as_of_which_revision(team: Crew) -> None:
    first = team.append("ana", "one")
    second = team.append("ana", "other", "notes")
    block = team.block("ana")
    assert block.read().as_of == block.read().as_of == second.revision
    assert team.block("ana", "report").read().as_of == second.revision
    past = team["ana"].at(first.revision).task("q3").block("findings").read()
    assert past.as_of == first.revision
    assert past == block.read(), "entries are equal whenever they were read"
    with team["ana"].turn() as turn:
        team.append("lead", "later", "notes")
        assert turn.read(block).as_of == turn.revision == second.revision


def test_health_and_position_are_those_of_the_copy(team: Crew) -> None:
    with following(team) as memory:
        settle(memory)
        health = memory.health()
        assert (health.state, health.behind_revisions) == ("ok", 0) and health.behind_s < 1
        with held(memory):
            stood = memory.position()
            team.append("ana", "one")
            team.append("ana", "two")
            assert memory.position() == stood
            engine_of(memory)._lags.looked(time.monotonic(), stood.revision + 2)
            health = memory.health()
            assert (health.state, health.behind_revisions) == ("lagging", 2)
            assert "2 revisions" in health.reason
    assert team["lead"].health().state == "ok"


# --- bounds -------------------------------------------------------------------------------------


def bounded(team: Crew, seconds: int, revisions: int) -> None:
    contract = team["lead"].task("q3")
    contract.create_block(
        "close", visibility=Bounded(seconds, revisions), share={"ana": "contributor"}
    )
    contract.block("close").append("one")


def test_past_its_bound_a_follower_refuses_and_within_it_answers(team: Crew) -> None:
    bounded(team, 3600, 1)
    team.append("ana", "free", "notes")
    with following(team, deadline_s=0.2) as memory:
        settle(memory)
        close, notes = (memory.task("q3").block(name) for name in ("close", "notes"))
        with held(memory):
            lags = engine_of(memory)._lags
            stood = lags.reached
            lags.looked(time.monotonic(), stood + 1)
            assert close.read().text == "one", "one revision is within the bound"
            lags.looked(time.monotonic(), stood + 2)
            with pytest.raises(errors.FollowerBehind, match="at most 1 revisions"):
                close.read()
            for read in (
                close.history,
                lambda: memory.log(TASK),
                lambda: memory.why("one"),
                lambda: memory.resolve("task/q3:close"),
                close.blame,
            ):
                with pytest.raises(errors.FollowerBehind):
                    read()
            assert notes.read().text == "free", "others have no bound"
            pin = memory.at(stood).task("q3").block("close").read()
            assert pin.text == "one", "the past is what it is"
            assert team["ana"].task("q3").block("close").read().text == "one"


def test_past_its_bound_a_follower_waits_and_answers_with_the_new(team: Crew) -> None:
    bounded(team, 3600, 0)
    with following(team) as memory:
        settle(memory)
        close = memory.task("q3").block("close")
        close.read()
        with held(memory):
            team["ana"].task("q3").block("close").append("two")
            engine_of(memory)._lags.looked(time.monotonic(), team["ana"].position().revision)
            found: list[str] = []
            reader = threading.Thread(target=lambda: found.append(close.read().text))
            reader.start()
            reader.join(0.1)
            assert reader.is_alive() and not found
        reader.join(30)
        assert found == ["one\ntwo"]


def test_seconds_count_while_the_source_is_out_of_reach(team: Crew) -> None:
    bounded(team, 1, 1_000)
    with following(team, deadline_s=0.1) as memory:
        settle(memory)
        close = memory.task("q3").block("close")
        wire = cut(memory)
        until_s = time.monotonic() + 30
        while True:  # answered until the second is over, refused from then on
            try:
                assert close.read().text == "one"
            except errors.FollowerBehind as error:
                assert error.seconds >= 1
                break
            assert time.monotonic() < until_s
        with pytest.raises(errors.FollowerBehind, match="the wire is cut"):
            close.read()
        wire.is_cut = False
        with Memory(str(team.path), actor="lead", follow=engine_of(memory).path) as patient:
            assert patient.task("q3").block("close").read().text == "one"


def test_a_watch_is_held_up_by_no_bound(team: Crew) -> None:
    bounded(team, 3600, 0)
    with following(team, deadline_s=0.2) as memory:
        settle(memory)
        start = memory.position().revision
        with memory.watch(TASK, after=start - 1, timeout_s=0.1) as watch, held(memory):
            engine_of(memory)._lags.looked(time.monotonic(), start + 50)
            assert [commit.revision for commit in watch] == [start]


@pytest.mark.parametrize("visibility", ["eventual", Bounded(0, 1), Bounded(1, -1), Bounded(1.5, 1)])
def test_a_bound_is_seconds_and_revisions(team: Crew, visibility) -> None:
    with pytest.raises(errors.InvalidValue, match="visibility"):
        team["lead"].task("q3").create_block("x", visibility=visibility)


def test_a_bound_is_told_and_stays(team: Crew) -> None:
    bounded(team, 5, 100)
    scope = team["lead"].task("q3")
    assert "bounded(seconds=5, revisions=100): at the source as strong" in scope.describe("close")
    assert "strong: every read sees every acknowledged commit; a follower" in scope.describe(
        "notes"
    )
    scope.change_contract("close", TextBlock(), expect=1, reason="shorter", max_bytes=100)
    assert "revisions=100" in scope.describe("close")
    scope.change_contract("close", TextBlock(), expect=2, reason="x", visibility="strong")
    assert "strong" in scope.describe("close")
    with pytest.raises(errors.ContractMismatch):
        scope.create_block("close", visibility=Bounded(5, 100))


# --- what is not in the log, and what is not here yet -------------------------------------------


def test_updates_queue_at_the_source(team: Crew) -> None:
    """Some of the writers read through the follower, others at the source: none is lost."""
    team.append("ana", "0", "notes")

    def count(memory: Memory) -> None:
        for _ in range(15):
            memory.task("q3").block("notes").update(lambda text: str(int(text) + 1))

    with following(team) as memory, memory.as_actor("ana") as other:
        threads = [
            threading.Thread(target=count, args=(each,))
            for each in (memory, other, team["web"], team["wri"])
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        settle(memory)
        assert memory.task("q3").block("notes").read().text == "60"


def test_a_watch_delivers_from_the_copy_in_order(team: Crew) -> None:
    with following(team) as memory:
        settle(memory)
        start = memory.position().revision
        with memory.watch(TASK, after=start, timeout_s=5) as watch:
            wanted = [team.append("ana", f"line {number}").revision for number in range(30)]
            found = [next(watch).revision for _ in wanted]
            assert found == wanted
        with memory.watch(TASK, after=wanted[9], timeout_s=0) as watch:
            assert [commit.revision for commit in watch] == wanted[10:]


def test_a_group_shares_the_commits_among_source_and_follower(team: Crew) -> None:
    start = team["lead"].position().revision
    wanted = {team.append("ana", f"line {number}").revision for number in range(30)}
    seen: list[int] = []

    def take(memory: Memory) -> None:
        with memory.watch(TASK, after=start, group="crew", timeout_s=1) as watch:
            seen.extend(commit.revision for commit in watch)

    with following(team) as memory:
        threads = [
            threading.Thread(target=take, args=(each,)) for each in (memory, team["lead"], memory)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
    assert sorted(seen) == sorted(wanted)


def test_a_revision_that_is_on_its_way_is_waited_for(team: Crew) -> None:
    with following(team) as memory:
        for number in range(10):
            at = team.append("ana", f"line {number}").revision
            assert memory.at(at).task("q3").block("findings").read().version == number + 1
            at = team.append("ana", "x", "notes").revision
            with memory.turn(at=at) as turn:
                assert turn.revision == at
            at = team.append("ana", "y", "notes").revision
            assert memory.commit(at).records
            at = team.append("ana", "z", "notes").revision
            with memory.watch(TASK, after=at, timeout_s=0) as watch:
                assert list(watch) == []
        with pytest.raises(errors.FutureRevision):
            memory.at(at + 100).task("q3").block("findings").read()


def test_a_crew_works_through_a_follower(team: Crew) -> None:
    plan = team["lead"].task("q3").create_channel("plan")
    plan.publish({"count": 0})
    with following(team) as lead, lead.as_actor("ana") as ana:
        there, here = lead.task("q3").channel("plan"), ana.task("q3").channel("plan")
        for number in range(5):
            sent = there.dispatch("ana", {"do": number})
            ana.catch_up(at_least=sent.receipt)
            (waits,) = here.inbox()
            assert waits.payload == {"do": number}
            here.reply(waits, {"done": number})
            lead.catch_up(linearizable=True)
            (reply,) = there.inbox()
            there.commit(reply, value={"count": number + 1})
            assert there.read().value == {"count": number + 1}


def test_every_question_has_the_answer_of_the_source(team: Crew) -> None:
    notes = team.block("web", "notes")
    notes.append("Churn fell 12% in Q3.\nRevenue rose.")
    notes.replace("12%", "11%", reason="page 17")
    notes.replace("Revenue", "Sales")
    with team["ana"].turn() as turn:
        turn.read(team.block("ana", "notes"))
        team.append("ana", "So churn is down.", "report", turn=turn, based_on=["task/q3:notes"])
    lead = team["lead"]
    with following(team) as memory:
        settle(memory)
        for ask in (
            lambda there: there.why("fell 11% in Q3"),
            lambda there: there.why("Sales rose"),
            lambda there: there.why("fell 12% in"),
            lambda there: there.pickaxe("11%"),
            lambda there: there.log(limit=100),
            lambda there: there.timeline(),
            lambda there: there.blame("task/q3:notes", origins=True),
            lambda there: there.diff("task/q3:notes"),
            lambda there: there.verify("Churn fell 11% [notes@2#L1].", run=TASK),
            lambda there: there.namespaces(),
            lambda there: there.describe("task/q3:notes"),
            lambda there: there.advise(),
        ):
            assert ask(memory) == ask(lead)


def test_access_is_judged_by_the_grants_of_the_copy(team: Crew) -> None:
    team.append("ana", "secret")
    with following(team, "stranger") as memory:
        with pytest.raises(errors.AccessDenied):
            memory.task("q3").block("findings").read()
        receipt = team["lead"].task("q3").share({"stranger": "reader"})
        assert memory.task("q3").block("findings").read(at_least=receipt).text == "secret"
        receipt = team["lead"].task("q3").unshare("stranger")
        with pytest.raises(errors.AccessDenied):
            memory.task("q3").block("findings").read(at_least=receipt)


def test_upkeep_is_done_at_the_source(team: Crew, tmp_path: Path) -> None:
    with following(team) as memory:
        notes = memory.task("q3").block("notes")
        for number in range(5):
            notes.append(f"line {number}")
        assert memory.retract("task/q3:notes@2", dry_run=True).by is None
        memory.retract("task/q3:notes@2", replacement="better")
        assert "better" in notes.read().text
        memory.erase("task/q3:notes@1")
        assert "line 0" not in notes.read().text
        memory.compact(memory.position().revision)
        assert memory.audit().ok
        assert memory.export(tmp_path / "log.ndjson") == team["lead"].position()
        memory.share({"lead": "owner"}, prefix=NamespacePrefix(()))


# --- asyncio ------------------------------------------------------------------------------------


def test_the_async_face_does_the_same(team: Crew) -> None:
    bounded(team, 3600, 0)
    path = Path(str(team.path)).with_name("copy.db")

    async def work() -> None:
        async with AsyncMemory(str(team.path), actor="lead", follow=path) as memory:
            notes = memory.task("q3").block("notes")
            for number in range(20):
                receipt = await notes.append(f"line {number}")
                entry = await notes.read()
                assert entry.version == receipt.version and entry.as_of >= receipt.revision
            receipt = team.append("ana", "more", "notes")
            assert (await notes.read(at_least=receipt)).version == 21
            team.append("ana", "more", "notes")
            assert (await notes.read(linearizable=True)).version == 22
            await notes.update(lambda text: text + "!")
            assert (await notes.read()).text.endswith("more!")
            with pytest.raises(errors.FutureRevision):
                await memory.catch_up(at_least=10_000)
            assert (await memory.task("q3").block("close").read()).text == "one"
            assert (await memory.audit()).ok
            assert (await memory.why("line 3")).occurrences
            at = team.append("ana", "last", "notes").revision
            await memory.at(at).task("q3").block("notes").read()
            with pytest.raises(errors.VersionConflict):
                await notes.rewrite("x", expect=1)
        async with AsyncMemory(
            str(team.path), actor="lead", follow=path, linearizable=True
        ) as memory:
            version = team.append("ana", "again", "notes").version
            assert (await memory.task("q3").block("notes").read()).version == version

    asyncio.run(work())


def test_the_async_face_waits_and_refuses_alike(team: Crew) -> None:
    bounded(team, 3600, 0)
    path = Path(str(team.path)).with_name("copy.db")

    async def work() -> None:
        async with AsyncMemory(str(team.path), actor="lead", follow=path, deadline_s=0.2) as memory:
            await memory.catch_up(linearizable=True)
            with held(memory):  # type: ignore[arg-type]
                lags = engine_of(memory)._lags  # type: ignore[arg-type]
                lags.looked(time.monotonic(), lags.reached + 1)
                with pytest.raises(errors.FollowerBehind, match="at most 0 revisions"):
                    await memory.task("q3").block("close").read()
                receipt = team.append("ana", "late")
                with pytest.raises(errors.FollowerBehind, match="revision"):
                    await memory.catch_up(at_least=receipt)

    asyncio.run(work())
