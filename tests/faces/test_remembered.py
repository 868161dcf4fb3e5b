"""What a reader remembers is shown only while it is true."""

import pytest

import commonplace
from commonplace import AccessDenied, Namespace, NamespacePrefix


@pytest.fixture
def memory(tmp_path):
    with commonplace.Memory(tmp_path / "team.db", actor="ann") as memory:
        memory.share({"ann": "reader", "bob": "contributor"}, prefix=NamespacePrefix.of())
        yield memory


def test_a_text_that_others_changed_is_read_anew(memory):
    block = memory.create_task("t", share={"bob": "owner"}).create_block("text")
    block.append("one")
    assert block.read().text == "one"
    with memory.as_actor("bob") as bob:
        bob.task("t").block("text").append("two")
        assert block.read().text == "one\ntwo"
        bob.task("t").block("text").delete(expect=2)
    assert not block.read().exists
    assert block.read().version == 3


def test_a_text_that_was_erased_is_not_remembered(memory):
    block = memory.create_task("t").create_block("text")
    block.append("secret")
    assert block.read().text == "secret"
    memory.erase(block.read().reference, reason="asked for")
    assert "secret" not in block.read().text


def test_a_text_is_refused_to_whom_it_was_shared_no_longer(memory):
    task = memory.create_task("t", share={"cid": "reader"})
    task.create_block("text").append("one")
    with memory.as_actor("cid") as cid:
        assert cid.task("t").block("text").read().text == "one"
        task.unshare("cid")
        with pytest.raises(AccessDenied):
            cid.task("t").block("text").read()
        task.share({"cid": "reader"})
        assert cid.task("t").block("text").read().text == "one"


def test_a_list_of_namespaces_shows_what_was_founded_since(memory):
    tasks = NamespacePrefix.of("task")
    assert memory.namespaces(tasks) == []
    memory.create_task("b")
    assert memory.namespaces(tasks) == [Namespace.task("b")]
    with memory.as_actor("bob") as bob:
        bob.agent().create_block("own").append("mine")
    memory.task("b")
    memory.create_task("a").create_block("text").append("one")
    assert memory.namespaces(tasks) == [Namespace.task("a"), Namespace.task("b")]


def test_a_list_of_namespaces_shows_one_that_appeared_without_a_grant(memory):
    assert Namespace.agent("bob") not in memory.namespaces()
    with memory.as_actor("bob") as bob:
        memory.create_task("t", share={"bob": "reader"}).create_block("text").append("one")
        before = memory.namespaces()
        with bob.watch(Namespace.task("t"), after=0, cursor="mine", timeout_s=0.01) as watch:
            assert list(watch)
    assert set(memory.namespaces()) - set(before) == {Namespace.agent("bob")}


def test_a_list_of_namespaces_hides_what_is_shared_no_longer(memory):
    task = memory.create_task("t", share={"cid": "reader"})
    task.create_block("text").append("one")
    with memory.as_actor("cid") as cid:
        assert cid.namespaces() == [Namespace.task("t")]
        task.unshare("cid")
        assert cid.namespaces() == []


def test_a_list_handed_out_is_the_callers_own(memory):
    memory.create_task("t")
    memory.namespaces().clear()
    assert Namespace.task("t") in memory.namespaces()
