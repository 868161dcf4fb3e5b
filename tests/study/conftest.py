import json
import os
from pathlib import Path

import pytest

from commonplace.study.conversation import load

REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def logs():
    """The folder of recorded conversations; the test is skipped where it is absent."""
    named = os.environ.get("COMMONPLACE_DATA")
    folder = Path(named) if named else REPOSITORY.parent / "shared" / "data"
    if not (folder / "agent-logs").is_dir():
        pytest.skip("no recorded conversations here: name their folder in COMMONPLACE_DATA")
    return folder / "agent-logs"


ORCHESTRATED = {
    "question": "How many?",
    "mistake_agent": "Assistant",
    "mistake_step": "4",
    "history": [
        {"role": "human", "content": "How many apples are there?\n"},
        {"role": "Orchestrator (thought)", "content": "Initial plan:\n\nAsk the assistant."},
        {"role": "Orchestrator (thought)", "content": 'Updated Ledger:\n{"done": false}'},
        {"role": "Orchestrator (-> Assistant)", "content": "Please count the apples."},
        {"role": "Assistant", "content": "I looked.\nThere are 17 apples."},
        {"role": "Orchestrator (thought)", "content": 'Updated Ledger:\n{"done": true}'},
        {"role": "Orchestrator (thought)", "content": "Stalled.... Replanning..."},
        {
            "role": "Orchestrator (thought)",
            "content": "New plan:\n\nThere are 17 apples in the basket, I think.",
        },
        {"role": "Orchestrator (thought)", "content": ""},
        {"role": "Orchestrator (termination condition)", "content": "FINAL ANSWER: 17"},
    ],
}

CHAT = {
    "question": "Which year?",
    "mistake_agent": "History_Expert",
    "mistake_step": "1",
    "history": [
        {"role": "assistant", "name": "Manager", "content": "Which year was it?"},
        {"role": "assistant", "name": "History_Expert", "content": "It was 1815, of course."},
        {"role": "user", "name": "Computer_terminal", "content": "There is no code."},
        {"role": "assistant", "name": "Manager", "content": "The year was 1815. TERMINATE"},
    ],
}


@pytest.fixture
def folder(tmp_path):
    """A folder of two small conversations, one of each form."""
    place = tmp_path / "logs"
    place.mkdir()
    (place / "chat-1.json").write_text(json.dumps(CHAT), "utf-8")
    (place / "orchestrated-1.json").write_text(json.dumps(ORCHESTRATED), "utf-8")
    return place


@pytest.fixture
def chat(folder):
    return load(folder / "chat-1.json")


@pytest.fixture
def orchestrated(folder):
    return load(folder / "orchestrated-1.json")
