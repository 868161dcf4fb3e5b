import copy
from dataclasses import replace
from typing import Any

import pytest

from commonplace import limits
from commonplace.core.decide import Accept, decide
from commonplace.core.footprint import footprint
from commonplace.core.reserved import Terms
from commonplace.core.rules import (
    AppendOnly,
    CompareAndSet,
    LastWriterWins,
    Rule,
    SingleWriter,
    TextBlock,
)
from commonplace.core.verdict import Duplicate, Refusal
from commonplace.errors import BY_CODE
from commonplace.model.contract import RuleSpec
from commonplace.model.entry import EntryKey
from commonplace.model.write import Write
from deciding import (
    NOW_US,
    TASK,
    Tenant,
    append,
    block,
    contract,
    create,
    found,
    grant,
    group,
    revoke,
    write,
)

FINDINGS = block()
CONTRACT = EntryKey(TASK, "_contracts", "findings")


def change(rule: Rule, holds: str = "text", expect: int | None = 1, **more: Any) -> Write:
    return write(CONTRACT, "change", expect, contract=contract(rule, holds, **more))


# --- genesis and creation -------------------------------------------------------------------------


def test_whoever_comes_first_founds_the_tenant() -> None:
    tenant = Tenant(founded=False)
    assert tenant.refused("a", found(TASK)).code == "access_denied"
    tenant.must("a", found("tenant"), grant("a", "owner", namespace="tenant"))
    assert tenant.refused("b", found("tenant"), grant("b", "owner", namespace="tenant")).code == (
        "access_denied"
    )
    tenant.must("a", found(TASK))


def test_creating_the_same_again_changes_nothing() -> None:
    tenant = Tenant().with_block()
    revision = tenant.state.revision
    for actor in ("lead", "reader"):
        if actor == "reader":
            tenant.with_actors()
            revision = tenant.state.revision
        outcomes = tenant.must(
            actor, create("findings", TextBlock()), grant(actor, "owner", "findings")
        )
        assert (outcomes[0].place, outcomes[0].version) == (-1, 1)
        assert all(outcome.unchanged for outcome in outcomes)
        assert tenant.state.revision == revision


def test_opening_by_creating_gives_a_reader_no_more_than_reading() -> None:
    tenant = Tenant().with_block().with_actors()
    tenant.must("reader", create("findings", TextBlock()), grant("reader", "owner", "findings"))
    assert tenant.refused("reader", append("x")).code == "access_denied"


@pytest.mark.parametrize(
    "again",
    [
        [create("findings", AppendOnly())],
        [create("findings", TextBlock(), max_bytes=10)],
        [create("findings", TextBlock()), grant("web-1", "editor", "findings")],
        [create("findings", TextBlock()), grant("web-2", "reader", "findings")],
        [found(TASK), grant("web-1", "owner")],
    ],
)
def test_creating_it_differently_is_a_mismatch(again: list[Write]) -> None:
    tenant = Tenant().with_block()
    tenant.must("lead", grant("web-1", "reader", "findings"))
    assert tenant.refused("lead", *again).code == "contract_mismatch"


def test_creating_the_same_again_with_its_shares_changes_nothing() -> None:
    tenant = Tenant()
    asked = [create("a", TextBlock()), grant("web 1", "reader", "a"), grant("lead", "owner", "a")]
    tenant.must("lead", *asked)
    assert all(outcome.unchanged for outcome in tenant.must("lead", *asked))


def test_what_stands_may_be_created_again_anywhere_in_a_group() -> None:
    """`atomic()` around two creations and a write does what each would do alone."""
    tenant = Tenant().with_block("a")
    outcomes = tenant.must(
        "lead",
        create("b", TextBlock()),
        append("x", "b"),
        create("a", TextBlock()),
        grant("lead", "owner", "a"),
        append("y", "a"),
        create("b", TextBlock()),
    )
    assert [o.unchanged for o in outcomes] == [False, False, True, True, False, True]
    assert [o.place for o in outcomes if not o.unchanged] == [0, 1, 2]
    assert (tenant.text("a"), tenant.text("b")) == ("y", "x")


def test_a_write_behind_a_creation_is_never_swallowed() -> None:
    tenant = Tenant().with_store("facts", LastWriterWins())
    item = EntryKey(TASK, "facts", "lead")  # a key that ends in the actor's name
    tenant.must("lead", create("facts", LastWriterWins(), "json"), write(item, "put", value=1))
    assert tenant.entry(item).value == 1


