"""Spans of writes, reads and deliveries, and the trace that a record keeps; with the real SDK."""

import asyncio
import contextvars
import threading

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF
from opentelemetry.trace import SpanKind, StatusCode

import commonplace
from commonplace import AsyncMemory, Memory
from commonplace.core.verdict import Unknown
from commonplace.limits import MAX_TRACED_CHARS
from commonplace.model.actor import Actor
from commonplace.model.entry import EntryKey
from commonplace.storage.proposal import draft
from commonplace.telemetry import names
from commonplace.telemetry.turns import Pinned, rendering
from commonplace.telemetry.writing import writing
from spans import traced

SECRET = "the patient is called Ada"


@pytest.fixture
def memory(tmp_path):
    with Memory(tmp_path / "team.db", actor="lead", tenant="acme") as memory:
        memory.create_task("q3", share={"web-1": "editor"}).create_block("findings")
        yield memory


@pytest.fixture
def block(memory):
    return memory.task("q3").block("findings")


@pytest.fixture
def spans(memory):  # from when the memory is there
    with traced() as spans:
        yield spans


def traceparent(span):
    context = span.get_span_context()
    flags = int(context.trace_flags)
    return f"00-{context.trace_id:032x}-{context.span_id:016x}-{flags:02x}"


def words(spans):
    """Everything that left the process, as text."""
    return " ".join(span.to_json() for span in spans.all)


def test_a_retraction_is_a_span_and_keeps_its_trace(spans, memory, block):
    block.append("Churn fell.")
    with spans.tracer.start_as_current_span("step") as step:
        done = memory.retract("task/q3:findings@1", reason="misread")
    span = spans.named("update_memory")[-1]
    assert span.parent == step.get_span_context()
    assert span.attributes["commonplace.operation"] == "retract"
    assert block.history(limit=1)[0].trace == traceparent(span)
    assert span.attributes["commonplace.revision"] == done.revision
    with pytest.raises(commonplace.NotFound):
        memory.retract("task/q3:findings@9")
    assert spans.named("update_memory")[-1].status.status_code == StatusCode.ERROR


def test_a_write_is_a_span_below_the_callers(spans, block):
    with spans.tracer.start_as_current_span("step") as step:
        receipt = block.append("Churn fell.", kind="inference")
    (span,) = spans.named("upsert_memory")
    assert span.parent == step.get_span_context()
    assert (span.kind, span.status.status_code) == (SpanKind.INTERNAL, StatusCode.UNSET)
    assert dict(span.attributes) == {
        "gen_ai.operation.name": "upsert_memory",
        "gen_ai.memory.store.id": "task/q3:findings",
        "gen_ai.memory.record.id": "task/q3:findings",
        "gen_ai.memory.record.count": 1,
        "commonplace.tenant": "acme",
        "commonplace.actor": "lead",
        "commonplace.namespace": "task/q3",
        "commonplace.region": "findings",
        "commonplace.operation": "append",
        "commonplace.kind": "inference",
        "commonplace.outcome": "accepted",
        "commonplace.version": 1,
        "commonplace.revision": receipt.revision,
    }


def test_a_write_leaves_no_span_behind_as_the_current_one(spans, block):
    block.append("Churn fell.")
    assert not trace.get_current_span().get_span_context().is_valid


def test_the_record_keeps_the_place_of_its_span(spans, memory, block):
    start = memory.position().revision
    block.append("Churn fell.")
    place = traceparent(spans.last("upsert_memory"))
    (record,) = memory.log(after=start)
    (commit,) = memory.task("q3").watch(after=start, timeout_s=0)
    assert record.trace == commit.changes[0].trace == place
    assert memory.commit(record.revision).records[0].trace == place


def test_the_log_finds_what_a_trace_wrote_and_nothing_else(spans, memory, block):
    task = memory.task("q3")
    block.append("before")
    with spans.tracer.start_as_current_span("step") as step:
        task.create_block("plan").append("first")
        block.append("second")
    block.append("after")
    digits = f"{step.get_span_context().trace_id:032x}"
    found = memory.log(trace=digits)
    assert [(record.region, record.operation) for record in found] == [
        ("findings", "append"),
        ("plan", "append"),
        ("_grants", "grant"),
        ("_contracts", "create"),
    ]
    assert memory.log(trace=found[0].trace) == memory.log(trace=digits.upper()) == found
    assert memory.log(trace=digits, region="plan") == [found[1]]
    assert memory.log(trace=digits, text="second") == [found[0]]
    assert memory.log(trace=digits, limit=2) == found[:2]
    with memory.as_actor("web-1") as web:
        assert "_grants" in {record.region for record in web.log(trace=digits)}
    with memory.as_actor("nobody") as nobody:
        assert nobody.log(trace=digits) == []


