"""Reports: which sentences cite what, and what is no citation."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commonplace import CommonplaceError, InvalidInput, InvalidReport, LimitExceeded, Namespace
from commonplace.explain.reports.report import Report, citations_of, parse_report
from commonplace.limits import MAX_CITATIONS, MAX_REPORT_BYTES, MAX_UNCITED
from properties import any_text, prove, prove_much

Q3 = Namespace.task("q3")


def _read(text: str) -> Report:
    return parse_report(text, Q3)


def _cited(text: str) -> list[str]:
    return [citation.text for _, citation in citations_of(_read(text))]


def _sentences(text: str) -> list[tuple[str, int]]:
    return [(each.text, len(each.citations)) for each in _read(text).sentences]


def _problems(text: str) -> list[tuple[int, int]]:
    with pytest.raises(InvalidReport) as caught:
        _read(text)
    return [(line, column) for line, column, _ in caught.value.problems]


# --- what a citation is -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "citation",
    [
        "findings@12#L3",
        "findings@12#L3-5",
        "findings@12",
        "findings#L3",
        "findings@-1",
        "findings@r4812#L3",
        "findings@2026-11-20T03:00Z",
        "facts/acme%20inc@3",
        "task/q3:findings@12#L3-5",
    ],
)
def test_a_reference_in_brackets_with_a_version_or_lines_is_one(citation: str) -> None:
    assert _cited(f"Churn fell [{citation}].") == [citation]


def test_citations_resolve_in_the_task_of_the_run() -> None:
    (sentence,) = _read("a [findings@12#L3] b [task/q3:plan@1]").sentences
    assert [str(each.reference) for each in sentence.citations] == [
        "task/q3:findings@12#L3",
        "task/q3:plan@1",
    ]


@pytest.mark.parametrize(
    "prose",
    [
        "[findings]",
        "[1] and [^2] and [^a@1]",
        "- [x] done\n- [ ] open",
        "[text](https://example.com/a@1)",
        "[me@example.com](mailto:me@example.com)",
        "[lodash@4.17.21](https://example.com)",
        "![alt@2x](image.png)",
        "[text][ref]",
        "[ref]: https://example.com/a@1#L3",
        "[me@example.com]",
        "[@ada] and [see @smith04, p. 33]",
        "`[findings@12#L3]` and ``a ` [findings@1] ``",
        "```\n[findings@12#L3]\n[broken@\n```",
        "~~~ text\n[findings@12\n~~~~",
        "> ```\n> [findings@12\n> ```",
        r"\[findings@12\#L3\]",
        "findings@12#L3 without brackets, (findings@12)",
        "the interval [0, 1) and (0, 1] or [a, b]",
        "meet me [@ 12:30]",
    ],
)
def test_what_is_no_citation_is_not_taken_for_one(prose: str) -> None:
    assert _cited(prose) == []


def test_the_text_of_a_link_that_names_version_and_lines_is_one() -> None:
    assert _cited("[findings@12#L3](https://example.com/x)") == ["findings@12#L3"]


def test_a_fence_that_is_not_closed_runs_to_the_end() -> None:
    assert _cited("a [findings@1].\n```\n[findings@2]\n\n[broken@") == ["findings@1"]


def test_an_interval_beside_a_citation_encloses_nothing() -> None:
    assert _cited("in [0, 1) and (0, 1] as said [plan@1]") == ["plan@1"]


# --- what is meant as one and is not ------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "places"),
    [
        ("a [findings@12#X3] b", [(1, 16)]),
        ("a\nb [findings@v12]", [(2, 13)]),
        ("[findings@]", [(1, 11)]),
        ("[@12]", [(1, 2)]),
        ("[findings@12#L5-3]", [(1, 17)]),
        ("[findings@12, plan@3]", [(1, 2)]),
        ("[see findings@12#L3]", [(1, 2)]),
        ("[[findings@12]]", [(1, 2)]),
        ("[see [findings@12]]", [(1, 6)]),
        ("[findings@12[plan@2]#L3]", [(1, 1), (1, 13)]),
        ("a [findings@12#L3", [(1, 3)]),
        ("([findings@12#L3)", [(1, 2)]),
        ("[task/q4:findings@3]", [(1, 2)]),
        ("[findings@1] x\n\n- [findings@z] and [plan@y]", [(3, 13), (3, 26)]),
    ],
)
def test_every_fault_is_told_with_its_place(text: str, places: list[tuple[int, int]]) -> None:
    assert _problems(text) == places


def test_the_error_lists_all_with_a_caret_and_says_what_to_do() -> None:
    with pytest.raises(InvalidReport) as caught:
        _read("ok [findings@1]\n\n漢 [findings@12#X3] [task/q4:findings@1]\n")
    error = caught.value
    assert error.line == 3
    assert str(error).splitlines() == [
        "2 citations cannot be read. Put brackets that cite nothing into backticks.",
        "line 3: lines are written L3 or L3-5.",
        "  漢 [findings@12#X3] [task/q4:findings@1]",
        "                  ^",
        "line 3: task/q4 is foreign: this is a report of task/q3.",
        "  漢 [findings@12#X3] [task/q4:findings@1]",
        "                       ^",
    ]


def test_a_foreign_citation_is_read_when_it_is_allowed() -> None:
    report = parse_report("[task/q4:findings@3]", Q3, allow_foreign=True)
    ((_, citation),) = citations_of(report)
    assert citation.reference.namespace == Namespace.task("q4")


def test_many_faults_are_counted_and_the_first_told() -> None:
    with pytest.raises(InvalidReport) as caught:
        _read("[a@z] " * 30)
    assert len(caught.value.problems) == 30
    assert str(caught.value).endswith("and 10 more.")


def test_a_fault_in_a_very_long_line_shows_only_what_is_around() -> None:
    with pytest.raises(InvalidReport) as caught:
        _read("x" * 100_000 + " [a@z] " + "y" * 100_000)
    ((line, column, message),) = caught.value.problems
    assert (line, column) == (1, 100_005)
    assert len(message) < 400


# --- sentences ----------------------------------------------------------------------------------


def test_citations_behind_the_full_stop_belong_to_the_sentence() -> None:
    text = "Churn fell 12%. [a@1][a@2] Revenue rose. [b@1] Costs? [c@1]"
    assert _sentences(text) == [
        ("Churn fell 12%. [a@1][a@2]", 2),
        ("Revenue rose. [b@1]", 1),
        ("Costs? [c@1]", 1),
    ]


def test_a_sentence_goes_on_over_the_end_of_a_line_but_not_of_a_paragraph() -> None:
    text = "Churn\nfell [a@1].\n\nCosts rose [b@1]\n\n- one\n  [c@1]\n- two [d@1]\n1. three [e@1]"
    assert [(each.text, each.line) for each in _read(text).sentences] == [
        ("Churn fell [a@1].", 1),
        ("Costs rose [b@1]", 4),
        ("one [c@1]", 6),
        ("two [d@1]", 8),
        ("three [e@1]", 9),
    ]


def test_headings_rows_and_quoted_lines_are_units_of_their_own() -> None:
    text = "# On 2026 [a@1]\n| x. Y | 12 [b@1] |\n> said 5\n> twice [c@1]\nNot [d@1]"
    assert _sentences(text) == [
        ("On 2026 [a@1]", 1),
        ("| x. Y | 12 [b@1] |", 1),
        ("said 5 twice [c@1]", 1),
        ("Not [d@1]", 1),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "It grew, e.g. in Q3, by 12 [a@1].",
        "J. Smith et al. found 12 [a@1].",
        "See fig. 3 of 12 [a@1].",
        'He wrote "Stop. Wait! 5?" and left [a@1].',
        "It is 3.5 of 12 [a@1]",
        "It was a no... and then 12 [a@1].",
        "It fell 3%. [a@1] as they say, or 12 [a@2].",
    ],
)
def test_not_every_full_stop_ends_a_sentence(text: str) -> None:
    assert len(_sentences(text)) == 1


def test_a_full_stop_inside_the_quotation_marks_ends_one() -> None:
    assert len(_sentences('It says "it fell." [a@1] Revenue "rose." [b@1]')) == 2
    assert len(_sentences("它下降了。[a@1]它上升了。[b@1]")) == 2


def test_quotations_and_code_are_what_a_sentence_quotes() -> None:
    (sentence,) = _read('"a b" and “c d” or «e» „f“ `g(1)` 5" [x@1] "h [x@2] i"').sentences
    assert set(sentence.quotations) == {"a b", "c d", "e", "f", "g(1)", "h       i"}
    assert [each.text for each in sentence.figures] == ["5"]


def test_a_mark_without_its_twin_quotes_nothing() -> None:
    (sentence,) = _read('a 5" pipe, a "b and “c [x@1]').sentences
    assert sentence.quotations == ()


def test_figures_are_those_of_the_words_alone() -> None:
    text = 'On 7, "8" and `9`, see https://example.com/10 [11] [^12] [x](y/13) (1) [a@14#L15]'
    (sentence,) = _read(text).sentences
    assert [each.text for each in sentence.figures] == ["7"]


def test_a_sentence_that_counts_and_cites_nothing_is_told() -> None:
    report = _read("# In 2026\n\nFell 12%. Rose [a@1] by 5.\nNo digits. Nine of 9.\n\n|a|1|\n|-|-|")
    assert [each.text for each in report.uncited] == ["Fell 12%.", "Nine of 9."]
    assert not report.more


# --- bounds -------------------------------------------------------------------------------------


def test_a_report_has_bounds() -> None:
    assert len(_cited("[a@1] " * MAX_CITATIONS)) == MAX_CITATIONS
    with pytest.raises(LimitExceeded, match="citations"):
        _read("[a@1] " * (MAX_CITATIONS + 1))
    with pytest.raises(LimitExceeded) as caught:
        _read("x" * (MAX_REPORT_BYTES + 1))
    assert (caught.value.limit, caught.value.excess) == (MAX_REPORT_BYTES, 1)
    with pytest.raises(LimitExceeded, match="brackets"):
        _read("[" * 300_000)
    with pytest.raises(LimitExceeded, match="figures"):
        _read("[a@1] " + "1;" * 200_000)
    with pytest.raises(InvalidInput):
        parse_report(b"text", Q3)  # type: ignore[arg-type]


def test_uncited_sentences_are_listed_up_to_a_bound() -> None:
    report = _read("Nine of 9.\n\n" * (MAX_UNCITED + 1))
    assert (len(report.uncited), report.more) == (MAX_UNCITED, True)


@pytest.mark.parametrize(
    "hostile",
    [
        *("]", "`", "`` ` ", '"', '"a', "“", "“a”", "1 ", "1\n\n", "1. ", ". ", "- 1\n", "| 1 |\n"),
        *("|-|\n", ">", "> ", "#\n", "```\n", "\\", "\x00", "\u2028", "1,", "'1'", "may 1, 2026 "),
        *(
            "http://a ",
            "。",
            "\ue000",
            ".\ue000",
            ".. ",
            "* * ",
            "1a",
            "@1",
            "#L1",
            ")",
            "](",
            "jan ",
        ),
    ],
)
def test_hostile_texts_take_linear_time(hostile: str) -> None:
    size = 1 << 18  # were it quadratic, this would take many minutes
    text = "[a@1] " + hostile * (size // len(hostile.encode()))
    began = time.perf_counter()
    try:
        _read(text)
    except CommonplaceError as error:
        assert isinstance(error, LimitExceeded | InvalidReport)
    assert time.perf_counter() - began < 20


# --- properties ---------------------------------------------------------------------------------


@given(any_text)
@prove_much
def test_any_text_is_read_or_refused_in_words(text: str) -> None:
    try:
        report = _read(text)
    except InvalidReport as error:
        assert error.problems
        lines = text.split("\n")
        for line, column, _ in error.problems:
            assert 1 <= line <= len(lines)
            assert 1 <= column <= len(lines[line - 1]) + 1
        return
    for sentence, citation in citations_of(report):
        assert citation in sentence.citations


_NOISE = st.sampled_from(
    [
        "Churn fell 12%.",
        "revenue",
        "[1]",
        "[text](http://x.org/a@1)",
        "`[code@1]`",
        '"quoted words."',
        "[0, 1)",
        "(aside)",
        "\\[no@1\\]",
        "e.g.",
        "me@example.com",
        "\n",
        "\n\n",
        "\n- ",
        "\n> ",
        "\n# ",
        "\n| a | b |\n",
        "!",
        "\u00e9\u4e00",
    ]
)
_CITATION = st.sampled_from(["findings@12#L3", "plan@1", "a/k%20y@r4#L1-2", "x#L9"])


@given(st.lists(st.one_of(_NOISE, _CITATION.map(lambda cited: f"[{cited}]")), max_size=30))
@prove_much
def test_every_citation_is_found_where_it_stands_and_nothing_else(parts: list[str]) -> None:
    text = " ".join(parts)
    cites = {"findings@12#L3", "plan@1", "a/k%20y@r4#L1-2", "x#L9"}
    planted = [part[1:-1] for part in parts if part[1:-1] in cites]
    report = _read(text)
    found = [citation for _, citation in citations_of(report)]
    assert [citation.text for citation in found] == planted
    lines = text.split("\n")
    for citation in found:
        assert lines[citation.line - 1][citation.column - 1 :].startswith(f"[{citation.text}]")
    for sentence in report.sentences:
        assert sentence.line <= sentence.citations[0].line


@given(st.lists(st.sampled_from('[]()`"\\ab@1#L\n '), max_size=60).map("".join))
@prove_much
def test_unbalanced_marks_break_nothing(text: str) -> None:
    try:
        _read(text)
    except InvalidReport as error:
        assert all(message for _, _, message in error.problems)


@given(any_text)
@prove
def test_reading_is_the_same_each_time(text: str) -> None:
    def outcome() -> object:
        try:
            return _read(text)
        except InvalidReport as error:
            return str(error)

    assert outcome() == outcome()
