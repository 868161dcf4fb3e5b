from commonplace.study import claim
from commonplace.study.claim import claims, numbers, sentences


def test_sentences_end_with_their_line():
    assert list(sentences("It rose. By how much?\n\nBy 1.5 percent")) == [
        "It rose.",
        "By how much?",
        "By 1.5 percent",
    ]


def test_numbers_keep_their_marks():
    assert list(numbers("737,015 at 10:30 on 2026-11-20, 3.5% (v2)")) == [
        "737,015",
        "10:30",
        "2026-11-20",
        "3.5",
        "2",
    ]


def test_the_last_messages_are_claims_once_each(chat):
    assert claims(chat, 0) == [
        "It was 1815, of course.",
        "1815",
        "There is no code.",
        "The year was 1815. TERMINATE",
        "The year was 1815.",
        "TERMINATE",
    ]


def test_a_sample_depends_on_the_seed_alone(chat, monkeypatch):
    monkeypatch.setattr(claim, "MAX_CLAIMS", 3)
    some = claims(chat, 0)
    assert len(some) == 3
    assert some == claims(chat, 0)
    assert any(claims(chat, seed) != some for seed in range(1, 9))
