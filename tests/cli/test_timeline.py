"""The timeline: a lane for each actor."""

import re

import pytest

from commonplace import AccessDenied, InvalidInput, Memory, Namespace, NamespacePrefix
from commonplace.errors import VersionConflict
from shell import Shell


@pytest.fixture
def turns(memory: Memory, team: Shell) -> Shell:
    """A turn of `web` that was served, wrote on an old base, and was refused."""
    findings = memory.task("q3").block("findings")
    with memory.as_actor("web") as web:
        block = web.task("q3").block("findings")
        with web.turn() as turn:
            turn.read(block)
            findings.replace("Revenue rose.", "Revenue fell.", reason="recount")
            block.replace("Costs rose.", "Costs are flat.", turn=turn)
            with pytest.raises(VersionConflict):
                block.replace("Revenue", "Income", turn=turn)
    return team


def test_every_event_is_in_the_lane_of_its_actor(turns: Shell) -> None:
    lines = turns.run("timeline", "task/q3:findings", "-n", "4").stdout.splitlines()
    assert lines[0].split() == ["1", "sup"]
    assert lines[1].split() == ["2", "web"]
    told = [re.sub(r"^\S+\s+r\d+\s+", "", line) for line in lines[4:]]
    assert told == [
        'W ·  replace  task/q3:findings@6  "recount"',
        "· r  read  task/q3:findings@5",
        "· ~  replace  task/q3:findings@7  made against @5",
        "· x  replace  task/q3:findings  [version_conflict]",
    ]


def test_what_is_printed_pastes_into_a_command(turns: Shell) -> None:
    events = turns.objects("timeline")
    assert {event["what"] for event in events} == {"write", "stale", "read", "refused"}
    for event in events:
        turns.lines("show", event["reference"])


def test_filters_are_those_of_the_log(turns: Shell, memory: Memory) -> None:
    everything = memory.timeline(limit=500)
    assert set(everything.actors) == {"sup", "web", "docs"}
    for filters in (
        {"actor": "web"},
        {"region": "findings"},
        {"after": 8},
        {"before": 9},
        {"actor": "web", "region": "findings", "after": 8},
    ):
        found = memory.timeline(Namespace.task("q3"), limit=500, **filters)
        assert found.events
        assert found.events == tuple(
            event
            for event in everything.events
            if filters.get("actor") in {None, event.actor}
            and filters.get("region") in {None, event.reference.region}
            and event.revision > filters.get("after", 0)
            and event.revision < filters.get("before", 1000)
        )


def test_the_newest_are_told_and_that_there_are_more(turns: Shell, memory: Memory) -> None:
    whole = memory.timeline(Namespace.task("q3"), limit=500)
    assert not whole.more
    few = memory.timeline(Namespace.task("q3"), limit=3)
    assert few.more and few.events == whole.events[-3:]
    assert "--limit shows more" in turns.run("timeline", "task/q3", "-n", "3").stderr


def test_what_others_keep_does_not_show(turns: Shell, memory: Memory) -> None:
    memory.task("q3").create_block("secret").append("hidden")
    with memory.as_actor("web") as web:
        with pytest.raises(AccessDenied):
            web.timeline(NamespacePrefix.of())
        regions = {e.reference.region for e in web.timeline(Namespace.task("q3")).events}
        assert "secret" in regions, "web is an editor of the whole task"
    with memory.as_actor("docs") as docs:
        found = docs.timeline(Namespace.task("q3"), limit=500)
        assert {event.reference.region for event in found.events} == {"findings"}
        assert {event.what for event in found.events} == {"write", "stale", "read", "refused"}


@pytest.mark.parametrize("filters", [{"actor": "no/name"}, {"after": -1}, {"region": "No Region"}])
def test_filters_that_nothing_could_match_are_refused(memory: Memory, filters: dict) -> None:
    with pytest.raises(InvalidInput):
        memory.timeline(**filters)


def test_hostile_names_are_printed_harmless(memory: Memory, shell: Shell) -> None:
    memory.create_task("q3").create_block("plan").append("x", reason="\x1b[2J\nr9  forged")
    out = shell.run("timeline", "--as", "sup").stdout
    assert "\x1b" not in out and "\nr9" not in out
