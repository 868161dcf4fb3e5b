"""Differences: what changed, as a unified diff that patch would take."""

import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from commonplace import Diff, Memory

TEXTS = st.lists(st.sampled_from(["a", "b", "c", "dd", "", "+x", "-y", "@@"]), max_size=14)


def _diff(before: list[str], after: list[str]) -> Diff:
    with Memory(":memory:", actor="ada") as memory:
        block = memory.create_task("q3").create_block("findings")
        block.append("seed")
        block.rewrite("\n".join([*before, "end"]), expect=1)
        block.rewrite("\n".join([*after, "end"]), expect=2)
        return memory.diff("task/q3:findings@2", "task/q3:findings@3")


@given(TEXTS, TEXTS)
@settings(max_examples=60, deadline=None)
def test_applying_the_hunks_to_the_old_text_gives_the_new_one(
    before: list[str], after: list[str]
) -> None:
    old, new = [*before, "end"], [*after, "end"]
    made: list[str] = []
    at = 0
    for hunk in _diff(before, after).hunks:
        start = hunk.old_start - 1
        made += old[at:start]
        assert len(made) == hunk.new_start - 1
        kept = [line.text for line in hunk.lines if line.sign != "+"]
        assert kept == old[start : start + hunk.old_count]
        made += [line.text for line in hunk.lines if line.sign != "-"]
        at = start + hunk.old_count
    assert made + old[at:] == new


@given(TEXTS)
@settings(max_examples=20, deadline=None)
def test_equal_texts_have_no_difference(text: list[str]) -> None:
    found = _diff(text, text)
    assert not found
    assert str(found) == ""


@pytest.mark.skipif(shutil.which("patch") is None, reason="there is no patch here")
def test_patch_takes_it(tmp_path: Path) -> None:
    before = [str(number) for number in range(40)]
    after = [*before[:3], "three and a half", *before[3:30], *before[33:]]
    file = tmp_path / "text"
    file.write_text("\n".join([*before, "end"]) + "\n")
    subprocess.run(
        ["patch", "--quiet", str(file)],
        input=str(_diff(before, after)) + "\n",
        text=True,
        check=True,
    )
    assert file.read_text().splitlines() == [*after, "end"]


def test_a_line_is_named_where_it_can_be_found() -> None:
    found = _diff(["a", "b"], ["a", "c"])
    names = {line.text: str(line.reference) for hunk in found.hunks for line in hunk.lines}
    assert names["b"] == "task/q3:findings@2#L2"
    assert names["c"] == "task/q3:findings@3#L2"
    assert names["a"] == "task/q3:findings@3#L1"


def test_with_one_reference_it_is_what_that_version_changed() -> None:
    with Memory(":memory:", actor="ada") as memory:
        block = memory.create_task("q3").create_block("findings")
        block.append("one")
        assert str(memory.diff("task/q3:findings")).splitlines() == [
            "--- task/q3:findings@0",
            "+++ task/q3:findings@1",
            "@@ -0,0 +1,1 @@",
            "+one",
        ]
        block.delete(expect=1)
        assert "-one" in str(memory.diff("task/q3:findings"))


def test_lines_alone_are_compared_when_they_are_named() -> None:
    with Memory(":memory:", actor="ada") as memory:
        block = memory.create_task("q3").create_block("findings")
        block.append("one\ntwo\nthree")
        block.append("four")
        assert not memory.diff("task/q3:findings@1#L2", "task/q3:findings@2#L2")
        found = memory.diff("task/q3:findings@1#L2", "task/q3:findings@2#L3")
        assert [hunk.header for hunk in found.hunks] == ["@@ -2,1 +3,1 @@"]
