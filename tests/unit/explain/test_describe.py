"""Descriptions: everything a contract promises, and everyone it lets in."""

import pytest

from commonplace import AccessDenied, Memory, NamespacePrefix, NotFound, SingleWriter


def test_a_description_says_it_as_values_words_and_markdown() -> None:
    with Memory(":memory:", actor="ada") as memory:
        task = memory.create_task("q3", share={"web 1": "editor"})
        task.create_block("plan", rule=SingleWriter("ada"), max_bytes=100, share={"x": "reader"})
        memory.share({"aud": "reader"}, prefix=NamespacePrefix.of("task"))
        memory.share({"other": "reader"}, prefix=NamespacePrefix.of("users"))
        found = memory.describe("task/q3:plan")
        assert (found.rule, found.tier, found.contract.max_bytes) == (
            "single_writer(writer=ada)",
            "owner",
            100,
        )
        assert {(each.actor, each.tier, each.over) for each in found.shared_with} == {
            ("ada", "owner", "task/q3"),
            ("ada", "owner", "task/q3:plan"),
            ("web 1", "editor", "task/q3"),
            ("x", "reader", "task/q3:plan"),
            ("aud", "reader", "task/"),
        }
        assert str(found) == memory.task("q3").describe("plan")
        assert "may lose" in str(found)
        assert found.markdown().startswith("### `task/q3:plan`")


def test_a_channel_says_who_writes_it_and_what_waits_for_whom() -> None:
    with Memory(":memory:", actor="ada") as memory:
        task = memory.create_task("q3", share={"bob": "reader", "cy": "reader"})
        plan = task.create_channel("plan")
        assert "channel (one JSON value)" in plan.describe()
        assert "ada; nothing waits for anybody" in plan.describe()
        for name in ("bob", "bob", "cy"):
            sent = plan.dispatch(name, {"step": "read"})
        with memory.as_actor("cy") as cy:
            cy.task("q3").channel("plan").reply(sent, "done")
        found = memory.describe("task/q3:plan")
        assert (found.writer, found.waiting) == ("ada", {"ada": 1, "bob": 2})
        assert "1 reply waits for ada, 2 dispatches wait for bob" in str(found)
        assert memory.describe(task.create_block("notes").reference).writer == ""


def test_grants_that_were_taken_back_or_show_no_history_say_so() -> None:
    with Memory(":memory:", actor="ada") as memory:
        task = memory.create_task("q3", share={"web": "editor"})
        task.create_block("plan")
        receipt = task.share({"late": "reader"}, region="plan", history=False)
        task.unshare("web")
        found = {each.actor: each for each in memory.describe("task/q3:plan").shared_with}
        assert "web" not in found
        assert found["late"].since == receipt.revision
        assert "from revision" in str(found["late"])


def test_what_is_not_there_or_not_yours_is_an_error() -> None:
    with Memory(":memory:", actor="ada") as memory:
        memory.create_task("q3").create_block("plan")
        with pytest.raises(NotFound):
            memory.describe("task/q3:absent")
        with memory.as_actor("bob") as bob, pytest.raises(AccessDenied):
            bob.describe("task/q3:plan")
