"""Why: who wrote it, from what, for how long, what ended it, who was served it, what came of it."""

from collections.abc import Iterator

import pytest

from commonplace import InvalidValue, LimitExceeded, Memory, Occurrence
from commonplace.explain.past.standing import Budget, open_states, windows
from commonplace.explain.why import consequences
from commonplace.explain.why.why import why
from commonplace.limits import MAX_SOUGHT_BYTES
from histories import BLOCK, FACT, TENANT, opened

FINDINGS = "task/q3:findings"


@pytest.fixture
def team() -> Iterator[dict[str, Memory]]:
    """The lead and three actors on a task with two blocks."""
    with Memory(":memory:", actor="lead") as lead:
        task = lead.create_task("q3", share=dict.fromkeys(("docs", "web", "writer"), "editor"))
        task.create_block("findings")
        task.create_block("brief")
        docs, web, writer = (lead.as_actor(name) for name in ("docs", "web", "writer"))
        with docs, web, writer:
            yield {"lead": lead, "docs": docs, "web": web, "writer": writer}


def _append(memory: Memory, text: str, region: str = "findings", **options: object) -> int:
    return memory.task("q3").block(region).append(text, **options).version  # type: ignore[arg-type]


def _only(memory: Memory, text: str, **options: int) -> Occurrence:
    (found,) = memory.why(text, **options).occurrences
    return found


# --- who, when, from what, how long -------------------------------------------------------------


def test_a_line_that_several_wrote_is_told_piece_by_piece(team: dict[str, Memory]) -> None:
    _append(team["docs"], "Costs rose.\nChurn fell 12% in Q3.", reason="page 17")
    web = team["web"].task("q3").block("findings")
    web.replace("12%", "21%", reason="rounding")
    found = _only(team["lead"], "Churn fell 21% in Q3.")
    assert (str(found.reference), found.status, found.match) == (
        f"{FINDINGS}@2#L2",
        "stands",
        "exact",
    )
    assert found.introduced is not None
    assert (found.introduced.actor.name, found.introduced.reason) == ("web", "rounding")
    assert [(part.record.actor.name, part.text) for part in found.contributions if part.record] == [
        ("docs", "Churn fell "),
        ("web", "21%"),
        ("docs", " in Q3."),
    ]
    before = _only(team["lead"], "Churn fell 12%")
    assert (before.first, before.end, before.status) == (1, 2, "replaced")
    assert [part.version for part in before.contributions] == [1]
    assert before.ended is not None
    assert before.introduced is not None
    assert before.seconds == (before.ended.at - before.introduced.at).total_seconds()


def test_a_text_over_the_lines_of_two_writers_names_both(team: dict[str, Memory]) -> None:
    _append(team["docs"], "Churn fell")
    _append(team["web"], "by a fifth.")
    found = _only(team["lead"], "Churn fell\nby a fifth.")
    assert [part.record.actor.name for part in found.contributions if part.record] == [
        "docs",
        "web",
    ]
    assert str(found.reference) == f"{FINDINGS}@2#L1-2"
    loosely = _only(team["lead"], "churn FELL by  a fifth.")
    assert (loosely.match, loosely.first) == ("loose", 2)


def test_lines_that_are_parted_and_meet_again_stood_twice(team: dict[str, Memory]) -> None:
    _append(team["docs"], "one\ntwo")
    block = team["lead"].task("q3").block("findings")
    block.insert("between", after="one")
    block.replace("between\n", "")
    first, second = team["lead"].why("one\ntwo").occurrences
    assert (first.first, first.end, first.status) == (1, 2, "replaced")
    assert (second.first, second.end, second.status) == (3, None, "stands")


def test_what_is_written_again_while_it_stands_is_one_occurrence(team: dict[str, Memory]) -> None:
    _append(team["docs"], "Churn fell.")
    _append(team["web"], "Churn fell.")
    team["lead"].task("q3").block("findings").condense("Churn fell.", through=2)
    found = _only(team["lead"], "Churn fell.")
    assert (found.first, found.end) == (1, None)
    assert [record.actor.name for record in found.again] == ["web", "lead"]


