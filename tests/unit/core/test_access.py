"""Who may do what. Every test here begins as an attacker, or as somebody denied, would."""

import pytest

from commonplace.core.access import Reach, Tier, grant_keys, prefixes, reach
from commonplace.core.rules import (
    AppendOnly,
    CompareAndSet,
    LastWriterWins,
    SingleWriter,
    TextBlock,
)
from commonplace.core.state import EntryState
from commonplace.core.verdict import Refusal
from commonplace.model.entry import EntryKey
from commonplace.model.namespace import Namespace, NamespacePrefix
from commonplace.model.write import Write
from deciding import (
    TASK,
    Tenant,
    append,
    block,
    contract,
    create,
    found,
    grant,
    grant_over,
    revoke,
    write,
)

TIERS = ("nobody", "reader", "contributor", "editor", "owner")

# operation on the block "findings" at version 1, and the least tier that may
BLOCK_WRITES = {
    "append": (append("x"), "contributor"),
    "insert": (write(block(), "insert", text="x", after="one"), "editor"),
    "replace": (write(block(), "replace", old="one", new="x"), "editor"),
    "edit": (write(block(), "edit", base=1, hunks=[]), "editor"),
    "rewrite": (write(block(), "rewrite", 1, text="x"), "owner"),
    "condense": (write(block(), "condense", text="x", through=1), "owner"),
    "delete": (write(block(), "delete", 1), "owner"),
    "erase": (write(block(), "erase", versions=[1], current=True), "owner"),
    "share": (grant("mallory", "reader", "findings"), "owner"),
    "unshare": (revoke("reader", "findings"), "owner"),
    "change": (
        write(
            EntryKey(TASK, "_contracts", "findings"), "change", 1, contract=contract(AppendOnly())
        ),
        "owner",
    ),
}


@pytest.mark.parametrize("region", ["", "findings"], ids=["namespace", "region"])
@pytest.mark.parametrize("actor", TIERS)
@pytest.mark.parametrize(("asked", "needs"), BLOCK_WRITES.values(), ids=BLOCK_WRITES)
def test_each_operation_takes_its_tier(asked: Write, needs: str, actor: str, region: str) -> None:
    tenant = Tenant().with_block().with_actors(region)
    tenant.must("lead", append("one"))
    decision = tenant.propose(actor, asked)
    if TIERS.index(actor) >= TIERS.index(needs):
        assert not isinstance(decision, Refusal), decision
    else:
        assert isinstance(decision, Refusal)
        assert decision.code == "access_denied"


@pytest.mark.parametrize("actor", TIERS)
def test_creating_a_region_takes_editor_of_the_namespace(actor: str) -> None:
    tenant = Tenant().with_block("other").with_actors()
    tenant.must("lead", grant("regional", "owner", "other"))
    decision = tenant.propose(actor, create("mine", TextBlock()))
    assert isinstance(decision, Refusal) == (actor not in {"editor", "owner"})
    assert tenant.refused("regional", create("yours", TextBlock())).code == "access_denied"


# --- default deny --------------------------------------------------------------------------------


def probes(region: str, namespace: str = TASK) -> list[Write]:
    """Writes that somebody might learn from."""
    key = EntryKey(namespace, region)
    return [
        append("x", region, namespace),
        write(key, "replace", old="one", new="x"),
        write(key, "rewrite", 0, text="x"),
        write(key, "rewrite", 99, text="x"),
        write(key, "condense", text="x", through=99),
        write(key, "delete", 1),
        write(key, "put", value=1),
        write(key, "erase", versions=[1], current=True),
        create(region, TextBlock(), namespace=namespace),
        create(region, AppendOnly(), namespace=namespace),
        write(
            EntryKey(namespace, "_contracts", region), "change", 1, contract=contract(AppendOnly())
        ),
        grant("nobody", "owner", region, namespace),
        revoke("lead", region, namespace),
    ]


def said(refusal: Refusal, region: str) -> tuple[object, ...]:
    return refusal.code, refusal.message.replace(region, "REGION"), refusal.facts, refusal.write


@pytest.mark.parametrize("number", range(len(probes("x"))))
def test_whoever_has_no_grant_gets_one_answer_for_what_is_there_and_what_is_not(
    number: int,
) -> None:
    tenant = Tenant().with_block("existing")
    tenant.must("lead", append("one", "existing"))
    answers = {
        str(said(tenant.refused("nobody", probes(region)[number]), region))
        for region in ("existing", "missing")
    }
    assert len(answers) == 1
    assert "access_denied" in answers.pop()


