"""Watches: in order, once, without a gap, resumable, and only what the reader may see."""

import threading

import pytest

import commonplace
from commonplace import Memory, Namespace, NamespacePrefix, limits
from commonplace._sync import watch as watch_module


@pytest.fixture
def memory(tmp_path):
    with Memory(tmp_path / "team.db", actor="owner") as memory:
        yield memory


@pytest.fixture
def task(memory):
    return memory.create_task("q3")


def revisions(watch):
    return [commit.revision for commit in watch]


def test_a_watch_from_a_revision_delivers_every_later_commit_once_and_in_order(memory, task):
    block = task.create_block("findings")
    receipts = [block.append(f"line {n}") for n in range(20)]
    watch = task.watch(after=receipts[4].revision, timeout_s=0)
    assert revisions(watch) == [receipt.revision for receipt in receipts[5:]]


def test_a_watch_resumes_where_another_stopped(memory, task):
    block = task.create_block("findings")
    for n in range(10):
        block.append(f"line {n}")
    first = task.watch(after=0, timeout_s=0)
    got = [next(first).revision for _ in range(4)]
    rest = revisions(task.watch(after=first.position, timeout_s=0))
    assert got + rest == revisions(task.watch(after=0, timeout_s=0))


def test_an_atomic_commit_is_delivered_whole(memory, task):
    left, right = task.create_block("left"), task.create_block("right")
    start = memory.position().revision
    with memory.atomic():
        left.append("a")
        right.append("b")
        left.append("c")
    (commit,) = task.watch(after=start, timeout_s=0)
    assert [(c.reference.region, c.old_version, c.new_version) for c in commit.changes] == [
        ("left", 0, 1),
        ("right", 0, 1),
        ("left", 1, 2),
    ]


def test_filters_by_region_operation_and_actor(memory, task):
    left, right = task.create_block("left"), task.create_block("right")
    task.share({"web": "editor"})
    left.append("a")
    edited = left.replace("a", "b")
    other = right.append("c")
    with memory.as_actor("web") as web:
        foreign = web.task("q3").block("right").append("d")

    def watched(**filters):
        return revisions(task.watch(after=0, timeout_s=0, **filters))

    assert watched(operation="replace") == [edited.revision]
    assert watched(region="right") == [other.revision, foreign.revision]
    assert watched(actor="web") == [foreign.revision]
    assert watched(actor="web", region="left") == []


def test_a_watch_wakes_for_a_commit_of_another_thread(memory, task):
    block = task.create_block("findings")
    got = []
    watching = threading.Event()

    def follow():
        with task.watch(timeout_s=30) as watch:
            watching.set()
            got.append(next(watch))

    reader = threading.Thread(target=follow)
    reader.start()
    watching.wait(10)
    receipt = block.append("news", reason="page 4")
    reader.join(10)
    assert got[0].revision == receipt.revision
    assert got[0].changes[0].reason == "page 4"


def test_progress_marks_do_not_put_the_timeout_off(memory, task):
    watch = task.watch(progress_s=0.001, timeout_s=0.05)
    assert all(mark.is_progress for mark in watch)  # and it ends


def test_progress_marks_say_how_far_nothing_happened(memory, task):
    watched, other = task.create_block("watched"), task.create_block("other")
    watched.append("a")
    last = other.append("b")
    watch = task.watch(after=0, region="watched", progress_s=0)
    assert not next(watch).is_progress
    mark = next(watch)
    assert mark.is_progress
    assert mark.revision == last.revision


def test_what_access_hides_is_counted_and_not_shown(memory, task):
    public, secret = task.create_block("public"), task.create_block("secret")
    task.share({"web": "reader"}, region="public")
    start = memory.position().revision
    with memory.atomic():
        public.append("a")
        secret.append("b")
    secret.append("c")
    with memory.as_actor("web") as web:
        (commit,) = web.task("q3").watch(after=start, timeout_s=0)
    assert [change.reference.region for change in commit.changes] == ["public"]
    assert commit.hidden == 1


def test_a_grant_without_history_shows_only_what_came_after_it(memory, task):
    block = task.create_block("findings")
    before = block.append("before")
    task.share({"web": "reader"}, region="findings", history=False)
    after = block.append("after")
    with memory.as_actor("web") as web:
        view = web.task("q3")
        assert revisions(view.watch(after=0, timeout_s=0, region="findings")) == [after.revision]
        with pytest.raises(commonplace.AccessDenied):
            web.at(before.revision).task("q3").block("findings").read()
        assert [r.version for r in view.block("findings").history()] == [2]


