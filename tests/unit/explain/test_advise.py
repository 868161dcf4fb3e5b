"""Advice: nothing to a healthy crew, and one finding for each way of working badly."""

import asyncio
from collections.abc import Callable, Iterator

import pytest

from commonplace import (
    AccessDenied,
    Actor,
    Advice,
    AsyncMemory,
    FutureRevision,
    Identity,
    InvalidValue,
    Memory,
    NamespacePrefix,
    Refused,
    SingleWriter,
    Survey,
    VersionConflict,
)
from commonplace.explain import advice
from commonplace.explain.advise import LOOKS

FINDINGS = "task/q3:findings"


@pytest.fixture
def memory() -> Iterator[Memory]:
    with Memory(":memory:", actor="sup") as memory:
        task = memory.create_task("q3", share={"web": "editor", "docs": "editor"})
        task.create_block("findings")
        yield memory


def _turn(memory: Memory, actor: str, text: str, region: str = "findings") -> None:
    """One step of an agent: it looks, and adds a line."""
    with memory.as_actor(actor) as agent, agent.turn() as turn:
        block = agent.task("q3").block(region)
        turn.read(block)
        block.append(text, turn=turn)


def _healthy(memory: Memory, steps: int = 60) -> None:
    """Three agents take turns on one block; the plan is a channel, an auditor may read all."""
    memory.share({"aud": "reader"}, prefix=NamespacePrefix.of())
    plan = memory.task("q3").create_channel("plan", share={"web": "reader", "docs": "reader"})
    for number in range(steps):
        _turn(memory, ("web", "docs", "sup")[number % 3], f"finding {number}")
        plan.publish({"step": number})
    for worker in ("web", "docs"):
        dispatch = plan.dispatch(worker, {"do": 1})
        with memory.as_actor(worker) as agent:
            agent.task("q3").channel("plan").reply(dispatch.id, {"done": 1})


def _codes(survey: Survey) -> list[str]:
    return [each.code for each in survey.advice]


def _only(survey: Survey, code: str) -> Advice:
    (found,) = [each for each in survey.advice if each.code == code]
    return found


def test_a_healthy_crew_is_told_nothing(memory: Memory) -> None:
    _healthy(memory)
    survey = memory.advise()
    assert survey.advice == ()
    assert survey.ok
    assert survey.unknown == ()
    assert survey.turns == 60
    assert (survey.after, survey.revision) == (0, memory.position().revision)
    assert survey.records > 180


# --- each finding -------------------------------------------------------------------------------


def _one_writer(memory: Memory) -> None:
    for number in range(100):
        memory.task("q3").block("findings").append(str(number))
    _turn(memory, "web", "x")


def _crowded(memory: Memory) -> None:
    names = [f"w{number}" for number in range(6)]
    task = memory.task("q3")
    plan = task.create_channel("plan", share=dict.fromkeys(names, "reader"))
    for name in names:
        dispatch = plan.dispatch(name, "go")
        with memory.as_actor(name) as worker:
            worker.task("q3").channel("plan").reply(dispatch.id, "done")


def _saturated(memory: Memory) -> None:
    plan = memory.task("q3").create_channel("plan", share={"web": "reader"})
    for number in range(advice.FULL_INBOX):
        plan.dispatch("web", number)


def _conflicts(memory: Memory) -> None:
    block = memory.task("q3").block("findings")
    block.append("0")
    with memory.as_actor("web") as web:
        for number in range(10):
            with web.turn() as turn:
                turn.read(web.task("q3").block("findings"))
                block.replace(str(number), str(number + 1))
                with pytest.raises(Refused):
                    web.task("q3").block("findings").replace(str(number), "mine", turn=turn)


def _stale(memory: Memory) -> None:
    block = memory.task("q3").block("findings")
    with memory.as_actor("web") as web:
        for _ in range(advice.SOME_TURN_WRITES):
            with web.turn() as turn:
                mine = web.task("q3").block("findings")
                turn.read(mine)
                for number in range(advice.STALE_CHANGES):
                    block.append(str(number))
                mine.append("late", turn=turn)


def _flood(memory: Memory) -> None:
    with memory.as_actor("web") as web:
        block = web.task("q3").block("findings")
        for number in range(2 * advice.FLOOD_PER_MINUTE):
            block.append(str(number))


def _unread(memory: Memory) -> None:
    memory.task("q3").create_block("notes")
    with memory.turn() as turn:
        turn.read(FINDINGS)
    for number in range(advice.UNREAD_WRITES):
        for actor in ("web", "docs"):
            with memory.as_actor(actor) as agent:
                agent.task("q3").block("notes").append(str(number))


def _unknown(memory: Memory) -> None:
    with memory.as_actor(Actor("web", Identity.UNKNOWN)) as web:
        web.task("q3").block("findings").append("x")


def _by_default(memory: Memory) -> None:
    names = [f"w{number}" for number in range(advice.MANY_GRANTS)]
    memory.share(dict.fromkeys(names, "reader"), prefix=NamespacePrefix.of("task"))


