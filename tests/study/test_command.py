import json

import pytest
from click.testing import CliRunner

from commonplace import Memory
from commonplace.study import run
from commonplace.study.command import study


@pytest.fixture
def typed():
    def type_(*arguments):
        return CliRunner().invoke(study, list(map(str, arguments)), standalone_mode=False)

    return type_


def test_it_counts_and_keeps_what_it_is_told_to_keep(typed, folder, tmp_path):
    done = typed(folder, "-m", tmp_path / "kept.db", "--json", tmp_path / "counts.json")
    assert done.return_value == 0, done.output
    assert "2 conversations, 14 messages, 14 turns" in done.output
    assert "MISSED" not in done.output
    counts = json.loads((tmp_path / "counts.json").read_text("utf-8"))
    assert counts["conversations"] == 2
    assert {"what", "asked", "right", "exceptions"} <= counts["tallies"][0].keys()
    with Memory(tmp_path / "kept.db", actor="study") as memory:
        assert "12 of 12" not in memory.task("chat-1").block("transcript").read().text


def test_one_conversation_alone(typed, folder):
    assert "1 conversations, 4 messages" in typed(folder, "--only", "chat-1").output


def test_a_wrong_answer_gives_the_exit_code_of_findings(typed, folder, monkeypatch):
    monkeypatch.setattr(run, "_text", lambda replay, reference: "")
    done = typed(folder)
    assert done.return_value == 1
    assert "MISSED" in done.output


def test_what_cannot_be_studied_is_refused_before_anything_is_written(typed, folder, tmp_path):
    for arguments, message in (
        ([tmp_path / "none"], "holds no recorded conversations"),
        ([folder, "--only", "other"], "no conversation of that name"),
        ([folder, "-m", folder / "chat-1.json"], "exists: name a new file"),
    ):
        assert message in str(typed(*arguments).exception)