def test_a_watch_stops_when_its_grant_is_taken_back(memory, task):
    block = task.create_block("findings")
    task.share({"web": "reader"}, region="findings")
    start = memory.position().revision
    with memory.as_actor("web") as web:
        watch = web.task("q3").watch(after=start, timeout_s=0, region="findings")
        block.append("a")
        assert next(watch).changes[0].actor == "owner"
        task.unshare("web", region="findings")
        block.append("b")
        with pytest.raises(commonplace.AccessChanged):
            next(watch)


def test_watching_what_one_may_not_read_is_denied(memory, task):
    task.create_block("findings")
    with memory.as_actor("mallory") as other:
        for where in (task.namespace, Namespace.task("nothing"), NamespacePrefix.of("task")):
            with pytest.raises(commonplace.AccessDenied):
                next(other.watch(where, after=0))


def test_a_prefix_takes_its_own_grant_and_then_covers_what_comes_later(memory, task):
    memory.share({"oncall": "reader"}, prefix=NamespacePrefix.of("task"))
    with memory.as_actor("oncall") as oncall:
        watch = oncall.watch(NamespacePrefix.of("task"), timeout_s=0)
        assert next(watch, None) is None
        later = memory.create_task("later").create_block("findings").append("x")
        watch = oncall.watch(NamespacePrefix.of("task"), after=later.revision - 1, timeout_s=0)
        assert next(watch).revision == later.revision
        with pytest.raises(commonplace.AccessDenied):
            next(oncall.watch(NamespacePrefix.of(), timeout_s=0))


def test_a_named_cursor_goes_on_where_it_stopped(memory, task):
    block = task.create_block("findings")
    first = [block.append(f"{n}").revision for n in range(3)]
    assert revisions(task.watch(cursor="mine", after=0, region="findings", timeout_s=0)) == first
    later = block.append("later")
    again = task.watch(cursor="mine", region="findings", timeout_s=0)
    assert revisions(again) == [later.revision]


def test_a_reader_that_stops_may_say_that_it_is_done(memory, task):
    block = task.create_block("findings")
    wanted = [block.append(f"{n}").revision for n in range(3)]
    for options in ({"cursor": "mine"}, {"group": "ours"}):
        with task.watch(after=0, region="findings", **options) as watch:
            assert next(watch).revision == wanted[0]
            watch.settle()
            watch.settle()
        rest = task.watch(after=0, region="findings", timeout_s=0, **options)
        assert revisions(rest) == wanted[1:]


def test_a_reader_that_dies_gets_its_last_commit_again(memory, task):
    block = task.create_block("findings")
    wanted = [block.append(f"{n}").revision for n in range(3)]
    watch = task.watch(cursor="mine", after=0, region="findings", timeout_s=0)
    assert next(watch).revision == wanted[0]
    # It never asks for the next one: the first was not done.
    again = task.watch(cursor="mine", after=0, region="findings", timeout_s=0)
    assert revisions(again) == wanted


def test_a_group_gives_each_commit_to_one_member(memory, task):
    block = task.create_block("findings")
    wanted = [block.append(f"{n}").revision for n in range(6)]
    left = task.watch(group="workers", after=0, region="findings", timeout_s=0)
    right = task.watch(group="workers", after=0, region="findings", timeout_s=0)
    got = [next(watch).revision for _ in range(3) for watch in (left, right)]
    assert got == wanted
    left.close()
    right.close()
    fresh = task.watch(group="workers", after=0, region="findings", timeout_s=0)
    assert revisions(fresh) == []


def test_a_member_that_fails_gives_its_commit_to_the_next(memory, task):
    block = task.create_block("findings")
    wanted = [block.append(f"{n}").revision for n in range(3)]
    options = {"group": "workers", "after": 0, "region": "findings", "timeout_s": 0}
    with pytest.raises(ZeroDivisionError), task.watch(**options) as watch:
        assert next(watch).revision == wanted[0]
        raise ZeroDivisionError
    assert revisions(task.watch(**options)) == wanted


def test_a_commit_left_behind_that_can_no_longer_be_seen_holds_nobody_up(memory, task):
    block = task.create_block("findings")
    wanted = [block.append(f"{n}").revision for n in range(3)]
    options = {"group": "workers", "after": 0, "timeout_s": 0}
    with pytest.raises(ZeroDivisionError), task.watch(region="findings", **options) as watch:
        assert next(watch).revision == wanted[0]
        raise ZeroDivisionError
    task.block("findings").append("later")
    elsewhere = task.create_block("other").append("seen")
    assert revisions(task.watch(region="other", **options)) == [elsewhere.revision]


