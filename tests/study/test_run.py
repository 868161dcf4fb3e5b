"""The study itself: a part of the recordings always, all of them with `pytest -m soak`."""

import faulthandler
import json
from pathlib import Path

import pytest

from commonplace import Memory
from commonplace.study import mistake
from commonplace.study.conversation import conversations
from commonplace.study.plant import KINDS, SOUND
from commonplace.study.replay import HOST
from commonplace.study.result import Result
from commonplace.study.run import run

COUNTS = Path(__file__).resolve().parents[2] / "docs" / "studies" / "agent-logs.json"
EVERY = 8


@pytest.fixture(scope="module")
def result(logs) -> Result:
    with Memory(":memory:", actor=HOST) as memory:
        return run(memory, list(conversations(logs))[::EVERY])


def test_every_answer_of_the_memory_is_the_right_one(result):
    assert result.is_sound, "\n".join(result.lines())
    counts = {tally.what: tally.asked for tally in result.tallies}
    assert counts[mistake.NAMED] == result.conversations == 12
    assert sum(counts.values()) > 2000
    planted = [what for what in counts if what.startswith("planted")]
    assert len(planted) == len(KINDS) - len(SOUND)


def test_the_exceptions_are_those_of_the_annotation(result):
    told = {tally.what: tally.exceptions for tally in result.tallies if tally.exceptions}
    assert told == {
        mistake.ANNOTATION: [
            "algorithm-generated-14 step 2: annotated Culinary_Awards_Expert, "
            "said by Computer_terminal"
        ]
    }


@pytest.mark.soak
def test_the_counts_on_the_page_are_those_of_all_conversations(logs):
    faulthandler.cancel_dump_traceback_later()  # it takes minutes: a watch for hangs would end it
    with Memory(":memory:", actor=HOST) as memory:
        result = run(memory, conversations(logs))
    assert result.is_sound, "\n".join(result.lines())
    assert json.loads(result.to_json()) == json.loads(COUNTS.read_text("utf-8"))
