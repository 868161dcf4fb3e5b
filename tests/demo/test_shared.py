"""The crew's notebook over a memory: what stood when it was read is what is edited."""

import pytest

from commonplace import Turn
from commonplace.demo.notebook import DOCS, QUESTIONS, SUPERVISOR, WEB
from commonplace.demo.question import Contribution, find_question
from commonplace.demo.shared import SharedNotebook


class Silent:
    """A reporter that nobody listens to."""

    def say(self, event: object) -> None:
        """Says nothing."""


def contribute(notebook, contribution):
    notebook.contribute(lambda lines: [contribution])


@pytest.mark.parametrize("answers", [True, False])
def test_a_question_joined_between_reading_and_answering_keeps_both(tmp_path, monkeypatch, answers):
    """The line that was read is the beginning of the line that now stands: no place to edit."""
    books = {
        who: SharedNotebook(str(tmp_path / "m.db"), "research", who, Silent())
        for who in (SUPERVISOR, WEB, DOCS)
    }
    books[SUPERVISOR].set_up()
    contribute(books[WEB], Contribution("mod:fnmatch", WEB, "bdb.py:3"))
    read = Turn.read
    late = [Contribution("mod:fnmatch", DOCS, "filedialog.py:19")]

    def overtaken(turn, block):
        entry = read(turn, block)
        if late and block.reference.region == QUESTIONS:
            contribute(books[DOCS], late.pop())
        return entry

    monkeypatch.setattr(Turn, "read", overtaken)
    answer = "Filename matching." if answers else ""
    contribute(books[WEB], Contribution("mod:fnmatch", WEB, "fnmatch.py:1", answer))
    text = books[WEB].task.block(QUESTIONS).read().text
    question = find_question(text.split("\n"), "mod:fnmatch")
    assert [asker.actor for asker in question.askers] == [WEB, DOCS]
    assert (question.solution is not None) == answers
    for book in books.values():
        book.close()