@pytest.mark.parametrize("wrong", ["", "4bf9", "g" * 32, "00-" + "4" * 32, "4" * 31 + "\n"])
def test_what_is_no_trace_is_refused(memory, wrong):
    with pytest.raises(commonplace.InvalidValue, match="trace"):
        memory.log(trace=wrong)


def test_unsampled_writes_are_found_by_their_trace_all_the_same(memory, block):
    with traced(ALWAYS_OFF) as spans:
        with spans.tracer.start_as_current_span("step") as step:
            block.append("Churn fell.")
        assert spans.all == []
    (record,) = memory.log(limit=1)
    assert record.trace.startswith(f"00-{step.get_span_context().trace_id:032x}-")
    assert not int(record.trace[-2:], 16) & trace.TraceFlags.SAMPLED
    assert memory.log(trace=record.trace) == [record]


def test_who_only_passes_a_trace_on_gets_it_into_the_record(memory, block):
    remote = trace.SpanContext(0xABC, 0xDEF, is_remote=True, trace_flags=trace.TraceFlags(1))
    with trace.use_span(trace.NonRecordingSpan(remote)):
        block.append("Churn fell.")
    block.append("Revenue rose.")
    untraced, passed_on = memory.log(limit=2)
    assert passed_on.trace == f"00-{0xABC:032x}-{0xDEF:016x}-01"
    assert untraced.trace == ""


def test_a_conflict_is_an_event_without_what_was_written(spans, memory, block):
    block.append("Revenue rose.")
    block.append(SECRET)
    with pytest.raises(commonplace.VersionConflict, match="Ada"):
        block.replace("Revenue", SECRET, expect=1, reason=SECRET)
    span = spans.last("update_memory")
    assert span.attributes["commonplace.outcome"] == "refused"
    assert span.attributes["error.type"] == "version_conflict"
    assert (span.status.status_code, span.status.description) == (StatusCode.ERROR, None)
    (event,) = span.events
    assert event.name == "commonplace.conflict"
    assert dict(event.attributes) == {"commonplace.read_version": 1, "commonplace.version": 2}
    assert "Ada" not in words(spans)


def test_a_refusal_says_its_code_and_nothing_of_what_was_written(spans, memory):
    with memory.as_actor("nobody") as nobody, pytest.raises(commonplace.AccessDenied):
        nobody.task("q3").block("findings").append(SECRET)
    with pytest.raises(commonplace.InvalidName):
        memory.task("q3").block("findings").append(SECRET, idempotency_key="")
    denied, unfit = spans.named("upsert_memory")
    assert (denied.attributes["error.type"], denied.events) == ("access_denied", ())
    assert (unfit.attributes["error.type"], unfit.events) == ("invalid_name", ())
    assert denied.attributes["commonplace.actor"] == "nobody"
    assert "Ada" not in words(spans)


def test_reasons_and_keys_leave_the_process_only_when_asked_for(memory, block, monkeypatch):
    long = SECRET + "!" * MAX_TRACED_CHARS
    with traced() as spans:
        block.append("Churn fell.", reason=long)
        assert "Ada" not in words(spans)
    monkeypatch.setenv("COMMONPLACE_TELEMETRY", "reason, key")
    with traced() as spans:
        block.append("Churn fell.", reason=long)
        (span,) = spans.all
    assert span.attributes["commonplace.reason"] == long[:MAX_TRACED_CHARS]


def test_an_atomic_group_is_one_span(spans, memory, block):
    task = memory.task("q3")
    plan = task.create_block("plan")
    with memory.atomic() as group:
        block.append("a")
        plan.append("b")
        block.append("c")
    (span,) = spans.named("upsert_memory")
    assert span.attributes["gen_ai.memory.record.count"] == 3
    assert span.attributes["commonplace.revision"] == group.receipt.revision
    assert span.attributes["commonplace.namespace"] == "task/q3"
    assert "commonplace.region" not in span.attributes
    assert "gen_ai.memory.store.id" not in span.attributes
    assert "commonplace.version" not in span.attributes
    assert {r.trace for r in memory.log(limit=3)} == {traceparent(span)}


