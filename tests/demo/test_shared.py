"""The crew's notebook over a memory: what stood when it was read is what is edited."""

import pytest

from commonplace import Block
from commonplace.demo.notebook import DOCS, QUESTIONS, SUPERVISOR, WEB
from commonplace.demo.question import Contribution, find_question
from commonplace.demo.shared import SharedNotebook


class Silent:
    """A reporter that nobody listens to."""

    def say(self, event: object) -> None:
        """Says nothing."""


@pytest.mark.parametrize("answers", [True, False])
def test_a_question_joined_between_reading_and_answering_keeps_both(tmp_path, monkeypatch, answers):
    """The line that was read is the beginning of the line that now stands: no place to edit."""
    books = {
        who: SharedNotebook(str(tmp_path / "m.db"), "research", who, Silent())
        for who in (SUPERVISOR, WEB, DOCS)
    }
    books[SUPERVISOR].set_up()
    books[WEB].contribute(Contribution("mod:fnmatch", WEB, "bdb.py:3"))
    read = Block.read
    late = [Contribution("mod:fnmatch", DOCS, "filedialog.py:19")]

    def overtaken(block):
        entry = read(block)
        if late and block.reference.region == QUESTIONS:
            books[DOCS].contribute(late.pop())
        return entry

    monkeypatch.setattr(Block, "read", overtaken)
    answer = "Filename matching." if answers else ""
    books[WEB].contribute(Contribution("mod:fnmatch", WEB, "fnmatch.py:1", answer))
    question = find_question(read(books[WEB].task.block(QUESTIONS)).text.split("\n"), "mod:fnmatch")
    assert [asker.actor for asker in question.askers] == [WEB, DOCS]
    assert (question.solution is not None) == answers
    for book in books.values():
        book.close()
