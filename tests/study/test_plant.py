import random

from commonplace.study.plant import (
    Shown,
    counting,
    excerpts,
    figures,
    garbled,
    invented,
    miscounted,
    quoting,
)

LINES = [
    Shown(
        "transcript@3#L1",
        "transcript@1#L1",
        "WebSurfer",
        "**There are 17 apples** in the old garden.",
    ),
    Shown("transcript@3#L2", "transcript@2#L1", "Assistant", "```"),
]


def test_a_sentence_cites_one_line():
    quoted = quoting("true quotation", LINES[0], "apples", "ok")
    assert quoted.sentence == 'WebSurfer says "apples" [transcript@3#L1].'
    counted = counting("true number", LINES[0], "17", "ok")
    assert counted.sentence == "WebSurfer gives the number 17 [transcript@3#L1]."


def test_what_can_be_quoted_from_lines():
    assert excerpts(LINES) == [(LINES[0], "in the old garden")]
    assert figures(LINES) == [(LINES[0], "17")]


def test_what_is_invented_was_never_said():
    said = "there the in old garden, 18 of them"
    found = garbled(excerpts(LINES), lambda text: text not in said)
    assert found == [(LINES[0], "the in old garden")] or found[0][1] not in said
    assert miscounted(figures(LINES), lambda text: text not in said) == [(LINES[0], "19")]
    assert garbled(excerpts(LINES), lambda text: False) == []
    chance = random.Random(0)
    number = next(invented(chance, lambda text: True))
    assert next(invented(random.Random(0), lambda text: text != number)) != number