def test_an_empty_group_is_no_span(spans, memory):
    with memory.atomic():
        pass
    assert spans.all == []


def test_writes_of_several_kinds_are_one_plain_span(spans, memory, block):
    block.append("a")
    with memory.atomic():
        block.append("b")
        block.replace("a", "c")
    (span,) = spans.named("commonplace.write")
    assert span.attributes["gen_ai.memory.record.count"] == 2
    assert "gen_ai.operation.name" not in span.attributes


def test_a_retry_in_another_trace_is_the_same_write(spans, memory, block):
    with spans.tracer.start_as_current_span("first try"):
        first = block.append("Churn fell.", idempotency_key="page-17")
    with spans.tracer.start_as_current_span("second try"):
        again = block.append("Churn fell.", idempotency_key="page-17")
    assert again.repeated and again.revision == first.revision
    original, retry = spans.named("upsert_memory")
    assert original.context.trace_id != retry.context.trace_id
    assert retry.attributes["commonplace.outcome"] == "duplicate"
    assert retry.attributes["commonplace.revision"] == first.revision
    assert memory.log(limit=1)[0].trace == traceparent(original)


def test_a_region_is_created_as_a_store_and_a_share_is_a_plain_write(spans, memory):
    memory.task("q3").create_block("plan", share={"web-1": "contributor"})
    memory.task("q3").share({"docs-1": "reader"})
    (created,) = spans.named("create_memory_store")
    assert created.attributes["gen_ai.memory.store.id"] == "task/q3:plan"
    assert created.attributes["commonplace.operation"] == "create"
    assert "gen_ai.memory.record.count" not in created.attributes
    (shared,) = spans.named("commonplace.write")
    assert shared.attributes["commonplace.operation"] == "grant"
    assert shared.attributes["commonplace.region"] == "_grants"


def test_each_task_of_a_loop_writes_below_its_own_span(spans, tmp_path):
    async def step(memory, number):
        with spans.tracer.start_as_current_span(f"step {number}"):
            await memory.task("q3").block("findings").append(f"line {number}")

    async def crew():
        async with AsyncMemory(tmp_path / "crew.db", actor="lead") as memory:
            await (await memory.create_task("q3")).create_block("findings")
            await asyncio.gather(*(step(memory, number) for number in range(8)))

    asyncio.run(crew())
    steps = {span.context.span_id: span for span in spans.all if span.name.startswith("step")}
    writes = spans.named("upsert_memory")
    assert {span.parent.span_id for span in writes} == set(steps)
    for span in writes:
        assert span.context.trace_id == steps[span.parent.span_id].context.trace_id


def test_a_thread_writes_below_the_span_of_its_context(spans, block):
    with spans.tracer.start_as_current_span("step") as step:
        context = contextvars.copy_context()
    with_context = threading.Thread(target=lambda: context.run(block.append, "below"))
    without = threading.Thread(target=lambda: block.append("on its own"))
    for thread in (with_context, without):
        thread.start()
        thread.join()
    below, alone = spans.named("upsert_memory")
    assert below.parent == step.get_span_context()
    assert alone.parent is None


@pytest.mark.parametrize("options", [{}, {"cursor": "desk"}, {"group": "desks"}], ids=str)
def test_a_delivery_is_linked_to_the_write_and_is_no_child_of_it(spans, memory, block, options):
    start = memory.position().revision
    with spans.tracer.start_as_current_span("write"):
        block.append("Churn fell.")
        block.append("Revenue rose.")
    with (
        spans.tracer.start_as_current_span("react") as react,
        memory.watch(memory.task("q3").namespace, after=start, timeout_s=0, **options) as watch,
    ):
        revisions = [commit.revision for commit in watch]
    writes, deliveries = spans.named("upsert_memory"), spans.named("commonplace.deliver")
    assert [span.attributes["commonplace.revision"] for span in deliveries] == revisions
    for write, delivery in zip(writes, deliveries, strict=True):
        assert delivery.kind is SpanKind.CONSUMER
        assert delivery.parent == react.get_span_context()
        assert delivery.context.trace_id != write.context.trace_id
        (link,) = delivery.links
        assert link.context.is_remote
        assert (link.context.trace_id, link.context.span_id) == (
            write.context.trace_id,
            write.context.span_id,
        )
        assert delivery.attributes["gen_ai.memory.record.count"] == 1
        assert delivery.attributes["commonplace.lag.seconds"] >= 0
    if not options:  # a cursor and a group move the head themselves
        lags = [span.attributes["commonplace.lag.revisions"] for span in deliveries]
        assert lags == [1, 0]


