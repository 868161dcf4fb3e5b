"""The log as it is asked for: filters, times, bounds, and what each reader may see."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

import commonplace
from commonplace import Memory, NamespacePrefix


@pytest.fixture
def memory():
    with Memory(":memory:", actor="owner") as memory:
        task = memory.create_task("q3", share={"bob": "reader"})
        block = task.create_block("findings")
        for number in range(5):
            block.append(f"line {number}", reason=f"page {number}")
        memory.create_task("q4").create_block("plan").append("secret")
        yield memory


def versions(records):
    return [(record.region, record.version) for record in records]


def test_without_a_place_each_reader_sees_what_he_may(memory):
    assert versions(memory.log(limit=2)) == [("plan", 1), ("findings", 5)]
    with memory.as_actor("bob") as bob:
        assert versions(bob.log()) == [("findings", n) for n in (5, 4, 3, 2, 1)]
        with pytest.raises(commonplace.AccessDenied):
            bob.log(NamespacePrefix.of())
    with memory.as_actor("nobody") as nobody:
        assert nobody.log() == []


def test_times_include_both_ends_and_may_be_text_in_any_zone(memory):
    records = memory.log(memory.task("q3").namespace)
    first, last = records[3], records[1]
    wanted = versions(records[1:4])
    assert versions(memory.log(since=first.at, until=last.at)) == wanted
    east = timezone(timedelta(hours=14))
    assert versions(memory.log(since=first.at.astimezone(east), until=last.at)) == wanted
    assert versions(memory.log(since=first.at.isoformat(), until=last.at.isoformat())) == wanted


def test_no_time_is_too_early_or_too_late(memory):
    begins, ends = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
    assert len(memory.log(since=begins, until=ends)) == 6
    assert memory.log(since=ends) == memory.log(until=begins) == []


def test_before_revision_0_there_is_nothing(memory):
    assert memory.log(before=0) == memory.log(before=1) == []
    head = memory.position().revision
    assert memory.log(after=head) == []
    assert len(memory.log(after=head - 1, before=head + 1)) == 1


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"where": "task/q3"}, commonplace.InvalidInput),
        ({"actor": ""}, commonplace.InvalidName),
        ({"actor": "\udcff"}, commonplace.InvalidName),
        ({"region": "x y"}, commonplace.InvalidName),
        ({"region": "\udcff"}, commonplace.InvalidName),
        ({"key": "\udcff"}, commonplace.InvalidName),
        ({"text": "\udcff"}, commonplace.InvalidValue),
        ({"text": ""}, commonplace.InvalidValue),
        ({"text": "a\0b"}, commonplace.InvalidValue),
        ({"after": -1}, commonplace.InvalidValue),
        ({"before": "now"}, commonplace.InvalidValue),
        ({"before": 2**70}, commonplace.InvalidValue),
        ({"limit": 0}, commonplace.InvalidValue),
        ({"since": datetime(2026, 11, 20)}, commonplace.InvalidInput),  # noqa: DTZ001
        ({"until": "2026-11-20T03:00"}, commonplace.InvalidInput),
        ({"since": 12}, commonplace.InvalidInput),
    ],
)
def test_what_could_never_match_is_refused(memory, options, error):
    with pytest.raises(error):
        memory.log(**options)
