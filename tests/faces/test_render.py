"""A turn renders what it reads: what stands in the prompt, and what is recorded of it."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from commonplace import (
    AccessDenied,
    AsyncMemory,
    Block,
    BudgetTooSmall,
    ForeignTurn,
    InvalidInput,
    Memory,
    Namespace,
    NotFound,
    TurnEnded,
)
from commonplace.core.rendering import RENDERER


@pytest.fixture
def memory(tmp_path: Path) -> Iterator[Memory]:
    with Memory(tmp_path / "team.db", actor="lead") as memory:
        yield memory


@pytest.fixture
def findings(memory: Memory) -> Block:
    findings = memory.create_task("q3", share={"web": "editor"}).create_block("findings")
    findings.append("Churn fell 12% in Q3.\nRevenue grew.")
    return findings


def served(memory: Memory) -> list[tuple[str, int, int, int, int]]:
    """What this actor's turns were served, as (region, version, first, last, renderer)."""
    records = memory.log(Namespace.agent(memory.actor.name), region="_served", limit=100)
    rows = [row for record in reversed(records) for row in (record.arguments or {})["rows"]]
    return [(row[1], *row[3:]) for row in rows]


def body(text: str) -> list[str]:
    """A rendering without its preamble."""
    return text[text.index("<memory") :].splitlines()


def test_the_prompt_shows_the_pinned_lines_with_anchors_and_authors(
    memory: Memory, findings: Block
) -> None:
    with memory.as_actor("web") as web, memory.turn() as turn:
        web.task("q3").block("findings").append("Too late for this turn.")
        assert body(str(turn.render(findings))) == [
            '<memory ref="task/q3:findings@1">',
            '<by actor="lead"/>',
            "L1| Churn fell 12% in Q3.",
            "L2| Revenue grew.",
            "</memory>",
        ]


def test_the_same_pin_gives_the_same_bytes(memory: Memory, findings: Block) -> None:
    with memory.turn() as one:
        first = one.render(findings)
    findings.append("More.")
    with memory.turn(at=memory.log(limit=10)[-1].revision) as two:
        assert two.render(findings) == first


def test_own_writes_stand_behind_what_was_pinned(memory: Memory, findings: Block) -> None:
    with memory.as_actor("web") as web, web.turn() as turn:
        block = web.task("q3").block("findings")
        before = turn.render(block)
        findings.append("Another agent's.")
        block.replace("12%", "11%", turn=turn)
        after = turn.render(block)
        assert after.text.startswith(before.text), "the cached prefix is lost"
        assert after.text.removeprefix(before.text).splitlines() == [
            '<changes from="task/q3:findings@2" to="task/q3:findings@3">',
            "-L1| Churn fell 12% in Q3.",
            '<by actor="web" note="you, in this turn"/>',
            "+L1| Churn fell 11% in Q3.",
            "</changes>",
        ]


def test_later_turns_add_to_the_prompt_of_earlier_ones(memory: Memory, findings: Block) -> None:
    pins, texts = [], []
    for word in ("one", "two", "three"):
        with memory.turn() as turn:
            texts.append(turn.render(findings, since=pins).text)
            pins.append(turn.revision)
        findings.append(word)
    assert texts[1].startswith(texts[0]) and texts[2].startswith(texts[1])
    assert texts[2].removeprefix(texts[1]).splitlines() == [
        '<changes from="task/q3:findings@2" to="task/q3:findings@3">',
        '<by actor="lead"/>',
        "+L4| two",
        "</changes>",
    ]


def test_what_stands_in_the_prompt_is_recorded_line_by_line(
    memory: Memory, findings: Block
) -> None:
    findings.append("\n".join(f"finding {n}" for n in range(100)))
    with memory.turn() as turn:
        rendering = turn.render(findings, budget_tokens=400)
        assert rendering.tokens <= 400
        (shown,) = rendering.shown
        assert shown.first > 1 and shown.last == 102
        assert [str(each) for each in rendering.left_out] == [
            f"task/q3:findings@2#L1-{shown.first - 1}"
        ]
    assert served(memory) == [("findings", 2, shown.first, 102, RENDERER)]
    (record,) = memory.log(Namespace.agent("lead"), region="_served")
    left_out = (record.arguments or {})["left_out"]
    assert left_out == [["task/q3", "findings", "", 2, 1, shown.first - 1, RENDERER]]


def test_a_budget_holds_with_own_writes_and_changes(memory: Memory, findings: Block) -> None:
    findings.append("\n".join(f"finding {n}" for n in range(100)))
    with memory.turn() as first:
        base = first.render(findings, budget_tokens=400)
    findings.append("\n".join(f"later {n}" for n in range(50)))
    with memory.turn() as turn:
        findings.append("mine", turn=turn)
        roomy = turn.render(
            findings, since=first.revision, budget_tokens=2000, base_budget_tokens=400
        )
        assert roomy.text.startswith(base.text) and not roomy.restarted
        tight = turn.render(
            findings, since=first.revision, budget_tokens=450, base_budget_tokens=400
        )
        assert tight.restarted and tight.tokens <= 450
        assert "| mine" in tight.text and "later 49" in tight.text
        with pytest.raises(BudgetTooSmall) as small:
            turn.render(findings, budget_tokens=20)
        assert small.value.needed_tokens > 20


