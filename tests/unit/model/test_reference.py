from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commonplace.errors import InvalidName, InvalidReference
from commonplace.model.names import check_key
from commonplace.model.namespace import Namespace
from commonplace.model.reference import At, AtRevision, AtTime, AtVersion, Reference, parse_time
from properties import any_text, prove_much


def is_key(text: str) -> bool:
    try:
        check_key(text)
    except InvalidName:
        return False
    return True


slugs = st.from_regex(r"\A[A-Za-z0-9][A-Za-z0-9._-]{0,9}\Z")
regions = slugs | st.sampled_from(["_grants", "_contracts"])
letters = st.characters(categories=["L", "N", "P", "S", "Zs"], max_codepoint=0xFFFF)
keys = st.just("") | st.text(letters, min_size=1, max_size=8).filter(is_key)
namespaces = st.none() | st.builds(Namespace.of, slugs.map(lambda s: "x" + s), keys.filter(
    lambda key: key and not set(key) & set("/\\") and key == key.strip()
))  # fmt: skip
offsets = st.integers(-24 * 60 + 1, 24 * 60 - 1).map(lambda n: timezone(timedelta(minutes=n)))
ZERO = datetime.fromisoformat("0001-01-02T00:00")  # naive, as hypothesis wants its bounds
times = st.datetimes(min_value=ZERO, max_value=ZERO.replace(year=9999), timezones=offsets)
ats: st.SearchStrategy[At | None] = st.one_of(
    st.none(),
    st.integers(-(10**18) + 1, 10**18 - 1).map(AtVersion),
    st.integers(0, 10**18 - 1).map(AtRevision),
    times.map(AtTime),
)
lines = st.none() | st.tuples(st.integers(1, 10**9 - 1), st.integers(1, 10**9 - 1)).map(
    lambda pair: (min(pair), max(pair))
)
references = st.builds(Reference, namespaces, regions, keys, ats, lines)


@prove_much
@given(references)
def test_a_reference_prints_and_parses_to_itself(reference: Reference) -> None:
    text = str(reference)
    assert Reference.parse(text) == reference
    assert str(Reference.parse(text)) == text
    assert text.isascii()


@pytest.mark.parametrize(
    "text",
    [
        "findings",
        "task/q3:findings@12#L3",
        "task/q3:findings@-1",
        "users/jos%C3%A9:facts/a%2Fb%40c%23d%3Ae@r4812#L3-5",
        "task/q3:findings@2026-11-20T03:00Z",
        "task/q3:findings@2026-11-20T03:00:01.5Z",
        "shared:facts/%E6%97%A5%E6%9C%AC",
        "task/q3:_grants/findings%2Fweb-1",
    ],
)
def test_canonical_text_is_printed_as_it_was_read(text: str) -> None:
    assert str(Reference.parse(text)) == text


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("findings@2026-11-20T04:00+01:00", "findings@2026-11-20T03:00Z"),
        ("findings@2026-11-20T03:00:00.000Z", "findings@2026-11-20T03:00Z"),
        ("findings@007", "findings@7"),
        ("findings@-0", "findings@0"),
        ("findings#L3-3", "findings#L3"),
        ("task/%71%33:findings", "task/q3:findings"),
    ],
)
def test_other_spellings_are_the_same_reference(text: str, same: str) -> None:
    assert Reference.parse(text) == Reference.parse(same)
    assert str(Reference.parse(text)) == same


# A "^" stands under the character at fault.
FAULTS = """\
task/q3:fi nd:fi nd
          ^
x/é:é
  ^
a/b:c/d/e
       ^
x y
 ^
@12
^
:findings
^
task/:findings
     ^
task:findings
^
task/q3/r4:findings
^
task/..:findings
     ^
task/q3:_Grants
        ^
task/q3:findings/
                 ^
task/q3:findings/@12
                 ^
task/q3:findings@
                 ^
task/q3:findings@@12
                ^
task/q3:findings@v12
                 ^
task/q3:findings@2026-11-20T03:00
                 ^
task/q3:findings@12#3
                    ^
task/q3:findings@12#L0
                    ^
task/q3:findings@12#L5-3
                       ^
task/q3:findings@12#L3#L4
                 ^
task/q3:findings@0001-01-01T00:00+23:59
                 ^
task/q3:facts/a%2
               ^
task/q3:facts/ab%ff
                ^
task/q3:facts/%2E%2E
              ^
task/q3:facts/e%CC%81
              ^
q3:findings
^
[findings@12]
          ^
""".splitlines()