def test_a_contract_of_a_newer_release_is_refused_when_made_and_when_used() -> None:
    tenant = Tenant().with_block()
    newer = replace(contract_of("findings", tenant), rule=RuleSpec("collaborative_text"))
    plain = newer.to_plain()
    made = write(EntryKey(TASK, "_contracts", "draft"), "create", contract=plain)
    assert tenant.refused("lead", made).code == "contract_mismatch"
    stands = tenant.state.entries[CONTRACT]
    tenant.state.entries[CONTRACT] = replace(stands, value=Terms.of(plain))
    refusal = tenant.refused("lead", append("x"))
    assert refusal.code == "contract_mismatch"
    assert "Upgrade" in refusal.message


def contract_of(region: str, tenant: Tenant) -> Any:
    return tenant.entry(EntryKey(TASK, "_contracts", region)).value.contract


# --- changing a contract --------------------------------------------------------------------------


def test_a_contract_is_changed_and_the_new_rule_holds() -> None:
    tenant = Tenant().with_block()
    tenant.must("lead", append("one"))
    tenant.must("lead", change(SingleWriter("web-1")))
    assert tenant.refused("lead", append("two")).code == "not_owner"
    tenant.must("lead", change(AppendOnly(), expect=2))
    tenant.must("lead", append("two"))
    assert tenant.refused("lead", change(TextBlock(), expect=2)).code == "version_conflict"


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        (change(TextBlock(), max_bytes=9), "10 bytes, 1 more than the new limit of 9"),
        (change(LastWriterWins(), "json"), "exists with text entries"),
        (change(TextBlock(), "json"), "exists with text entries"),
    ],
)
def test_a_contract_that_the_value_cannot_satisfy_is_refused(asked: Write, why: str) -> None:
    tenant = Tenant().with_block()
    tenant.must("lead", append("123456789"))
    refusal = tenant.refused("lead", asked)
    assert refusal.code == "contract_mismatch"
    assert why in refusal.message
    tenant.must("lead", change(TextBlock(), max_bytes=10))


def test_a_deleted_value_stands_in_the_way_of_nothing() -> None:
    tenant = Tenant().with_block()
    tenant.must("lead", append("123456789"))
    tenant.must("lead", write(FINDINGS, "delete", 1))
    tenant.must("lead", change(TextBlock(), max_bytes=1))


def test_a_rule_that_has_nothing_for_the_values_is_refused() -> None:
    refusal = Tenant().refused("lead", create("facts", TextBlock(), "json"))
    assert refusal.code == "contract_mismatch"
    assert "text_block does not work on json" in refusal.message


def test_only_what_is_there_can_be_changed() -> None:
    assert Tenant().refused("lead", change(TextBlock())).code == "not_found"


def test_a_text_has_no_keys() -> None:
    tenant = Tenant().with_block()
    refusal = tenant.refused("lead", write(EntryKey(TASK, "findings", "x"), "append", text="a"))
    assert refusal.code == "contract_mismatch"


# --- guards, groups, precedence ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "version", "holds"),
    [
        ([], 0, True),
        ([], 1, False),
        ([append("a")], 1, True),
        ([append("a")], 0, False),
        ([append("a")], 2, False),
        ([append("a"), write(FINDINGS, "delete", 1)], 2, True),  # the tombstone
        ([append("a"), write(FINDINGS, "delete", 1)], 0, True),  # not there
        ([append("a"), write(FINDINGS, "delete", 1)], 1, False),
        ([append("a"), write(FINDINGS, "delete", 1), write(FINDINGS, "rewrite", text="a")], 1,
         False),  # no ABA
    ],
)  # fmt: skip
def test_guards(before: list[Write], version: int, holds: bool) -> None:
    tenant = Tenant().with_block().with_block("other")
    for step in before:
        tenant.must("lead", step)
    asked = append("x", "other")
    if holds:
        tenant.must("lead", asked, guards={FINDINGS: version})
    else:
        refusal = tenant.refused("lead", asked, guards={FINDINGS: version})
        assert refusal.code == "version_conflict"
        assert refusal.facts["guard"] == "task/q3:findings"


