"""How a commit is told: its name, its attributes, its outcome. Without OpenTelemetry."""

import asyncio

import pytest

from commonplace import errors
from commonplace.core import reserved
from commonplace.limits import MAX_TRACED_CHARS
from commonplace.model.actor import Actor
from commonplace.model.entry import EntryKey
from commonplace.model.write import Write
from commonplace.storage.proposal import draft
from commonplace.telemetry import names, writing
from commonplace.telemetry.saying import code_of

BLOCK = EntryKey("task/q3", "findings")
FACT = EntryKey("task/q3", "facts", "acme & co")


def write(operation: str, key: EntryKey = BLOCK, expect: int | None = None) -> Write:
    return draft(key, operation, {}, expect=expect, reason="page 17").write


CREATE = write("create", EntryKey("task/q3", "_contracts", "plan"))
GRANT = write("grant", EntryKey("task/q3", "_grants", "plan/web-1"))


@pytest.mark.parametrize(
    ("writes", "name"),
    [
        ([write("append")], "upsert_memory"),
        ([write("append", expect=0)], "create_memory"),
        ([write("append", expect=3)], "update_memory"),
        ([write("replace")], "update_memory"),
        ([write("condense")], "update_memory"),
        ([write("rewrite", expect=0)], "create_memory"),
        ([write("retract")], "update_memory"),
        ([write("delete", expect=3)], "delete_memory"),
        ([write("put", FACT)], "upsert_memory"),
        ([write("put", FACT, expect=0)], "create_memory"),
        ([write("put", FACT, expect=1)], "update_memory"),
        ([write("append"), write("append")], "upsert_memory"),
        ([write("append"), write("replace")], "commonplace.write"),
        ([CREATE], "create_memory_store"),
        ([GRANT], "commonplace.write"),
        ([write("move", EntryKey("agent/web-1", "_cursors", "desk"))], "commonplace.write"),
    ],
)
def test_a_span_is_named_by_what_all_its_writes_do(writes: list[Write], name: str) -> None:
    assert writing.span_name(writes) == name
    assert name in names.SPANS


def test_every_operation_has_a_name() -> None:
    for operation in ("insert", "edit", "supersede", *reserved.RESERVED_OPERATIONS):
        assert writing.span_name([write(operation)]) in names.SPANS


def test_a_commit_is_about_content_then_about_what_it_creates() -> None:
    served = write("serve", EntryKey("agent/web-1", "_served"))
    append = write("append")
    assert writing.told_of([append, served]) == [append]
    assert writing.told_of([CREATE, GRANT]) == [CREATE]
    assert writing.told_of([GRANT, served]) == [GRANT, served]


def test_a_key_is_told_only_when_asked_for() -> None:
    untold = writing.attributes_of([write("put", FACT)], frozenset())
    assert "acme" not in str(untold)
    assert untold[names.STORE_ID] == "task/q3:facts"
    told = writing.attributes_of([write("put", FACT)], {"key"})
    assert told[names.RECORD_ID] == "task/q3:facts/acme%20%26%20co"


def test_a_reason_is_told_only_when_asked_for_and_cut() -> None:
    assert "page" not in str(writing.attributes_of([write("append")], {"key", "actor"}))
    long = draft(BLOCK, "append", {}, reason="ä" * (MAX_TRACED_CHARS + 1)).write
    assert writing.attributes_of([long], {"reason"})[names.REASON] == "ä" * MAX_TRACED_CHARS


def test_a_group_is_told_by_what_all_its_writes_have_in_common() -> None:
    told = writing.attributes_of([write("put", FACT), write("append")], {"reason"})
    assert told == {
        names.GEN_AI_OPERATION: "upsert_memory",
        names.NAMESPACE: "task/q3",
        names.KIND: "observation",
        names.REASON: "page 17",
        names.RECORD_COUNT: 2,
    }


def test_kinds_of_regions_are_so_many_whatever_they_are_called() -> None:
    assert writing.region_kind([write("append")]) == "content"
    for region in reserved._ALLOWED:
        kind = writing.region_kind([write("move", EntryKey("task/q3", region))])
        assert f"_{kind}" == region
    assert writing.region_kind([write("move", EntryKey("task/q3", "_made_up"))]) == "other"


@pytest.mark.parametrize(
    ("error", "outcome", "code"),
    [
        (errors.LimitExceeded("full"), "refused", "limit_exceeded"),
        (errors.EngineUnavailable("closed"), "refused", "engine_unavailable"),
        (errors.OutcomeUnknown("lost"), "unknown", "outcome_unknown"),
        (asyncio.CancelledError(), "unknown", "cancelled"),
        (KeyboardInterrupt(), "unknown", "_OTHER"),
        (RuntimeError("Ada"), "unknown", "_OTHER"),
    ],
)
def test_an_error_instead_of_an_answer(error: BaseException, outcome: str, code: str) -> None:
    assert writing.outcome_of(error) == outcome
    assert code_of(error) == code


def test_a_commit_that_nobody_listens_to_has_no_trace(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing.TRACING, "get", lambda: None)
    monkeypatch.setattr(writing.METERING, "get", lambda: None)
    told = writing.writing("acme", Actor("web-1"), [draft(BLOCK, "append", {})])
    assert told.trace == ""
    assert told is writing.writing("acme", Actor("web-2"), [])
