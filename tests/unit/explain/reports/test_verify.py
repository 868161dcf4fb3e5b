"""Verification: each verdict from the least that earns it, and none from what does not."""

from collections.abc import Iterator, Sequence

import pytest

from commonplace import (
    AccessDenied,
    Block,
    CheckedCitation,
    FutureRevision,
    InvalidInput,
    InvalidReport,
    Memory,
    Namespace,
    NotFound,
    Reference,
    Verification,
)
from commonplace.explain.reports.verification import VERDICTS

Q3 = Namespace.task("q3")
FINDINGS = "task/q3:findings"


class Crew:
    """A supervisor who owns a task, a worker who writes findings, and a reporter who cites them.

    The findings are "Churn fell 12%." (L1, version 1) and "Revenue rose 5%." (L2, version 2).
    """

    def __init__(self, memory: Memory) -> None:
        self.memory = memory
        task = memory.create_task("q3", share={"web": "editor", "rep": "editor"})
        self.findings = task.create_block("findings")
        task.create_block("report", share={"rep": "owner"})
        self.findings.append("Churn fell 12%.", reason="page 17")
        self.findings.append("Revenue rose 5%.")

    def served(self, actor: str = "rep", region: str = "findings") -> str:
        """Let an actor read a region in a turn; its id."""
        with self.memory.as_actor(actor) as reader, reader.turn() as turn:
            turn.read(reader.task("q3").block(region))
            return turn.id

    def web(self, memory: Memory) -> Block:
        """The worker's own handle of the findings."""
        return memory.task("q3").block("findings")

    def verify(self, text: str, actors: Sequence[str] = ("rep",), **asked: int) -> Verification:
        """What becomes of a text's citations."""
        return self.memory.verify(text, run=Q3, actors=actors, written=asked.get("written"))

    def verdict(self, text: str) -> CheckedCitation:
        """What becomes of a text's one citation."""
        (checked,) = self.verify(text).citations
        return checked


@pytest.fixture
def crew() -> Iterator[Crew]:
    with Memory(":memory:", actor="sup") as memory:
        yield Crew(memory)


# --- the verdicts -------------------------------------------------------------------------------


def test_what_was_served_and_says_so_is_ok(crew: Crew) -> None:
    crew.served()
    checked = crew.verdict("Churn fell 12% [findings@1#L1].")
    assert (checked.verdict, checked.detail, checked.also) == ("ok", "", ())
    assert str(checked.reference) == f"{FINDINGS}@1#L1"
    assert str(checked) == "line 1: [findings@1#L1] ok"


@pytest.mark.parametrize(
    ("citation", "detail"),
    [
        ("findings@9", "has no version 9"),
        ("findings@2#L7", "there is no line 7"),
        ("findings@0", "count up from 1"),
        ("findings@-5", "had 2 versions"),
        ("nothing@1", "has no version 1"),
        ("nothing#L1", "no region 'nothing'"),
        ("report@r3#L1", "Nothing was written"),
        ("report@r3", "Nothing was written"),
        ("findings@r9999", "not committed yet"),
    ],
)
def test_what_was_never_there_is_missing(crew: Crew, citation: str, detail: str) -> None:
    crew.served()
    checked = crew.verdict(f"Churn fell 12% [{citation}].")
    assert checked.verdict == "missing"
    assert detail in checked.detail


def test_a_deletion_says_nothing_that_could_be_cited(crew: Crew) -> None:
    crew.served()
    crew.findings.delete(expect=2)
    assert crew.verdict("It is gone [findings@3].").verdict == "missing"
    stale = crew.verdict("Churn fell 12% [findings@2#L1].")
    assert (stale.verdict, stale.detail) == ("stale", "sup deleted it in version 3 (r8).")


