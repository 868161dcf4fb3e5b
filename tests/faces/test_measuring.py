"""Metrics of writes, lanes, turns, watches and updates; with the real SDK, and to Prometheus."""

import threading

import prometheus_client
import pytest
from opentelemetry.exporter.prometheus import PrometheusMetricReader
from opentelemetry.sdk.metrics import MeterProvider

import commonplace
from commonplace import Memory
from commonplace.core.verdict import Accepted
from commonplace.storage.lane import Lane
from commonplace.storage.sqlite.turn import MemoryTurn
from commonplace.telemetry import names
from commonplace.telemetry.turns import notices_found
from deciding import append, group
from spans import measured, traced


@pytest.fixture
def memory():
    with Memory(":memory:", actor="lead") as memory:
        memory.create_task("q3", share={"web-1": "editor"}).create_block("findings")
        yield memory


@pytest.fixture
def block(memory):
    return memory.task("q3").block("findings")


@pytest.fixture
def measures(memory):  # from when the memory is there
    with measured() as measures:
        yield measures


def total(points):
    return sum(point.sum for point in points)


def test_writes_are_counted_by_outcome_and_kind_of_region(measures, memory, block):
    block.append("a", idempotency_key="k")
    block.append("a", idempotency_key="k")
    block.append("b")
    with pytest.raises(commonplace.VersionConflict):
        block.replace("a", "c", expect=1)
    with memory.as_actor("nobody") as nobody, pytest.raises(commonplace.AccessDenied):
        nobody.task("q3").block("findings").append("a")
    memory.task("q3").share({"docs-1": "reader"})
    memory.task("q3").create_block("plan")
    assert measures.counts("commonplace.writes") == {
        ("accepted", "content"): 2,
        ("duplicate", "content"): 1,
        ("refused", "content", "version_conflict"): 1,
        ("refused", "content", "access_denied"): 1,
        ("accepted", "grants"): 1,
        ("accepted", "contracts"): 1,
    }
    durations = measures.counts("commonplace.write.duration")
    assert durations[("refused", "content")] == 2
    assert sum(durations.values()) == 7
    assert 0 < total(measures.points()["commonplace.write.duration"]) < 60


