"""The plan of a run: who is at what, and what begins when a step is finished."""

from commonplace.demo.job import Job
from commonplace.demo.plan import Plan
from commonplace.demo.supervisor import first_plan

WEB, DOCS, SYNTHESIZER = "web-specialist", "docs-specialist", "synthesizer"
FREE = (WEB, DOCS)


def under_way(plan):
    return [(step.who, step.do.split()[0]) for step in plan.under_way]


def test_what_is_left_falls_to_whoever_was_done_first_and_the_brief_comes_last():
    for first, second in ((WEB, DOCS), (DOCS, WEB)):
        plan = first_plan(Job("", "shops", pages="pages", rfcs="rfcs"), {WEB: 3, DOCS: 2})
        assert under_way(plan) == [(WEB, "read"), (DOCS, "read")]
        plan = plan.finished(first, FREE)
        assert under_way(plan) == [(second, "read")]
        plan = plan.finished(second, FREE)
        assert under_way(plan) == [(first, "answer")]
        assert not plan.awaits(SYNTHESIZER)
        plan = plan.finished(first, FREE)
        assert under_way(plan) == [(SYNTHESIZER, "write")]
        assert plan.awaits(SYNTHESIZER)
        plan = plan.finished(SYNTHESIZER, FREE)
        assert not plan.under_way
        assert {step.state for step in plan.steps} == {"done"}


def test_a_published_plan_reads_back():
    plan = first_plan(Job("", "shops", pages="pages", rfcs="rfcs"), {WEB: 3, DOCS: 2})
    assert Plan.of(plan.value) == plan
