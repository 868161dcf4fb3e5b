"""Guarantee 4: the same revision gives the same bytes for ever, or says that it cannot."""

from datetime import timedelta

from commonplace import Memory
from commonplace.errors import Compacted, Erased, FutureRevision
from commonplace.testing.harness import Harness
from commonplace.testing.suite.stage import TASK, Stage, refused, staged


def _as_of(memory: Memory, revision: int, name: str = "notes") -> tuple[int, int, str]:
    entry = memory.at(revision).task(TASK).block(name).read()
    return entry.version, entry.revision, entry.text


def _live(stage: Stage) -> dict[int, tuple[int, int, str]]:
    """Write in every way there is; what stood after each revision, read at the head then."""
    notes, stood = stage.block("notes"), {}

    def note() -> None:
        entry = notes.read()
        stood[stage.head] = (entry.version, entry.revision, entry.text)

    for number in range(12):
        notes.append(f"line {number}")
        note()
    notes.replace("line 3", "line three")
    note()
    through = notes.read().version
    notes.append("after the owner read")
    note()
    notes.condense("summary", through=through)
    note()
    notes.update(lambda text: text + "\nupdated")
    note()
    notes.insert("in between", after="summary")
    note()
    notes.delete(expect=notes.read().version)
    note()
    notes.rewrite("again", expect=0)
    note()
    return stood


def test_snapshot_reads_the_same_for_ever(harness: Harness) -> None:
    with staged(harness, "notes") as stage:
        empty = stage.head
        stood = _live(stage)
        reader = stage.open("owner")
        for memory in (stage.owner, reader):
            assert _as_of(memory, empty) == (0, 0, "")
            for revision, state in stood.items():
                assert _as_of(memory, revision) == state, f"revision {revision} changed"


def test_snapshot_does_not_follow_the_head(harness: Harness) -> None:
    with staged(harness, "notes", "later") as stage:
        stage.block("notes").append("then")
        snapshot = stage.owner.at(stage.head)
        pinned = snapshot.task(TASK).block("notes")
        assert pinned.read().text == "then"
        stage.block("notes").append("now")
        assert pinned.read().text == "then"
        assert stage.block("notes").read().text == "then\nnow"


def test_long_history_reads_the_same_at_every_revision(harness: Harness) -> None:
    """Past the point where deltas are folded into checkpoints, old states are still exact."""
    with staged(harness, "notes") as stage:
        notes = stage.block("notes")
        first = stage.head + 1
        for number in range(300):
            notes.append(f"{number:04} " + "x" * 40)
        whole = notes.read().text.split("\n")
        assert len(whole) == 300
        for count in (1, 2, 99, 255, 256, 257, 299, 300):
            version, _, text = _as_of(stage.owner, first + count - 1)
            assert version == count
            assert text.split("\n") == whole[:count]


def test_snapshot_by_time_is_the_last_commit_until_then(harness: Harness) -> None:
    with staged(harness, "notes") as stage:
        receipt = stage.block("notes").append("at a time")
        assert stage.owner.at(receipt.at).revision() >= receipt.revision
        before = stage.owner.at(receipt.at - timedelta(days=1))
        assert before.revision() == 0


def test_future_revision_is_refused(harness: Harness) -> None:
    with staged(harness, "notes") as stage:
        head = stage.head
        error = refused(FutureRevision, lambda: _as_of(stage.owner, head + 1))
        assert error.head == head


def test_compacted_revisions_say_so_and_the_rest_reads_the_same(harness: Harness) -> None:
    with staged(harness, "notes") as stage:
        stood = _live(stage)
        revisions = sorted(stood)
        floor = revisions[len(revisions) // 2]
        stage.owner.compact(floor)
        for revision in revisions:
            if revision >= floor:
                assert _as_of(stage.owner, revision) == stood[revision], f"r{revision} changed"
            else:
                assert _refused_floor(stage, revision) == floor
        assert stage.owner.audit().ok


def _refused_floor(stage: Stage, revision: int) -> int:
    floor: int = refused(Compacted, lambda: _as_of(stage.owner, revision)).floor
    return floor


def test_erased_bytes_say_so_everywhere(harness: Harness) -> None:
    with staged(harness, "notes") as stage:
        notes = stage.block("notes")
        notes.append("harmless")
        secret = notes.append("a name and a number", reason="told by a customer")
        notes.append("harmless too")
        stage.owner.erase(f"task/{TASK}:notes@{secret.version}", reason="asked to be forgotten")
        assert "a name" not in notes.read().text
        assert "harmless too" in notes.read().text
        error = refused(Erased, lambda: _as_of(stage.owner, secret.revision))
        assert isinstance(error, Erased)
        for record in stage.log():
            body = record.body
            assert body is None or b"a name" not in (body.payload or b"")
            assert body is None or "customer" not in body.reason
        assert stage.owner.audit().ok