def test_what_its_reader_may_not_read_is_missing_without_a_word_of_it(crew: Crew) -> None:
    crew.memory.create_task("secret").create_block("plan").append("12")
    crew.served()
    with crew.memory.as_actor("rep") as rep:
        text = "12 [task/secret:plan@1#L1] and 12 [task/absent:plan@1#L1]"
        found = rep.verify(text, run=Q3, allow_foreign=True)
    assert {(each.verdict, each.detail) for each in found.citations} == {
        ("missing", "rep may read nothing of that name.")
    }


def test_erased_bytes_are_erased(crew: Crew) -> None:
    crew.served()
    crew.memory.erase(f"{FINDINGS}@1", reason="asked")
    assert crew.verdict("Churn fell 12% [findings@1#L1].").verdict == "erased"
    assert crew.verdict("Churn fell 12% [findings@3#L1].").verdict == "erased"


def test_what_retention_dropped_is_compacted(crew: Crew) -> None:
    crew.served()
    crew.findings.replace("12%", "11%")
    crew.findings.append("More.")
    crew.memory.compact(crew.memory.position().revision)
    assert crew.verdict("Churn fell 12% [findings@1#L1].").verdict == "compacted"


def test_what_its_author_took_back_is_retracted(crew: Crew) -> None:
    crew.served()
    crew.memory.retract(f"{FINDINGS}@1", reason="misread", replacement="Churn rose.")
    checked = crew.verdict("Churn fell 12% [findings@1#L1].")
    assert (checked.verdict, checked.also) == ("retracted", ("stale",))
    assert checked.detail == (
        'sup retracted it in version 3 (r8) because "misread". It put "Churn rose." in its place.'
    )
    assert crew.verdict("Revenue rose 5% [findings@2#L2].").verdict == "ok"
    assert crew.verdict("Both [findings@2].").verdict == "retracted"


def test_one_line_of_a_version_can_be_retracted_alone(crew: Crew) -> None:
    crew.findings.append("Costs rose 1%.\nPrices rose 2%.")
    crew.served()
    crew.memory.retract(f"{FINDINGS}@3#L3", reason="old data")
    assert crew.verdict("Costs rose 1% [findings@3#L3].").verdict == "retracted"
    assert crew.verdict("Prices rose 2% [findings@3#L4].").verdict == "ok"
    assert crew.verdict("Prices rose 2% [findings@4#L3].").verdict == "ok"


def test_another_number_or_quotation_is_a_mismatch(crew: Crew) -> None:
    crew.served()
    checked = crew.verdict('Churn "rose" 13% [findings@1#L1].')
    assert checked.verdict == "mismatch"
    assert checked.detail == ('The sentence says "rose", 13; what it cites says "Churn fell 12%.".')
    assert crew.verdict('Churn "fell" 12% [findings@1#L1].').verdict == "ok"


def test_each_claim_must_be_in_one_of_the_citations_of_its_sentence(crew: Crew) -> None:
    crew.served()
    both = crew.verify("Churn fell 12% and revenue rose 5% [findings@1#L1][findings@2#L2].")
    assert both.ok
    wrong = crew.verify("Churn fell 12% and costs 7% [findings@1#L1][findings@2#L2].")
    assert [each.verdict for each in wrong.citations] == ["mismatch", "mismatch"]
    apart = crew.verify("Churn fell 12% [findings@2#L2]. Revenue rose 5% [findings@1#L1].")
    assert [each.verdict for each in apart.citations] == ["mismatch", "mismatch"]


def test_nothing_is_a_mismatch_beside_a_citation_that_cannot_be_read(crew: Crew) -> None:
    crew.served()
    found = crew.verify("It was 7 [findings@1#L1][findings@9].")
    assert [each.verdict for each in found.citations] == ["ok", "missing"]


def test_what_changed_since_is_stale_and_says_what_stands_now(crew: Crew) -> None:
    crew.served()
    with crew.memory.as_actor("web") as web:
        crew.web(web).replace("12%", "11%", reason="typo")
    checked = crew.verdict("Churn fell 12% [findings@1#L1].")
    assert checked.verdict == "stale"
    assert checked.detail == (
        'web took it out in version 3 (r8) by replace because "typo". '
        f'Now: "Churn fell 11%." [{FINDINGS}@3#L1].'
    )


