"""Replaying the log gives the state that `decide` left, wherever replay begins."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commonplace import limits
from commonplace.core.decide import Accept
from commonplace.core.fold import OPERATIONS, replay, wants_checkpoint
from commonplace.core.rules import LastWriterWins, Rule, TextBlock
from commonplace.errors import DamagedMemory, NewerSchema
from commonplace.model.write import Write
from deciding import Tenant, append, block, write
from properties import prove

FINDINGS = block()
texts = st.text("ab\né", max_size=6)
counts = st.integers(0, 6)
steps = st.one_of(
    texts.map(append),
    st.builds(lambda old, new: write(FINDINGS, "replace", old=old, new=new), texts, texts),
    st.builds(lambda t, n: write(FINDINGS, "insert", text=t, after=n), texts, counts),
    st.builds(lambda t, n: write(FINDINGS, "condense", text=t, through=n), texts, counts),
    st.builds(lambda t: write(FINDINGS, "rewrite", text=t), texts),
    st.builds(
        lambda n: write(FINDINGS, "erase", versions=[n], current=True), st.integers(1, 6)
    ),
    st.just(write(FINDINGS, "delete")),
)  # fmt: skip


def replayed(tenant: Tenant, since: int) -> Any:
    value: Any = None
    for record in tenant.log:
        if record.entry != FINDINGS or (record.revision, record.index) < (since, 0):
            continue
        assert record.body is not None
        arguments = json.loads(record.body.payload or b"{}")
        value = replay(value, record.operation, arguments, record.version)
    return value


@pytest.mark.parametrize("rule", [LastWriterWins(), TextBlock()])
@prove
@given(st.lists(steps, max_size=12))
def test_replaying_the_log_gives_the_state(rule: Rule, script: list[Write]) -> None:
    """All of it, and from the record that the entry's row says replay may begin at."""
    tenant = Tenant().with_block("findings", rule)
    for step in script:
        if step.operation in {"rewrite", "delete", "insert"}:
            step = replace(step, expect=tenant.entry(FINDINGS).version)  # noqa: PLW2901
        tenant.propose("lead", step)
        entry = tenant.entry(FINDINGS)
        assert replayed(tenant, 0) == entry.value
        assert replayed(tenant, entry.base_revision) == entry.value
        since_base = [
            record
            for record in tenant.log
            if record.entry == FINDINGS and record.revision > entry.base_revision
        ]
        assert entry.deltas in {len(since_base), len(since_base) + 1}
        assert entry.version == sum(record.entry == FINDINGS for record in tenant.log)


def test_deltas_pile_up_to_a_bound_and_ask_for_a_checkpoint() -> None:
    tenant = Tenant().with_block()
    tenant.must("lead", append("x" * 10_000))
    assert wants_checkpoint(tenant.entry(FINDINGS))  # its delta is as large as its content
    tenant.must("lead", write(FINDINGS, "rewrite", 1, text="x" * 10_000))
    entry = tenant.entry(FINDINGS)
    assert (entry.deltas, entry.delta_bytes, entry.base_revision) == (0, 0, entry.revision)
    for number in range(limits.MAX_FOLD_DELTAS):
        assert not wants_checkpoint(tenant.entry(FINDINGS)), number
        tenant.must("lead", append("y"))
    assert wants_checkpoint(tenant.entry(FINDINGS))


def test_a_record_that_no_longer_applies_is_damage() -> None:
    with pytest.raises(DamagedMemory, match="was accepted and no longer applies"):
        replay((), "replace", {"old": "a", "new": "b"}, 3)


def test_an_operation_of_a_newer_release_says_so() -> None:
    with pytest.raises(NewerSchema, match="'merge', an operation of a newer release"):
        replay((), "merge", {}, 3)


def test_what_needs_no_value_stands_alone_or_says_how_it_grows() -> None:
    for operation in OPERATIONS.values():
        assert operation.needs_value or operation.whole or operation.grows_bytes is not None


def test_every_rule_has_only_operations_there_are() -> None:
    for rule in (TextBlock(), LastWriterWins()):
        for holds in ("text", "json"):
            assert set(rule.operations(holds)) <= set(OPERATIONS)


def test_accepting_nothing_is_a_decision_too() -> None:
    tenant = Tenant().with_block()
    decision = tenant.propose("lead", write(FINDINGS, "edit", base=0, hunks=[]))
    assert isinstance(decision, Accept)
