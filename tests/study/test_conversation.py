import pytest

from commonplace.study.conversation import NoConversations, conversations, load


def test_in_a_group_chat_everybody_hears_everything(chat):
    assert chat.speakers == ("Manager", "History_Expert", "Computer_terminal")
    assert {message.place for message in chat.messages} == {"transcript"}
    assert all(chat.shown(speaker) == ("transcript",) for speaker in chat.speakers)


def test_an_orchestrator_keeps_its_ledger_and_its_thoughts_to_itself(orchestrated):
    places = [(message.place, message.replaces) for message in orchestrated.messages]
    assert places == [
        ("transcript", False),
        ("transcript", False),  # everybody is sent the plan
        ("ledger", True),
        ("transcript", False),
        ("transcript", False),
        ("ledger", True),
        ("thoughts", False),
        ("transcript", True),  # a new plan begins everything anew
        ("thoughts", False),
        ("transcript", False),
    ]
    assert orchestrated.speakers == ("human", "Orchestrator", "Assistant")
    assert orchestrated.shown("Assistant") == ("transcript",)
    assert orchestrated.shown("Orchestrator") == ("transcript", "ledger", "thoughts")


def test_steps_count_from_zero_as_the_annotations_do(chat):
    assert [message.step for message in chat.messages] == [0, 1, 2, 3]
    assert chat.messages[chat.mistake_step].speaker == chat.mistake_agent


def test_conversations_come_by_name(folder):
    assert [each.name for each in conversations(folder)] == ["chat-1", "orchestrated-1"]


@pytest.mark.parametrize("text", ["", "[]", "{", '{"history": 3}', '{"history": [{}]}', "\udcff"])
def test_what_is_no_conversation_is_refused_by_name(tmp_path, text):
    file = tmp_path / "odd.json"
    file.write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(NoConversations, match=r"odd\.json"):
        load(file)


def test_a_folder_without_any_is_refused(tmp_path):
    with pytest.raises(NoConversations):
        list(conversations(tmp_path / "nowhere"))


def test_the_real_ones_are_all_read(logs):
    found = list(conversations(logs))
    assert len(found) == 92
    assert sum(len(each.messages) for each in found) == 2081
    assert all(2 <= len(each.speakers) <= 11 for each in found)
    assert sum(not message.text for each in found for message in each.messages) == 1
