"""The crew's notebook over a memory: what stood when it was read is what is edited."""

import io
from contextlib import ExitStack

import pytest

from commonplace import Turn
from commonplace.demo.event import Conflict, Reporter, parse_event
from commonplace.demo.notebook import DOCS, QUESTIONS, SUPERVISOR, WEB
from commonplace.demo.question import Contribution, find_question
from commonplace.demo.question_list import MAX_ATTEMPTS
from commonplace.demo.shared import SharedNotebook


@pytest.fixture
def said():
    return io.StringIO()


@pytest.fixture
def books(tmp_path, said):
    with ExitStack() as stack:
        opened = {}
        for who in (SUPERVISOR, WEB, DOCS):
            book = SharedNotebook(str(tmp_path / "m.db"), "research", who, Reporter(said))
            stack.callback(book.close)
            opened[who] = book
        opened[SUPERVISOR].set_up()
        yield opened


def contribute(notebook, *contributions):
    notebook.contribute(lambda lines: contributions)


def conflicts(said):
    events = [parse_event(line) for line in said.getvalue().splitlines()]
    return [(e.actor, e.code, e.ended) for e in events if isinstance(e, Conflict)]


def overtake(monkeypatch, books, late):
    """Lets the docs specialist be quicker whenever the web specialist has looked at the list."""
    read = Turn.read

    def overtaken(turn, block):
        entry = read(turn, block)
        if late and WEB in repr(turn) and block.reference.region == QUESTIONS:
            contribute(books[DOCS], late.pop(0))
        return entry

    monkeypatch.setattr(Turn, "read", overtaken)


def lines_of(books):
    return [line.text for line in books[WEB].task.block(QUESTIONS).read().lines]


@pytest.mark.parametrize("answers", [True, False])
def test_a_question_joined_between_reading_and_answering_keeps_both(
    books, said, monkeypatch, answers
):
    """The line that was read is the beginning of the line that now stands: no place to edit."""
    contribute(books[WEB], Contribution("mod:fnmatch", WEB, "bdb.py:3"))
    overtake(monkeypatch, books, [Contribution("mod:fnmatch", DOCS, "filedialog.py:19")])
    answer = "Filename matching." if answers else ""
    contribute(books[WEB], Contribution("mod:fnmatch", WEB, "fnmatch.py:1", answer))
    question = find_question(lines_of(books), "mod:fnmatch")
    assert [asker.actor for asker in question.askers] == [WEB, DOCS]
    assert (question.solution is not None) == answers
    expected = [(WEB, "version_conflict", "answered after reading again")] if answers else []
    assert conflicts(said) == expected


def test_a_question_is_asked_once_whoever_was_quicker(books, said, monkeypatch):
    overtake(monkeypatch, books, [Contribution("pep:8", DOCS, "b.rst:1")])
    contribute(books[WEB], Contribution("pep:8", WEB, "a.rst:1"), Contribution("pep:9", WEB, "a:2"))
    assert [line.split(" What")[0] for line in lines_of(books)] == [
        "- [open] pep:8",
        "- [open] pep:9",
    ]
    assert conflicts(said) == [(WEB, "stale_turn", "joined after reading again")]


def test_who_is_always_second_gets_a_turn_in_the_queue(books, said, monkeypatch):
    others = [Contribution(f"pep:{n}", DOCS, "b.rst:1") for n in range(MAX_ATTEMPTS)]
    overtake(monkeypatch, books, others)
    contribute(books[WEB], Contribution("pep:88", WEB, "a.rst:1"))
    assert len(lines_of(books)) == MAX_ATTEMPTS + 1
    assert find_question(lines_of(books), "pep:88").askers[0].actor == WEB
    assert conflicts(said) == [(WEB, "stale_turn", "asked from the queue")]


def test_what_the_other_has_done_meanwhile_is_let_be(books, said, monkeypatch):
    contribute(books[WEB], Contribution("pep:8", WEB, "a.rst:1"))
    overtake(monkeypatch, books, [Contribution("pep:8", DOCS, "pep-0008.rst:1", "Active")])
    contribute(books[WEB], Contribution("pep:8", WEB, "a.rst:2", "Final"))
    assert find_question(lines_of(books), "pep:8").solution.actor == DOCS
    assert conflicts(said) == [
        (WEB, "anchor_not_found", "nothing left to do: the other agent had done it")
    ]