BAD: dict[str, Callable[[Memory], None]] = {
    "one_writer": _one_writer,
    "crowded_channel": _crowded,
    "saturated_inbox": _saturated,
    "conflict_hot_spot": _conflicts,
    "stale_reader": _stale,
    "event_flood": _flood,
    "unread": _unread,
    "unknown_identity": _unknown,
    "shared_by_default": _by_default,
}
EXPECTED = {
    "one_writer": (FINDINGS, {"writes": 101, "by": "sup", "share": "99%", "actors": 2}),
    "crowded_channel": ("task/q3:plan", {"workers": 6, "replies": 6}),
    "saturated_inbox": ("task/q3:plan", {"waiting": 50, "for": "web"}),
    "conflict_hot_spot": (
        FINDINGS,
        {"refused": 10, "landed": 11, "moved": 0, "actors": 1, "share": "48%"},
    ),
    "stale_reader": ("web", {"writes": 10, "stale": 10, "changes": 10}),
    "event_flood": (FINDINGS, None),
    "unread": ("task/q3:notes", {"writes": 40, "actors": 2, "turns": 1}),
    "unknown_identity": ("web", {"writes": 1}),
    "shared_by_default": ("task/", {"actors": 5, "wrote": 0}),
}
FIXES = {
    "one_writer": "commonplace demote task/q3:findings sup",
    "crowded_channel": (
        "memory.task('q3').change_contract('plan', CompareAndSet(), expect=1, "
        "reason='too many for one writer')"
    ),
    "saturated_inbox": "memory.task('q3').channel('plan').redispatch(ID, to='ANOTHER')",
    "conflict_hot_spot": "memory.task('q3').block('findings').update(FUNCTION)",
    "stale_reader": "turn.fence()",
    "event_flood": "with memory.atomic(): ...",
    "unread": "turn.render(memory.task('q3').block('notes'))",
    "unknown_identity": "Memory(..., actor=Actor('web', Identity.DECLARED))",
    "shared_by_default": "commonplace unshare task/ w0",
}


@pytest.mark.parametrize("code", BAD)
def test_each_way_of_working_badly_is_named_with_its_numbers_and_one_fix(
    memory: Memory, code: str
) -> None:
    BAD[code](memory)
    found = _only(memory.advise(), code)
    subject, evidence = EXPECTED[code]
    assert found.subject == subject
    assert evidence is None or found.evidence == evidence
    assert found.fix == FIXES[code]
    assert str(found) == f"{code} {subject}: {found.message} Fix: {found.fix}"


def test_every_finding_has_a_bad_example() -> None:
    assert set(BAD) == set(EXPECTED) == set(FIXES) == {look.__name__ for look in LOOKS}


def test_beside_a_healthy_crew_only_the_bad_is_found(memory: Memory) -> None:
    _healthy(memory)
    _by_default(memory)
    assert _codes(memory.advise()) == ["shared_by_default"]


# --- thresholds ---------------------------------------------------------------------------------


def test_a_writer_with_less_than_the_share_or_few_writes_is_left_alone(memory: Memory) -> None:
    block = memory.task("q3").block("findings")
    for number in range(advice.FEW_WRITES - 1):
        block.append(str(number))
    assert _codes(memory.advise()) == []
    block.append("one more")
    assert _codes(memory.advise()) == ["one_writer"]
    for number in range(2):
        _turn(memory, "web", str(number))
    assert _codes(memory.advise()) == []


def test_a_region_under_a_single_writer_needs_no_such_advice(memory: Memory) -> None:
    block = memory.task("q3").create_block("plan", rule=SingleWriter("sup"))
    for number in range(advice.FEW_WRITES):
        block.append(str(number))
    assert "one_writer" not in _codes(memory.advise())
    with memory.as_actor("web") as web:
        private = web.agent().create_block("notes")
        for number in range(advice.FEW_WRITES):
            private.append(str(number))
    assert "one_writer" not in _codes(memory.advise())


def test_following_the_fix_ends_the_finding(memory: Memory) -> None:
    _one_writer(memory)
    memory.task("q3").demote("findings", "sup")
    assert "one_writer" not in _codes(memory.advise())
    _by_default(memory)
    memory.unshare("w0", prefix=NamespacePrefix.of("task"))
    assert "shared_by_default" not in _codes(memory.advise())


def test_the_writers_inbox_counts_too(memory: Memory) -> None:
    plan = memory.task("q3").create_channel("plan", holds="text", share={"web": "reader"})
    for number in range(advice.FULL_INBOX):
        dispatch = plan.dispatch("web", number)
        with memory.as_actor("web") as web:
            web.task("q3").channel("plan").reply(dispatch.id, number)
    found = _only(memory.advise(), "saturated_inbox")
    assert found.evidence == {"waiting": 50, "for": "sup"}
    assert "change_contract('plan', TextBlock(), expect=1" in found.fix