@pytest.mark.parametrize(
    ("ending", "status"),
    [("condense", "condensed"), ("rewrite", "replaced"), ("delete", "deleted")],
)
def test_the_status_says_what_ended_it(team: dict[str, Memory], ending: str, status: str) -> None:
    version = _append(team["docs"], "Churn fell.")
    block = team["lead"].task("q3").block("findings")
    if ending == "condense":
        block.condense("Less.", through=version)
    elif ending == "rewrite":
        block.rewrite("Other.", expect=version)
    else:
        block.delete(expect=version)
    found = _only(team["lead"], "Churn fell.")
    assert (found.status, found.end) == (status, version + 1)
    assert found.ended is not None and found.ended.operation == ending


def test_a_retraction_is_told_and_what_was_built_on_it_is_suspect(team: dict[str, Memory]) -> None:
    _append(team["docs"], "Churn fell.")
    _append(team["writer"], "All is well.", "brief", based_on=[f"{FINDINGS}@1#L1"])
    team["docs"].retract(f"{FINDINGS}@1#L1", replacement="Churn rose.", reason="misread")
    gone = _only(team["lead"], "Churn fell.")
    assert (gone.status, [record.reason for record in gone.marked]) == ("retracted", ["misread"])
    built = _only(team["lead"], "All is well.")
    assert (built.status, built.stands) == ("suspect", True)
    assert [record.operation for record in built.marked] == ["retract"]


def test_a_supersession_is_no_retraction(team: dict[str, Memory]) -> None:
    _append(team["docs"], "Price: 10.")
    team["docs"].supersede(f"{FINDINGS}@1#L1", replacement="Price: 12.", reason="new list")
    assert _only(team["lead"], "Price: 10.").status == "superseded"


def test_a_json_value_stands_until_another_takes_its_place() -> None:
    with opened(":memory:") as memory:
        memory.put({"name": "Acme", "arr": 12})
        memory.put({"name": "Acme", "arr": 14})
        memory.write(FACT, "delete", expect=2)

        def stood(text: str) -> list[tuple[int, int | None, str]]:
            found = memory.engine.read(TENANT, why(memory.reader, text)).occurrences
            return [(each.first, each.end, each.status) for each in found]

        assert stood("Acme") == [(1, 3, "deleted")]
        assert stood("12") == [(1, 2, "replaced")]
        assert stood("arr") == []  # the name of a member is no text


# --- who was served it, and what came of it -----------------------------------------------------


def test_served_are_the_turns_whose_lines_had_it(team: dict[str, Memory]) -> None:
    _append(team["docs"], "Churn fell.\nRevenue rose.")
    with team["web"].turn() as early, team["writer"].turn() as partly:
        early.read(FINDINGS)
        partly.render(f"{FINDINGS}#L2", budget_tokens=1000)
        team["lead"].task("q3").block("findings").replace("Churn fell.", "Churn rose.")
    with team["writer"].turn() as late:
        late.read(FINDINGS)
    churn = _only(team["lead"], "Churn fell.")
    assert [(row.actor, row.turn, row.version) for row in churn.served] == [("web", early.id, 1)]
    revenue = _only(team["lead"], "Revenue rose.")
    assert {row.turn for row in revenue.served} == {early.id, partly.id, late.id}


def test_derived_is_declared_or_inferred_and_never_what_was_written_before(
    team: dict[str, Memory],
) -> None:
    _append(team["docs"], "Churn fell.\nRevenue rose.")
    writer = team["writer"]
    with writer.turn() as turn:
        _append(writer, "before", "brief", turn=turn)
        turn.read(FINDINGS)
        _append(writer, "after", "brief", turn=turn)
        _append(writer, "and said so", "brief", turn=turn, based_on=[f"{FINDINGS}@1#L1"])
    _append(team["web"], "of the other line", "brief", based_on=[f"{FINDINGS}@1#L2"])
    _append(team["web"], "of the whole", "brief", based_on=[FINDINGS])
    found = _only(team["lead"], "Churn fell.")
    told = [(each.record.version, each.edge, each.depth) for each in found.derived]
    assert told == [(2, "inferred", 1), (3, "declared", 1), (5, "declared", 1)]
    assert [row.turn for row in _only(team["lead"], "after").writer_served] == [turn.id]
    assert _only(team["lead"], "before").writer_served == ()


def test_what_was_built_on_that_is_followed_as_deep_as_asked(team: dict[str, Memory]) -> None:
    _append(team["docs"], "Churn fell.")
    _append(team["writer"], "It goes well.", "brief", based_on=[f"{FINDINGS}@1"])
    with team["web"].turn() as turn:
        turn.read("task/q3:brief")
        _append(team["web"], "So they say.", turn=turn)
    assert len(_only(team["lead"], "Churn fell.").derived) == 1
    deep = _only(team["lead"], "Churn fell.", depth=2).derived
    assert [(str(each.record.reference), each.edge, each.depth) for each in deep] == [
        ("task/q3:brief@1", "declared", 1),
        (f"{FINDINGS}@2", "inferred", 2),
    ]
    assert len(_only(team["lead"], "Churn fell.", depth=8).derived) == 2


