"""Guarantee 10: nothing is anybody's until it is shared, by whatever way one asks."""

from collections.abc import Callable

import pytest

from commonplace import Memory, Namespace, NamespacePrefix, Scope
from commonplace.errors import AccessChanged, AccessDenied, NotFound
from commonplace.testing.harness import Harness
from commonplace.testing.suite.stage import TASK, Stage, refused, staged

_TIMEOUT_S = 30.0
_EVERYTHING = NamespacePrefix(())


def _ways_to_read(stage: Stage, memory: Memory) -> dict[str, Callable[[], object]]:
    task = memory.task(TASK)
    secret = task.block("secret")

    def watch() -> object:
        with task.watch(after=0, timeout_s=0.05, region="secret") as commits:
            return list(commits)

    def watch_all() -> object:
        with memory.watch(_EVERYTHING, after=0, timeout_s=0.05) as commits:
            return list(commits)

    return {
        "read": secret.read,
        "read_version": lambda: secret.read_version(1),
        "history": secret.history,
        "blame": secret.blame,
        "describe": secret.describe,
        "at": lambda: memory.at(stage.head).task(TASK).block("secret").read(),
        "at blame": lambda: memory.at(stage.head).task(TASK).block("secret").blame(),
        "watch": watch,
        "watch everything": watch_all,
        "log everything": lambda: memory.log(_EVERYTHING),
        "update": lambda: secret.update(lambda text: text),
    }


def _ways_to_write(memory: Memory) -> dict[str, Callable[[], object]]:
    task = memory.task(TASK)
    secret = task.block("secret")
    return {
        "append": lambda: secret.append("x"),
        "insert": lambda: secret.insert("x", after="the"),
        "replace": lambda: secret.replace("the", "a"),
        "rewrite": lambda: secret.rewrite("x", expect=1),
        "condense": lambda: secret.condense("x", through=1),
        "delete": lambda: secret.delete(expect=1),
        "update": lambda: secret.update(lambda text: text + "x"),
        "share": lambda: task.share({"stranger": "owner"}),
        "share region": lambda: task.share({"stranger": "owner"}, region="secret"),
        "unshare": lambda: task.unshare("owner"),
        "create_block": lambda: task.create_block("mine"),
        "create_block again": lambda: task.create_block("secret"),
        "create_task": lambda: memory.create_task("mine"),
        "create_task again": lambda: memory.create_task(TASK),
        "share everything": lambda: memory.share({"stranger": "owner"}, prefix=_EVERYTHING),
        "share the tenant": lambda: memory.share({"stranger": "owner"}),
        "guard": lambda: (
            memory.agent().block("own").append("x", guards=((f"task/{TASK}:secret", 1),))
        ),
    }


def test_stranger_reads_nothing(harness: Harness) -> None:
    with staged(harness, "secret") as stage:
        stage.block("secret").append("the password")
        stranger = stage.open("stranger")
        for way, call in _ways_to_read(stage, stranger).items():
            error = refused(AccessDenied, call)
            assert "password" not in f"{error} {error.facts}", way
        assert stranger.log(Namespace.task(TASK)) == []
        assert stranger.namespaces() == []
        assert stranger.task(TASK).regions() == []


def test_stranger_writes_nothing(harness: Harness) -> None:
    with staged(harness, "secret") as stage:
        stage.block("secret").append("the password")
        stranger = stage.open("stranger")
        stranger.agent().create_block("own")
        before = stage.owner.position()
        for way, call in _ways_to_write(stranger).items():
            error = refused(AccessDenied, call)
            assert "password" not in f"{error} {error.facts}", way
        assert stage.owner.position() == before


def test_stranger_learns_the_same_of_what_is_and_what_is_not(harness: Harness) -> None:
    with staged(harness, "secret") as stage:
        stranger = stage.open("stranger")

        def told(task: str, block: str) -> str:
            error = refused(AccessDenied, stranger.task(task).block(block).read)
            return str(error).replace(f"task/{task}:{block}", "HERE")

        assert told(TASK, "secret") == told(TASK, "no-such") == told("no-such", "secret")


def test_each_tier_reaches_so_far_and_no_further(harness: Harness) -> None:
    allowed = {
        "reader": {"read"},
        "contributor": {"read", "append"},
        "editor": {"read", "append", "insert", "replace", "update"},
        "owner": {"read", "append", "insert", "replace", "update", "rewrite", "condense", "share",
                  "delete"},
    }  # fmt: skip
    with staged(harness) as stage:
        for tier, may in allowed.items():
            stage.task.create_block(tier, share={tier: tier})
            stage.block(tier).append("the line")
            for way, call in _ways_to_use(stage.open(tier).task(TASK), tier).items():
                if way in may:
                    call()
                else:
                    refused(AccessDenied, call)


