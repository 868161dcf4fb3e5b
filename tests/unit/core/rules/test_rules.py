"""Each rule by a table: what stands, what is asked, and how it ends."""

from typing import Any

import pytest

from commonplace.core.access import Tier
from commonplace.core.decide import Accept
from commonplace.core.rules import (
    AppendOnly,
    CompareAndSet,
    LastWriterWins,
    Rule,
    SingleWriter,
    TextBlock,
    find_rule,
)
from commonplace.core.verdict import Refusal
from commonplace.errors import InvalidName
from commonplace.model.contract import RuleSpec
from commonplace.model.entry import EntryKey
from commonplace.model.write import Write
from deciding import TASK, Tenant, block, contract, create, write

TEXT = block("text")
ITEM = EntryKey(TASK, "items", "acme")
RULES: list[Rule] = [
    AppendOnly(), CompareAndSet(), LastWriterWins(), SingleWriter("lead"), TextBlock(),
]  # fmt: skip


def text(operation: str, expect: int | None = None, **arguments: Any) -> Write:
    return write(TEXT, operation, expect, **arguments)


def put(value: Any, expect: int | None = None, **more: Any) -> Write:
    return write(ITEM, "put", expect, value=value, **more)


APPEND = text("append", text="three")
DELETE = text("delete")
NOTHING: list[Write] = []
ONE = [text("append", text="one\ntwo")]  # version 1
TWO = [*ONE, text("replace", 1, old="two", new="2")]  # version 2: line 2 changed
DEAD = [*ONE, text("delete", 1)]  # version 2 is a tombstone
AGAIN = [*DEAD, text("rewrite", 2, text="one\ntwo")]  # version 3, the same words

ACCEPTED = "accepted"