def test_writes_that_landed_on_a_text_that_others_changed_are_counted(memory: Memory) -> None:
    _conflicts(memory)
    with memory.as_actor("web") as web, web.turn() as turn:
        mine = web.task("q3").block("findings")
        turn.read(mine)
        memory.task("q3").block("findings").append("meanwhile")
        mine.replace("10", "mine", turn=turn)  # moved: others wrote since the turn's pin
        mine.replace("mine", "mine again", turn=turn)  # and so is this, its own write apart
    with memory.as_actor("web") as web, web.turn() as turn:
        mine = web.task("q3").block("findings")
        mine.replace("mine again", "so be it", turn=turn)
        mine.replace("so be it", "its own alone", turn=turn)
    evidence = _only(memory.advise(), "conflict_hot_spot").evidence
    assert (evidence["moved"], evidence["landed"]) == (2, 16)


def test_conflicts_that_are_rare_are_left_alone(memory: Memory) -> None:
    _conflicts(memory)
    for number in range(40):
        _turn(memory, ("web", "docs")[number % 2], str(number))
    assert "conflict_hot_spot" not in _codes(memory.advise())


def test_a_turn_that_missed_few_changes_is_no_stale_reader(memory: Memory) -> None:
    block = memory.task("q3").block("findings")
    with memory.as_actor("web") as web:
        for _ in range(advice.SOME_TURN_WRITES):
            with web.turn() as turn:
                mine = web.task("q3").block("findings")
                turn.read(mine)
                for number in range(advice.STALE_CHANGES - 1):
                    block.append(str(number))
                mine.append("late", turn=turn)
    assert "stale_reader" not in _codes(memory.advise())


def test_a_turns_own_changes_do_not_make_it_stale(memory: Memory) -> None:
    with memory.as_actor("web") as web, web.turn() as turn:
        mine = web.task("q3").block("findings")
        turn.read(mine)
        for number in range(3 * advice.STALE_CHANGES):
            mine.append(str(number), turn=turn)
    assert "stale_reader" not in _codes(memory.advise())


def test_changes_to_what_a_turn_was_not_served_do_not_count(memory: Memory) -> None:
    beside = memory.task("q3").create_block("beside")
    with memory.as_actor("web") as web:
        for _ in range(advice.SOME_TURN_WRITES):
            with web.turn() as turn:
                mine = web.task("q3").block("findings")
                turn.read(mine)
                for number in range(advice.STALE_CHANGES):
                    beside.append(str(number))
                mine.append("late", turn=turn)
    assert "stale_reader" not in _codes(memory.advise())


# --- the window ---------------------------------------------------------------------------------


def test_the_window_is_said_and_what_came_before_it_does_not_count(memory: Memory) -> None:
    _one_writer(memory)
    head = memory.position().revision
    _turn(memory, "web", "y")
    later = memory.advise(since=head)
    assert (later.after, later.revision) == (head, memory.position().revision)
    assert later.advice == ()
    assert later.records == 2
    (record,) = memory.log(after=head, region="findings")
    assert later.since == record.at
    assert memory.advise(since=record.at).records == 0
    empty = memory.advise(since=memory.position().revision)
    assert empty.unknown == ("Nothing was written in this window.",)
    with pytest.raises(FutureRevision):
        memory.advise(since=9999)
    with pytest.raises(InvalidValue):
        memory.advise(since=-1)


def test_without_turns_it_says_what_cannot_be_known(memory: Memory) -> None:
    for number in range(advice.UNREAD_WRITES):
        memory.task("q3").block("findings").append(str(number))
    survey = memory.advise()
    assert survey.advice == ()
    (unknown,) = survey.unknown
    assert "unread" in unknown
    assert "stale_reader" in unknown


# --- access and faces ---------------------------------------------------------------------------


def test_it_takes_reader_over_everything_or_owner_of_the_tenant(memory: Memory) -> None:
    memory.share({"aud": "reader"}, prefix=NamespacePrefix.of())
    memory.share({"some": "owner"}, prefix=NamespacePrefix.of("task"))
    with memory.as_actor("aud") as aud:
        assert aud.advise().revision == memory.position().revision
    for name in ("web", "some"):
        with memory.as_actor(name) as agent, pytest.raises(AccessDenied, match="over everything"):
            agent.advise()


def test_the_async_face_gives_the_same() -> None:
    async def run() -> Survey:
        async with AsyncMemory(":memory:", actor="ada") as memory:
            block = await (await memory.create_task("q3")).create_block("findings")
            for number in range(advice.FEW_WRITES):
                await block.append(str(number))
            return await memory.advise()

    assert _codes(asyncio.run(run())) == ["one_writer"]


def test_a_conflict_outside_of_turns_leaves_no_trace(memory: Memory) -> None:
    block = memory.task("q3").block("findings")
    block.append("x")
    for _ in range(20):
        with pytest.raises(VersionConflict):
            block.rewrite("y", expect=0)
    assert _codes(memory.advise()) == []