@pytest.mark.parametrize("number", range(len(probes("x"))))
def test_a_grant_on_one_region_says_nothing_of_the_others(number: int) -> None:
    tenant = Tenant().with_block("existing").with_block("mine")
    tenant.must("lead", grant("guest", "owner", "mine"))
    answers = {
        str(said(tenant.refused("guest", probes(region)[number]), region))
        for region in ("existing", "missing")
    }
    assert len(answers) == 1


def test_a_namespace_that_exists_and_one_that_does_not_are_the_same_to_a_stranger() -> None:
    tenant = Tenant()
    answers = set()
    for name in ("q3", "q4"):
        for asked in (found(f"task/{name}"), grant("nobody", "owner", namespace=f"task/{name}")):
            answers.add(str(said(tenant.refused("nobody", asked), name)))
    assert len(answers) == 2  # one for founding, one for sharing


@pytest.mark.parametrize(
    ("existing", "missing"),
    [
        (block(), block("missing")),
        (EntryKey(TASK, "_contracts", "findings"), EntryKey(TASK, "_contracts", "missing")),
        (EntryKey(TASK, "_grants", "lead"), EntryKey(TASK, "_grants", "missing")),
        (EntryKey(TASK, "_namespace"), EntryKey("task/q4", "_namespace")),
        (EntryKey("tenant", "_grants", "lead"), EntryKey("tenant", "_grants", "missing")),
    ],
)
def test_a_guard_is_no_oracle(existing: EntryKey, missing: EntryKey) -> None:
    tenant = Tenant().with_block()
    tenant.must("lead", append("one"))
    tenant.must("lead", grant("mallory", "contributor", namespace="tenant"))
    tenant.must("lead", revoke("mallory", namespace="tenant"))
    mine = append("x", "notes", "agent/mallory")
    tenant.must("mallory", create("notes", TextBlock(), namespace="agent/mallory"))
    answers = set()
    for entry in (existing, missing):
        for version in (0, 1, 2):
            refusal = tenant.refused("mallory", mine, guards={entry: version})
            names = [entry.namespace, entry.region, entry.key]
            message = refusal.message
            for name in filter(None, sorted(names, key=len, reverse=True)):
                message = message.replace(name, "X")
            answers.add((refusal.code, message.replace(":X", ""), str(refusal.facts)))
    assert len(answers) == 1


def test_a_reader_of_the_tenant_reads_no_namespace_in_it() -> None:
    tenant = Tenant().with_block()
    tenant.must("lead", grant("clerk", "owner", namespace="tenant"))
    for asked in (append("x"), grant("clerk", "owner"), create("findings", TextBlock())):
        assert tenant.refused("clerk", asked).code == "access_denied"
    own = append("x", "notes", "agent/clerk")
    tenant.must("clerk", create("notes", TextBlock(), namespace="agent/clerk"))
    for entry in (block(), EntryKey(TASK, "_namespace")):
        assert tenant.refused("clerk", own, guards={entry: 1}).code == "access_denied"


def test_a_refused_write_tells_a_reader_the_single_writers_name_and_a_stranger_nothing() -> None:
    tenant = Tenant().with_block("plan", SingleWriter("lead")).with_actors()
    assert tenant.refused("reader", append("x", "plan")).code == "not_owner"
    stranger = tenant.refused("nobody", append("x", "plan"))
    assert stranger.code == "access_denied"
    assert "lead" not in stranger.message


# --- escalation ----------------------------------------------------------------------------------


def attacks(actor: str) -> dict[str, list[Write]]:
    """Groups that would leave `actor` with more than it has, if they were accepted."""
    own = grant(actor, "owner")
    over_all = grant_over(NamespacePrefix.of(), actor, "owner")
    return {
        "grant myself": [own],
        "grant myself the region": [grant(actor, "owner", "findings")],
        "grant myself the tenant": [grant(actor, "owner", namespace="tenant")],
        "grant myself all": [over_all],
        "re-found the task": [found(TASK), own, append("x")],
        "re-found the tenant": [found("tenant"), grant(actor, "owner", namespace="tenant")],
        "found the tenant under a key": [
            write(EntryKey("tenant", "_namespace", "x"), "found"),
            over_all,
        ],
        "found the task under a key": [write(EntryKey(TASK, "_namespace", "x"), "found"), own],
        "found the task in other letters": [found("task/%71%33"), own],
        "create the region again": [
            create("findings", TextBlock()),
            grant(actor, "owner", "findings"),
            write(block(), "rewrite", 1, text="mine"),
        ],
        "create a region without a name": [create("", TextBlock()), own],
        "create the grants": [create("_grants", TextBlock()), own],
        "create a path that ends in a region": [
            create("x/findings", TextBlock()),
            grant(actor, "owner", "findings"),
        ],
        "found somebody's own": [
            found("agent/bob"),
            grant(actor, "owner", namespace="agent/bob"),
        ],
        "found what the tenant shares": [
            found("shared"),
            grant(actor, "owner", namespace="shared"),
        ],
        "create, and share the whole task": [create("mine", TextBlock()), own],
        "found another, and share this": [found("task/mine"), own],
        "found another, and share all": [found("task/mine"), over_all],
        "write a grant as if it were an entry": [
            write(EntryKey(TASK, "_grants", actor), "put", value={"tier": "owner"}),
        ],
        "write to a reserved region that is none": [append("x", "_x")],
    }


