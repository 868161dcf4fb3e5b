"""The example of the design, as far as this release goes: blocks, channels, turns, the past, watch.

Written once as a list of steps over either face would hide what users type, so it is here
twice: as they write it with threads, and as they write it with an event loop.
"""

import asyncio
from pathlib import Path

import pytest

import commonplace

SHARE = {"web-specialist": "editor", "docs-specialist": "contributor", "synthesizer": "owner"}


def test_a_crew_in_sync_code(tmp_path: Path) -> None:
    address = tmp_path / "team.db"
    with commonplace.Memory(address, tenant="acme", actor="supervisor") as memory:
        task = memory.create_task("q3-brief", share=SHARE)
        task.create_block("findings")
        plan = task.create_channel("plan")
        plan.publish({"steps": ["crawl", "read"]})
        plan.dispatch("docs-specialist", {"step": "read"})

    with commonplace.Memory(address, tenant="acme", actor="web-specialist") as memory:
        task = memory.task("q3-brief")
        findings = task.block("findings")
        findings.append("Churn fell 12% in Q3.", reason="page 17")
        with pytest.raises(commonplace.NotOwner) as refused:
            task.channel("plan").publish({"steps": ["rest"]})
        assert refused.value.owner == "supervisor"

        entry = findings.read()
        assert (entry.text, entry.version) == ("Churn fell 12% in Q3.", 1)
        assert entry.updated_by == "web-specialist"
        with memory.as_actor("docs-specialist") as docs:
            work = docs.task("q3-brief").channel("plan")
            (dispatch,) = work.inbox()
            work.reply(dispatch, {"steps": ["crawl", "read", "compare"]})
            note = docs.task("q3-brief").block("findings").append("Revenue rose.", reason="page 3")
        with pytest.raises(commonplace.VersionConflict) as conflict:
            findings.replace("12%", "11%", expect=entry.version)
        assert conflict.value.current.version == note.version
        assert [change.actor for change in conflict.value.changes] == ["docs-specialist"]
        moved = findings.replace("12%", "11%", base=entry.version)
        assert moved.moved
        findings.update(lambda text: text.replace("rose", "rose 4%"))
        assert findings.read().text == "Churn fell 11% in Q3.\nRevenue rose 4%."

        then = memory.at(entry.revision).task("q3-brief").block("findings").read()
        assert then == entry
        with memory.watch(task.namespace, after=entry.revision, timeout_s=0) as watch:
            seen = [(c.actor, c.operation) for commit in watch for c in commit.changes]
        assert seen == [
            ("docs-specialist", "append"),
            ("web-specialist", "replace"),
            ("web-specialist", "edit"),
        ]

        with memory.turn() as turn:
            prompt = turn.render(findings, budget_tokens=4000)
            findings.append("Margins are flat.", turn=turn)
            turn.fence()
        assert "L1| Churn fell 11% in Q3." in prompt.text
        (record,) = findings.history(limit=1)
        assert record.turn == turn.id

    with commonplace.Memory(address, tenant="acme", actor="synthesizer", create=False) as memory:
        findings = memory.task("q3-brief").block("findings")
        read = findings.read()
        with memory.as_actor("docs-specialist") as docs:
            docs.task("q3-brief").block("findings").append("Two offices closed.")
        findings.condense("Churn 11%, revenue +4%.", through=read.version)
        assert findings.read().text == "Churn 11%, revenue +4%.\nTwo offices closed."
        assert [line.actor for line in findings.blame()] == ["synthesizer", "docs-specialist"]

    with commonplace.Memory(address, tenant="acme", actor="supervisor") as memory:
        plan = memory.task("q3-brief").channel("plan")
        plan.commit(*plan.inbox())
        assert plan.read().value == {"steps": ["crawl", "read", "compare"]}

    with commonplace.Memory(address, tenant="acme", actor="stranger") as memory:
        with pytest.raises(commonplace.AccessDenied):
            memory.task("q3-brief").block("findings").read()
        with pytest.raises(commonplace.AccessDenied):
            memory.at(entry.revision).task("q3-brief").block("findings").read()


def test_a_crew_in_async_code(tmp_path: Path) -> None:
    asyncio.run(_crew(tmp_path / "team.db"))


async def _crew(address: Path) -> None:
    async with commonplace.AsyncMemory(address, tenant="acme", actor="supervisor") as memory:
        task = await memory.create_task("q3-brief", share=SHARE)
        findings = await task.create_block("findings")
        plan = await task.create_channel("plan")
        await plan.publish({"steps": ["crawl", "read"]})
        start = (await memory.position()).revision

        async def specialist(name: str, text: str) -> None:
            async with memory.as_actor(name) as mine:
                await mine.task("q3-brief").block("findings").append(text, reason=f"by {name}")

        async def follow() -> list[str]:
            actors: list[str] = []
            async with memory.watch(task.namespace, after=start) as watch:
                async for commit in watch:
                    actors += [change.actor for change in commit.changes]
                    if len(actors) == 2:
                        break
            return actors

        actors, *_ = await asyncio.gather(
            follow(),
            specialist("web-specialist", "Churn fell 12% in Q3."),
            specialist("docs-specialist", "Revenue rose."),
        )
        assert sorted(actors) == ["docs-specialist", "web-specialist"]

        entry = await findings.read()
        assert sorted(entry.text.splitlines()) == ["Churn fell 12% in Q3.", "Revenue rose."]
        await findings.append("Headcount is flat.")
        with pytest.raises(commonplace.VersionConflict) as conflict:
            await findings.replace("12%", "11%", expect=entry.version)
        assert conflict.value.current.text.endswith("Headcount is flat.")

        async def think(text: str) -> str:
            await asyncio.to_thread(str.upper, text)
            return text.replace("12%", "11%")

        await findings.update(think)
        assert "Churn fell 11% in Q3." in (await findings.read()).text
        then = memory.at(entry.revision).task("q3-brief").block("findings")
        assert await then.read() == entry

        async with memory.turn() as turn:
            assert "Churn fell 11% in Q3." in (await turn.render(findings)).text
            await findings.append("Margins are flat.", turn=turn)
            assert "Margins" in (await turn.read(findings)).text
            await turn.fence()

    async with commonplace.AsyncMemory(address, tenant="acme", actor="web-specialist") as memory:
        with pytest.raises(commonplace.NotOwner):
            await memory.task("q3-brief").channel("plan").publish({"steps": ["rest"]})