def test_a_guard_needs_no_value_but_the_grants_that_let_it_be_read() -> None:
    tenant = Tenant().with_block().with_block("other").with_actors()
    tenant.must("lead", append("a"))
    for version in (1, 2):
        asked = {"guards": {FINDINGS: version}, "forget": True}
        decision = tenant.propose("contributor", append("x", "other"), **asked)
        assert isinstance(decision, Accept) == (version == 1)


def test_guards_see_what_stood_before_the_group() -> None:
    tenant = Tenant().with_block()
    tenant.must("lead", append("a"), guards={FINDINGS: 0})
    tenant.must("lead", append("b"), append("c"), guards={FINDINGS: 1})


def test_a_group_is_all_or_nothing_and_says_which_write() -> None:
    tenant = Tenant().with_block()
    refusal = tenant.refused("lead", append("a"), write(FINDINGS, "rewrite", 7, text="x"))
    assert (refusal.code, refusal.write) == ("version_conflict", 1)
    assert tenant.entry(FINDINGS).version == 0


def test_each_write_of_a_group_sees_those_before_it() -> None:
    tenant = Tenant().with_block()
    outcomes = tenant.must(
        "lead",
        append("a"),
        write(FINDINGS, "replace", 1, old="a", new="b"),
        write(FINDINGS, "rewrite", 2, text="c"),
    )
    assert [(o.place, o.version) for o in outcomes] == [(0, 1), (1, 2), (2, 3)]
    assert {record.revision for record in tenant.log[-3:]} == {tenant.state.revision}
    assert [record.index for record in tenant.log[-3:]] == [0, 1, 2]
    entry = tenant.entry(FINDINGS)
    assert (entry.revision, entry.base_revision, entry.base_index) == (
        tenant.state.revision,
        tenant.state.revision,
        2,
    )
    assert tenant.text() == "c"


def test_versions_never_restart() -> None:
    tenant = Tenant().with_block()
    for operation, expect in (("append", None), ("delete", 1), ("rewrite", 2), ("delete", 3)):
        arguments = {} if operation == "delete" else {"text": "a"}
        tenant.must("lead", write(FINDINGS, operation, expect, **arguments))
    assert tenant.entry(FINDINGS).version == 4
    refusal = tenant.refused("lead", write(FINDINGS, "rewrite", 3, text="b"))
    assert refusal.facts == {"expect": 3, "version": 4}
    assert "You read task/q3:findings@3; it is now @4, deleted." in refusal.message


def test_what_moved_says_so() -> None:
    tenant = Tenant().with_block()
    tenant.must("lead", append("a"))
    tenant.must("lead", append("b"))
    (moved,) = tenant.must("lead", write(FINDINGS, "replace", old="a", new="A", base=1))
    (still,) = tenant.must("lead", write(FINDINGS, "replace", old="b", new="B", base=3))
    (late,) = tenant.must("lead", write(FINDINGS, "condense", text="x", through=2))
    assert (moved.moved, still.moved, late.moved) == (True, False, True)


PRECEDENCE: list[tuple[str, Write]] = [
    # each is wrong in all ways below its own as well
    ("invalid_input", write(block("missing"), "nonsense", -1)),
    ("access_denied", write(block("missing"), "condense", 9, text="x" * 99, through=9)),
    ("not_found", write(block("missing"), "condense", 9, text="x" * 99, through=9)),
    ("contract_mismatch", write(FINDINGS, "put", 9, value="x" * 99)),
    ("access_denied", write(FINDINGS, "condense", 9, text="x" * 99, through=9)),
    ("version_conflict", write(FINDINGS, "rewrite", 9, text="x" * 99)),
    ("expect_required", write(FINDINGS, "rewrite", text="x" * 99)),
    ("anchor_not_found", write(FINDINGS, "replace", old="none", new="x" * 99)),
    ("limit_exceeded", write(FINDINGS, "replace", old="one", new="x" * 99)),
]


@pytest.mark.parametrize(("number", "code"), [(n, code) for n, (code, _) in enumerate(PRECEDENCE)])
def test_the_first_no_is_the_answer(number: int, code: str) -> None:
    tenant = Tenant().with_actors()
    tenant.must("lead", create("findings", TextBlock(), max_bytes=50))
    tenant.must("lead", append("one"))
    actor = {1: "nobody", 4: "editor"}.get(number, "owner")
    assert tenant.refused(actor, PRECEDENCE[number][1]).code == code