@pytest.mark.parametrize(("text", "caret"), list(zip(FAULTS[::2], FAULTS[1::2], strict=True)))
def test_the_caret_stands_under_the_fault(text: str, caret: str) -> None:
    with pytest.raises(InvalidReference) as caught:
        Reference.parse(text)
    assert caught.value.offset == caret.index("^"), str(caught.value)
    *_, shown, under = str(caught.value).splitlines()
    assert (shown, under.rstrip()) == (f"  {text}", f"  {caret}")


def test_the_empty_text_is_no_reference() -> None:
    with pytest.raises(InvalidReference, match="empty"):
        Reference.parse("")


@pytest.mark.parametrize(
    ("text", "shown", "column"),
    [
        ("a\nb c", "  a\\nb c", 3),  # the fault is the line end, shown as two characters
        ("日本", "  日本", 2),
        ("x:a日本", "  x:a日本", 2),
        ("ab:日 本", "  ab:日 本", 2),
        ("a\ud800", "  a\\ud800", 3),
        ("a\u202eb", "  a\\u202eb", 3),
    ],
)
def test_the_caret_is_right_on_a_terminal(text: str, shown: str, column: int) -> None:
    with pytest.raises(InvalidReference) as caught:
        Reference.parse(text)
    *_, line, under = str(caught.value).splitlines()
    assert line == shown
    assert under.index("^") == column
    str(caught.value).encode()


def test_wide_characters_before_the_fault_take_two_columns() -> None:
    error = InvalidReference.at("日本x e\u0301?", 6, "no.")
    assert str(error).splitlines()[-1].index("^") == 2 + len("....x e")


def test_a_long_text_is_shown_around_its_fault() -> None:
    with pytest.raises(InvalidReference) as caught:
        Reference.parse("a" * 100_000 + " " + "b" * 100_000)
    *_, shown, under = str(caught.value).splitlines()
    assert len(str(caught.value)) < 500
    assert shown[under.index("^")] == " "


@prove_much
@given(
    any_text
    | st.text("ab:/@#L-r%0159 é\n")
    | references.map(str).flatmap(
        lambda text: st.tuples(st.integers(0, len(text)), st.text(max_size=2)).map(
            lambda cut: text[: cut[0]] + cut[1] + text[cut[0] + 1 :]
        )
    )
)
def test_any_text_parses_or_raises_invalid_reference(text: str) -> None:
    try:
        reference = Reference.parse(text)
    except InvalidReference as error:
        assert 0 <= error.offset <= len(text)
        assert str(error).splitlines()[-1].strip() == "^"
    else:
        assert Reference.parse(str(reference)) == reference


@pytest.mark.parametrize("text", [None, 3, b"findings"])
def test_a_reference_is_read_from_text(text: object) -> None:
    with pytest.raises(InvalidReference, match="is text, not"):
        Reference.parse(text)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "make",
    [
        lambda: Reference(None, "a b"),
        lambda: Reference(None, ""),
        lambda: Reference(None, "_No"),
        lambda: Reference(None, "findings", ".."),
        lambda: Reference(None, "findings", lines=(3, 2)),
        lambda: Reference(None, "findings", lines=(0, 1)),
        lambda: Reference(None, "findings", lines=(True, 1)),
        lambda: Reference("task/q3", "findings"),  # type: ignore[arg-type]
        lambda: AtVersion(1.0),  # type: ignore[arg-type]
        lambda: AtVersion(True),
        lambda: AtVersion(10**18),
        lambda: AtRevision(-1),
        lambda: AtTime(ZERO),
    ],
)
def test_a_reference_that_could_not_be_printed_is_not_made(make: Callable[[], object]) -> None:
    with pytest.raises((InvalidName, InvalidReference)):
        make()


def test_a_time_needs_its_zone() -> None:
    assert parse_time("2026-11-20T03:00Z") == datetime(2026, 11, 20, 3, tzinfo=UTC)
    with pytest.raises(InvalidReference, match="no zone"):
        parse_time("2026-11-20T03:00")
    with pytest.raises(InvalidReference, match="no time"):
        parse_time("yesterday")


def test_pinned_names_the_same_entry_at_a_version() -> None:
    reference = Reference.parse("task/q3:facts/acme@-1")
    assert str(reference.pinned(7)) == "task/q3:facts/acme@7"