# --- what may be seen, and what is not known ----------------------------------------------------


def test_only_what_may_be_read_is_searched_and_the_rest_is_counted(team: dict[str, Memory]) -> None:
    _append(team["docs"], "Churn fell.")
    lead = team["lead"]
    lead.create_task("secret").create_block("plan").append(
        "Churn fell. Say nothing.", based_on=[f"{FINDINGS}@1"]
    )
    found = team["web"].why("Churn fell.")
    (seen,) = found.occurrences
    assert str(seen.reference) == f"{FINDINGS}@1#L1"
    assert (seen.derived, seen.hidden) == ((), 1)
    assert any("1 more record" in sentence for sentence in found.unknown)
    assert len(lead.why("Churn fell.").occurrences) == 2
    with lead.as_actor("nobody") as nobody:
        assert not nobody.why("Churn fell.")


def test_a_late_reader_learns_that_it_stood_before_and_not_who_wrote_it(
    team: dict[str, Memory],
) -> None:
    _append(team["docs"], "Churn fell.", reason="page 17")
    lead = team["lead"]
    lead.task("q3").share({"late": "reader"}, history=False)
    lead.task("q3").block("findings").rewrite("Churn rose.", expect=1)
    with lead.as_actor("late") as late:
        found = late.why("Churn fell.")
    (seen,) = found.occurrences
    assert (seen.introduced, seen.end, seen.status) == (None, 2, "replaced")
    assert "page 17" not in str(found)
    assert any("not what was before" in sentence for sentence in found.unknown)


def test_what_turns_were_served_and_is_forgotten_is_said(team: dict[str, Memory]) -> None:
    lead = team["lead"]
    _append(team["docs"], "Churn fell.")
    before = lead.why("Churn fell.").unknown
    assert not any("forgotten" in sentence for sentence in before)
    floor = lead.position().revision
    lead.forget_served(floor)
    (said,) = set(lead.why("Churn fell.").unknown) - set(before)
    assert said == f"What turns were served before revision {floor} was forgotten."


def test_what_was_compacted_is_found_while_it_stands_and_named(team: dict[str, Memory]) -> None:
    _append(team["docs"], "Churn fell.", reason="page 17")
    _append(team["web"], "Revenue rose.")
    lead = team["lead"]
    lead.compact(lead.position().revision)
    found = _only(lead, "Churn fell.")
    assert found.introduced is not None
    assert (found.introduced.actor.name, found.introduced.reason) == ("docs", "page 17")
    assert any("could not be searched" in each for each in lead.why("Churn fell.").unknown)


def test_what_was_erased_is_not_found_and_counted(team: dict[str, Memory]) -> None:
    _append(team["docs"], "My name is Ann.")
    _append(team["web"], "Revenue rose.")
    team["lead"].erase(f"{FINDINGS}@1", reason="asked")
    found = team["lead"].why("My name is Ann.")
    assert not found
    assert any("1 record could not be searched" in each for each in found.unknown)
    assert _only(team["lead"], "Revenue rose.").stands


def test_more_than_the_limit_is_counted(team: dict[str, Memory]) -> None:
    task = team["lead"].task("q3")
    for number in range(5):
        task.create_block(f"b{number}").append("Churn fell.")
    found = team["lead"].why("Churn fell.", limit=2)
    assert [each.reference.region for each in found.occurrences] == ["b0", "b1"]
    assert found.omitted == 3
    assert any("raise the limit" in each for each in found.unknown)


def test_it_may_be_looked_for_in_one_place(team: dict[str, Memory]) -> None:
    _append(team["docs"], "Churn fell.")
    _append(team["docs"], "Churn fell.", "brief")
    lead = team["lead"]
    task = lead.task("q3").namespace
    assert len(lead.why("Churn fell.", task).occurrences) == 2
    assert len(lead.why("Churn fell.", task, region="brief").occurrences) == 1
    assert not lead.why("Churn fell.", task, key="other")