def test_a_guard_comes_before_any_write() -> None:
    tenant = Tenant().with_block()
    refusal = tenant.refused("lead", append("x", "missing"), guards={FINDINGS: 3})
    assert refusal.code == "version_conflict"


def test_every_refusal_has_an_error_of_its_own() -> None:
    for code, _ in PRECEDENCE:
        assert BY_CODE[code].code == code


# --- limits -------------------------------------------------------------------------------------


def test_an_entry_over_its_limit_says_by_how_much() -> None:
    tenant = Tenant()
    tenant.must("lead", create("findings", TextBlock(), max_bytes=10))
    tenant.must("lead", append("12345678"))  # 9 bytes with its newline
    for forget in (False, True):
        refusal = tenant.refused("lead", append("éé"), forget=forget)
        assert refusal.code == "limit_exceeded"
        assert refusal.facts == {"limit": 10, "actual": 14, "excess": 4}
        assert "4 more than its limit of 10" in refusal.message
    tenant.must("lead", append(""))
    tenant.must("lead", append("\n"))
    assert tenant.entry(FINDINGS).size_bytes == 10


def test_what_is_over_its_limit_may_shrink() -> None:
    tenant = Tenant().with_store("facts", LastWriterWins())
    item = EntryKey(TASK, "facts", "a")
    tenant.must("lead", write(item, "put", value="x" * 90))
    key = EntryKey(TASK, "_contracts", "facts")
    tenant.must(
        "lead", write(key, "change", 1, contract=contract(LastWriterWins(), "json", max_bytes=50))
    )
    assert tenant.refused("lead", write(item, "put", value="x" * 91)).code == "limit_exceeded"
    tenant.must("lead", write(item, "put", value="x" * 80))


def test_an_erasure_is_never_too_large() -> None:
    tenant = Tenant()
    tenant.must("lead", create("findings", TextBlock(), max_bytes=4))
    tenant.must("lead", append("\n\n\n\n"))
    tenant.must("lead", write(FINDINGS, "erase", versions=[1], current=True))
    assert tenant.text() == "\n".join(["[erased]"] * 4)


def test_an_erased_item_is_gone_and_an_erased_past_is_not() -> None:
    tenant = Tenant().with_store("facts", LastWriterWins())
    item = EntryKey(TASK, "facts", "a")
    tenant.must("lead", write(item, "put", value="secret"), write(item, "put", value=None))
    size = tenant.entry(item).size_bytes
    tenant.must("lead", write(item, "erase", versions=[1], current=False))
    assert tenant.entry(item).exists
    assert tenant.entry(item).size_bytes == size
    tenant.must("lead", write(item, "erase", versions=[2], current=True))
    assert (tenant.entry(item).exists, tenant.entry(item).version) == (False, 4)


# --- idempotency --------------------------------------------------------------------------------

DAY_US = 24 * 3600 * 10**6


def test_a_repeat_gets_the_answer_of_the_first_try() -> None:
    tenant = Tenant().with_block()
    tenant.must("lead", append("a"), key="once")
    again = tenant.propose("lead", append("a"), key="once")
    assert isinstance(again, Duplicate)
    assert [receipt.version for receipt in again.receipts] == [1]
    assert tenant.text() == "a"


def test_the_same_key_with_another_request_is_refused() -> None:
    tenant = Tenant().with_block()
    tenant.must("lead", append("a"), key="once")
    refusal = tenant.refused("lead", append("b"), key="once")
    assert refusal.code == "idempotency_mismatch"
    assert refusal.facts == {"idempotency_key": "once"}


def test_a_key_is_its_actors_own() -> None:
    tenant = Tenant().with_block().with_actors()
    tenant.must("lead", append("a"), key="once")
    tenant.must("owner", append("a"), key="once")
    assert tenant.text() == "a\na"


def test_a_repeat_is_answered_though_nothing_else_would_allow_it() -> None:
    tenant = Tenant().with_block().with_actors()
    tenant.must("contributor", append("a"), key="once", guards={FINDINGS: 0})
    tenant.must("lead", revoke("contributor"))
    again = tenant.propose("contributor", append("a"), key="once", guards={FINDINGS: 0})
    assert isinstance(again, Duplicate)


