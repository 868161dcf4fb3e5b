"""The page of the study says what was counted, and its example is what the commands print."""

import json

import pytest

import study_page
from study_page import COUNTS, PAGE


def part(name: str) -> str:
    page = PAGE.read_text("utf-8")
    begin, end = f"<!-- {name}: written by tools/study_page.py -->", f"<!-- end of {name} -->"
    return page.partition(begin)[2].partition(end)[0].strip()


def test_the_counts_are_those_of_the_json_beside_it():
    assert part("counts") == study_page.counts(json.loads(COUNTS.read_text("utf-8")))


def test_the_memory_missed_nothing():
    tallies = json.loads(COUNTS.read_text("utf-8"))["tallies"]
    assert all(each["right"] == each["asked"] > 0 for each in tallies if not each["of_data"])


def test_the_example_is_what_the_commands_print(logs):
    assert study_page.settled(part("walk")) == study_page.settled(study_page.walk(logs))


def test_a_part_is_replaced_and_nothing_else():
    page = "a\n<!-- walk: written by tools/study_page.py -->\nold\n<!-- end of walk -->\nb\n"
    made = study_page.rewritten(page, "walk", "new\n")
    assert made == page.replace("old", "\nnew\n")
    with pytest.raises(ValueError, match="no part"):
        study_page.rewritten(page, "counts", "")
