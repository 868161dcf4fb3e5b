"""Retraction and supersession as records: what they do to a value, and who may make them."""

from typing import Any

import pytest

from commonplace.core.rules import AppendOnly, LastWriterWins, Rule, SingleWriter, TextBlock
from commonplace.core.taking_back import TAKING_BACK
from commonplace.core.text import made
from commonplace.model.entry import EntryKey, Line
from commonplace.model.write import Write
from deciding import TASK, Tenant, append, block, grant, write

LINES = (*made("a\nb\nc", 1), *made("d", 2))
FACT = EntryKey(TASK, "facts", "arr")


def taken(lines: list[list[int]], text: str | None = None, version: int = 9) -> list[str]:
    arguments: dict[str, Any] = {"lines": lines, "versions": [1], "current": False}
    if text is not None:
        arguments["text"] = text
    value = TAKING_BACK["retract"].apply(LINES, arguments, version)
    return [line.text for line in value]


def test_named_lines_go_and_the_replacement_stands_where_the_first_stood() -> None:
    assert taken([[1, 1]]) == ["a", "c", "d"]
    assert taken([[1, 2], [1, 0]], "x\ny") == ["x", "y", "b", "d"]
    assert taken([[2, 0]], "x") == ["a", "b", "c", "x"]
    assert taken([[1, 0], [1, 1], [1, 2], [2, 0]]) == []


def test_what_no_longer_stands_changes_nothing() -> None:
    assert taken([[7, 0]], "x") == ["a", "b", "c", "d"]
    assert taken([[1, 1], [7, 0]], "x") == ["a", "x", "c", "d"]


def test_the_replacement_is_of_the_version_that_put_it_there() -> None:
    arguments = {"lines": [[1, 1]], "versions": [1], "current": False, "text": "x\ny"}
    value = TAKING_BACK["retract"].apply(LINES, arguments, 9)
    assert value[1:3] == (Line(9, 0, "x"), Line(9, 1, "y"))
    assert [line[:2] for line in value if line.version != 9] == [(1, 0), (1, 2), (2, 0)]


def test_a_json_value_goes_only_if_it_is_the_one_that_stands() -> None:
    apply = TAKING_BACK["supersede"].apply
    assert apply({"n": 1}, {"current": True, "lines": [], "value": {"n": 2}}, 3) == {"n": 2}
    assert apply({"n": 1}, {"current": True, "lines": []}, 3) is None
    assert apply({"n": 1}, {"current": False, "lines": [], "value": 2}, 3) == {"n": 1}


# --- who may ------------------------------------------------------------------------------------


def retract(*versions: int, operation: str = "retract", **more: Any) -> Write:
    lines = [[version, 0] for version in versions]
    return write(block(), operation, versions=list(versions), lines=lines, current=False, **more)


@pytest.fixture
def tenant() -> Tenant:
    tenant = Tenant().with_block()
    tenant.must("lead", grant("ed", "editor"), grant("con", "contributor"), grant("rd", "reader"))
    tenant.must("con", append("by con"))
    tenant.must("ed", append("by ed"))
    return tenant


def test_its_author_or_an_owner(tenant: Tenant) -> None:
    for actor, versions in (("ed", (1,)), ("con", (2,)), ("con", (1, 2)), ("ed", (1, 2))):
        refusal = tenant.refused(actor, retract(*versions))
        assert refusal.code == "not_author"
        assert set(refusal.facts["authors"]) == {"con", "ed"} & {
            {1: "con", 2: "ed"}[version] for version in versions
        }
    tenant.must("con", retract(1))
    tenant.must("lead", retract(2))
    assert tenant.text() == ""


def test_an_editor_supersedes_what_others_wrote(tenant: Tenant) -> None:
    assert tenant.refused("con", retract(2, operation="supersede")).code == "not_author"
    tenant.must("ed", retract(1, operation="supersede", text="newer"))
    assert tenant.text() == "newer\nby ed"


def test_having_written_it_takes_a_grant_still(tenant: Tenant) -> None:
    tenant.must("lead", grant("con", "reader"))
    assert tenant.refused("con", retract(1)).code == "not_author"
    assert tenant.refused("nobody", retract(1)).code == "access_denied"


def test_what_was_never_written_is_refused(tenant: Tenant) -> None:
    for versions in ((9,), (1, 9)):
        assert tenant.refused("lead", retract(*versions)).code == "not_found"
    assert tenant.refused("lead", retract()).code == "invalid_input"


@pytest.mark.parametrize("rule", [TextBlock(), AppendOnly(), SingleWriter("lead")])
def test_under_every_rule(rule: Rule) -> None:
    tenant = Tenant().with_block("log", rule)
    verb = "append" if isinstance(rule, AppendOnly | TextBlock) else "rewrite"
    tenant.must("lead", write(block("log"), verb, text="wrong"))
    arguments = {"versions": [1], "lines": [[1, 0]], "current": False, "text": "right"}
    tenant.must("lead", write(block("log"), "retract", **arguments))
    assert tenant.text("log") == "right"


def test_json_keeps_its_size_or_takes_that_of_the_replacement() -> None:
    tenant = Tenant()
    tenant.with_store("facts", LastWriterWins())
    tenant.must("lead", write(FACT, "put", value={"n": 1}))
    size = tenant.entry(FACT).size_bytes
    whole = {"versions": [1], "lines": []}
    tenant.must("lead", write(FACT, "retract", **whole, current=False, value=7, size_bytes=1))
    assert (tenant.entry(FACT).value, tenant.entry(FACT).size_bytes) == ({"n": 1}, size)
    tenant.must("lead", write(FACT, "retract", **whole, current=True, value=7, size_bytes=1))
    assert (tenant.entry(FACT).value, tenant.entry(FACT).size_bytes) == (7, 1)
    tenant.must("lead", write(FACT, "retract", **whole, current=True))
    assert tenant.entry(FACT).dead