def test_a_key_older_than_keys_live_is_refused_and_a_repeat_of_it_is_not() -> None:
    tenant = Tenant().with_block()
    life_us = int(limits.IDEMPOTENCY_LIFE_S * 1e6)
    tenant.must("lead", append("a"), key="at its end", key_time_us=NOW_US - life_us)
    refusal = tenant.refused("lead", append("b"), key="past", key_time_us=NOW_US - life_us - 1)
    assert refusal.code == "idempotency_expired"
    assert "168 hours old" in refusal.message
    tenant.now_us += DAY_US
    again = tenant.propose("lead", append("a"), key="at its end", key_time_us=NOW_US - life_us)
    assert isinstance(again, Duplicate)
    tenant.must("lead", append("c"), key="a caller's own has no date")


def test_what_was_refused_may_be_tried_again_under_its_key() -> None:
    tenant = Tenant()
    tenant.refused("lead", append("a"), key="once")
    tenant.with_block().must("lead", append("a"), key="once")


# --- pure ---------------------------------------------------------------------------------------

SCRIPT: list[tuple[str, list[Write]]] = [
    ("lead", [create("findings", TextBlock()), grant("web-1", "editor", "findings")]),
    ("lead", [create("facts", CompareAndSet(), "json"), create("plan", SingleWriter("lead"))]),
    ("web-1", [append("one\ntwo")]),
    ("web-2", [append("denied")]),
    ("web-1", [append("three"), write(FINDINGS, "replace", old="two", new="2", base=1)]),
    ("lead", [write(EntryKey(TASK, "facts", "a"), "put", 0, value={"n": [1, None, 1.5]})]),
    ("lead", [write(FINDINGS, "condense", text="all", through=1)]),
    ("web-1", [append("four"), append("five", "missing")]),
    ("lead", [write(EntryKey(TASK, "facts", "a"), "put", 1, value=2), append("x", "plan")]),
    ("lead", [write(FINDINGS, "delete", 4), revoke("web-1", "findings")]),
    ("lead", [write(FINDINGS, "rewrite", 5, text="again\n\n")]),
    ("lead", [write(FINDINGS, "erase", versions=[6], current=True)]),
]


@pytest.mark.parametrize("number", range(len(SCRIPT)))
def test_deciding_changes_neither_the_state_nor_the_group(number: int) -> None:
    tenant = Tenant()
    for actor, writes in SCRIPT[:number]:
        tenant.propose(actor, *writes)
    actor, writes = SCRIPT[number]
    asked = group(actor, writes, {FINDINGS: tenant.entry(FINDINGS).version})
    for key, _ in footprint(asked):
        tenant.state.entries.setdefault(key, tenant.entry(key))
    before, asked_before = copy.deepcopy(tenant.state), copy.deepcopy(asked)
    first = decide(tenant.state, asked, NOW_US)
    assert (tenant.state, asked) == (before, asked_before)
    assert decide(tenant.state, asked, NOW_US) == first


def run(*, forget: bool) -> Tenant:
    tenant = Tenant()
    for actor, writes in SCRIPT:
        tenant.propose(actor, *writes, forget=forget)
    return tenant


def test_the_same_groups_in_the_same_order_give_the_same_records() -> None:
    one, two = run(forget=False), run(forget=False)
    assert one.log == two.log
    assert one.state.digest == two.state.digest
    assert len(one.log) == 19


def test_an_append_decided_without_the_text_gives_the_same_records() -> None:
    """What a lane happens to hold in its cache must not show."""
    tenant = Tenant().with_block()
    other = Tenant().with_block()
    for text in ("a", "b\n", "\n", "é\n\n", ""):
        tenant.must("lead", append(text))
        other.must("lead", append(text), forget=True)
        assert tenant.state.digest == other.state.digest


def test_the_footprint_holds_all_that_a_decision_looks_at() -> None:
    """`Tenant.decide` loads nothing else, so a key left out would be a KeyError."""
    tenant = run(forget=False)
    for actor, writes in SCRIPT:
        for each in writes:
            assert isinstance(tenant.propose(actor, each), Accept | Refusal)


def test_a_contract_is_not_changed_by_who_has_not_read_it() -> None:
    tenant = Tenant().with_block("findings")
    assert tenant.refused("lead", change(AppendOnly(), expect=None)).code == "expect_required"


def test_a_base_that_is_none_is_no_base() -> None:
    tenant = Tenant().with_block("findings")
    tenant.must("lead", append("a"))
    (outcome,) = tenant.must("lead", write(FINDINGS, "replace", old="a", new="b", base=None))
    assert (outcome.version, outcome.moved) == (2, False)