HARMLESS = {
    # What stands in the way is that creating again changes nothing: the group is accepted
    # or refused as a whole, and gives no more than was there.
    "re-found the task",
    "re-found the tenant",
    "create the region again",
}


@pytest.mark.parametrize("tier", ["nobody", "reader", "contributor", "editor"])
@pytest.mark.parametrize("name", attacks("x"))
def test_no_group_gives_its_writer_more_than_was_granted(name: str, tier: str) -> None:
    tenant = Tenant().with_block().with_actors()
    tenant.must("lead", grant("nobody", "contributor", namespace="tenant"))
    tenant.must("lead", append("one"))
    before = {key: tenant.entry(key).value for key in _grants(tenant)}
    tenant.propose(tier, *attacks(tier)[name])
    after = {key: tenant.entry(key).value for key in _grants(tenant)}
    gained = {key for key in after if after[key] != before.get(key)}
    allowed = {"task/mine", "agent/" + tier}
    assert not {key for key in gained if key.namespace not in allowed}, gained
    assert tenant.text() in {"one", "one\nx"}
    assert tenant.refused(tier, grant("friend", "reader")).code == "access_denied"
    assert tenant.refused(tier, grant_over(NamespacePrefix.of(), tier, "owner")).code


def _grants(tenant: Tenant) -> list[EntryKey]:
    return [key for key in tenant.state.entries if key.region == "_grants"]


@pytest.mark.parametrize("name", sorted(set(attacks("x")) - HARMLESS))
def test_an_attack_is_refused_whole(name: str) -> None:
    tenant = Tenant().with_block().with_actors()
    tenant.must("lead", grant("nobody", "contributor", namespace="tenant"))
    tenant.refused("nobody", *attacks("nobody")[name])


def test_nobody_founds_what_others_already_write_in() -> None:
    """Owners of a prefix may create below it only where there is a namespace."""
    tenant = Tenant()
    tenant.must("lead", grant_over(NamespacePrefix.of("users"), "keeper", "owner"))
    refusal = tenant.refused("keeper", create("facts", CompareAndSet(), "json", "users/1"))
    assert refusal.code == "not_found"
    assert "no namespace users/1" in refusal.message
    tenant.must("lead", found("users/1"))
    tenant.must("keeper", create("facts", CompareAndSet(), "json", "users/1"))


def test_the_middle_of_a_group_has_no_more_rights_than_its_beginning() -> None:
    tenant = Tenant().with_block().with_actors()
    refusal = tenant.refused(
        "contributor", append("x"), found("tenant"), grant("contributor", "owner")
    )
    assert refusal.write in {1, 2}
    refusal = tenant.refused("editor", create("mine", TextBlock()), append("x", "mine"),
                             write(block(), "delete", 0))  # fmt: skip
    assert (refusal.code, refusal.write) == ("access_denied", 2)


def test_a_group_does_not_give_up_its_own_rights_either() -> None:
    tenant = Tenant().with_block().with_actors()
    refusal = tenant.refused("owner", append("x"), revoke("owner"), append("y"))
    assert (refusal.code, refusal.write) == ("contract_mismatch", 1)
    refusal = tenant.refused("owner", grant("owner", "reader"), append("y"))
    assert (refusal.code, refusal.write) == ("contract_mismatch", 0)


def test_rights_made_by_a_group_are_gone_with_it() -> None:
    """Whoever creates a region and does not grant it to itself has what it had before."""
    tenant = Tenant().with_actors()
    tenant.must("editor", create("mine", TextBlock()), write(block("mine"), "rewrite", text="x"))
    assert tenant.refused("editor", write(block("mine"), "rewrite", 1, text="y")).code == (
        "access_denied"
    )


def test_an_actor_owns_its_private_namespace_and_may_share_it() -> None:
    tenant = Tenant()
    space = "agent/web%201"
    tenant.must("web 1", create("notes", TextBlock(), namespace=space))
    tenant.must("web 1", append("x", "notes", space))
    assert tenant.refused("lead", append("x", "notes", space)).code == "access_denied"
    tenant.must("web 1", grant("lead", "contributor", "notes", space))
    tenant.must("lead", append("x", "notes", space))
    tenant.must("web 1", found(space))
    assert tenant.refused("lead", found(space)).code == "access_denied"


