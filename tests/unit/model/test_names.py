import pytest
from hypothesis import given
from hypothesis import strategies as st

from commonplace.errors import InvalidName
from commonplace.limits import MAX_KEY_BYTES, MAX_NAME_BYTES
from commonplace.model.actor import Actor
from commonplace.model.names import check_key, check_name, check_region
from properties import any_text, prove_much


@pytest.mark.parametrize(
    "name",
    ["q3", "Web 1", "josé", "日本語", "a.b", "a_b-c", "x" * MAX_NAME_BYTES, "50%", "a:b@c#d"],
)
def test_a_name_is_returned_as_it_is(name: str) -> None:
    assert check_name(name, "name") == name
    assert check_key(name) == name
    assert Actor(name).name == name


BAD_NAMES = {
    "": "empty",
    " a": "begins or ends with a space",
    "a ": "begins or ends with a space",
    ".": "path step",
    "..": "path step",
    "a/b": "separator",
    "a\\b": "separator",
    "a\0b": r"U\+0000",
    "a\nb": r"U\+000A",
    "a\x7fb": r"U\+007F",
    "a\x85b": r"U\+0085",
    "a\u202eb": r"U\+202E",  # right-to-left override
    "a\u2066b": r"U\+2066",  # left-to-right isolate
    "a\u200bb": r"U\+200B",  # zero-width space
    "a\u200db": r"U\+200D",  # zero-width joiner
    "\ufeffa": r"U\+FEFF",  # byte order mark
    "a\u00adb": r"U\+00AD",  # soft hyphen
    "a\u2028b": r"U\+2028",
    "a\u3164b": r"U\+3164",  # Hangul filler: a letter that shows nothing
    "a\u2800b": r"U\+2800",  # Braille blank
    "a\ufe0fb": r"U\+FE0F",  # variation selector
    "a\U000e0100b": r"U\+E0100",
    "a\u034fb": r"U\+034F",
    "a\u00a0b": "looks like a space",
    "a\u3000b": "looks like a space",
    "a\ue000b": r"U\+E000",  # private use
    "a\uffffb": r"U\+FFFF",
    "a\ud800b": "lone surrogate",
    "e\u0301": "NFC",
    "\u212b": "NFC",  # the Angstrom sign is another spelling of Å
}


@pytest.mark.parametrize(("name", "why"), BAD_NAMES.items(), ids=ascii)
def test_a_name_that_could_be_read_differently_is_refused(name: str, why: str) -> None:
    with pytest.raises(InvalidName, match=why):
        check_name(name, "name")


@pytest.mark.parametrize("name", sorted(set(BAD_NAMES) - {"a/b", "a\\b", " a", "a "}), ids=ascii)
def test_a_key_may_hold_separators_and_nothing_worse(name: str) -> None:
    assert check_key("a/b\\c") == "a/b\\c"
    with pytest.raises(InvalidName):
        check_key(name)


@pytest.mark.parametrize("name", [None, 1, b"a", ["a"], True])
def test_a_name_is_text(name: object) -> None:
    with pytest.raises(InvalidName, match=f"not {type(name).__name__}"):
        check_name(name, "name")


def test_length_is_counted_in_bytes_and_the_error_says_by_how_much() -> None:
    assert check_name("é" * (MAX_NAME_BYTES // 2), "name")
    with pytest.raises(InvalidName, match="130 bytes long, 2 more than the limit of 128"):
        check_name("é" * 65, "name")
    assert check_key("x" * MAX_KEY_BYTES)
    with pytest.raises(InvalidName, match="513 bytes long, 1 more"):
        check_key("x" * 513)


def test_an_overlong_name_is_not_repeated_in_its_error() -> None:
    with pytest.raises(InvalidName) as caught:
        check_name("\ud800" + "x" * 1_000_000, "name")
    assert len(str(caught.value)) < 200


def test_a_name_is_plain_text_whatever_came_in() -> None:
    class Markup(str):
        pass

    assert type(check_key(Markup("a"))) is str
    assert type(check_key(Markup("é"))) is str


@pytest.mark.parametrize("region", ["findings", "a.b-c_d", "9", "A1"])
def test_a_region_is_a_slug(region: str) -> None:
    assert check_region(region) == region


@pytest.mark.parametrize("region", ["_grants", "é", "a b", "a/b", "-a", ".a", "a>b", "a:b", "a#1"])
def test_what_is_no_slug_is_no_region(region: str) -> None:
    with pytest.raises(InvalidName):
        check_region(region)


@prove_much
@given(any_text | st.binary() | st.integers())
def test_a_name_passes_or_raises_invalid_name_and_nothing_else(name: object) -> None:
    for check in (check_name, check_key):
        try:
            passed = check(name, "name")
        except InvalidName as error:
            assert str(error)
        else:
            assert passed == name
            assert passed.encode().decode() == name
