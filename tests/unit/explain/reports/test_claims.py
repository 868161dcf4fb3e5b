"""Claims: the figures and quotations of a sentence, and what bears them out."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commonplace.explain.reports.claims import figures, is_quoted_from, offered, plain
from properties import any_text, prove


def _said(text: str) -> list[str]:
    return [figure.text for figure in figures(text)]


def _holds(claim: str, evidence: str) -> bool:
    found = list(figures(claim))
    assert found, claim
    return all(figure.is_in(offered(evidence)) for figure in found)


@pytest.mark.parametrize(
    ("claim", "evidence"),
    [
        ("1,234", "1234"),
        ("1,234", "1 234"),
        ("1234", "1\u202f234"),
        ("1'234", "1,234"),
        ("1,234,567.50", "1 234 567.5"),
        ("12%", "12 percent"),
        ("12.50", "12.5"),
        ("12.0", "12"),
        ("12,5", "12.5"),
        ("007", "7"),
        ("$3", "3 dollars"),
        ("-5", "fell by 5"),
        ("page 12 345 times", "on page 12, 345 times"),
        ("page 12 345 times", "page 12345 times"),
        ("2026-11-20", "November 20, 2026"),
        ("20 November 2026", "2026-11-20T03:00Z"),
        ("Nov. 20th, 2026", "20 Nov 2026"),
        ("11/20/2026", "2026-11-20"),
        ("20.11.2026", "2026-11-20"),
        ("in 2026", "2026-11-20"),
        ("at 03:00", "3:00"),
        ("v1.2.3", "version 1.2.3"),
        ("Python 3.12", "Python 3.12.1"),
        ("standard 8601", "ISO-8601"),
        ("3-5 days", "from 3 to 5"),
        ("12ms", "12 ms"),
        ("the 3rd", "3"),
    ],
)
def test_a_figure_is_borne_out_however_it_is_written(claim: str, evidence: str) -> None:
    assert _holds(claim, evidence)


@pytest.mark.parametrize(
    ("claim", "evidence"),
    [
        ("1,234", "1.234"),
        ("1234", "1 and 234"),
        ("12%", "13%"),
        ("12", "112"),
        ("12", "12.5"),
        ("1.5", "15"),
        ("2026-11-20", "2026-11-21"),
        ("2026-11-20", "in 2026, on 20 of the 11 days"),
        ("1.2.3", "1.2.4"),
        ("03:00", "03:01"),
    ],
)
def test_another_figure_does_not_bear_it_out(claim: str, evidence: str) -> None:
    assert not _holds(claim, evidence)


@pytest.mark.parametrize(
    "name", ["Q3", "web-1", "GPT-4", "sha256", "3f2a", "0x1F", "h264", "utf-8", "file.3", "x_1"]
)
def test_digits_of_a_name_claim_nothing(name: str) -> None:
    assert _said(f"see {name} there") == []


def test_every_figure_of_a_sentence_is_found_in_order() -> None:
    assert _said("From 3 to 1,234.5 on 2026-11-20 at 03:00 (v1.2.3).") == [
        "3",
        "1,234.5",
        "2026-11-20",
        "03:00",
        "v1.2.3",
    ]


@given(st.integers(0, 10**12))
@prove
def test_a_number_is_the_same_with_and_without_its_gaps(number: int) -> None:
    for gap in (",", "'", "_", "\u202f"):
        assert _holds(f"{number:,}".replace(",", gap), str(number))
        assert _holds(str(number), f"{number:,}".replace(",", gap))


@given(st.decimals(0, 10**6, places=3), st.decimals(0, 10**6, places=3))
@prove
def test_decimals_are_compared_as_numbers(one: object, other: object) -> None:
    assert _holds(str(one), f"about {other}") == (one == other)


@given(any_text)
@prove
def test_a_passage_bears_out_every_figure_of_its_own(text: str) -> None:
    evidence = offered(text)
    assert all(figure.is_in(evidence) for figure in figures(text))


@pytest.mark.parametrize(
    ("quotation", "passage"),
    [
        ("Churn fell", "In Q3, churn fell again."),
        ("Churn fell.", "churn fell in Q3"),
        ("it's \u201cfine\u201d", 'It\u2019s "fine" now'),
        ("churn  fell\nagain", "churn fell again"),
        ("a \u2013 b", "a - b"),
        ("churn \u2026 again", "churn fell in Q3 again"),
        ("churn [...] again", "churn fell again"),
        ("**Churn** fell", "churn `fell`"),
    ],
)
def test_a_quotation_is_found_whatever_its_typography(quotation: str, passage: str) -> None:
    assert is_quoted_from(quotation, plain(passage))


@pytest.mark.parametrize(
    ("quotation", "passage"),
    [
        ("churn rose", "churn fell"),
        ("again \u2026 churn", "churn fell again"),
        ("churnfell", "churn fell"),
    ],
)
def test_what_was_not_said_is_not_found(quotation: str, passage: str) -> None:
    assert not is_quoted_from(quotation, plain(passage))


@given(any_text, st.integers(0, 30), st.integers(1, 30))
@prove
def test_any_part_of_a_passage_is_quoted_from_it(text: str, start: int, length: int) -> None:
    words = plain(text).split()
    quotation = " ".join(words[start : start + length])
    if "\u2026" not in quotation and "..." not in quotation:
        assert is_quoted_from(quotation, plain(text))