def test_what_stands_now_is_what_the_change_put_there_and_not_what_came_around_it(
    crew: Crew,
) -> None:
    crew.served()
    crew.findings.replace("12%", "11%")
    crew.findings.insert("A heading.", after=0, expect=3)
    crew.findings.insert("A remark.", after="Churn fell 11%.")
    now = f'Now: "Churn fell 11%." [{FINDINGS}@5#L2].'
    assert crew.verdict("Churn fell 12% [findings@1#L1].").detail.endswith(now)
    crew.findings.replace("Churn fell 11%.\n", "")
    other = crew.verdict("Churn fell 12% [findings@1#L1].").detail
    assert other == "sup took it out in version 3 (r8) by replace."


def test_what_was_taken_out_with_nothing_in_its_place_says_so(crew: Crew) -> None:
    crew.served()
    crew.findings.replace("Churn fell 12%.\n", "")
    detail = crew.verdict("Churn fell 12% [findings@1#L1].").detail
    assert detail == "sup took it out in version 3 (r8) by replace. Nothing stands in its place."


def _condensed(crew: Crew, *lines: str) -> str:
    """What is said of "Revenue rose 5%." once the findings were condensed to some lines."""
    crew.served()
    crew.findings.condense("\n".join(lines), through=2)
    checked = crew.verdict("Revenue rose 5% [findings@2#L2].")
    assert checked.verdict == "stale"
    return checked.detail.removeprefix("sup took it out in version 3 (r8) by condense.").strip()


def test_what_was_condensed_to_something_else_is_stale_and_quotes_nothing(crew: Crew) -> None:
    assert _condensed(crew, "The quarter in short.", "All went well.") == ""


def test_of_what_it_was_condensed_to_the_likest_is_quoted(crew: Crew) -> None:
    said = _condensed(crew, "Churn fell.", "Revenue has risen.", "Revenue rose, by 5%.")
    assert said == f'Now: "Revenue rose, by 5%." [{FINDINGS}@3#L3].'


def test_the_line_that_cites_it_is_what_it_was_condensed_into(crew: Crew) -> None:
    said = _condensed(crew, "Revenue rose 5.", "Up [findings@1#L1].", "Up [findings@2#L2] too.")
    assert said == f'Condensed into: "Up [findings@2#L2] too." [{FINDINGS}@3#L3].'


@pytest.mark.parametrize("cited", ["findings@3#L3", "task/q3:findings@3#L2-3", "findings@4#L2"])
def test_it_may_be_cited_by_any_version_in_which_it_stood(crew: Crew, cited: str) -> None:
    crew.served()
    crew.findings.insert("A heading.", after=0, expect=2)
    crew.findings.replace("A heading.\n", "")
    crew.findings.condense(f"The quarter in short.\nUp [{cited}].", through=4)
    detail = crew.verdict("Revenue rose 5% [findings@2#L2].").detail
    assert detail.endswith(f'Condensed into: "Up [{cited}]." [{FINDINGS}@5#L2].')


@pytest.mark.parametrize(
    "cited",
    ["findings@2#L1", "plan@2#L2", "task/q4:findings@2#L2", "findings@2", "findings@9#L2", "x@#L"],
)
def test_what_cites_something_else_was_not_made_of_it(crew: Crew, cited: str) -> None:
    assert _condensed(crew, "The quarter in short.", f"Up [{cited}].") == ""


def test_what_cited_it_while_it_stood_was_not_made_of_it(crew: Crew) -> None:
    crew.served()
    crew.findings.append("As said in [findings@2#L2].")
    crew.findings.condense("The quarter in short.", through=2)
    detail = crew.verdict("Revenue rose 5% [findings@2#L2].").detail
    assert detail == "sup took it out in version 4 (r9) by condense."


