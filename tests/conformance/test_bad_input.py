"""Bad input: each kind gets an error of its own that says what is wrong, and writes nothing."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import commonplace
from commonplace import Memory, Namespace, NamespacePrefix, errors, limits
from commonplace.storage.codec import parse_json
from commonplace.testing import powercut
from commonplace.testing.suite.stage import TASK, Stage, staged
from sqlite_harness import FileHarness

ANGSTROM_APART = "A\u030a"  # the letter and the ring; NFC has one character for both
LONE = "\ud800"
BAD_NAMES = {
    "empty": ("", "empty"),
    "overlong": ("x" * (limits.MAX_NAME_BYTES + 1), "1 more than the limit"),
    "overlong in bytes": ("é" * (limits.MAX_NAME_BYTES // 2 + 1), "2 more than the limit"),
    "NUL": ("a\0b", "U+0000"),
    "control": ("a\x1bb", "U+001B"),
    "line": ("a\nb", "U+000A"),
    "lone surrogate": (f"a{LONE}", "surrogate"),
    "unseen": ("a\u200bb", "U+200B"),
    "right to left": ("a\u202eb", "U+202E"),
    "NFC twin": (ANGSTROM_APART, "NFC"),
    "slash": ("a/b", "separator"),
    "backslash": ("a\\b", "separator"),
    "dots": ("..", "path step"),
    "dot": (".", "path step"),
    "space before": (" a", "space"),
    "space after": ("a ", "space"),
    "no text": (7, "string"),
}


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with staged(FileHarness(tmp_path), "notes", share={"reader": "reader"}) as stage:
        stage.block("notes").append("one two\nthree two")
        yield stage


@pytest.fixture
def unchanged(stage: Stage) -> Iterator[None]:
    before, text = stage.owner.position(), stage.block("notes").read()
    yield
    assert stage.owner.position() == before
    assert stage.block("notes").read() == text


@pytest.mark.parametrize(("name", "words"), BAD_NAMES.values(), ids=BAD_NAMES)
@pytest.mark.usefixtures("unchanged")
def test_a_name_that_systems_read_differently_is_refused(stage: Stage, name, words):
    for call in (
        lambda: stage.owner.create_task(name),
        lambda: stage.task.create_block(name),
        lambda: stage.task.share({name: "reader"}),
        lambda: Namespace.of("users", name),
        lambda: NamespacePrefix.of("users", name),
        lambda: stage.owner.watch(stage.task.namespace, cursor=name),
        lambda: Memory(stage.address, actor=name),
        lambda: Memory(stage.address, actor="a", tenant=name),
    ):
        with pytest.raises(errors.InvalidName, match=words.replace("+", "\\+")):
            call()


@pytest.mark.parametrize("region", ["a b", "_grants", "é", "-a", "a:b", "a@b", "a#b"])
@pytest.mark.usefixtures("unchanged")
def test_a_region_that_is_no_slug_is_refused(stage: Stage, region):
    with pytest.raises(errors.InvalidName, match="slug"):
        stage.task.create_block(region)
    with pytest.raises(errors.InvalidName, match="slug"):
        stage.task.block(region)


@pytest.mark.usefixtures("unchanged")
def test_a_partial_namespace_is_refused_by_its_type(stage: Stage):
    for partial in (NamespacePrefix.of("task"), "task/q3", ("task", "q3"), None):
        with pytest.raises(errors.InvalidInput):
            stage.owner.create_namespace(partial)
        with pytest.raises(errors.InvalidInput):
            stage.owner.namespace(partial)
    for segments in ((), ("task",), ("task", "a", "b"), ("users",), ("shared", "x")):
        with pytest.raises(errors.InvalidNamespace):
            Namespace(segments)
    with pytest.raises(errors.InvalidNamespace):
        Namespace.of(*"abcdefghi")


BAD_JSON = {
    "NaN": ('{"a": NaN}', "JSON"),
    "infinity": ("[1e999]", "JSON"),
    "duplicate keys": ('{"a": 1, "a": 2}', "twice"),
    "2**70": (str(2**70), "64 bits"),
    "depth 1,000": ("[" * 1000 + "]" * 1000, "deep"),
    "NUL": ('"\\u0000"', "NUL"),
    "lone surrogate": ('"\\ud800"', "surrogate"),
    "no JSON": ("{", "JSON"),
    "no text": (b"\xff", "JSON"),
}


@pytest.mark.parametrize(("source", "words"), BAD_JSON.values(), ids=BAD_JSON)
def test_a_value_that_engines_treat_differently_is_refused(source, words):
    with pytest.raises(errors.InvalidValue, match=words):
        parse_json(source)


@pytest.mark.parametrize(
    ("text", "words"),
    [("", "empty"), ("a\0b", "NUL"), (f"a{LONE}", "surrogate"), (7, "string"), (None, "string")],
)
@pytest.mark.usefixtures("unchanged")
def test_a_text_that_is_none_is_refused(stage: Stage, text, words):
    notes = stage.block("notes")
    with pytest.raises(errors.InvalidValue, match=words):
        notes.append(text)
    with pytest.raises(errors.InvalidValue, match=words):
        notes.insert(text, after="one")
    if text != "":
        with pytest.raises(errors.InvalidValue, match=words):
            notes.replace("one", text)
        with pytest.raises(errors.InvalidValue, match=words):
            notes.update(lambda before: text)


@pytest.mark.usefixtures("unchanged")
def test_a_text_over_the_limit_says_by_how_much(stage: Stage):
    notes = stage.block("notes")
    for call in (
        lambda: notes.append("x" * (limits.MAX_TEXT_BYTES + 3)),
        lambda: notes.append("é" * (limits.MAX_TEXT_BYTES // 2) + "xxx"),
        lambda: notes.rewrite("x" * (limits.MAX_TEXT_BYTES + 3), expect=1),
    ):
        with pytest.raises(errors.LimitExceeded) as caught:
            call()
        assert caught.value.excess == 3
        assert caught.value.limit == limits.MAX_TEXT_BYTES
        assert "3 more" in str(caught.value)
    with pytest.raises(errors.LimitExceeded, match="more than"):
        notes.append("x" * (limits.MAX_TEXT_BYTES - 1))  # fits alone, and not with what is there
    with pytest.raises(errors.LimitExceeded, match="reason"):
        notes.append("x", reason="x" * (limits.MAX_REASON_BYTES + 1))


@pytest.mark.parametrize("expect", [-1, 1.0, "1", True, 2**63])
@pytest.mark.usefixtures("unchanged")
def test_an_expected_version_that_is_none_is_refused(stage: Stage, expect):
    for call in (
        lambda: stage.block("notes").replace("one", "1", expect=expect),
        lambda: stage.block("notes").rewrite("x", expect=expect),
        lambda: stage.block("notes").delete(expect=expect),
        lambda: stage.block("notes").condense("x", through=expect),
        lambda: stage.block("notes").append("x", guards=((f"task/{TASK}:notes", expect),)),
    ):
        with pytest.raises(errors.InvalidValue):
            call()


@pytest.mark.usefixtures("unchanged")
def test_an_expected_version_of_the_future_is_a_conflict_that_says_so(stage: Stage):
    for call in (
        lambda: stage.block("notes").rewrite("x", expect=7),
        lambda: stage.block("notes").condense("x", through=7),
        lambda: stage.block("notes").append("x", guards=((f"task/{TASK}:notes", 7),)),
    ):
        with pytest.raises(errors.VersionConflict, match="1"):
            call()


@pytest.mark.usefixtures("unchanged")
def test_a_missing_expectation_is_asked_for(stage: Stage):
    with pytest.raises(errors.ExpectRequired, match="expect="):
        stage.block("notes").rewrite("x")
    with pytest.raises(errors.ExpectRequired, match="expect="):
        stage.block("notes").delete()
    with pytest.raises(errors.ExpectRequired, match="expect="):
        stage.block("notes").insert("x", after=1)


@pytest.mark.usefixtures("unchanged")
def test_an_anchor_that_matches_not_once_says_where(stage: Stage):
    notes = stage.block("notes")
    with pytest.raises(errors.AnchorNotFound, match="four"):
        notes.replace("four", "4")
    with pytest.raises(errors.AnchorNotUnique, match="L1, L2") as caught:
        notes.replace("two", "2")
    assert caught.value.lines == [1, 2]
    with pytest.raises(errors.AnchorNotUnique, match="L1, L2"):
        notes.insert("x", after="two")
    with pytest.raises(errors.AnchorNotFound, match="has 2"):
        notes.insert("x", after=3, expect=1)


@pytest.mark.usefixtures("unchanged")
def test_a_version_or_revision_that_is_not_there_says_what_is(stage: Stage):
    with pytest.raises(errors.NotFound, match="9"):
        stage.block("notes").read_version(9)
    head = stage.head
    with pytest.raises(errors.FutureRevision, match=str(head)):
        stage.owner.at(head + 1).task(TASK).block("notes").read()
    with pytest.raises(errors.FutureRevision, match=str(head)):
        next(iter(stage.task.watch(after=head + 1, timeout_s=0)))
    for at in (-1, 1.5, "yesterday", "2026-11-20T03:00", True):
        with pytest.raises(errors.InvalidInput):
            stage.owner.at(at)


@pytest.mark.parametrize(
    "text",
    ["", ":notes", "task/q3:", "task:notes", "task/q3:notes@", "task/q3:notes@x",
     "task/q3:notes#L", "task/q3:notes#L5-3", "task/q3:no tes",
     "task/q%zz:notes", "task/q3:notes@2026-11-20T03:00", "a/../b:notes"],
)  # fmt: skip
def test_a_reference_that_does_not_parse_shows_where(text):
    with pytest.raises((errors.InvalidReference, errors.InvalidName)):
        commonplace.Reference.parse(text)


@pytest.mark.usefixtures("unchanged")
def test_a_key_with_another_body_and_a_bad_key_are_refused(stage: Stage):
    notes = stage.block("notes")
    for key in ("", "a\nb", "a\0b", LONE, "x" * (limits.MAX_IDEMPOTENCY_KEY_BYTES + 1), 7):
        with pytest.raises((errors.InvalidInput, errors.LimitExceeded)):
            notes.append("x", idempotency_key=key)


@pytest.mark.usefixtures("unchanged")
def test_options_that_mean_nothing_are_refused(stage: Stage):
    notes = stage.block("notes")
    with pytest.raises(errors.InvalidValue, match="guess"):
        notes.append("x", kind="guess")
    with pytest.raises(errors.InvalidInput):
        notes.append("x", based_on=("not a reference",))
    with pytest.raises(errors.InvalidInput):
        notes.append("x", guards=("task/work:notes",))
    with pytest.raises(errors.InvalidValue, match="tier"):
        stage.task.share({"a": "king"})
    with pytest.raises(errors.LimitExceeded):
        notes.append("x", based_on=["task/work:notes"] * (limits.MAX_BASED_ON + 1))


@pytest.mark.usefixtures("unchanged")
def test_an_actor_without_a_grant_learns_no_more_than_that(stage: Stage):
    stranger = stage.open("stranger")
    told = set()
    for name in ("notes", "no-such"):
        with pytest.raises(errors.AccessDenied) as caught:
            stage.block(name, stranger).append("x", idempotency_key=name)
        assert set(caught.value.facts) == {"actor"}
        told.add(str(caught.value).replace(name, "…"))
    assert len(told) == 1, "the error tells what is there from what is not"
    with pytest.raises(errors.AccessDenied, match="is reader"):
        stage.block("notes", stage.open("reader")).append("x")


def test_a_full_disk_says_so_and_goes_on_when_there_is_room(tmp_path: Path):
    place = tmp_path / "place"
    place.mkdir()
    if reason := powercut.why_not(place):
        pytest.skip(reason)
    harness = FileHarness(tmp_path)
    with powercut.disk(place) as disk:
        stage = Stage(harness, {}, address=harness.address_in(disk.folder))
        try:
            notes = stage.task.create_block("notes")
            notes.append("before")
            filler = disk.folder / "filler"
            _fill(filler)
            landed = _until_full(stage)
            assert notes.read().text.split("\n") == ["before", *landed]
            filler.unlink()
            notes.append("after")
            assert notes.read().text.split("\n") == ["before", *landed, "after"]
            report = stage.owner.audit()
            assert report.ok, report.findings
        finally:
            stage.close()


def _fill(filler: Path) -> None:
    with filler.open("wb", buffering=0) as file:
        for size in (1 << 20, 1 << 12):
            try:
                while True:
                    file.write(b"\0" * size)
            except OSError:
                continue


def _until_full(stage: Stage) -> list[str]:
    """Append until the disk is full; what was acknowledged."""
    landed: list[str] = []
    for number in range(10_000):
        line = f"{number} " + "x" * 1000
        try:
            stage.block("notes").append(line)
        except errors.EngineUnavailable as error:
            assert "full" in str(error)
            return landed
        landed.append(line)
    raise AssertionError("the disk was never full")


@pytest.mark.skipif(sys.platform == "win32", reason="there is no fork")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_a_memory_used_after_a_fork_says_so(stage: Stage):
    before = stage.owner.position()
    reads, writes = os.pipe()
    child = os.fork()
    if not child:
        try:
            stage.block("notes").append("from the child")
            os.write(writes, b"written")
        except errors.ForkedMemory:
            os.write(writes, b"refused")
        finally:
            os._exit(0)
    os.close(writes)
    assert os.read(reads, 100) == b"refused"
    os.close(reads)
    os.waitpid(child, 0)
    assert stage.owner.position() == before
    stage.block("notes").append("from the parent")
    assert stage.owner.audit().ok