# (what was written before, what is asked, how it ends)
TEXT_BLOCK = [
    (NOTHING, APPEND, ACCEPTED),
    (NOTHING, text("append", 0, text="x"), ACCEPTED),
    (NOTHING, text("append", 1, text="x"), "version_conflict"),
    (ONE, APPEND, ACCEPTED),
    (ONE, text("append", 1, text="x"), ACCEPTED),
    (ONE, text("append", 0, text="x"), "version_conflict"),
    (TWO, text("append", 1, text="x"), "version_conflict"),
    (DEAD, APPEND, "deleted"),
    (DEAD, text("append", 2, text="x"), "deleted"),
    (ONE, text("replace", old="two", new="2"), ACCEPTED),
    (ONE, text("replace", old="three", new="3"), "anchor_not_found"),
    (ONE, text("replace", old="o", new="0"), "anchor_not_unique"),
    (ONE, text("replace", 1, old="two", new="2"), ACCEPTED),
    (TWO, text("replace", 1, old="one", new="1"), "version_conflict"),  # strict
    (TWO, text("replace", old="one", new="1", base=1), ACCEPTED),  # an untouched line
    (TWO, text("replace", old="2", new="two", base=1), "version_conflict"),
    (TWO, text("replace", old="2", new="two", base=2), ACCEPTED),
    (TWO, text("replace", old="2", new="two", base=3), "version_conflict"),  # the future
    (AGAIN, text("replace", old="two", new="2", base=1), "version_conflict"),  # ABA
    (DEAD, text("replace", old="two", new="2"), "deleted"),
    (NOTHING, text("replace", old="two", new="2"), "anchor_not_found"),
    (ONE, text("insert", text="x", after="one"), ACCEPTED),
    (ONE, text("insert", text="x", after="none"), "anchor_not_found"),
    (ONE, text("insert", text="x", after="o"), "anchor_not_unique"),
    (TWO, text("insert", text="x", after="2", base=1), "version_conflict"),
    (TWO, text("insert", text="x", after="one", base=1), ACCEPTED),
    (ONE, text("insert", text="x", after=1), "expect_required"),
    (ONE, text("insert", 1, text="x", after=1), ACCEPTED),
    (ONE, text("insert", 1, text="x", after=3), "anchor_not_found"),
    (NOTHING, text("insert", text="x", after=0), ACCEPTED),
    (ONE, text("edit", base=1, hunks=[]), ACCEPTED),
    (ONE, text("edit", base=2, hunks=[]), "version_conflict"),
    (TWO, text("edit", base=1, hunks=[{"after": None, "remove": [[1, 0]], "lines": ["1"]}]),
     ACCEPTED),
    (TWO, text("edit", base=1, hunks=[{"after": None, "remove": [[1, 1]], "lines": ["1"]}]),
     "version_conflict"),
    (TWO, text("edit", base=1, hunks=[{"after": [1, 1], "remove": [], "lines": ["1"]}]),
     "version_conflict"),
    (NOTHING, text("rewrite", text="x"), ACCEPTED),
    (ONE, text("rewrite", text="x"), "expect_required"),
    (ONE, text("rewrite", 1, text="x"), ACCEPTED),
    (ONE, text("rewrite", 0, text="x"), "version_conflict"),
    (TWO, text("rewrite", 1, text="x"), "version_conflict"),
    (ONE, text("rewrite", 7, text="x"), "version_conflict"),
    (DEAD, text("rewrite", text="x"), ACCEPTED),
    (DEAD, text("rewrite", 0, text="x"), ACCEPTED),  # 0: must not exist
    (DEAD, text("rewrite", 2, text="x"), ACCEPTED),
    (DEAD, text("rewrite", 1, text="x"), "version_conflict"),
    (AGAIN, text("rewrite", 1, text="x"), "version_conflict"),  # ABA
    (ONE, text("condense", text="x", through=1), ACCEPTED),
    (TWO, text("condense", text="x", through=1), ACCEPTED),
    (ONE, text("condense", text="x", through=0), ACCEPTED),
    (ONE, text("condense", text="x", through=2), "version_conflict"),
    (DEAD, text("condense", text="x", through=1), "deleted"),
    (ONE, DELETE, "expect_required"),
    (ONE, text("delete", 1), ACCEPTED),
    (TWO, text("delete", 1), "version_conflict"),
    (DEAD, text("delete", 2), "deleted"),
    (NOTHING, DELETE, "not_found"),
    (ONE, text("put", value=1), "contract_mismatch"),
    (ONE, text("erase", versions=[1], current=True), ACCEPTED),
    (DEAD, text("erase", versions=[1], current=True), ACCEPTED),
    (NOTHING, text("erase", versions=[1], current=True), "not_found"),
]  # fmt: skip

APPEND_ONLY = [
    (NOTHING, APPEND, ACCEPTED),
    (ONE, APPEND, ACCEPTED),
    (ONE, text("append", 0, text="x"), "version_conflict"),
    (ONE, text("rewrite", 1, text="x"), "contract_mismatch"),
    (ONE, text("replace", 1, old="two", new="2"), "contract_mismatch"),
    (ONE, text("condense", text="x", through=1), "contract_mismatch"),
    (ONE, text("edit", base=1, hunks=[]), "contract_mismatch"),
    (ONE, text("delete", 1), ACCEPTED),
    (ONE, text("delete", 2), "version_conflict"),
]

COMPARE_AND_SET = [
    (NOTHING, APPEND, ACCEPTED),
    (ONE, APPEND, "expect_required"),
    (ONE, text("append", 1, text="x"), ACCEPTED),
    (TWO, text("append", 1, text="x"), "version_conflict"),
    (ONE, text("rewrite", text="x"), "expect_required"),
    (ONE, text("rewrite", 1, text="x"), ACCEPTED),
    (ONE, text("replace", old="two", new="2"), "expect_required"),
    (ONE, text("edit", base=1, hunks=[]), ACCEPTED),
    (TWO, text("edit", base=1, hunks=[]), "version_conflict"),  # of any change
    (ONE, text("edit", base=2, hunks=[]), "version_conflict"),
    (ONE, text("condense", text="x", through=1), "contract_mismatch"),
    (ONE, DELETE, "expect_required"),
    (ONE, text("delete", 1), ACCEPTED),
    (DEAD, text("rewrite", 0, text="x"), ACCEPTED),
    (AGAIN, text("rewrite", 1, text="x"), "version_conflict"),
]