def test_in_a_text_written_anew_it_may_stand_otherwise_anywhere(crew: Crew) -> None:
    crew.served()
    lines = [f"Point {number}: churn, revenue and the rest." for number in range(200)]
    text = "\n".join([*lines, "Revenue rose 5% (Q3)."])
    crew.findings.rewrite(text, expect=2)
    detail = crew.verdict("Revenue rose 5% [findings@2#L2].").detail
    assert detail.endswith(f'Now: "Revenue rose 5% (Q3)." [{FINDINGS}@3#L201].')


def test_the_only_line_in_the_place_of_the_only_one_needs_little_in_common(crew: Crew) -> None:
    crew.served()
    crew.findings.replace("Revenue rose 5%.", "Its revenue was 105 percent of the year before.")
    detail = crew.verdict("Revenue rose 5% [findings@2#L2].").detail
    assert "Now:" not in detail
    crew.findings.replace("Its revenue was 105 percent of the year before.", "Revenue: 105.")
    detail = crew.verdict("Revenue rose 5% [findings@2#L2].").detail
    assert detail.endswith(f'Now: "Revenue: 105." [{FINDINGS}@4#L2].')


def test_a_line_that_only_moved_or_was_written_again_is_not_stale(crew: Crew) -> None:
    crew.served()
    crew.findings.insert("A heading", after=0, expect=2)
    crew.findings.rewrite("Churn fell 12%.\nAnother.", expect=3)
    assert crew.verdict("Churn fell 12% [findings@1#L1].").verdict == "ok"
    assert crew.verdict("Revenue rose 5% [findings@2#L2].").verdict == "stale"


def test_what_was_superseded_is_stale(crew: Crew) -> None:
    crew.served()
    crew.memory.supersede(f"{FINDINGS}@1", replacement="Churn fell 9%.", reason="Q4")
    checked = crew.verdict("Churn fell 12% [findings@1#L1].")
    assert checked.verdict == "stale"
    assert "supersede" in checked.detail


# --- served -------------------------------------------------------------------------------------


def test_what_the_run_never_saw_is_unserved(crew: Crew) -> None:
    nothing = crew.verdict("Churn fell 12% [findings@1#L1].")
    assert nothing.verdict == "unserved"
    assert nothing.detail == (
        f"Nothing of {FINDINGS} since it was written was served to rep before the report."
    )
    crew.served()
    crew.findings.append("Late 7.")
    late = crew.verdict("Late 7 [findings@3#L3].")
    assert late.verdict == "unserved"
    assert late.detail.startswith(f"Nothing of {FINDINGS} since it was written")
    (late, _) = crew.verify("Late 7 [findings@3#L3], churn 12 [findings@1#L1].").citations
    assert late.detail == (
        f"rep was served {FINDINGS}@2 before the report, and that did not show it."
    )
    crew.served()
    assert crew.verdict("Late 7 [findings@3#L3].").verdict == "ok"


def test_what_may_have_been_forgotten_is_not_unserved(crew: Crew) -> None:
    citation = "It fell. [findings@1#L1]"
    crew.served("rep", "report")
    assert crew.verdict(citation).verdict == "unserved"
    crew.memory.forget_served(crew.memory.position().revision)
    checked = crew.verdict(citation)
    assert checked.verdict == "ok" and "forgotten" in checked.remarks[0]
    # What was written since the floor was served since then, or never.
    crew.findings.append("Costs rose.")
    assert crew.verdict("They rose. [findings@3#L3]").verdict == "unserved"
    assert crew.verdict("It rose. [findings@2#L2]").remarks


def test_a_line_is_known_by_itself_whatever_version_showed_it(crew: Crew) -> None:
    crew.served()
    crew.findings.insert("A heading", after=0, expect=2)
    assert crew.verdict("Churn fell 12% [findings@3#L2].").verdict == "ok"
    assert crew.verdict("A heading [findings@3#L1].").verdict == "unserved"
    assert crew.verdict("All of it [findings@3].").verdict == "unserved"


