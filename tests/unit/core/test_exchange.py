"""Exchange: dispatches, replies and what becomes of them, and who may say so."""

from typing import Any

import pytest

from commonplace.core.access import prefix_grant
from commonplace.core.exchange import dispatch_id, fault_in, is_dispatch_id
from commonplace.core.reserved import contract_key, judged_at
from commonplace.core.rules import SingleWriter, TextBlock
from commonplace.model.channel import dispatch_key
from commonplace.model.entry import EntryKey
from commonplace.model.namespace import NamespacePrefix
from commonplace.model.write import Write
from deciding import TASK, Tenant, contract, create, grant, write

PLAN = EntryKey(TASK, "plan")
FIRST, SECOND = "aaaa", "bbbb"


def channel() -> Tenant:
    """A channel of `lead`'s with one published value, read by `docs` and `web`."""
    tenant = Tenant()
    tenant.must(
        "lead", create("plan", SingleWriter("lead"), "json"), grant("lead", "owner", "plan")
    )
    tenant.must("lead", grant("docs", "reader", "plan"), grant("web", "reader", "plan"))
    tenant.must("lead", put({"steps": ["crawl"]}))
    return tenant


def put(value: object, expect: int | None = None) -> Write:
    return write(PLAN, "put", expect, value=value)


def at(name: str) -> EntryKey:
    return dispatch_key(PLAN, name)


def send(name: str = FIRST, to: object = "docs", **more: object) -> Write:
    arguments = {"to": to, "payload": "read", "pin": 1, "version": 1, "follows": "", "since": 0}
    return write(at(name), "dispatch", None, **(arguments | more))


def answer(name: str = FIRST, **more: object) -> Write:
    return write(at(name), "reply", None, **({"payload": 7, "version": 1, "revision": 1} | more))


def withdraw(name: str = FIRST, by: str = SECOND, of: int = 1) -> Write:
    return write(at(name), "withdraw", by=by, of=of)


def settle(name: str = FIRST, **more: Any) -> Write:
    said = {"of": 2, "version": 1, "surfaced_by": "docs", "committed_by": "lead"} | more
    return write(at(name), "settle", **said)


def value(tenant: Tenant, name: str = FIRST) -> dict[str, Any]:
    return dict(tenant.entry(at(name)).value)


def test_a_dispatch_is_sent_answered_and_settled_in_three_versions() -> None:
    tenant = channel()
    tenant.must("lead", send())
    assert value(tenant)["state"] == "open"
    tenant.must("docs", answer())
    assert value(tenant)["state"] == "replied"
    assert value(tenant)["reply"] == {"payload": 7, "version": 1, "revision": 1}
    tenant.must("lead", settle())
    assert value(tenant)["state"] == "committed"
    assert (value(tenant)["payload"], value(tenant)["reply"]) == (None, None)
    assert value(tenant)["settled"] == {
        "version": 1, "surfaced_by": "docs", "committed_by": "lead"
    }  # fmt: skip
    assert tenant.entry(at(FIRST)).version == 3


@pytest.mark.parametrize("step", [send(SECOND), withdraw(), settle()])
def test_the_writer_alone_sends_withdraws_and_settles(step: Write) -> None:
    tenant = channel()
    tenant.must("lead", send())
    tenant.must("docs", answer())
    tenant.must("lead", grant("boss", "owner", "plan"))
    for actor in ("docs", "web", "boss"):
        refusal = tenant.refused(actor, step)
        assert (refusal.code, refusal.facts) == ("not_owner", {"owner": "lead"})
        assert "lead" in refusal.message


def test_who_it_was_sent_to_alone_replies() -> None:
    tenant = channel()
    tenant.must("lead", send())
    for actor in ("web", "lead"):
        refusal = tenant.refused(actor, answer())
        assert (refusal.code, refusal.facts) == ("not_owner", {"owner": "docs"})


def test_a_stranger_learns_nothing_of_a_dispatch() -> None:
    tenant = channel()
    tenant.must("lead", send(to="stranger"))
    for name in (FIRST, SECOND):
        refusal = tenant.refused("stranger", answer(name))
        assert refusal.code == "access_denied"
        assert "lead" not in refusal.message


def test_a_writer_who_may_only_read_sends_nothing() -> None:
    tenant = Tenant()
    tenant.must(
        "lead", create("plan", SingleWriter("docs"), "json"), grant("lead", "owner", "plan")
    )
    tenant.must("lead", grant("docs", "reader", "plan"))
    assert tenant.refused("docs", send(version=0)).code == "access_denied"
    tenant.must("lead", grant("docs", "contributor", "plan"))
    tenant.must("docs", send(version=0))


def test_access_to_a_dispatch_is_judged_at_its_channel() -> None:
    assert judged_at(at(FIRST)) == (TASK, "plan")
    assert judged_at(EntryKey(TASK, "_dispatches")) == (TASK, "")