def test_values_and_lines_and_versions_can_be_rendered(memory: Memory, findings: Block) -> None:
    plan = memory.task("q3").create_channel("plan")
    plan.publish({"steps": ["crawl", "read"]})
    findings.append("Third.")
    with memory.turn() as turn:
        text = turn.render(plan, "task/q3:findings#L2-3", "task/q3:findings@1#L1").text
        assert '<memory ref="task/q3:plan@1" holds="json">' in text
        assert 'L3|     "crawl",' in text
        assert '<memory ref="task/q3:findings@2" lines="2-3">\n<by actor="lead"/>\nL2| Rev' in text
        with pytest.raises(NotFound):
            turn.render("task/q3:findings#L9")
    assert served(memory) == [
        ("plan", 1, 1, 6, 1),
        ("findings", 2, 2, 3, 1),
        ("findings", 1, 1, 1, 1),
    ]


def test_what_a_grant_hides_has_no_author(memory: Memory, findings: Block) -> None:
    memory.task("q3").share({"new": "reader"}, region="findings", history=False)
    findings.append("Fourth.")
    with memory.as_actor("new") as new, new.turn() as turn:
        text = turn.render("task/q3:findings").text
    assert '<by note="author unknown"/>\nL1| Churn' in text
    assert '<by actor="lead"/>\nL3| Fourth.' in text


def test_a_fence_holds_what_was_rendered(memory: Memory, findings: Block) -> None:
    with memory.as_actor("web") as web, web.turn() as turn:
        turn.render("task/q3:findings")
        turn.fence()
        findings.append("Late.")
        assert len(web.log(Namespace.agent("web"), region="_served")) == 1
        with pytest.raises(Exception, match="which changed since"):
            turn.fence()


def test_nothing_to_render_is_refused(memory: Memory, findings: Block) -> None:
    memory.create_task("other")
    with memory.as_actor("web") as web:
        with web.turn() as turn:
            for since in ([5, 4], [turn.revision + 1], [-1]):
                with pytest.raises(InvalidInput):
                    turn.render("task/q3:findings", since=since)
            with pytest.raises(InvalidInput):
                turn.render()
            with pytest.raises(ForeignTurn):
                turn.render(findings)
            with pytest.raises(AccessDenied):
                turn.render("task/other:x")
        with pytest.raises(TurnEnded):
            turn.render("task/q3:findings")
        assert served(web) == []


def test_async_turns_render_the_same(memory: Memory, findings: Block, tmp_path: Path) -> None:
    with memory.turn() as turn:
        expected = turn.render(findings, budget_tokens=500)

    async def rendered() -> object:
        async with (
            AsyncMemory(tmp_path / "team.db", actor="lead") as same,
            same.turn(at=turn.revision) as joined,
        ):
            return await joined.render("task/q3:findings", budget_tokens=500)

    assert asyncio.run(rendered()) == expected


def test_a_prompt_tells_of_what_was_retracted_until_it_is_settled(
    memory: Memory, findings: Block
) -> None:
    with memory.as_actor("web") as web:
        with web.turn() as turn:
            assert turn.notices == ()
            turn.render("task/q3:findings")
        memory.retract("task/q3:findings@1#L1", replacement="Churn fell 11%.", reason="typo")
        with web.turn() as turn:
            text = turn.render("task/q3:findings").text
            assert text.splitlines()[-4:] == [
                '<retracted ref="task/q3:findings@1#L1" by="lead" reason="typo">',
                "-| Churn fell 12% in Q3.",
                "+| Churn fell 11%.",
                "</retracted>",
            ]
            (notice,) = turn.notices
            turn.acknowledge(notice, rerun=True)
        with web.turn() as turn:
            assert (
                turn.notices == () and "<retracted ref" not in turn.render("task/q3:findings").text
            )


def test_lines_built_on_what_was_retracted_are_marked_from_then_on(
    memory: Memory, findings: Block
) -> None:
    with memory.turn() as turn:
        turn.read(findings)
        findings.append("So churn is the news.", turn=turn)
        findings.append("An aside.")
    with memory.turn() as before:
        unmarked = before.render(findings)
    memory.retract("task/q3:findings@1#L1", reason="typo")
    with memory.turn() as after:
        assert '<by actor="lead" note="suspect"/>\nL2| So churn' in after.render(findings).text
    with memory.turn(at=before.revision) as again:
        assert again.render(findings) == unmarked, "what was known later shows in an older prompt"