def test_of_a_rendering_only_the_lines_that_fitted_were_shown(crew: Crew) -> None:
    crew.findings.append("\n".join(f"Number {number} of many lines." for number in range(40)))
    with crew.memory.as_actor("rep") as rep, rep.turn() as turn:
        rendering = turn.render(rep.task("q3").block("findings"), budget_tokens=200)
        pin = turn.revision
    assert "Churn" not in str(rendering.text)
    assert "Number 39 of" in str(rendering.text)
    assert crew.verdict("Churn fell 12% [findings@3#L1].").verdict == "unserved"
    assert crew.verdict("Number 39 [findings@3#L42].").verdict == "ok"
    crew.findings.insert("A heading", after=0, expect=3)
    assert crew.verdict("Number 39 [findings@4#L43].").verdict == "ok"
    with crew.memory.as_actor("rep") as rep, rep.turn() as turn:
        block = rep.task("q3").block("findings")
        turn.render(block, base_budget_tokens=200, since=pin)
    assert crew.verdict("A heading [findings@4#L1].").verdict == "ok"
    assert crew.verdict("Number 39 [findings@4#L43].").verdict == "ok"
    assert crew.verdict("Churn fell 12% [findings@4#L2].").verdict == "unserved"


def test_thirty_second_facts_are_told_apart_by_who_saw_them(crew: Crew) -> None:
    crew.findings.append("It is 77.")
    crew.served()
    crew.findings.replace("77", "unknown")
    crew.findings.append("It is 88.")
    crew.findings.replace("88", "unknown as well")
    crew.served()
    assert crew.verdict("It is 77 [findings@3#L3].").verdict == "stale"
    unseen = crew.verdict("It is 88 [findings@5#L4].")
    assert (unseen.verdict, unseen.also) == ("unserved", ("stale",))
    after = crew.verdict("It is 77 [findings@4#L3].")
    assert after.verdict == "mismatch"


def test_what_the_run_wrote_itself_is_known(crew: Crew) -> None:
    with crew.memory.as_actor("rep") as rep, rep.turn() as turn:
        rep.task("q3").block("findings").append("Mine is 9.", turn=turn)
    assert crew.verdict("It is 9 [findings@3#L3].").verdict == "ok"
    assert crew.verify("It is 9 [findings@3#L3].", ["web"]).citations[0].verdict == "unserved"


def test_only_what_came_before_the_report_counts(crew: Crew) -> None:
    before = crew.memory.position().revision
    crew.served()
    after = crew.memory.position().revision
    text = "Churn fell 12% [findings@1#L1]."
    assert crew.verify(text, written=after).ok
    assert crew.verify(text, written=before).citations[0].verdict == "unserved"
    early = crew.verify("Churn [findings@2#L2].", written=before - 1)
    assert early.citations[0].verdict == "missing"
    assert "after the report" in early.citations[0].detail
    with pytest.raises(FutureRevision):
        crew.verify(text, written=9999)


def test_a_citation_without_a_version_means_what_stood_when_it_was_written(crew: Crew) -> None:
    crew.served()
    written = crew.memory.position().revision
    crew.findings.replace("12%", "11%")
    found = crew.verify("Churn fell 12% [findings#L1]; [findings@-1#L1].", written=written)
    assert [str(each.reference) for each in found.citations] == [
        f"{FINDINGS}@2#L1",
        f"{FINDINGS}@1#L1",
    ]
    assert [each.verdict for each in found.citations] == ["stale", "stale"]
    now = crew.verify("Churn fell 11% [findings#L1].")
    assert str(now.citations[0].reference) == f"{FINDINGS}@3#L1"