def test_only_a_region_with_a_single_writer_is_a_channel() -> None:
    tenant = channel().with_block("notes", TextBlock())
    elsewhere = write(dispatch_key(EntryKey(TASK, "notes"), FIRST), "dispatch", **send().arguments)
    refusal = tenant.refused("lead", elsewhere)
    assert refusal.code == "contract_mismatch"
    assert "text_block" in refusal.message
    assert "demote" in refusal.message
    nowhere = write(dispatch_key(EntryKey(TASK, "gone"), FIRST), "dispatch", **send().arguments)
    assert tenant.refused("lead", nowhere).code == "not_found"


def test_a_reply_may_be_given_again_until_it_is_settled() -> None:
    tenant = channel()
    tenant.must("lead", send())
    tenant.must("docs", answer())
    tenant.must("docs", answer(payload=8))
    assert value(tenant)["reply"] == {"payload": 8, "version": 1, "revision": 1}
    for step in (settle(of=2), withdraw(of=2)):
        conflict = tenant.refused("lead", step)
        assert (conflict.code, conflict.facts) == ("version_conflict", {"expect": 2, "version": 3})
        assert "replied" in conflict.message
    tenant.must("lead", settle(of=3))


def test_a_reply_to_a_superseded_dispatch_names_the_one_that_took_its_place() -> None:
    tenant = channel()
    tenant.must("lead", send())
    tenant.must("lead", withdraw(), send(SECOND, follows=FIRST, since=1))
    refusal = tenant.refused("docs", answer())
    assert (refusal.code, refusal.facts) == ("dispatch_superseded", {"by": SECOND, "version": 0})
    assert SECOND in refusal.message
    assert tenant.refused("lead", settle()).code == "dispatch_superseded"
    assert tenant.refused("lead", withdraw()).code == "dispatch_superseded"
    assert (value(tenant)["state"], value(tenant)["by"]) == ("superseded", SECOND)
    tenant.must("docs", answer(SECOND))


def test_a_reply_to_a_committed_dispatch_names_what_was_published() -> None:
    tenant = channel()
    tenant.must("lead", send())
    tenant.must("docs", answer())
    tenant.must("lead", put({"steps": []}), settle(version=2))
    refusal = tenant.refused("docs", answer(payload=9))
    assert (refusal.code, refusal.facts) == ("dispatch_superseded", {"by": "", "version": 2})
    assert "task/q3:plan@2" in refusal.message
    assert "lead" in refusal.message
    assert tenant.refused("lead", settle(version=2)).code == "dispatch_superseded"


def test_what_was_never_sent_is_answered_and_settled_by_nobody() -> None:
    tenant = channel()
    for actor, step in (("docs", answer()), ("lead", settle()), ("lead", withdraw())):
        assert tenant.refused(actor, step).code == "not_found"


def test_an_id_is_sent_once() -> None:
    tenant = channel()
    tenant.must("lead", send())
    refusal = tenant.refused("lead", send(payload="other"))
    assert refusal.code == "contract_mismatch"
    assert "another id" in refusal.message


def test_a_dispatch_follows_one_that_was_withdrawn_for_it() -> None:
    tenant = channel()
    tenant.must("lead", send())
    for step in (send(SECOND, follows=FIRST), send(SECOND, follows="cccc")):
        assert tenant.refused("lead", step).code == "contract_mismatch"
    tenant.must("lead", withdraw(by="cccc"))
    assert tenant.refused("lead", send(SECOND, follows=FIRST)).code == "contract_mismatch"


def test_a_settlement_takes_a_reply_and_names_who_made_and_who_took_it() -> None:
    tenant = channel()
    tenant.must("lead", send())
    early = tenant.refused("lead", settle(of=1))
    assert early.code == "contract_mismatch"
    assert "docs has not replied" in early.message
    tenant.must("docs", answer())
    for wrong in ({"surfaced_by": "web"}, {"committed_by": "docs"}):
        assert tenant.refused("lead", settle(**wrong)).code == "contract_mismatch"


def test_a_settlement_names_the_version_that_is_published_with_it() -> None:
    tenant = channel()
    tenant.must("lead", send())
    tenant.must("docs", answer())
    assert tenant.refused("lead", settle(version=2)).code == "version_conflict"
    assert tenant.refused("lead", put(1), settle(version=1)).code == "version_conflict"
    tenant.must("lead", put(1), settle(version=2))


def test_nothing_is_built_on_what_was_never_published() -> None:
    tenant = channel()
    head = tenant.state.revision
    for step in (send(version=2), send(pin=head + 1)):
        assert tenant.refused("lead", step).code == "version_conflict"
    tenant.must("lead", send(pin=head))
    for step in (answer(version=2), answer(revision=head + 2)):
        assert tenant.refused("docs", step).code == "version_conflict"
    tenant.must("docs", answer(revision=head + 1))


