import re

from commonplace import Memory, Namespace
from commonplace.demo.brief import Page, write_brief
from commonplace.demo.condensation import (
    cited_findings,
    condense,
    condensed_keys,
    parse_group,
)
from commonplace.demo.finding import Finding, parse_finding
from commonplace.demo.question import Contribution, next_edit
from commonplace.demo.verdict import check_brief


def findings(count, start=0):
    topics = ("deprecated", "added", "limit")
    return [
        str(
            Finding(
                topics[n % 3],
                "" if n % 3 == 2 else f"3.{n % 12}",
                f"shop.part{n}",
                "",
                f"Part {n} holds at most {n} eggs.",
                f"page{n}.rst",
                n + 1,
            )
        )
        for n in range(start, start + count)
    ]


def citations_in(text):
    return re.findall(r"\[([^\[\]\s]+@[^\[\]\s]+)\]", text)


def test_condensing_keeps_a_citation_of_every_finding():
    lines = findings(30)
    text = condense(lines, 30)
    assert len(text.splitlines()) < 30
    assert sorted(citations_in(text)) == sorted(f"findings@30#L{n}" for n in range(1, 31))
    for citation in citations_in(text):
        line = lines[int(citation.partition("#L")[2]) - 1]
        assert parse_finding(line).key in condensed_keys(text.splitlines())


def test_condensing_again_merges_and_loses_nothing():
    first = condense(findings(30), 30)
    second = condense([*first.splitlines(), *findings(6, start=30)], 37)
    assert len(citations_in(second)) == 36
    assert set(citations_in(first)) <= set(citations_in(second))
    assert len({(g.topic, g.version) for g in map(parse_group, second.splitlines())}) == len(
        second.splitlines()
    )


def test_lines_that_are_no_findings_are_kept():
    assert condense(["A note.", *findings(2)], 3).splitlines()[0] == "A note."


def test_a_group_whose_count_is_wrong_is_no_group():
    line = condense(findings(1), 1)
    assert parse_group(line) is not None
    assert parse_group(line.replace("1 finding:", "2 findings:")) is None


def test_a_brief_checks_against_the_history_it_was_written_from():
    raw = findings(30)
    asked = next_edit([], Contribution("pep:8", "web-specialist", "a.rst:1")).new
    with Memory(":memory:", actor="synthesizer") as memory:
        task = memory.create_task("shops")
        block, questions = task.create_block("findings"), task.create_block("open-questions")
        for line in raw:
            block.append(line)
        questions.append(asked)
        with memory.turn() as turn:
            before = turn.read(block)
            block.condense(condense(raw, 30), through=before.version, turn=turn)
            after, listed = turn.read(block), turn.read(questions)
            found = list(cited_findings(raw, before.version))
            pages = (
                Page(entry.version, tuple(line.text for line in entry.lines))
                for entry in (after, listed)
            )
            brief = write_brief("Shops", found, *pages)
        checked = check_brief(memory, Namespace.task("shops"), brief)
        memory.retract("task/shops:open-questions@1", reason="nobody asked that")
        block.append("A late line.")
        doubted = check_brief(memory, Namespace.task("shops"), brief)
    assert not checked.faults
    assert checked.counts.total() > 20
    assert checked.counts["stale"] == 24, "eight raw lines of each topic, condensed by now"
    assert len(doubted.faults) == 1
    assert "retracted" in doubted.faults[0]