def test_the_run_is_the_turns_that_are_named(crew: Crew) -> None:
    turn = crew.served("rep")
    text = "Churn fell 12% [findings@1#L1]."

    def verdict(**run: list[str]) -> str:
        return crew.memory.verify(text, run=Q3, **run).citations[0].verdict  # type: ignore[arg-type]

    assert verdict() == "ok"
    assert verdict(turns=[turn]) == "ok"
    assert verdict(turns=["t0"]) == "unserved"
    assert verdict(actors=["web"]) == "unserved"
    assert verdict(actors=["web"], turns=[turn]) == "ok"


def test_what_was_written_outside_of_turns_is_not_known_to_a_run_of_turns(crew: Crew) -> None:
    text = "Churn fell 12% [findings@1#L1]."
    assert crew.memory.verify(text, run=Q3).citations[0].verdict == "unserved"
    with crew.memory.as_actor("web") as web, web.turn() as turn:
        crew.web(web).append("Mine is 9.", turn=turn)
    assert crew.memory.verify("It is 9 [findings@3#L3].", run=Q3).ok
    assert crew.memory.verify(text, run=Q3).citations[0].verdict == "unserved"


def test_by_default_the_run_is_every_turn_that_touched_the_task(crew: Crew) -> None:
    other = crew.memory.create_task("q4", share={"web": "reader"})
    other.create_block("facts").append("It is 4.")
    text = "It is 4 [task/q4:facts@1#L1]."

    def verdict() -> str:
        found = crew.memory.verify(text, run=Q3, allow_foreign=True)
        return found.citations[0].verdict

    with crew.memory.as_actor("web") as web, web.turn() as turn:
        turn.read(web.task("q4").block("facts"))
    assert verdict() == "unserved"
    with crew.memory.as_actor("web") as web, web.turn() as turn:
        turn.read(web.task("q4").block("facts"))
        turn.read(web.task("q3").block("findings"))
    assert verdict() == "ok"


# --- reports that are entries -------------------------------------------------------------------


def test_the_run_of_an_entry_is_its_writer_until_then(crew: Crew) -> None:
    crew.served("web")
    with crew.memory.as_actor("rep") as rep, rep.turn() as turn:
        turn.read(rep.task("q3").block("findings"))
        text = "Churn fell 12% [findings@1#L1]. Late [findings@3#L3]."
        receipt = rep.task("q3").block("report").append(text, turn=turn)
    crew.findings.append("Late.")
    crew.served("rep")
    found = crew.memory.verify(Reference.parse("task/q3:report"))
    assert (found.written, found.run, found.turns) == (receipt.revision, Q3, 1)
    assert [each.verdict for each in found.citations] == ["ok", "missing"]
    pinned = crew.memory.verify(Reference.parse("task/q3:report@1#L1"))
    assert pinned == found


def test_whoever_wrote_a_line_of_the_report_belongs_to_its_run(crew: Crew) -> None:
    crew.served("web")
    for actor in ("rep", "web"):
        with crew.memory.as_actor(actor) as memory:
            memory.task("q3").block("report").append(f"{actor} says 12 [findings@1#L1].")
    found = crew.memory.verify(Reference.parse("task/q3:report"))
    assert found.ok
    (first,) = crew.memory.verify(Reference.parse("task/q3:report@1")).citations
    assert first.verdict == "unserved"


# --- what else is said --------------------------------------------------------------------------


def test_what_was_built_on_something_retracted_is_said_to_be_suspect(crew: Crew) -> None:
    crew.findings.append("So 12 it is.", based_on=[f"{FINDINGS}@1"])
    crew.served()
    crew.memory.retract(f"{FINDINGS}@1", reason="misread")
    checked = crew.verdict("It is 12 [findings@3#L3].")
    assert checked.verdict == "ok"
    (remark,) = checked.remarks
    assert remark == "suspect: version 3 was built on what r9 retracted (declared)"