def test_every_commit_is_in_one_batch_and_waited_for_it(measures, block):
    def write():
        for number in range(10):
            block.append(f"line {number}")

    threads = [threading.Thread(target=write) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    points = measures.points()
    (batches,) = points["commonplace.lane.batch"]
    (waits,) = points["commonplace.lane.wait"]
    assert batches.sum == waits.count == 80
    assert waits.sum >= 0


def test_what_waits_in_a_lane_is_its_depth(measures):
    begun, go_on = threading.Event(), threading.Event()

    def commit(groups):
        begun.set()
        go_on.wait()
        return [Accepted(()) for _ in groups]

    lane = Lane(commit, MemoryTurn())
    queued = threading.Semaphore(0)
    first = threading.Thread(target=lambda: lane.propose(group("lead", [append("a")]), 60))
    first.start()
    begun.wait()
    rest = [
        threading.Thread(target=lambda: lane.propose(group("lead", [append("b")]), 60))
        for _ in range(3)
    ]
    for thread in rest:
        thread.start()
    while lane.depth < len(rest):
        queued.acquire(timeout=0.001)
    assert [point.value for point in measures.points()["commonplace.lane.depth"]] == [3]
    go_on.set()
    for thread in (first, *rest):
        thread.join()
    assert [point.value for point in measures.points()["commonplace.lane.depth"]] == [0]
    lane.close()


def test_turns_and_what_they_are_served(measures, memory, block):
    block.append("a")
    with memory.turn() as turn:
        turn.read(block)
        turn.read(block)
        turn.fence()
        with memory.as_actor("web-1") as web:
            web.task("q3").block("findings").append("b")
        with pytest.raises(commonplace.StaleTurn):
            turn.fence()
    assert measures.counts("commonplace.turns") == {("begun",): 1, ("stale",): 1, ("ended",): 1}
    assert measures.counts("commonplace.served") == {(): 2}


def test_a_watch_tells_how_far_it_is_behind(measures, memory, block):
    start = memory.position().revision
    for number in range(3):
        block.append(f"line {number}")
    list(memory.watch(memory.task("q3").namespace, after=start, timeout_s=0))
    points = measures.points()
    (revisions,) = points["commonplace.watch.behind"]
    assert (revisions.count, revisions.sum) == (3, 2 + 1 + 0)
    (seconds,) = points["commonplace.watch.lag"]
    assert seconds.count == 3 and 0 <= seconds.sum < 60


def test_an_update_tells_how_long_it_waited(measures, block):
    block.append("a")
    block.update(lambda text: text + "b")
    (waited,) = measures.points()["commonplace.update.wait"]
    assert waited.count == 1 and 0 <= waited.sum < 60


def crowd(memory, numbers):
    """Many actors, namespaces, regions, keys, reasons and turns."""
    for number in numbers:
        name = f"name-{number}"
        task = memory.create_task(name, share={name: "editor"})
        task.create_block(name).append(name, reason=name)
        with memory.as_actor(name) as other:
            block = other.task(name).block(name)
            with other.turn() as turn:
                turn.read(block)
                block.append(name, turn=turn, idempotency_key=name)
            with pytest.raises(commonplace.VersionConflict):
                block.replace(name, "x", expect=1)
            block.update(str.upper)
            list(other.watch(task.namespace, after=0, timeout_s=0, cursor=name))


def series(measures):
    points = measures.points()
    found = {name: {tuple(p.attributes.values()) for p in found} for name, found in points.items()}
    assert "name-" not in str(found)
    return found


def test_series_do_not_grow_with_what_users_name(measures, memory):
    crowd(memory, range(2))
    few = series(measures)
    crowd(memory, range(2, 20))
    assert series(measures) == few
    assert sum(map(len, few.values())) < 40


def test_who_writes_is_measured_only_when_asked_for(memory, block, monkeypatch):
    monkeypatch.setenv("COMMONPLACE_TELEMETRY", "actor")
    with measured() as measures:
        block.append("a")
        points = measures.points()
    (writes,) = points["commonplace.writes"]
    assert writes.attributes["commonplace.actor"] == "lead"
    (duration,) = points["commonplace.write.duration"]
    assert "commonplace.actor" not in duration.attributes


def test_what_is_told_is_what_the_tables_say(memory, monkeypatch):
    monkeypatch.setenv("COMMONPLACE_TELEMETRY", "reason")
    with measured() as measures, traced() as spans:
        crowd(memory, range(1))
        notices_found(0)
        points = measures.points()
    assert set(points) == {metric.name for metric in names.METRICS}
    for metric in names.METRICS:
        told = {name for point in points[metric.name] for name in point.attributes}
        assert told == set(metric.attributes), metric.name
    told = {name for span in spans.all for name in span.attributes}
    of_events = {name for span in spans.all for event in span.events for name in event.attributes}
    of_metrics = {name for metric in names.METRICS for name in metric.attributes}
    assert told | of_events | of_metrics == set(names.ATTRIBUTES)
    unseen = {"create_memory", "delete_memory", "commonplace.render"}
    assert {span.name for span in spans.all} == set(names.SPANS) - unseen
    assert {event.name for span in spans.all for event in span.events} == set(names.EVENTS)


def test_prometheus_shows_them(memory, block):
    provider = MeterProvider(metric_readers=[PrometheusMetricReader()])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("opentelemetry.metrics._internal._METER_PROVIDER", provider)
        block.append("a")
        page = prometheus_client.generate_latest().decode()
    provider.shutdown()
    (line,) = [each for each in page.splitlines() if each.startswith("commonplace_writes_total{")]
    assert 'commonplace_outcome="accepted"' in line
    assert line.endswith(" 1.0")
    assert "commonplace_write_duration_seconds_bucket" in page
