"""Lines by their names: what is among them, what is left of them, and what is built on them."""

import pytest

from commonplace.core.lineage import Taken, is_built, is_text, makes_value, puts, spoken_of

TEXT = {"text": "x", "versions": [3], "current": False}
VALUE = {"value": 1, "versions": [3], "current": True}


def test_what_is_taken_is_whole_versions_and_single_lines() -> None:
    taken = Taken.of([3], [(5, 1)])
    assert taken.made_by == {3, 5}
    assert [taken.holds(name) for name in ((3, 0), (3, 9), (5, 1), (5, 0), (4, 0))] == [
        *(True, True, True),
        *(False, False),
    ]


def test_what_is_left_after_others_took_their_part() -> None:
    taken = Taken.of([3, 4], [(5, 0), (5, 1), (6, 0)])
    assert taken.without(Taken.of([4, 6], [(5, 1)])) == Taken.of([3], [(5, 0)])
    assert taken.without(taken).made_by == frozenset()
    # A whole version that lost some of its lines is whole still: nobody knows how many it has.
    assert Taken.of([3]).without(Taken.of((), [(3, 0)])) == Taken.of([3])


def test_what_a_record_took_of_versions() -> None:
    arguments = {"versions": [3, 4], "lines": [[3, 0], [3, 2]]}
    assert spoken_of([3, 4], arguments) == Taken.of([4], [(3, 0), (3, 2)])
    assert spoken_of([3], None) == Taken.of([3])


@pytest.mark.parametrize(
    ("operation", "arguments", "dead", "expected"),
    [
        ("append", {"text": "x"}, False, True),
        ("append", None, False, True),
        ("put", {"value": 1}, False, True),
        ("delete", {}, True, False),
        ("erase", {"current": False}, False, False),
        ("retract", TEXT, False, True),
        ("retract", VALUE, False, True),
        ("retract", {**VALUE, "current": False}, False, False),
        ("retract", {"versions": [3], "current": True}, True, False),
        ("supersede", None, False, False),
        ("dispatch", {"payload": 1}, False, True),
    ],
)
def test_what_puts_something_there(operation, arguments, dead, expected) -> None:
    assert puts(operation, arguments, dead=dead) is expected


def test_what_is_text() -> None:
    assert is_text("replace", None) and is_text("retract", TEXT)
    assert not is_text("put", {"value": "x"}) and not is_text("retract", VALUE)
    assert not is_text("retract", None)


def test_what_makes_the_value_that_stands() -> None:
    assert makes_value("put", {"value": 1}, dead=False)
    assert makes_value("delete", {}, dead=True)
    assert makes_value("supersede", VALUE, dead=False)
    assert not makes_value("supersede", {**VALUE, "current": False}, dead=False)
    assert not makes_value("erase", {"current": False}, dead=False)
    assert makes_value("erase", None, dead=True)


def test_what_is_built_on_lines_it_knew() -> None:
    lines = frozenset({3})
    assert is_built("append", {"text": "x"}, lines)
    assert is_built("delete", {}, lines), "what was done because of it, too"
    assert not is_built("erase", {"current": False}, lines)
    assert not is_built("retract", TEXT, lines), "it corrects them"
    assert is_built("retract", {**TEXT, "versions": [2]}, lines)
    assert not is_built("retract", {"versions": [2], "current": False}, lines)
    assert is_built("supersede", TEXT, frozenset())