def test_the_verdict_is_the_first_that_applies(crew: Crew) -> None:
    crew.served("web")
    crew.memory.retract(f"{FINDINGS}@1", reason="misread")
    checked = crew.verdict("Churn fell 13% [findings@1#L1].")
    assert (checked.verdict, *checked.also) == ("retracted", "mismatch", "unserved", "stale")
    order = [VERDICTS.index(each) for each in (checked.verdict, *checked.also)]
    assert order == sorted(order)


def test_a_verification_counts_and_lists_what_is_uncited(crew: Crew) -> None:
    crew.served()
    found = crew.verify("Churn fell 12% [findings@1#L1]. It was 7 [findings@9]. Nine of 9.")
    assert not found.ok
    assert {verdict: count for verdict, count in found.counts.items() if count} == {
        "missing": 1,
        "ok": 1,
    }
    assert tuple(found.counts) == VERDICTS
    assert [each.text for each in found.uncited] == ["Nine of 9."]
    empty = crew.verify("Nothing to see.")
    assert empty.ok
    assert empty.citations == ()


def test_values_that_are_no_text_are_cited_by_the_lines_of_their_json_form(crew: Crew) -> None:
    task = crew.memory.task("q3")
    channel = task.create_channel("plan")
    channel.publish({"arr": 12, "note": 'say "x"'})
    with crew.memory.as_actor("sup") as sup, sup.turn() as turn:
        turn.read("task/q3:plan")

    def verdict(text: str) -> str:
        return crew.verify(text, ["sup"]).citations[0].verdict

    assert verdict("ARR is 12 [plan@1#L2].") == "ok"
    assert verdict('They “say "x"” [plan@1].') == "ok"
    assert verdict("ARR is 13 [plan@1].") == "mismatch"
    channel.publish({"arr": 13, "note": 'say "x"'})
    assert verdict("ARR is 12 [plan@1#L2].") == "stale"
    assert verdict('It says "say" [plan@1#L3].') == "ok"
    assert verdict("ARR is 13 [plan@2#L2].") == "ok"  # sup wrote it
    assert crew.verify("ARR is 13 [plan@2#L2].", ["rep"]).citations[0].verdict == "unserved"


# --- what is refused ----------------------------------------------------------------------------


def test_a_report_that_cannot_be_read_is_refused_whole(crew: Crew) -> None:
    with pytest.raises(InvalidReport) as caught:
        crew.verify("ok [findings@1]\n[findings@x] [task/q4:plan@1]")
    assert [(line, column) for line, column, _ in caught.value.problems] == [(2, 11), (2, 15)]
    with pytest.raises(InvalidInput, match="no task"):
        crew.memory.verify("text")
    with pytest.raises(InvalidInput):
        crew.memory.verify("text", run="task/q3")  # type: ignore[arg-type]


def test_a_report_that_is_not_there_or_not_yours_is_refused(crew: Crew) -> None:
    with pytest.raises(NotFound):
        crew.memory.verify(Reference.parse("task/q3:absent"))
    with crew.memory.as_actor("nobody") as nobody, pytest.raises(AccessDenied):
        nobody.verify(Reference.parse("task/q3:report"))


def test_the_crew_of_the_example_is_verified_in_the_docstring() -> None:
    """The worked example of `explain.verify`."""
    with Memory(":memory:", actor="sup") as memory:
        task = memory.create_task("q3")
        findings = task.create_block("findings")
        for number in range(10):
            findings.append(f"Note {number}.")
        findings.insert("Churn fell 12%.", after=2, expect=10)
        with memory.turn() as turn:
            turn.read(findings)
        findings.replace("12%", "11%")

        def verdict(text: str) -> str:
            return memory.verify(text, run=Q3, turns=[turn.id]).citations[0].verdict

        assert verdict("Churn fell 12% [findings@11#L3]") == "stale"
        assert verdict("Churn fell 11% [findings@12#L3]") == "unserved"
        assert verdict("Churn fell 13% [findings@11#L3]") == "mismatch"
