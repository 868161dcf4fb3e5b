import pytest

from commonplace.demo.citation import brief_sentences, check_brief, check_sentence, states

HISTORY = {
    ("findings", 12): [
        '[added 3.8] shop.buy: "The price parameter." (shop.rst:9)',
        '[limit] shop: "At most 30 things. No more." (shop.rst:4)',
    ],
    ("findings", 13): ["[added 3.8] 1 finding: shop.buy (shop.rst:9) [findings@12#L1]"],
}


def read(block, version):
    return HISTORY.get((block, version))


def outcome(sentence):
    return check_sentence(1, sentence, read).outcome


@pytest.mark.parametrize(
    "sentence",
    [
        'New in 3.8: "The price parameter." [findings@12#L1].',
        'It holds "At most 30 things. No more." [findings@12#L2].',
        "The crew filed 1 finding on 3.8 [findings@13#L1].",
        'Both "The price parameter." and 30 [findings@12#L1] [findings@12#L2].',
        'Both "The price parameter." and 30 [findings@12#L1-2].',
    ],
)
def test_a_good_citation(sentence):
    assert outcome(sentence) == "ok"


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("It has 30 of them.", "uncited"),
        ('"The price parameter." [findings@12].', "malformed"),
        ('"The price parameter." [findings@r12#L1].', "malformed"),
        ('"The price parameter." [findings@0#L1].', "malformed"),
        ('"The price parameter." [Find ings@12#L1].', "uncited"),
        ('"The price parameter." [findings@99#L1].', "missing"),
        ('"The price parameter." [findings@12#L3].', "missing"),
        ('"The price parameter." [findings@12#L1-3].', "missing"),
        ('"The price parameter." [hearsay@12#L1].', "missing"),
        ('"The price parameter." [findings@12#L2].', "mismatch"),
        ('"The prize parameter." [findings@12#L1].', "mismatch"),
        ('New in 3.9: "The price parameter." [findings@12#L1].', "mismatch"),
        ('New in 3: "The price parameter." [findings@12#L1].', "mismatch"),
        ("Something is new [findings@12#L1].", "unchecked"),
    ],
)
def test_planted_faults_are_found(sentence, expected):
    assert outcome(sentence) == expected


def test_a_brief_is_checked_sentence_by_sentence():
    brief = (
        "# A brief about 99 things\n\n"
        '- It holds "At most 30 things. No more." [findings@12#L2]. It has 8 doors.\n'
        'New: "The price parameter." [findings@12#L1]. Old: 3.8. [findings@12#L1]\n'
    )
    verdicts = check_brief(brief, read)
    assert [(v.line, v.outcome) for v in verdicts] == [
        (3, "ok"),
        (3, "uncited"),
        (4, "ok"),
        (4, "ok"),
    ]


def test_quotations_are_never_cut():
    told = 'It says "One. Two! Three?" [a@1#L1]. So be it.'
    assert [sentence for _, sentence in brief_sentences(told)] == [
        'It says "One. Two! Three?" [a@1#L1].',
        "So be it.",
    ]


def test_an_empty_brief_has_no_sentences():
    assert check_brief("# Only a heading\n\n", read) == []


def test_a_line_states_what_a_sentence_says():
    line = HISTORY["findings", 12][1]
    assert states(line, 'There are 30: "At most 30 things." [findings@1#L1].')
    assert not states(line, 'There are 31: "At most 30 things." [findings@1#L1].')
