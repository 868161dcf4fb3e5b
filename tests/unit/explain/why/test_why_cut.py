"""A text that too many records have: what is said of it is right, or said to be unsure."""

import pytest

from commonplace.explain.why import needle, search
from commonplace.explain.why.pickaxe import pickaxe
from commonplace.explain.why.why import why
from histories import BLOCK, NOTES, TENANT, opened


@pytest.fixture
def few(monkeypatch):
    monkeypatch.setattr(search, "MAX_HITS", 2)


def test_whoever_wrote_it_again_is_not_taken_for_whoever_introduced_it(few):
    with opened(":memory:") as memory:
        for _ in range(5):
            memory.append("Churn fell.")
        (found,) = memory.engine.read(TENANT, why(memory.reader, "Churn fell.")).occurrences
    assert found.first == 4  # as far back as was looked
    assert found.introduced is None
    assert not found.sure


def test_what_began_and_ended_where_it_was_found_to_is_sure(few):
    with opened(":memory:") as memory:
        memory.append("Churn fell.", NOTES)
        memory.append("Revenue grew.")
        memory.append("Churn fell.")
        memory.write(BLOCK, "replace", old="Churn fell.", new="Churn rose.")
        memory.append("Churn fell.")
        answer = memory.engine.read(TENANT, why(memory.reader, "Churn fell."))
    told = [(each.first, each.end, each.sure) for each in answer.occurrences]
    assert told == [(2, 3, True), (4, None, True)]
    assert any("the oldest were not followed" in each for each in answer.unknown)
    assert all(each.introduced for each in answer.occurrences)


def test_an_end_that_an_older_record_outlives_is_not_sure(few):
    with opened(":memory:") as memory:
        memory.append("Churn fell.\nSo it did.")
        memory.append("Churn fell.\nReally.")
        memory.write(BLOCK, "replace", old="Churn fell.\nReally.", new="Really.")
        memory.append("Churn fell.", NOTES)
        answer = memory.engine.read(TENANT, why(memory.reader, "Churn fell."))
    found = next(each for each in answer.occurrences if each.reference.region == BLOCK.region)
    assert (found.first, found.end, found.sure) == (2, 3, False)


def test_what_was_based_on_a_line_is_found_however_many_lines_have_the_text():
    with opened(":memory:") as memory:
        memory.append("0\n" * (needle.MAX_PLACES + 1))
        memory.append("It is 0.")
        last = memory.read().value[-1]
        number = len(memory.read().value)
        memory.append("So it is.", NOTES, based_on=[f"task/q3:findings@2#L{number}"])
        (found,) = memory.engine.read(TENANT, why(memory.reader, "0")).occurrences
    assert last.text == "It is 0."
    assert [(each.edge, each.record.entry) for each in found.derived] == [("declared", NOTES)]


def test_a_common_word_of_one_entry_is_found_behind_all_that_others_said(few, monkeypatch):
    monkeypatch.setattr(search, "_PAGES", 1)
    with opened(":memory:") as memory:
        memory.append("Churn fell.", NOTES)
        memory.write(NOTES, "replace", old="fell", new="rose")
        for number in range(9):
            memory.append(f"Churn fell {number}.")
        inside = search.scope(None, NOTES.region, None)
        (found,) = memory.engine.read(
            TENANT, why(memory.reader, "Churn fell.", scope=inside)
        ).occurrences
        assert (found.first, found.end, found.sure) == (1, 2, True)
        changed = memory.engine.read(
            TENANT, pickaxe(memory.reader, "Churn fell", scope=inside)
        ).changed
        assert [(each.record.version, each.by) for each in changed] == [(2, -1), (1, 1)]