def _ways_to_use(task: Scope, name: str) -> dict[str, Callable[[], object]]:
    block = task.block(name)
    return {
        "read": block.read,
        "append": lambda: block.append("x"),
        "insert": lambda: block.insert("x", after="the line"),
        "replace": lambda: block.replace("the line", "the line "),
        "update": lambda: block.update(lambda text: text + "\ny"),
        "rewrite": lambda: block.rewrite("the line", expect=block.read().version),
        "condense": lambda: block.condense("the line", through=1),
        "share": lambda: task.share({"friend": "reader"}, region=name),
        "delete": lambda: block.delete(expect=block.read().version),
    }


def test_grant_over_one_region_opens_no_other(harness: Harness) -> None:
    with staged(harness, "open", "secret") as stage:
        stage.task.share({"guest": "editor"}, region="open")
        guest = stage.open("guest")
        stage.block("open", guest).append("hello")
        refused(AccessDenied, stage.block("secret", guest).read)
        refused(AccessDenied, lambda: stage.block("secret", guest).append("x"))
        assert guest.task(TASK).regions() == ["open"]


def test_watch_hides_and_counts_what_is_not_shared(harness: Harness) -> None:
    with staged(harness, "open", "secret") as stage:
        stage.task.share({"guest": "reader"}, region="open")
        guest, start = stage.open("guest"), stage.head
        stage.block("secret").append("nobody's business", reason="nobody's either")
        with stage.owner.atomic():
            stage.block("open").append("for all")
            stage.block("secret").append("for me")
        commits = stage.commits(guest, after=start, upto=stage.head)
        assert [commit.revision for commit in commits] == [start + 2]
        assert [change.reference.region for change in commits[0].changes] == ["open"]
        assert commits[0].hidden == 1
        regions = {record.entry.region for record in guest.log(Namespace.task(TASK))}
        assert regions <= {"open"}, "the log shows what the watch hides"


def test_revocation_ends_every_way_to_read(harness: Harness) -> None:
    """Grants are judged at the head: the past of a revoked actor is closed as well."""
    with staged(harness, "secret", share={"stranger": "reader"}) as stage:
        written = stage.block("secret").append("the password")
        stranger = stage.open("stranger")
        assert "password" in stage.block("secret", stranger).read().text
        snapshot = stranger.at(written.revision).task(TASK).block("secret")
        assert "password" in snapshot.read().text
        stage.task.unshare("stranger")
        refused(AccessDenied, snapshot.read)
        for call in _ways_to_read(stage, stranger).values():
            refused(AccessDenied, call)


def test_revocation_stops_a_watch(harness: Harness) -> None:
    with staged(harness, "secret", share={"guest": "reader"}) as stage:
        guest, start = stage.open("guest"), stage.head
        stage.block("secret").append("seen")
        with guest.watch(guest.task(TASK).namespace, after=start, timeout_s=_TIMEOUT_S) as watch:
            assert next(watch).revision == start + 1
            stage.task.unshare("guest")
            stage.block("secret").append("unseen", reason="unseen")
            with pytest.raises((AccessChanged, AccessDenied)):
                next(watch)


def test_grant_without_history_hides_what_came_before(harness: Harness) -> None:
    with staged(harness, "notes") as stage:
        before = stage.block("notes").append("before", reason="secret reason")
        stage.task.share({"late": "reader"}, history=False)
        since = stage.head
        late = stage.open("late")
        after = stage.block("notes").append("after")
        notes = stage.block("notes", late)
        assert [record.revision for record in notes.history()] == [after.revision]
        assert [r.revision for r in late.log(Namespace.task(TASK))] == [after.revision]
        refused(AccessDenied, late.at(before.revision).task(TASK).block("notes").read)
        refused((AccessDenied, NotFound), lambda: notes.read_version(1))
        commits = stage.commits(late, after=0, upto=after.revision)
        assert [commit.revision for commit in commits] == [after.revision]
        assert late.at(since).task(TASK).block("notes").read().version == 1
        assert "secret reason" not in repr(notes.blame())


def test_private_namespace_is_its_actors_alone(harness: Harness) -> None:
    with staged(harness) as stage:
        agent = stage.open("agent-7")
        diary = agent.agent().create_block("diary")
        diary.append("dear diary")
        other = stage.open("agent-8")
        refused(AccessDenied, other.namespace(Namespace.agent("agent-7")).block("diary").read)
        assert diary.read().text == "dear diary"


def test_tenants_do_not_see_each_other(harness: Harness) -> None:
    with staged(harness, "notes") as stage:
        stage.block("notes").append("of the first tenant")
        position = stage.owner.position()
        other = stage.open("owner", tenant="other")
        assert other.position().revision == 1, "the other tenant's log begins with its founding"
        refused((AccessDenied, NotFound), other.task(TASK).block("notes").read)
        assert Namespace.task(TASK) not in other.namespaces()
        notes = other.create_task(TASK).create_block("notes")
        notes.append("of the second")
        assert notes.read().text == "of the second"
        assert notes.read().version == 1
        assert stage.block("notes").read().text == "of the first tenant"
        assert stage.owner.position() == position
        assert "first tenant" not in repr(other.log(Namespace.task(TASK)))