LAST_WRITER_WINS = [
    (ONE, APPEND, ACCEPTED),
    (ONE, text("rewrite", text="x"), ACCEPTED),
    (ONE, DELETE, ACCEPTED),
    (ONE, text("rewrite", 0, text="x"), "version_conflict"),
    (ONE, text("rewrite", 1, text="x"), ACCEPTED),
    (TWO, text("replace", old="2", new="two"), ACCEPTED),
    (TWO, text("replace", old="2", new="two", base=1), "version_conflict"),
    (ONE, text("condense", text="x", through=1), "contract_mismatch"),
]

SINGLE_WRITER = [
    (NOTHING, APPEND, ACCEPTED),
    (ONE, text("rewrite", text="x"), ACCEPTED),
    (ONE, text("rewrite", 0, text="x"), "version_conflict"),
    (ONE, text("condense", text="x", through=1), ACCEPTED),
    (ONE, DELETE, ACCEPTED),
]

TABLES: dict[Rule, list[Any]] = {
    TextBlock(): TEXT_BLOCK,
    AppendOnly(): APPEND_ONLY,
    CompareAndSet(): COMPARE_AND_SET,
    LastWriterWins(): LAST_WRITER_WINS,
    SingleWriter("lead"): SINGLE_WRITER,
}
CASES = [(rule, *case) for rule, table in TABLES.items() for case in table]


def standing(rule: Rule, before: list[Write]) -> Tenant:
    """A text under `rule` on which `before` was written, whatever the rule says of that."""
    tenant = Tenant()
    tenant.must("lead", create("text", LastWriterWins()))
    for step in before:
        tenant.must("lead", step)
    key = EntryKey(TASK, "_contracts", "text")
    tenant.must("lead", write(key, "change", 1, contract=contract(rule)))
    return tenant


@pytest.mark.parametrize(("rule", "before", "asked", "ends"), CASES)
def test_how_a_write_to_a_text_ends(
    rule: Rule, before: list[Write], asked: Write, ends: str
) -> None:
    tenant = standing(rule, before)
    version = tenant.entry(TEXT).version
    decision = tenant.propose("lead", asked)
    assert (decision.code if isinstance(decision, Refusal) else ACCEPTED) == ends
    assert tenant.entry(TEXT).version == version + (ends == ACCEPTED)


CREATED = [put({"n": 1})]
CHANGED = [*CREATED, put({"n": 2})]
REMOVED = [*CREATED, write(ITEM, "delete")]

JSON_TABLES: dict[Rule, list[Any]] = {
    AppendOnly(): [
        (NOTHING, put(1), ACCEPTED),
        (CREATED, put(1), "contract_mismatch"),
        (CREATED, put(1, 1), "contract_mismatch"),
        (REMOVED, put(1), "contract_mismatch"),  # what was said stays said
        (CREATED, write(ITEM, "delete", 1), ACCEPTED),
    ],
    CompareAndSet(): [
        (NOTHING, put(1), ACCEPTED),
        (NOTHING, put(1, 0), ACCEPTED),
        (NOTHING, put(1, 1), "version_conflict"),
        (CREATED, put(1), "expect_required"),
        (CREATED, put(1, 0), "version_conflict"),
        (CREATED, put(1, 1), ACCEPTED),
        (CHANGED, put(1, 1), "version_conflict"),
        (CHANGED, put(1, 3), "version_conflict"),
        (CREATED, put(1, base=1), ACCEPTED),
        (CHANGED, put(1, base=1), "version_conflict"),
        (CHANGED, put(1, base=3), "version_conflict"),
        (REMOVED, put(1, 0), ACCEPTED),
        (REMOVED, put(1, 1), "version_conflict"),
        (REMOVED, put(1, base=1), "version_conflict"),
        (CREATED, write(ITEM, "delete"), "expect_required"),
        (CREATED, write(ITEM, "delete", 1), ACCEPTED),
        (NOTHING, write(ITEM, "delete"), "not_found"),
        (CREATED, write(ITEM, "append", 1, text="x"), "contract_mismatch"),
        (CREATED, write(ITEM, "erase", versions=[1], current=True), ACCEPTED),
    ],
    LastWriterWins(): [
        (CREATED, put(1), ACCEPTED),
        (CREATED, put(1, 0), "version_conflict"),
        (REMOVED, put(1), ACCEPTED),
        (CREATED, write(ITEM, "delete"), ACCEPTED),
    ],
    SingleWriter("lead"): [
        (CREATED, put(1), ACCEPTED),
        (CREATED, put(1, 2), "version_conflict"),
        (CREATED, write(ITEM, "delete"), ACCEPTED),
    ],
}
JSON_CASES = [(rule, *case) for rule, table in JSON_TABLES.items() for case in table]