def test_what_can_be_no_text_is_refused(team: dict[str, Memory]) -> None:
    lead = team["lead"]
    for ask in (lead.why, lead.pickaxe):
        with pytest.raises(InvalidValue):
            ask(" \n ")
        with pytest.raises(InvalidValue):
            ask(b"x")  # type: ignore[arg-type]
        with pytest.raises(LimitExceeded, match="1 more than"):
            ask("x" * (MAX_SOUGHT_BYTES + 1))
    with pytest.raises(InvalidValue):
        lead.why("x", depth=0)


def test_the_words_say_it_all(team: dict[str, Memory]) -> None:
    _append(team["docs"], "Churn fell 12%.", reason="page 17", based_on=["task/q2:findings@1"])
    with team["writer"].turn() as turn:
        turn.read(FINDINGS)
        _append(team["writer"], "Well.", "brief", turn=turn)
    team["web"].task("q3").block("findings").replace("12%", "21%", reason="rounding")
    said = str(team["lead"].why("Churn fell 12%."))
    for words in (
        "stood once; it stands nowhere now",
        f"{FINDINGS}@1#L1  replaced",
        "by docs (declared)",
        '"page 17"',
        "task/q2:findings@1  declared",
        "from @1 until @2",
        "web  replace",
        "to 1 turn: writer (1)",
        "by 1 inferred",
        "Reads outside of turns leave no trace",
    ):
        assert words in said, words


def test_what_stood_inside_one_commit_alone_is_said_to(team: dict[str, Memory]) -> None:
    lead = team["lead"]
    block = lead.task("q3").block("findings")
    with lead.atomic():
        block.append("Churn fell.")
        block.replace("fell", "rose")
    found = lead.why("Churn fell.")
    assert "where nobody could read it" in str(found)
    assert found.occurrences[0].seconds == 0


# --- which records changed how often it occurs --------------------------------------------------


def test_the_pickaxe_finds_what_brought_it_in_and_what_took_it_out(
    team: dict[str, Memory],
) -> None:
    _append(team["docs"], "Churn fell 12%.")
    _append(team["web"], "12% is much.")
    block = team["lead"].task("q3").block("findings")
    block.replace("Churn fell", "It fell")
    block.condense("Less.", through=3)
    found = team["lead"].pickaxe("12%")
    assert [(each.record.version, each.by) for each in found.changed] == [(4, -2), (2, 1), (1, 1)]
    first = team["lead"].pickaxe("12%", limit=2)
    rest = team["lead"].pickaxe("12%", limit=2, before=first.next_before)
    assert [each.record.version for each in (*first.changed, *rest.changed)] == [4, 2, 1]
    assert rest.next_before is None


def test_a_window_is_found_in_few_reads() -> None:
    with opened(":memory:") as memory:
        for number in range(600):
            memory.append(f"line {number}")
        memory.write(BLOCK, "replace", old="line 99\n", new="other\n")
        for number in range(424):
            memory.append(f"more {number}")
        budget = Budget()
        states = memory.engine.read(TENANT, open_states(memory.reader, BLOCK, budget))
        had = budget.left
        line = memory.read_at(memory.history()[300].revision).value[99]
        found = memory.engine.read(TENANT, windows(states, [line]))
        assert (found[line].first, found[line].end) == (100, 601)
        assert had - budget.left <= 11


def test_what_bounds_cut_short_is_said(
    team: dict[str, Memory], monkeypatch: pytest.MonkeyPatch
) -> None:
    _append(team["docs"], "Churn fell.")
    for _ in range(4):
        with team["writer"].turn() as turn:
            turn.read(FINDINGS)
            _append(team["writer"], "Built.", "brief", turn=turn)
    monkeypatch.setattr(consequences, "MAX_HITS", 2)
    found = team["lead"].why("Churn fell.")
    (seen,) = found.occurrences
    assert (len(seen.served), seen.more_served) == (4, False)
    assert (len(seen.derived), seen.more_derived) == (2, True)
    assert any("More was built on it" in sentence for sentence in found.unknown)


def test_an_end_that_would_take_too_many_reads_is_not_sure() -> None:
    few = Budget(left=0)
    with opened(":memory:") as memory:
        for number in range(20):
            memory.append(str(number))
        memory.write(BLOCK, "replace", old="3\n4", new="x")
        memory.append("end")
        states = memory.engine.read(TENANT, open_states(memory.reader, BLOCK, few))
        line = memory.read_at(memory.history()[9].revision).value[3]
        window = memory.engine.read(TENANT, windows(states, [line]))[line]
    assert (window.end, window.sure, few.unread > 0) == (22, False, True)
