from commonplace.demo.brief import Page, write_brief
from commonplace.demo.citation import check_brief, citations_in
from commonplace.demo.condensation import (
    cited_findings,
    condense,
    condensed_keys,
    parse_group,
)
from commonplace.demo.finding import Finding, parse_finding
from commonplace.demo.question import Contribution, next_edit


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
    condensed = tuple(condense(raw, 30).splitlines())
    ask = Contribution("pep:8", "web-specialist", "a.rst:1")
    questions = (next_edit([], ask).new,)
    history = {
        ("findings", 30): raw,
        ("findings", 31): condensed,
        ("open-questions", 1): questions,
    }
    brief = write_brief(
        "Shops", list(cited_findings(raw, 30)), Page(31, condensed), Page(1, questions)
    )
    verdicts = check_brief(brief, lambda block, version: history.get((block, version)))
    assert len(verdicts) > 20
    assert {verdict.outcome for verdict in verdicts} == {"ok"}