@pytest.mark.parametrize(("rule", "before", "asked", "ends"), JSON_CASES)
def test_how_a_write_to_an_item_ends(
    rule: Rule, before: list[Write], asked: Write, ends: str
) -> None:
    tenant = Tenant()
    tenant.must("lead", create("items", LastWriterWins(), "json"))
    for step in before:
        tenant.must("lead", step)
    key = EntryKey(TASK, "_contracts", "items")
    tenant.must("lead", write(key, "change", 1, contract=contract(rule, "json")))
    decision = tenant.propose("lead", asked)
    assert (decision.code if isinstance(decision, Refusal) else ACCEPTED) == ends


def test_a_single_writer_is_the_only_one_whatever_the_others_were_granted() -> None:
    tenant = Tenant().with_actors().with_block("plan", SingleWriter("contributor"))
    plan = block("plan")
    tenant.must("contributor", write(plan, "rewrite", text="mine"))
    tenant.must("contributor", write(plan, "delete"))
    for actor in ("reader", "editor", "owner", "lead"):
        for asked in (write(plan, "append", text="x"), write(plan, "rewrite", text="x")):
            refusal = tenant.refused(actor, asked)
            assert refusal.code in {"not_owner", "deleted"}
    refusal = tenant.refused("lead", write(plan, "rewrite", text="x"))
    assert refusal.facts == {"owner": "contributor"}
    assert "single writer, contributor" in refusal.message


def test_being_named_as_the_writer_is_no_grant() -> None:
    tenant = Tenant().with_block("plan", SingleWriter("web-1"))
    assert tenant.refused("web-1", write(block("plan"), "append", text="x")).code == "access_denied"


# --- what a rule is -----------------------------------------------------------------------------


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_a_rule_is_found_again_by_its_spec(rule: Rule) -> None:
    assert find_rule(rule.spec) == rule
    assert rule.promise
    assert rule.loses
    for holds in ("text", "json"):
        assert all(isinstance(tier, Tier) for tier in rule.operations(holds).values())


def test_only_last_writer_wins_says_that_it_loses_something() -> None:
    assert [rule.name for rule in RULES if rule.loses != "nothing"] == ["last_writer_wins"]


@pytest.mark.parametrize(
    "spec",
    [
        RuleSpec("counter"),
        RuleSpec("append_only", 2),
        RuleSpec("append_only", 1, {"more": 1}),
        RuleSpec("single_writer", 1),
        RuleSpec("single_writer", 1, {"writer": ""}),
        RuleSpec("single_writer", 1, {"writer": 3}),
    ],
)
def test_a_rule_nobody_knows_is_none(spec: RuleSpec) -> None:
    assert find_rule(spec) is None


def test_a_writer_has_an_actors_name() -> None:
    with pytest.raises(InvalidName, match="writer"):
        SingleWriter("a/b")


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_a_rule_accepts_the_first_append_or_put(rule: Rule) -> None:
    tenant = Tenant().with_block("text", rule)
    assert isinstance(tenant.propose("lead", APPEND), Accept)
    if rule.name != "text_block":
        tenant.with_store("items", rule)
        assert isinstance(tenant.propose("lead", put(1)), Accept)