def test_a_changed_contract_changes_who_dispatches() -> None:
    tenant = channel()
    tenant.must("lead", send())
    tenant.must("docs", answer())
    to_web = write(
        contract_key(TASK, "plan"), "change", 1, contract=contract(SingleWriter("web"), "json")
    )
    tenant.must("lead", to_web, grant("web", "contributor", "plan"))
    assert tenant.refused("lead", settle()).facts == {"owner": "web"}
    tenant.must("web", settle(committed_by="web"))


# --- a second writer ----------------------------------------------------------------------------


@pytest.mark.parametrize("tier", ["contributor", "editor"])
def test_sharing_a_channel_makes_no_second_writer(tier: str) -> None:
    tenant = channel()
    refusal = tenant.refused("lead", grant("docs", tier, "plan"))
    assert (refusal.code, refusal.facts) == ("contract_mismatch", {"owner": "lead"})
    assert "change_contract" in refusal.message
    assert "reader" in refusal.message


def test_a_channel_is_shared_to_be_read_or_administered_and_written_by_its_writer() -> None:
    tenant = channel()
    tenant.must("lead", grant("boss", "owner", "plan"), grant("ann", "reader", "plan"))
    tenant.must("boss", grant("lead", "editor", "plan"))
    assert tenant.refused("boss", put(1)).code == "not_owner"
    tenant.must("lead", put(1))


def test_sharing_that_comes_with_creating_a_channel_makes_no_second_writer() -> None:
    refusal = Tenant().refused(
        "lead",
        create("plan", SingleWriter("lead"), "json"),
        grant("lead", "owner", "plan"),
        grant("docs", "editor", "plan"),
    )
    assert (refusal.code, refusal.write) == ("contract_mismatch", 2)


def test_a_wider_grant_makes_nobody_a_writer() -> None:
    tenant = channel()
    tenant.must("lead", grant("docs", "editor"))
    tenant.must(
        "lead", write(prefix_grant(NamespacePrefix(()), "web"), "grant", tier="owner", history=True)
    )
    for actor in ("docs", "web"):
        refusal = tenant.refused(actor, put(1))
        assert (refusal.code, refusal.facts) == ("not_owner", {"owner": "lead"})


def test_changing_the_contract_by_name_lets_more_write() -> None:
    tenant = Tenant().with_block("plan", SingleWriter("lead"))
    assert tenant.refused("lead", grant("docs", "editor", "plan")).code == "contract_mismatch"
    open_to_all = write(contract_key(TASK, "plan"), "change", 1, contract=contract(TextBlock()))
    tenant.must("lead", open_to_all, grant("docs", "editor", "plan"))
    tenant.must("docs", write(PLAN, "append", text="one"))


# --- form ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "step",
    [
        send("UP"), send("a"), send("a" * 33), send("aa/a"),
        write(EntryKey(TASK, "_dispatches", FIRST), "dispatch", **send().arguments),
        write(EntryKey(TASK, "_dispatches"), "dispatch", **send().arguments),
        send(to="a/b"), send(to=7), send(pin=-1), send(version="1"), send(since=True),
        send(follows="X"), send(follows=None), send(follows=7), withdraw(by=""), withdraw(by="X"),
        withdraw(of=-1), settle(of="1"),
        answer(version=None), answer(revision=1.0), settle(version=-1), settle(surfaced_by=""),
        settle(committed_by=None),
    ],
)  # fmt: skip
def test_what_has_another_form_is_refused_as_such(step: Write) -> None:
    refusal = channel().refused("lead", step)
    assert refusal.code in {"invalid_input", "invalid_name"}


@pytest.mark.parametrize("step", [send(), answer()])
def test_what_carries_nothing_is_refused(step: Write) -> None:
    arguments = {name: each for name, each in step.arguments.items() if name != "payload"}
    assert "payload" in fault_in(step.operation, arguments)


@pytest.mark.parametrize("operation", ["put", "delete", "move", "grant", "retract"])
def test_a_dispatch_has_its_own_four_operations(operation: str) -> None:
    tenant = channel()
    tenant.must("lead", send())
    arguments = {"value": 1, "current": True, "versions": [1], "lines": [], "tier": "reader"}
    step = write(at(FIRST), operation, **arguments, history=True)
    assert tenant.propose("lead", step).code in {"contract_mismatch", "invalid_input"}  # type: ignore[union-attr]


def test_an_id_is_made_from_who_asks_under_which_key() -> None:
    made = dispatch_id("lead", PLAN, "k1")
    assert made == dispatch_id("lead", PLAN, "k1")
    assert is_dispatch_id(made)
    assert len(made) == 8
    others = {
        dispatch_id("docs", PLAN, "k1"),
        dispatch_id("lead", PLAN, "k2"),
        dispatch_id("lead", EntryKey(TASK, "other"), "k1"),
        dispatch_id("lead", EntryKey("task/q4", "plan"), "k1"),
    }
    assert made not in others
    assert len(others) == 4
