"""Channels: one writer; what it sends, what comes back, and what each was built on."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Literal

from commonplace import Channel, Dispatch, Memory, Namespace, SingleWriter, TextBlock
from commonplace.errors import (
    AccessDenied,
    BudgetTooSmall,
    ContractMismatch,
    DispatchSuperseded,
    IdempotencyMismatch,
    InvalidInput,
    NotFound,
    NotOwner,
    VersionConflict,
)
from commonplace.testing.harness import Harness
from commonplace.testing.suite.stage import OWNER, TASK, Stage, racing, refused, staged

PLAN = {"steps": ["crawl", "read"]}
_SHARE = {"docs": "reader", "web": "reader"}


@contextmanager
def _channel(
    harness: Harness, holds: Literal["json", "text"] = "json"
) -> Iterator[tuple[Stage, Channel, Channel]]:
    """A stage, its channel `plan` as the owner has it, who writes it, and as `docs` has it."""
    with staged(harness, share=_SHARE) as stage:
        plan = stage.task.create_channel("plan", holds=holds)
        plan.publish(PLAN if holds == "json" else "crawl\nread")
        yield stage, plan, _of(stage.open("docs"))


def _of(memory: Memory) -> Channel:
    return memory.task(TASK).channel("plan")


def _reply_of(plan: Channel, worker: Channel, payload: object, read: int | None = None) -> Dispatch:
    """A dispatch with its reply, as the writer finds it in its inbox."""
    sent = plan.dispatch("docs", {"step": "read"})
    worker.reply(sent, payload, read=read)
    return plan.inbox().dispatches[-1]


# --- one writer ---------------------------------------------------------------------------------


def test_channel_has_one_writer_whatever_else_is_granted(harness: Harness) -> None:
    with _channel(harness) as (stage, plan, _):
        stage.task.share({"editor": "editor", "boss": "owner"})
        stage.task.share({"boss": "owner"}, region="plan")
        before = stage.owner.position()
        for name in ("editor", "boss", "docs"):
            theirs = _of(stage.open(name))
            for call in (partial(theirs.publish, 1), partial(theirs.dispatch, "docs", 1)):
                assert refused(NotOwner, call).facts["owner"] == OWNER
        assert stage.owner.position() == before
        assert plan.read().value == PLAN


def test_channel_is_shared_without_a_second_writer(harness: Harness) -> None:
    with _channel(harness) as (stage, plan, _):
        for tier in ("contributor", "editor"):
            before = stage.owner.position()
            share = partial(stage.task.share, {"docs": tier}, region="plan")
            error = refused(ContractMismatch, share)
            assert "change_contract" in str(error)
            assert stage.owner.position() == before
        stage.task.share({"docs": "owner"}, region="plan")
        refused(NotOwner, lambda: _of(stage.open("docs")).publish(1))
        version = stage.task.contract_version("plan")
        stage.task.change_contract("plan", SingleWriter("docs"), expect=version, reason="hand over")
        _of(stage.open("docs")).publish({"steps": ["rest"]})
        refused(NotOwner, lambda: plan.publish(1))


def test_stranger_sees_no_dispatch_and_sends_none(harness: Harness) -> None:
    with _channel(harness) as (stage, plan, _):
        sent = plan.dispatch("docs", {"step": "the password"})
        theirs = _of(stage.open("stranger"))
        ways: list[Callable[[], object]] = [
            theirs.read, theirs.inbox, lambda: theirs.find(sent.id), lambda: theirs.reply(sent, 1),
            lambda: next(iter(theirs.receive(timeout_s=0))), lambda: theirs.dispatch("docs", 1),
            lambda: stage.open("stranger").resolve(sent.reference), theirs.describe,
        ]  # fmt: skip
        for way in ways:
            error = refused(AccessDenied, way)
            assert "password" not in f"{error} {error.facts}"
        where = Namespace.task(TASK)
        assert stage.open("stranger").log(where, region="_dispatches") == []


def test_region_that_is_no_channel_takes_no_dispatch(harness: Harness) -> None:
    with staged(harness, "notes", share=_SHARE) as stage:
        notes = stage.task.channel("notes")
        for call in (notes.read, notes.inbox, lambda: notes.dispatch("docs", 1)):
            assert "demote" in str(refused(ContractMismatch, call))
        refused(NotFound, stage.task.channel("absent").read)


# --- dispatch and reply -------------------------------------------------------------------------


def test_dispatch_carries_the_pin_and_what_stood_there(harness: Harness) -> None:
    with _channel(harness) as (stage, plan, worker):
        sent = plan.dispatch("docs", {"step": "read"})
        plan.publish({"steps": ["rest"]})
        (got,) = worker.inbox()
        assert (got.id, got.payload, got.pin) == (sent.id, {"step": "read"}, sent.pin)
        assert (got.published, got.stands, got.stale) == (1, 2, True)
        then = stage.open("docs").at(got.pin).task(TASK).channel("plan")
        assert then.read().value == PLAN, "the pin shows what came after it"


def test_dispatch_of_a_turn_carries_its_pin(harness: Harness) -> None:
    with _channel(harness) as (stage, plan, _), stage.owner.turn() as turn:
        stage.open(OWNER).task(TASK).channel("plan").publish({"steps": ["rest"]})
        sent = plan.dispatch("docs", {"step": "read"}, turn=turn)
        assert (sent.pin, sent.published, sent.stands) == (turn.revision, 1, 2)
        docs = stage.open("docs")
        with docs.turn(at=sent.pin) as theirs:
            _of(docs).reply(sent, "done", turn=theirs)
        (reply,) = plan.inbox()
        assert reply.reply is not None
        assert (reply.read, reply.reply.revision) == (1, sent.pin)


def test_dispatch_of_a_turn_that_published_carries_what_it_published(harness: Harness) -> None:
    with _channel(harness) as (stage, plan, worker):
        with stage.owner.turn() as turn:
            receipt = plan.publish({"steps": ["rest"]}, turn=turn)
            sent = plan.dispatch("docs", {"step": "rest"}, turn=turn)
        assert (sent.pin, sent.published) == (receipt.revision, 2)
        worker.reply(sent, "done")
        assert not plan.inbox().dispatches[0].stale


def test_only_who_it_went_to_replies(harness: Harness) -> None:
    with _channel(harness) as (stage, plan, worker):
        sent = plan.dispatch("docs", {"step": "read"})
        before = stage.owner.position()
        for name in ("web", OWNER):
            theirs = _of(stage.open(name))
            error = refused(NotOwner, partial(theirs.reply, sent, 1))
            assert error.facts["owner"] == "docs"
        assert stage.owner.position() == before
        worker.reply(sent, "done")
        assert [each.reply and each.reply.payload for each in plan.inbox()] == ["done"]
        assert not worker.inbox()


def test_reply_counts_as_given_last_until_it_is_settled(harness: Harness) -> None:
    with _channel(harness) as (stage, plan, worker):
        first = _reply_of(plan, worker, {"steps": ["one"]})
        worker.reply(first.id, {"steps": ["two"]})
        before = stage.owner.position()
        refused(VersionConflict, lambda: plan.commit(first))
        refused(VersionConflict, lambda: plan.redispatch(first))
        assert stage.owner.position() == before
        plan.commit(plan.inbox().dispatches[0])
        assert plan.read().value == {"steps": ["two"]}


def test_dispatch_lets_its_actor_read_the_channel_and_no_more(harness: Harness) -> None:
    with staged(harness, "notes") as stage:
        stage.task.share({"late": "contributor"}, region="notes")
        plan = stage.task.create_channel("plan")
        refused(AccessDenied, _of(stage.open("late")).read)
        plan.dispatch("late", {"step": "read"})
        late = _of(stage.open("late"))
        late.reply(late.inbox().dispatches[0], "done")
        refused(NotOwner, lambda: late.publish(1))
        stage.task.unshare("late", region="plan")
        before = stage.owner.position()
        refused(NotFound, lambda: plan.dispatch("mistyped", {"step": "read"}))
        refused(AccessDenied, lambda: plan.dispatch("late", {"step": "read"}))
        assert stage.owner.position() == before


# --- stale, sent again, committed ---------------------------------------------------------------


def test_reply_built_on_a_superseded_version_is_marked(harness: Harness) -> None:
    with _channel(harness) as (_, plan, worker):
        fresh = _reply_of(plan, worker, "done")
        assert (fresh.read, fresh.stands, fresh.stale) == (1, 1, False)
        plan.publish({"steps": ["rest"]})
        (reply,) = plan.inbox()
        assert (reply.read, reply.stands, reply.stale) == (1, 2, True)
        worker.reply(reply.id, "done again", read=2)
        (reply,) = plan.inbox()
        assert (reply.read, reply.stale) == (2, False)
        refused(NotFound, lambda: worker.reply(reply.id, "from the future", read=3))


def test_superseded_dispatch_takes_no_reply(harness: Harness) -> None:
    _send_again(harness, "json", {"steps": ["rest"]}, '+    "rest"')
    _send_again(harness, "text", "rest", "+rest")


def _send_again(harness: Harness, holds: Literal["json", "text"], value: object, line: str) -> None:
    with _channel(harness, holds) as (stage, plan, worker):
        stale = _reply_of(plan, worker, "done")
        plan.publish(value)
        again = plan.redispatch(stale)
        before = stage.owner.position()
        error = refused(DispatchSuperseded, lambda: worker.reply(stale, "late"))
        assert error.facts["by"] == again.id
        assert again.id in str(error)
        refused(DispatchSuperseded, lambda: plan.commit(stale))
        assert stage.owner.position() == before, "it was written all the same"
        (got,) = worker.inbox()
        assert (got.id, got.follows, got.payload) == (again.id, stale.id, stale.payload)
        assert (got.since, got.published, got.stale) == (1, 2, False)
        assert line in got.difference.splitlines()
        assert not plan.inbox()


def test_commit_publishes_and_settles_in_one_revision(harness: Harness) -> None:
    with _channel(harness) as (stage, plan, worker):
        reply = _reply_of(plan, worker, {"steps": ["rest"]})
        receipt = plan.commit(reply)
        put, settled = stage.owner.commit(receipt.revision).records
        assert (put.reference, put.actor.name) == (plan.reference.pinned(2), OWNER)
        assert put.based_on == (str(reply.reference),)
        assert settled.arguments is not None
        assert settled.arguments["surfaced_by"] == "docs"
        assert settled.arguments["committed_by"] == OWNER
        assert (receipt.version, plan.read().value) == (2, {"steps": ["rest"]})
        assert plan.find(reply.id).committed == 2
        assert not plan.inbox()
        error = refused(DispatchSuperseded, lambda: worker.reply(reply, "more"))
        assert error.facts["version"] == 2


def test_commit_that_was_decided_on_another_version_is_refused_whole(harness: Harness) -> None:
    """Two replies to one version: the second must not silently replace what the first made."""
    with _channel(harness) as (stage, plan, worker):
        _reply_of(plan, worker, {"steps": ["one"]})
        _reply_of(plan, worker, {"steps": ["two"]})
        first, second = plan.inbox()
        plan.commit(first)
        before = stage.owner.position()
        refused(VersionConflict, lambda: plan.commit(second))
        assert stage.owner.position() == before
        assert plan.find(second.id).state == "replied", "half of it landed"
        (again,) = plan.inbox()
        assert again.stale
        plan.commit(again, value={"steps": ["one", "two"]})
        assert plan.read().value == {"steps": ["one", "two"]}


def test_commit_of_what_stands_settles_and_publishes_nothing(harness: Harness) -> None:
    with _channel(harness) as (_, plan, worker):
        reply = _reply_of(plan, worker, "done")
        assert plan.commit(reply, value=plan.read().value).version == 1
        assert plan.read().version == 1
        assert plan.find(reply.id).state == "committed"


def test_commit_without_a_reply_is_refused(harness: Harness) -> None:
    with _channel(harness) as (stage, plan, _):
        sent = plan.dispatch("docs", {"step": "read"})
        before = stage.owner.position()
        assert "has not replied" in str(refused(ContractMismatch, lambda: plan.commit(sent)))
        refused(NotFound, lambda: plan.commit("absent23"))
        assert stage.owner.position() == before


def test_of_two_commits_of_one_reply_one_lands(harness: Harness) -> None:
    with _channel(harness) as (stage, plan, worker):
        for number in range(5):
            reply = _reply_of(plan, worker, {"steps": [number]})
            writers = [_of(stage.open(OWNER)) for _ in range(3)]
            results = racing(*(partial(writer.commit, reply) for writer in writers))
            landed = [each for each in results if not isinstance(each, Exception)]
            assert len(landed) == 1, results
            assert plan.read().version == number + 2


# --- the inbox ----------------------------------------------------------------------------------


def test_inbox_is_bounded_whole_and_oldest_first(harness: Harness) -> None:
    with _channel(harness) as (_, plan, worker):
        sent = [plan.dispatch("docs", {"step": f"{number} " * 20}).id for number in range(8)]
        plan.dispatch("web", {"step": "another's"})
        found = worker.inbox(limit=3)
        assert ([each.id for each in found], found.waiting) == (sent[:3], 5)
        assert "5 more" in str(found)
        budget = found.tokens
        bounded = worker.inbox(budget_tokens=budget)
        assert ([each.id for each in bounded], bounded.tokens) == (sent[:3], budget)
        assert len(worker.inbox(budget_tokens=budget - 1)) == 2
        counted = worker.inbox(budget_tokens=2, count=lambda text: 1)
        assert len(counted) == 2
        error = refused(BudgetTooSmall, lambda: worker.inbox(budget_tokens=1))
        assert len(worker.inbox(budget_tokens=error.facts["needed_tokens"])) == 1
        for limit, tokens in ((0, None), (10**6, None), (1, 0)):
            look = partial(worker.inbox, limit=limit, budget_tokens=tokens)
            refused(InvalidInput, look)
        worker.reply(sent[0], "done")
        assert [each.id for each in worker.inbox()] == sent[1:]


def test_receive_gives_each_as_it_comes_and_again_to_whoever_asks_anew(harness: Harness) -> None:
    with _channel(harness) as (_, plan, worker):
        first = plan.dispatch("docs", 1)
        arrivals = iter(worker.receive(timeout_s=0))
        assert next(arrivals).id == first.id
        second = plan.dispatch("docs", 2)
        assert next(arrivals).id == second.id
        assert list(arrivals) == []
        assert [each.id for each in worker.receive(timeout_s=0)] == [first.id, second.id]


# --- retries ------------------------------------------------------------------------------------


def test_retries_of_an_exchange_are_harmless(harness: Harness) -> None:
    """Each is asked again from another opening, when the head has moved: nothing is written."""
    with _channel(harness) as (stage, plan, worker):
        later, theirs = _of(stage.open(OWNER)), _of(stage.open("docs"))

        def again(call: Callable[[Channel], object], by: Channel) -> object:
            stage.task.create_block(f"other-{stage.head}")
            before = stage.owner.position()
            result = call(by)
            assert stage.owner.position() == before, "a retry wrote"
            return result

        sent = plan.dispatch("docs", {"step": "read"}, idempotency_key="d")
        repeated = again(lambda c: c.dispatch("docs", {"step": "read"}, idempotency_key="d"), later)
        assert repeated == sent
        refused(IdempotencyMismatch, lambda: plan.dispatch("docs", 2, idempotency_key="d"))
        worker.reply(sent, "done", idempotency_key="r")
        again(lambda c: c.reply(sent.id, "done", idempotency_key="r"), theirs)
        plan.publish({"steps": ["rest"]})
        sent = plan.redispatch(sent.id, idempotency_key="a")
        assert again(lambda c: c.redispatch(sent.follows, idempotency_key="a"), later) == sent
        worker.reply(sent, {"steps": ["end"]})
        receipt = plan.commit(sent.id, idempotency_key="c")
        repeat = again(lambda c: c.commit(sent.id, idempotency_key="c"), later)
        assert (repeat.revision, repeat.version) == (receipt.revision, 3)  # type: ignore[attr-defined]
        assert stage.owner.audit().ok


# --- demotion -----------------------------------------------------------------------------------


def test_demotion_leaves_one_writer_and_all_history(harness: Harness) -> None:
    with staged(harness, "plan", share=_SHARE | {"web": "editor"}) as stage:
        block = stage.block("plan")
        block.append("crawl")
        stage.block("plan", stage.open("web")).append("read")
        pin, blame = stage.head, [line.actor for line in block.blame()]
        stage.task.demote("plan", "docs", reason="one of us leads")
        before = stage.owner.position()
        for name in (OWNER, "web"):
            theirs = stage.block("plan", stage.open(name))
            assert refused(NotOwner, partial(theirs.append, "x")).facts["owner"] == "docs"
        assert stage.owner.position() == before
        plan = _of(stage.open("docs"))
        assert plan.read().text == "crawl\nread"
        plan.publish("crawl\nread\nwrite")
        assert [line.actor for line in block.blame(version=2)] == blame == [OWNER, "web"]
        assert block.read_version(1).text == "crawl"
        assert stage.owner.at(pin).task(TASK).block("plan").read().text == "crawl\nread"
        assert [record.version for record in block.history()] == [3, 2, 1]
        plan.dispatch("web", "begin")
        assert len(_of(stage.open("web")).inbox()) == 1
        assert stage.owner.audit().ok


def test_demotion_is_an_owners_and_names_somebody_known(harness: Harness) -> None:
    with staged(harness, "plan", share=_SHARE | {"web": "editor"}) as stage:
        stage.block("plan").append("crawl")
        before = stage.owner.position()
        refused(AccessDenied, lambda: stage.open("web").task(TASK).demote("plan", "web"))
        refused(AccessDenied, lambda: stage.open("stranger").task(TASK).demote("plan", "stranger"))
        refused(NotFound, lambda: stage.task.demote("plan", "mistyped"))
        refused(NotFound, lambda: stage.task.demote("absent", "web"))
        refused(InvalidInput, lambda: stage.task.demote("plan", "a/b"))
        assert stage.owner.position() == before
        stage.task.demote("plan", "web")
        version = stage.task.contract_version("plan")
        stage.task.change_contract("plan", TextBlock(), expect=version, reason="all of us again")
        stage.block("plan").append("write")
