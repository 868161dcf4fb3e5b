"""What no face would send, and what a batch must survive."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commonplace import limits
from commonplace.core.fold import OPERATIONS
from commonplace.core.rules import LastWriterWins, TextBlock
from commonplace.core.verdict import Refusal
from commonplace.core.wellformed import malformed
from commonplace.errors import BY_CODE
from commonplace.model.entry import EntryKey
from commonplace.model.write import Guard, Write, WriteGroup
from deciding import TASK, Tenant, append, block, contract, create, found, grant, group, write
from properties import prove_much

FINDINGS = block()


def changed(field: str, value: Any) -> WriteGroup:
    return group("lead", [replace(append("a"), **{field: value})])


GROUPS: dict[str, tuple[WriteGroup, str]] = {
    "no writes": (group("lead", []), "invalid_input"),
    "many writes": (group("lead", [append("a")] * 257), "limit_exceeded"),
    "many guards": (
        group("lead", [append("a")], {EntryKey(TASK, f"r{n}"): 0 for n in range(513)}),
        "limit_exceeded",
    ),
    "no key": (group("lead", [append("a")], key=""), "invalid_input"),
    "long key": (group("lead", [append("a")], key="k" * 129), "limit_exceeded"),
    "control in key": (group("lead", [append("a")], key="a\x1fb"), "invalid_input"),
    "key of many bytes": (group("lead", [append("a")], key="é" * 65), "limit_exceeded"),
    "surrogate in key": (group("lead", [append("a")], key="\ud800"), "invalid_input"),
    "surrogate in trace": (replace(group("lead", [append("a")]), trace="\ud800"), "invalid_input"),
    "surrogate in reason": (changed("reason", "\ud800"), "invalid_input"),
    "surrogate in a source": (changed("based_on", ("\ud800",)), "invalid_input"),
    "surrogate in a text": (changed("arguments", {"text": "\ud800"}), "invalid_input"),
    "control in trace": (replace(group("lead", [append("a")]), trace="a\nb"), "invalid_input"),
    "unknown operation": (changed("operation", "frobnicate"), "invalid_input"),
    "negative expect": (changed("expect", -1), "invalid_input"),
    "expect of another type": (changed("expect", "1"), "invalid_input"),
    "expect a boolean": (changed("expect", True), "invalid_input"),
    "expect a float": (changed("expect", 1.0), "invalid_input"),
    "expect beyond 64 bits": (changed("expect", 2**63), "invalid_input"),
    "unknown kind": (changed("kind", "rumour"), "invalid_input"),
    "long reason": (changed("reason", "é" * 2049), "limit_exceeded"),
    "many sources": (changed("based_on", ("a",) * 65), "limit_exceeded"),
    "a source of two": (changed("based_on", ("a,b",)), "invalid_input"),
    "an empty source": (changed("based_on", ("",)), "invalid_input"),
    "short salt": (changed("salt", b"0" * 15), "invalid_input"),
    "no commitment": (changed("commitment", b""), "invalid_input"),
    "arguments by place": (changed("arguments", ["a"]), "invalid_input"),
    "huge payload": (changed("payload", b"0" * (2 * limits.MAX_VALUE_BYTES + 1)), "limit_exceeded"),
    "guard of a negative version": (
        group("lead", [append("a")], {FINDINGS: -1}),
        "invalid_input",
    ),
    "guard of a boolean": (group("lead", [append("a")], {FINDINGS: False}), "invalid_input"),
    "guard of nowhere": (
        group("lead", [append("a")], {EntryKey("task", "x"): 0}),
        "invalid_namespace",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("asked", "code"), GROUPS.values(), ids=GROUPS)
def test_a_malformed_group_is_refused(asked: WriteGroup, code: str) -> None:
    refusal = malformed(asked)
    assert refusal is not None
    assert refusal.code == code
    assert refusal.message.startswith("Not written. ")
    assert isinstance(Tenant().with_block().decide(asked), Refusal)


@pytest.mark.parametrize(
    "entry",
    [
        EntryKey("", "findings"),
        EntryKey("task", "findings"),
        EntryKey("task/", "findings"),
        EntryKey("task/q3/", "findings"),
        EntryKey("task/%71%33", "findings"),
        EntryKey("task/q 3", "findings"),
        EntryKey("task/..", "findings"),
        EntryKey("task/e%CC%81", "findings"),
        EntryKey(TASK, ""),
        EntryKey(TASK, "a b"),
        EntryKey(TASK, "a/b"),
        EntryKey(TASK, "_Grants"),
        EntryKey(TASK, "findings", "a\0"),
        EntryKey(TASK, "findings", ".."),
        EntryKey(TASK, "findings", "x" * 513),
    ],
)
def test_an_address_has_one_spelling(entry: EntryKey) -> None:
    refusal = malformed(group("lead", [write(entry, "append", text="a")]))
    assert refusal is not None
    assert refusal.code in {"invalid_name", "invalid_namespace"}


@pytest.mark.parametrize("key", ["", "_grants", "a/b", "a b", "x>y", "é", "a\n"])
def test_a_contract_is_for_a_region_a_user_may_choose(key: str) -> None:
    refusal = malformed(group("lead", [create(key, TextBlock())]))
    assert refusal is not None
    assert refusal.code == "invalid_name"


@pytest.mark.parametrize(
    ("namespace", "key"),
    [
        (TASK, ""),
        (TASK, "a b"),
        (TASK, "%61"),
        (TASK, "a/"),
        (TASK, "/a"),
        (TASK, "a/b/c"),
        (TASK, "é/a"),
        (TASK, "task/>a"),
        ("tenant", "task>a"),
        ("tenant", "task//>a"),
        ("tenant", "task/>"),
        ("tenant", "task/>>a"),
        ("tenant", "/>a"),
        (TASK, "%ff"),
    ],
)
def test_a_grant_names_an_actor_in_one_spelling(namespace: str, key: str) -> None:
    asked = write(EntryKey(namespace, "_grants", key), "grant", tier="reader", history=True)
    assert malformed(group("lead", [asked])) is not None


@pytest.mark.parametrize("key", ["a", "a%20b", "findings/a", "_cursors/a"])
def test_a_grant_that_is_one(key: str) -> None:
    asked = write(EntryKey(TASK, "_grants", key), "grant", tier="reader", history=True)
    assert malformed(group("lead", [asked])) is None


@pytest.mark.parametrize("key", ["a", ">a", "task/>a", "users/a%20b/>c", "findings/a"])
def test_a_grant_over_a_prefix_that_is_one(key: str) -> None:
    asked = write(EntryKey("tenant", "_grants", key), "grant", tier="reader", history=True)
    assert malformed(group("lead", [asked])) is None


def with_contract(**members: Any) -> Write:
    plain = {**contract(TextBlock()), **members}
    return write(EntryKey(TASK, "_contracts", "x"), "create", contract=plain)


ARGUMENTS: list[Write] = [
    write(FINDINGS, "append"),
    write(FINDINGS, "append", text=1),
    write(FINDINGS, "replace", old="a"),
    write(FINDINGS, "replace", old="a", new=None),
    write(FINDINGS, "replace", old="a", new="b", base=-1),
    write(FINDINGS, "replace", old="a", new="b", base="1"),
    write(FINDINGS, "replace", old="a", new="b", base=True),
    write(FINDINGS, "replace", old="a", new="b", base=1, own=None),
    write(FINDINGS, "replace", old="a", new="b", base=1, own=[2, 2]),
    write(FINDINGS, "replace", old="a", new="b", base=1, own=[-2]),
    write(FINDINGS, "replace", old="a", new="b", base=1, own="23"),
    write(FINDINGS, "insert", text="a"),
    write(FINDINGS, "insert", text="a", after=-1),
    write(FINDINGS, "insert", text="a", after=True),
    write(FINDINGS, "insert", text="a", after=1.5),
    write(FINDINGS, "rewrite", text=None),
    write(FINDINGS, "condense", text="a"),
    write(FINDINGS, "condense", text="a", through=-1),
    write(FINDINGS, "condense", text="a", through=None),
    write(FINDINGS, "edit", hunks=[]),
    write(FINDINGS, "edit", base=None, hunks=[]),
    write(FINDINGS, "edit", base=1),
    write(FINDINGS, "edit", base=1, hunks="abc"),
    write(FINDINGS, "edit", base=1, hunks=[[]]),
    write(FINDINGS, "edit", base=1, hunks=[{"after": None, "remove": []}]),
    write(FINDINGS, "edit", base=1, hunks=[{"after": [1], "remove": [], "lines": []}]),
    write(FINDINGS, "edit", base=1, hunks=[{"after": None, "remove": [[1, "0"]], "lines": []}]),
    write(FINDINGS, "edit", base=1, hunks=[{"after": None, "remove": [], "lines": ["a\nb"]}]),
    write(FINDINGS, "edit", base=1, hunks=[{"after": None, "remove": [], "lines": [1]}]),
    write(FINDINGS, "put"),
    write(FINDINGS, "put", value=1, base=-1),
    write(FINDINGS, "erase", versions=[1]),
    write(FINDINGS, "erase", current=True),
    write(EntryKey(TASK, "_grants", "a"), "grant", tier="king", history=True),
    write(EntryKey(TASK, "_grants", "a"), "grant", tier="none", history=True),
    write(EntryKey(TASK, "_grants", "a"), "grant", tier=["owner"], history=True),
    write(EntryKey(TASK, "_grants", "a"), "grant", tier="owner", history=1),
    write(EntryKey(TASK, "_grants", "a"), "grant", tier="owner"),
    write(EntryKey(TASK, "_grants", "a"), "grant", tier="owner", history=True, more=1),
    write(EntryKey(TASK, "_contracts", "x"), "create"),
    write(EntryKey(TASK, "_contracts", "x"), "create", contract={}),
    with_contract(holds="xml"),
    with_contract(holds=[]),
    with_contract(visibility="eventual"),
    with_contract(rule="text_block"),
    with_contract(rule={"name": "text_block"}),
    with_contract(rule={"name": "text_block", "version": "1", "parameters": {}}),
    with_contract(max_bytes=0),
    with_contract(max_bytes=-1),
    with_contract(max_bytes=limits.MAX_TEXT_BYTES + 1),
    with_contract(max_bytes=True),
    with_contract(more=1),
    write(EntryKey(TASK, "_retention", "floor"), "raise_floor", revision=1),
    write(EntryKey(TASK, "_namespace", "x"), "found"),
    write(EntryKey("agent/lead", "_cursors", "c"), "move", base="x"),
    write(EntryKey("agent/lead", "_cursors", "c"), "move", through=1.5),
]


@pytest.mark.parametrize("asked", ARGUMENTS, ids=lambda w: f"{w.operation} {w.payload[:60]}")
def test_arguments_have_the_shape_of_their_operation(asked: Write) -> None:
    refusal = malformed(group("lead", [append("ok"), asked]))
    assert refusal is not None
    assert refusal.code in {"invalid_input", "limit_exceeded"}
    assert refusal.write == 1


def test_what_the_faces_send_is_well_formed() -> None:
    for asked in (
        [found(TASK), grant("a b", "owner"), create("findings", TextBlock())],
        [write(FINDINGS, "insert", 3, text="a", after=0), append("")],
        [write(FINDINGS, "edit", base=0, hunks=[{"after": None, "remove": [], "lines": ["a"]}])],
        [write(EntryKey("agent/a", "_cursors", "c/1"), "move", position=3, claims=[])],
        [write(EntryKey("tenant", "_retention", "floor"), "raise_floor", revision=1)],
        [replace(append("a"), based_on=("task/q3:findings@12#L3-5", "x@2026-11-20T03:00Z"))],
    ):
        assert malformed(group("lead", asked)) is None


json = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 3) | st.floats(allow_nan=False) | st.text("aL/>\n"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("at"), inner),
    max_leaves=6,
)  # fmt: skip
members = st.sampled_from(
    ["text", "old", "new", "after", "base", "through", "hunks", "value", "versions", "current",
     "tier", "history", "contract"]
)  # fmt: skip
hunks = st.lists(
    st.fixed_dictionaries({
        "after": st.none() | st.lists(st.integers(0, 2), max_size=3),
        "remove": st.lists(st.lists(st.integers(0, 2), min_size=2, max_size=2), max_size=3),
        "lines": st.lists(st.text("ab\n", max_size=2), max_size=2),
    }),
    max_size=3,
)  # fmt: skip
arguments = st.dictionaries(members, json, max_size=4) | st.fixed_dictionaries(
    {"text": st.text("ab\n"), "old": st.text("ab\n"), "new": st.text("ab\n"),
     "after": st.integers(-1, 3) | st.text("ab\n"), "base": st.none() | st.integers(-1, 4),
     "through": st.integers(-1, 4), "hunks": hunks}
)  # fmt: skip
entries = st.builds(
    EntryKey,
    st.sampled_from([TASK, "tenant", "agent/lead", "agent/bob", "shared", "task", "", "a/b"]),
    st.sampled_from(["findings", "facts", "", "_grants", "_contracts", "_namespace", "_x", "a/b",
                     "_cursors", "_retention"]),
    st.sampled_from(["", "lead", "findings", "findings/lead", ">lead", "task/>lead", "..", "\n"]),
)  # fmt: skip


@prove_much
@given(
    st.sampled_from(["lead", "mallory"]),
    st.lists(
        st.tuples(
            entries,
            st.sampled_from([*OPERATIONS, "nonsense"]),
            st.none() | st.integers(-1, 3),
            arguments,
        ),
        min_size=1,
        max_size=3,
    ),
    st.lists(st.builds(Guard, entries, st.integers(-1, 3)), max_size=1),
)
def test_no_group_is_an_exception(
    actor: str, asked: list[tuple[EntryKey, str, int | None, dict[str, Any]]], guards: list[Guard]
) -> None:
    tenant = Tenant().with_block().with_store("facts", LastWriterWins())
    tenant.must("lead", append("a\nb\na"))
    writes = [write(key, operation, expect, **given) for key, operation, expect, given in asked]
    decision = tenant.decide(replace(group(actor, writes), guards=tuple(guards)))
    if isinstance(decision, Refusal):
        assert decision.code in BY_CODE
    tenant.must("lead", found("task/after"))  # access can still be judged
