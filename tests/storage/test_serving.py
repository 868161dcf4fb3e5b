"""The account of a turn: each passage is told once, whatever happens on the way."""

from commonplace.limits import MAX_SERVED_ROWS
from commonplace.storage.serving import Passage, Serving


def passage(number: int) -> Passage:
    return Passage("task/q3", "findings", "", 1, number, number, 1)


def rows(serving: Serving, name: str = "rows") -> list[Passage]:
    return [Passage(*row) for each in serving.telling() for row in each.write.arguments[name]]


def test_the_first_write_tells_of_the_turn_though_it_was_served_nothing() -> None:
    serving = Serving("web")
    assert serving.is_told, "an idle turn has nothing to tell"
    (draft,) = serving.telling()
    assert (draft.write.arguments["turn"], draft.write.arguments["rows"]) == (serving.id, [])
    serving.told([draft])
    assert serving.is_told and serving.telling() == []


def test_a_passage_is_told_once() -> None:
    serving = Serving("web")
    serving.note([passage(1), passage(1), passage(2)])
    serving.note([passage(2)])
    assert rows(serving) == [passage(1), passage(2)]
    serving.told(serving.telling())
    serving.note([passage(1), passage(3)])
    (draft,) = serving.telling()
    assert draft.write.arguments["first"] == 2
    assert rows(serving) == [passage(3)]


def test_what_was_left_out_and_is_shown_later_is_told_as_both() -> None:
    serving = Serving("web")
    serving.note([passage(2)], [passage(1)])
    serving.note([passage(1)], [])
    assert rows(serving) == [passage(2), passage(1)]
    assert rows(serving, "left_out") == [passage(1)]
    serving.told(serving.telling())
    assert serving.is_told


def test_two_commits_at_once_may_tell_the_same() -> None:
    serving = Serving("web")
    serving.note([passage(1)])
    one = serving.telling()
    serving.note([passage(2)], [passage(9)])
    two = serving.telling()
    serving.told(two)
    serving.told(one)
    assert serving.is_told
    assert [each.write.arguments["first"] for each in (*one, *two)] == [0, 0]


def test_what_a_failed_commit_told_is_told_again() -> None:
    serving = Serving("web")
    serving.note([passage(1)])
    lost = serving.telling()
    assert [each.write.arguments for each in serving.telling()] == [
        each.write.arguments for each in lost
    ]


def test_very_much_takes_several_records() -> None:
    serving = Serving("web")
    assert not serving.note([passage(number) for number in range(MAX_SERVED_ROWS - 1)])
    assert serving.note([passage(number) for number in range(2 * MAX_SERVED_ROWS + 1)])
    drafts = serving.telling()
    assert [len(each.write.arguments["rows"]) for each in drafts] == [512, 512, 1]
    assert [each.write.arguments["first"] for each in drafts] == [0, 512, 1024]
    serving.told(drafts[:1])
    assert [each.write.arguments["first"] for each in serving.telling()] == [512, 1024]
