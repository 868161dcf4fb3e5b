"""What users see, as types. Not run: mypy checks it (`tools/check.py`).

If a line here has to change, users' type checks change with it: say so in the changelog.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, assert_type

import commonplace
from commonplace import (
    AccessDenied,
    Advice,
    Archival,
    AsyncBlock,
    AsyncGroupWatch,
    AsyncMemory,
    AsyncScope,
    AsyncWatch,
    AuditReport,
    Bisection,
    BlameLine,
    Block,
    Change,
    Changed,
    Channel,
    CheckedCitation,
    Citation,
    Commit,
    CommitRecords,
    Compaction,
    Contribution,
    Copied,
    Derivation,
    Description,
    Diff,
    Dispatch,
    Entry,
    Erasure,
    Forgetting,
    GroupWatch,
    Health,
    Hunk,
    Inbox,
    Line,
    Memory,
    Namespace,
    NamespacePrefix,
    Notice,
    Occurrence,
    Origin,
    Passage,
    PastBlock,
    PastChannel,
    Pickaxe,
    Position,
    Receipt,
    Record,
    Reference,
    Reply,
    Retraction,
    Rule,
    Scope,
    Sentence,
    Served,
    SingleWriter,
    Snapshot,
    Survey,
    Suspect,
    TextBlock,
    Turn,
    Verification,
    Watch,
    Why,
)


def memories() -> None:
    memory = Memory("team.db", tenant="acme", actor="lead", create=False, deadline_s=1.5)
    assert_type(memory.open(), Memory)
    with memory as same:
        assert_type(same, Memory)
    with memory.as_actor("web-1") as other:
        assert_type(other, Memory)
    assert_type(memory.actor, commonplace.Actor)
    assert_type(memory.tenant, str)
    assert_type(memory.create_task("q3", share={"web-1": "editor"}, reason="why"), Scope)
    assert_type(memory.task("q3"), Scope)
    assert_type(memory.agent(), Scope)
    assert_type(memory.shared(), Scope)
    assert_type(memory.create_namespace(Namespace.of("users", "123")), Scope)
    assert_type(memory.share({"web-1": "contributor"}), Receipt)
    assert_type(memory.namespaces(NamespacePrefix.of("task")), list[Namespace])
    assert_type(memory.position(), Position)
    assert_type(memory.catch_up(at_least=memory.position(), linearizable=True), Position)
    assert_type(memory.log(limit=3, actor="web-1"), list[Record])
    memory.close()


def scopes(scope: Scope, rule: Rule) -> None:
    assert_type(scope.namespace, Namespace)
    assert_type(scope.create_block("findings", rule=TextBlock(), max_bytes=4096), Block)
    assert_type(scope.create_block("plan", rule=SingleWriter("lead")), Block)
    assert_type(scope.block("findings"), Block)
    assert_type(scope.create_channel("plan", holds="text", writer="lead"), Channel)
    assert_type(scope.channel("plan"), Channel)
    assert_type(scope.demote("findings", "lead", reason="why"), Receipt)
    assert_type(scope.share({"web-1": "reader"}, region="plan", history=False), Receipt)
    assert_type(scope.unshare("web-1"), Receipt)
    assert_type(scope.regions(), list[str])
    assert_type(scope.describe("plan"), str)
    version = scope.contract_version("plan")
    assert_type(version, int)
    assert_type(scope.change_contract("plan", rule, expect=version, reason="why"), Receipt)


def blocks(block: Block, guards: Sequence[tuple[Reference | str, int]]) -> None:
    assert_type(block.reference, Reference)
    assert_type(
        block.append(
            "text",
            reason="why",
            kind="inference",
            based_on=["task/q3:findings@1"],
            guards=guards,
            idempotency_key="key",
        ),
        Receipt,
    )
    assert_type(block.insert("text", after="anchor"), Receipt)
    assert_type(block.insert("text", after=3, expect=1), Receipt)
    assert_type(block.replace("old", "new", expect=1), Receipt)
    assert_type(block.replace("old", "new", base=1), Receipt)
    assert_type(block.rewrite("text", expect=1), Receipt)
    assert_type(block.condense("text", through=1), Receipt)
    assert_type(block.delete(expect=1), Receipt)
    assert_type(block.update(str.upper, reason="why"), Receipt)
    assert_type(block.read(), Entry)
    assert_type(block.read(at_least=3, linearizable=True).as_of, int)
    assert_type(block.read_version(-1), Entry)
    assert_type(block.history(limit=3), list[Record])
    assert_type(block.blame(version=3), list[BlameLine])
    assert_type(block.describe(), str)


def channels(channel: Channel, dispatch: Dispatch, memory: Memory) -> None:
    assert_type(channel.reference, Reference)
    assert_type(channel.publish({"steps": []}, expect=1, reason="why"), Receipt)
    assert_type(channel.read(), Entry)
    assert_type(channel.read(at_least=dispatch.receipt), Entry)
    assert_type(channel.dispatch("web-1", {"step": "read"}, idempotency_key="key"), Dispatch)
    assert_type(channel.redispatch(dispatch, to="web-2"), Dispatch)
    assert_type(channel.reply(dispatch, {"done": True}, read=3), Receipt)
    assert_type(channel.commit(dispatch.id, value={"steps": []}, expect=3), Receipt)
    assert_type(channel.find("k7m2xq9a"), Dispatch)
    assert_type(channel.inbox(limit=3, budget_tokens=900, count=len), Inbox)
    for each in channel.inbox():
        assert_type(each, Dispatch)
    for each in channel.receive(timeout_s=1):
        assert_type(each, Dispatch)
    assert_type(dispatch.reply, Reply | None)
    assert_type(dispatch.stale, bool)
    assert_type(dispatch.difference, str)
    assert_type(memory.at(3).task("q3").channel("plan"), PastChannel)
    assert_type(memory.at(3).task("q3").channel("plan").read(), Entry)


def values(receipt: Receipt, entry: Entry, record: Record, commit: Commit) -> None:
    assert_type(receipt.version, int)
    assert_type(receipt.revision, int)
    assert_type(receipt.at, datetime)
    assert_type(receipt.position, Position)
    assert_type(receipt.moved, bool)
    assert_type(entry.text, str)
    assert_type(entry.value, Any)
    assert_type(entry.lines, tuple[Line, ...])
    assert_type(entry.updated_at, datetime)
    assert_type(record.reference, Reference)
    assert_type(record.reason, str)
    assert_type(commit.changes, tuple[Change, ...])
    assert_type(commit.is_progress, bool)
    assert_type(commit.changes[0].reference, Reference)
    assert_type(Reference.parse("task/q3:findings@12#L3"), Reference)


def past(memory: Memory) -> None:
    assert_type(memory.at(3), Snapshot)
    assert_type(memory.at("2026-11-20T03:00Z"), Snapshot)
    assert_type(memory.at(3).task("q3").block("findings"), PastBlock)
    assert_type(memory.at(3).task("q3").block("findings").read(), Entry)


def watches(memory: Memory, scope: Scope) -> None:
    watch = memory.watch(scope.namespace, after=3, cursor="desk", timeout_s=1.0)
    assert_type(watch, Watch | GroupWatch)
    with scope.watch(region="plan", operation="append", actor="web-1") as opened:
        for commit in opened:
            assert_type(commit, Commit)


def explaining(memory: Memory, reference: Reference) -> None:
    assert_type(memory.resolve("task/q3:findings@12#L3"), Passage)
    assert_type(memory.resolve(reference).text, str)
    assert_type(memory.blame(reference), list[BlameLine])
    assert_type(memory.blame(reference, origins=True)[0].origins, tuple[Origin, ...] | None)
    answer = memory.why("sentence", Namespace.task("q3"), region="findings", limit=5, depth=2)
    assert_type(answer, Why)
    assert_type(answer.unknown, tuple[str, ...])
    assert_type(answer.occurrences, tuple[Occurrence, ...])
    found = answer.occurrences[0]
    assert_type(found.introduced, Record | None)
    assert_type(found.contributions, tuple[Contribution, ...])
    assert_type(found.served, tuple[Served, ...])
    assert_type(found.derived, tuple[Derivation, ...])
    page = memory.pickaxe("sentence", NamespacePrefix.of("task"), limit=5, before=(3, 0))
    assert_type(page, Pickaxe)
    assert_type(page.changed, tuple[Changed, ...])
    assert_type(page.next_before, tuple[int, int] | None)
    assert_type(memory.diff("task/q3:findings@1", "task/q3:findings@3"), Diff)
    assert_type(memory.diff(reference).hunks, tuple[Hunk, ...])
    assert_type(memory.commit(3), CommitRecords)
    assert_type(memory.describe(reference), Description)


def checking(memory: Memory, reference: Reference, entry: Entry) -> None:
    found = memory.verify(reference, actors=["web-1"], turns=["t1"], written=3)
    assert_type(found, Verification)
    assert_type(found.citations, tuple[CheckedCitation, ...])
    assert_type(found.citations[0].citation, Citation)
    assert_type(found.uncited, tuple[Sentence, ...])
    assert_type(found.ok, bool)
    assert_type(memory.verify("text", run=Namespace.task("q3"), allow_foreign=True), Verification)
    assert_type(memory.bisect(reference, lambda entry: None, good=3, bad="@9"), Bisection)
    assert_type(memory.bisect(Namespace.task("q3"), lambda snapshot: True, good="r3"), Bisection)
    assert_type(memory.advise(since="2026-11-20T03:00Z"), Survey)
    assert_type(memory.advise().advice, tuple[Advice, ...])


def revising(memory: Memory, reference: Reference, turn: Turn) -> None:
    done = memory.retract(
        reference, replacement="text", reason="why", dry_run=True, depth=1, inferred=False
    )
    assert_type(done, Retraction)
    assert_type(done.suspects, tuple[Suspect, ...])
    assert_type(done.by, Reference | None)
    assert_type(memory.retract("task/q3:findings@1", after=reference).told, tuple[str, ...])
    assert_type(memory.supersede(reference, replacement={"n": 1}, reason="why"), Retraction)
    assert_type(turn.notices, tuple[Notice, ...])
    assert_type(turn.acknowledge(turn.notices[0], rerun=True), Receipt)


def upkeep(memory: Memory, reference: Reference) -> None:
    report = memory.audit(expect=memory.position())
    assert_type(report, AuditReport)
    assert_type(report.ok, bool)
    assert_type(memory.export("team.ndjson"), Position)
    assert_type(memory.import_log("team.ndjson"), Position)
    assert_type(memory.compact(3, reason="why"), Compaction)
    assert_type(memory.forget_served(3, reason="why"), Forgetting)
    assert_type(memory.archive("old.ndjson", through=3), Archival)
    assert_type(memory.copy_to("other.db", progress=lambda reached, until: None), Copied)
    assert_type(memory.erase(reference, reason="why"), Erasure)
    assert_type(memory.health(), Health)


def groups(memory: Memory, block: Block) -> None:
    with memory.atomic(guards=[("task/q3:plan", 1)], key="key") as group:
        block.append("text")
    assert_type(group.receipts, tuple[Receipt, ...])
    with memory.batch(max_wait_s=1.0):
        block.append("text")


def refusals(block: Block) -> None:
    try:
        block.append("text")
    except AccessDenied as error:
        assert_type(error.code, str)
    except commonplace.errors.VersionConflict as error:
        assert_type(error.current, Any)


async def awaited(memory: AsyncMemory) -> None:
    async with memory as same:
        assert_type(same, AsyncMemory)
    scope = await memory.create_task("q3")
    assert_type(scope, AsyncScope)
    block = await scope.create_block("findings")
    assert_type(block, AsyncBlock)
    assert_type(memory.task("q3").block("findings"), AsyncBlock)
    assert_type(await block.append("text", reason="why"), Receipt)
    assert_type(await block.update(str.upper), Receipt)
    assert_type(await block.update(think), Receipt)
    assert_type(await block.read(), Entry)
    assert_type(await block.read(at_least=3), Entry)
    follower = AsyncMemory("postgresql://db/team", actor="ada", follow="local.db")
    assert_type(await follower.catch_up(linearizable=True), Position)
    watch = scope.watch(after=3)
    assert_type(watch, AsyncWatch | AsyncGroupWatch)
    async with watch as opened:
        async for commit in opened:
            assert_type(commit, Commit)
    async with memory.atomic() as group:
        await block.append("text")
    assert_type(group.receipts, tuple[Receipt, ...])
    await memory.close()


async def think(text: str) -> str:
    return text