def test_a_delivery_of_what_nobody_traced_has_no_link(memory, block):
    start = memory.position().revision
    block.append("Churn fell.")
    with traced() as spans:
        list(memory.watch(memory.task("q3").namespace, after=start, timeout_s=0))
    assert spans.last("commonplace.deliver").links == ()


def test_a_progress_mark_is_no_delivery(spans, memory):
    watch = memory.watch(memory.task("q3").namespace, progress_s=0)
    assert next(watch).is_progress
    assert spans.all == []


def test_a_turn_is_in_the_spans_of_what_it_reads_and_writes(spans, memory, block):
    block.append("Churn fell.")
    pin = memory.position().revision
    with memory.turn() as turn:
        turn.read(block)
        block.append("Revenue rose.", turn=turn)
        with pytest.raises(commonplace.NotFound):
            turn.read("task/q3:findings@99")
    read, failed = spans.named("commonplace.read")
    assert dict(read.attributes) == {
        "commonplace.tenant": "acme",
        "commonplace.actor": "lead",
        "commonplace.turn": turn.id,
        "commonplace.revision": pin,
        "commonplace.namespace": "task/q3",
        "commonplace.region": "findings",
        "commonplace.version": 1,
        "commonplace.passages": 1,
        "gen_ai.memory.store.id": "task/q3:findings",
        "gen_ai.memory.record.id": "task/q3:findings",
        "gen_ai.memory.record.count": 1,
    }
    assert failed.status.status_code is StatusCode.ERROR
    write = spans.last("upsert_memory")
    assert write.attributes[names.TURN] == turn.id
    assert write.attributes[names.RECORD_COUNT] == 1  # what the turn was served is not counted
    assert write.attributes[names.VERSION] == 2
    by_trace = {record.turn for record in memory.log(trace=traceparent(write))}
    assert by_trace == {turn.id}


def test_spans_of_creating_and_deleting(spans, block):
    block.append("Churn fell.", expect=0)
    block.delete(expect=1)
    created, deleted = spans.all
    assert (created.name, deleted.name) == ("create_memory", "delete_memory")
    assert deleted.attributes["gen_ai.operation.name"] == "delete_memory"
    assert deleted.attributes["commonplace.version"] == 2


def test_a_rendering_says_how_much_it_served_and_no_key(spans):
    facts = [EntryKey("task/q3", "facts", key) for key in ("ada", "bea")]
    by = Pinned("acme", Actor("web-1"), "t1", 7)
    with rendering(by, facts) as told:
        told.served(12)
    (span,) = spans.named("commonplace.render")
    assert span.attributes["commonplace.passages"] == 12
    assert span.attributes["gen_ai.memory.record.count"] == 2
    assert span.attributes["gen_ai.memory.store.id"] == "task/q3:facts"
    assert "ada" not in words(spans)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (asyncio.CancelledError(SECRET), "cancelled"),
        (commonplace.OutcomeUnknown(SECRET), "outcome_unknown"),
        (RuntimeError(SECRET), "_OTHER"),
    ],
)
def test_a_write_without_an_answer_ends_its_span_once(spans, error, code):
    drafts = [draft(EntryKey("task/q3", "findings"), "append", {"text": SECRET})]
    with pytest.raises(type(error)), writing("acme", Actor("web-1"), drafts) as told:
        place = told.trace
        raise error
    (span,) = spans.all
    assert traceparent(span) == place
    assert span.attributes["commonplace.outcome"] == "unknown"
    assert span.attributes["error.type"] == code
    assert span.status.status_code is StatusCode.ERROR
    assert span.events == ()
    assert "Ada" not in words(spans)


def test_a_lost_answer_is_an_unknown_outcome(spans):
    drafts = [draft(EntryKey("task/q3", "findings"), "append", {"text": SECRET})]
    with writing("acme", Actor("web-1"), drafts) as told:
        told.answer(Unknown("The connection was lost."))
    (span,) = spans.all
    assert span.attributes["commonplace.outcome"] == "unknown"
    assert span.attributes["error.type"] == "outcome_unknown"