def test_a_cursor_moves_with_the_members_and_two_openers_compete(memory, task, tmp_path):
    block = task.create_block("findings")
    wanted = [block.append(f"{n}").revision for n in range(40)]
    task.share({"owner": "owner"})
    taken = []

    def work():
        with Memory(tmp_path / "team.db", actor="owner") as mine:
            watch = mine.task("q3").watch(group="workers", after=0, region="findings", timeout_s=0)
            taken.extend(commit.revision for commit in watch)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(taken) == wanted


def test_a_slow_watch_catches_up_from_the_log(memory, task, monkeypatch):
    monkeypatch.setattr("commonplace.limits.WATCH_BUFFER_COMMITS", 4)
    block = task.create_block("findings")
    slow = task.watch(after=0, region="findings", timeout_s=0)
    first = block.append("first")
    assert next(slow).revision == first.revision
    wanted = [block.append(f"{n}").revision for n in range(30)]
    assert revisions(task.watch(after=first.revision, region="findings", timeout_s=0)) == wanted
    assert revisions(slow) == wanted


def test_a_closed_watch_ends(memory, task):
    task.create_block("findings").append("a")
    watch = task.watch(after=0)
    next(watch)
    watch.close()
    assert list(watch) == []


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"after": -1}, commonplace.InvalidValue),
        ({"after": "now"}, commonplace.InvalidValue),
        ({"cursor": "a", "group": "b"}, commonplace.InvalidInput),
        ({"cursor": "a/b"}, commonplace.InvalidName),
        ({"region": "x y"}, commonplace.InvalidName),
        ({"actor": ""}, commonplace.InvalidName),
        ({"timeout_s": -1}, commonplace.InvalidValue),
        ({"timeout_s": float("nan")}, commonplace.InvalidValue),
        ({"progress_s": "1"}, commonplace.InvalidValue),
        ({"group": "b", "progress_s": 1}, commonplace.InvalidInput),
    ],
)
def test_bad_options_are_refused_before_anything_is_read(memory, task, options, error):
    with pytest.raises(error):
        task.watch(**options)


def test_reserved_regions_are_delivered_only_by_name(memory, task):
    start = memory.position().revision
    task.create_block("findings")
    assert revisions(task.watch(after=start, timeout_s=0)) == []
    (commit,) = task.watch(after=start, region="_contracts", timeout_s=0)
    assert commit.changes[0].operation == "create"


def test_a_batch_commits_at_once_and_tells_at_the_end(memory, task):
    block = task.create_block("findings")
    rung = []
    end = memory._session.engine.subscribe("default", lambda: rung.append(1))
    with memory.batch(max_wait_s=60):
        receipts = [block.append(f"{n}") for n in range(5)]
        assert block.read().version == 5
        assert rung == []
    end()
    assert len({receipt.revision for receipt in receipts}) == 5
    assert len(rung) == 1


class Clock:
    """A clock for one watch, moved by its waits: each wait that something rings takes no time."""

    def __init__(self, rings, watch_module, monkeypatch, session):
        self.now_s = 0.0
        self.rings = rings
        self.waits = 0
        monkeypatch.setattr(watch_module.time, "monotonic", lambda: self.now_s)
        monkeypatch.setattr(session.gate, "waiter", lambda: self)

    def wait(self, timeout_s):
        self.waits += 1
        if self.rings:
            self.now_s += 0.01
            self.rings.pop(0)()
        else:
            self.now_s += timeout_s

    def close(self):
        pass


def test_a_debounced_watch_holds_a_burst_until_it_pauses(memory, task, monkeypatch):
    block = task.create_block("findings")
    start = block.append("first").revision - 1
    burst = [lambda n=n: block.append(f"{n}") for n in range(5)]
    clock = Clock(burst, watch_module, monkeypatch, memory._session)
    watch = task.watch(after=start, region="findings", debounce_s=1.0, timeout_s=0)
    assert next(watch).revision == start + 1
    assert clock.waits == 6  # five rings and the pause
    assert clock.now_s == pytest.approx(1.05)
    assert [commit.revision for commit in watch] == list(range(start + 2, start + 7))


def test_a_burst_without_end_is_held_for_a_bounded_time(memory, task, monkeypatch):
    block = task.create_block("findings")
    start = block.append("first").revision - 1
    endless = [lambda: None] * 10_000
    clock = Clock(endless, watch_module, monkeypatch, memory._session)
    watch = task.watch(after=start, region="findings", debounce_s=0.5)
    assert next(watch).revision == start + 1
    assert clock.now_s == pytest.approx(limits.MAX_DEBOUNCES * 0.5, abs=0.02)