def test_a_prefix_grant_covers_what_is_below_it_and_nothing_beside_it() -> None:
    tenant = Tenant()
    for name in ("users/1", "users/12", "teams/1"):
        tenant.must("lead", found(name), create("notes", TextBlock(), namespace=name))
    tenant.must("lead", grant_over(NamespacePrefix.of("users"), "keeper", "contributor"))
    tenant.must("keeper", append("x", "notes", "users/1"))
    tenant.must("keeper", append("x", "notes", "users/12"))
    assert tenant.refused("keeper", append("x", "notes", "teams/1")).code == "access_denied"
    assert tenant.refused("keeper", append("x", "notes", "tenant")).code == "access_denied"


def test_a_prefix_grant_is_the_tenants_to_give() -> None:
    tenant = Tenant().with_actors()
    asked = grant_over(NamespacePrefix.of("task"), "owner", "owner")
    assert tenant.refused("owner", asked).code == "access_denied"
    moved = write(EntryKey(TASK, "_grants", asked.entry.key), "grant", tier="owner", history=True)
    assert tenant.refused("owner", moved).code == "invalid_input"


def test_a_revoked_grant_gives_nothing_and_a_new_one_gives_again() -> None:
    tenant = Tenant().with_block()
    for _ in range(2):
        tenant.must("lead", grant("web-1", "contributor", "findings"))
        tenant.must("web-1", append("x"))
        tenant.must("lead", revoke("web-1", "findings"))
        assert tenant.refused("web-1", append("x")).code == "access_denied"


def test_the_widest_of_several_grants_counts() -> None:
    tenant = Tenant().with_block()
    tenant.must("lead", grant("web-1", "reader"), grant("web-1", "editor", "findings"))
    tenant.must("web-1", write(block(), "insert", 0, text="x", after=0))
    tenant.must("lead", revoke("web-1", "findings"))
    assert tenant.refused("web-1", append("x")).code == "access_denied"


def test_granting_what_is_granted_changes_nothing() -> None:
    tenant = Tenant()
    tenant.must("lead", grant("web-1", "reader"))
    (outcome,) = tenant.must("lead", grant("web-1", "reader"))
    assert outcome.unchanged
    (outcome,) = tenant.must("lead", revoke("nobody"))
    assert outcome.unchanged


def test_history_false_shows_what_was_committed_from_the_grant_on() -> None:
    plain = {"tier": "reader", "history": False}
    late = EntryState(version=1, revision=7, value=plain)
    whole = EntryState(version=1, revision=9, value={"tier": "contributor", "history": True})
    revoked = EntryState(version=2, revision=9, dead=True)
    assert reach([late]) == Reach(Tier.READER, 7)
    assert reach([late, revoked]) == Reach(Tier.READER, 7)
    assert reach([late, whole]) == Reach(Tier.CONTRIBUTOR, 0)
    assert reach([]) == reach([revoked]) == Reach(Tier.NONE, 0)


def test_prefixes_are_those_that_cover_the_namespace() -> None:
    for namespace in (Namespace.of("users", "1", "a"), Namespace.shared()):
        assert list(prefixes(str(namespace))) == [str(each) for each in namespace.prefixes]


def test_the_keys_of_two_actors_never_meet() -> None:
    names = ["a", "b", "findings/a", "x>a", "a b", "a%20b", "A"]
    keys = [set(grant_keys(name, TASK, "findings")) for name in names if "/" not in name]
    assert sum(map(len, keys)) == len(set().union(*keys))


def test_last_writer_wins_widens_no_access() -> None:
    tenant = Tenant().with_block("cache", LastWriterWins()).with_actors()
    assert tenant.refused("contributor", append("x", "cache")).code == "access_denied"
    tenant.must("editor", write(block("cache"), "rewrite", text="x"))


@pytest.mark.parametrize("operation", ["revoke", "grant"])
def test_an_owner_does_not_give_up_its_own_grant(operation: str) -> None:
    """Else the last owner could leave a place that nobody can share any more."""
    tenant = Tenant().with_block("findings")
    key = EntryKey(TASK, "_grants", "lead")
    less = {"tier": "reader", "history": True} if operation == "grant" else {}
    assert tenant.refused("lead", write(key, operation, **less)).code == "contract_mismatch"
    other = EntryKey(TASK, "_grants", "web")
    tenant.must("lead", write(other, "grant", tier="owner", history=True))
    tenant.must("web", write(key, operation, **less))
    assert tenant.refused("lead", write(other, "revoke")).code == "access_denied"
