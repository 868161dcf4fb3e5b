"""The one rule for values: docs/reference/values.md names the tests of this file."""

import datetime
import decimal
import enum
import json
import math
import random
import time
import types
from collections import OrderedDict
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commonplace.core.text import made
from commonplace.errors import InvalidValue, LimitExceeded
from commonplace.limits import MAX_INTEGER, MAX_VALUE_DEPTH, MIN_INTEGER
from commonplace.storage.codec import (
    check_size,
    check_text,
    check_value,
    decode,
    decode_checkpoint,
    encode,
    encode_checkpoint,
    parse_json,
)
from properties import any_text, prove, prove_much

strings = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=6)
values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(MIN_INTEGER, MAX_INTEGER)
    | st.floats(allow_nan=False, allow_infinity=False)
    | strings,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.lists(inner, max_size=3).map(tuple)
        | st.dictionaries(strings, inner, max_size=4)
    ),
    max_leaves=12,
)


def shuffled(value: Any, chance: random.Random) -> Any:
    """The same value with its members in another order."""
    if isinstance(value, dict):
        pairs = [(name, shuffled(item, chance)) for name, item in value.items()]
        return dict(chance.sample(pairs, len(pairs)))
    if isinstance(value, list | tuple):
        return type(value)(shuffled(item, chance) for item in value)
    return value


def typed(value: Any) -> Any:
    """A value that is equal only if its types are: 1, 1.0 and True are three values."""
    if isinstance(value, dict):
        return {name: typed(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [typed(item) for item in value]
    return type(value), value


@prove_much
@given(values, st.randoms(use_true_random=False))
def test_equal_values_have_one_spelling_and_come_back_equal(
    value: Any, chance: random.Random
) -> None:
    data = encode(check_value(value))
    assert encode(check_value(shuffled(value, chance))) == data
    assert typed(decode(data)) == typed(check_value(value))
    assert encode(decode(data)) == data
    assert typed(json.loads(data)) == typed(decode(data))
    assert typed(parse_json(data)) == typed(decode(data))


@pytest.mark.parametrize(
    ("value", "data"),
    [
        ({"b": 1, "a": [True, None]}, b'{"a":[true,null],"b":1}'),
        ({"é": "\u2028"}, '{"é":"\u2028"}'.encode()),
        ((1, (2, 3)), b"[1,[2,3]]"),
        (-0.0, b"0.0"),
        ([-0.0, {"a": -0.0}], b'[0.0,{"a":0.0}]'),
        (1, b"1"),
        (1.0, b"1.0"),
        (True, b"true"),
        (1e22, b"1e22"),
        (5e-324, b"5e-324"),
        (2**63 - 1, b"9223372036854775807"),
        (-(2**63), b"-9223372036854775808"),
        ("\x01\n\x7f", b'"\\u0001\\n\x7f"'),
        ({"\U0001f600": 1, "\uffff": 2}, '{"\uffff":2,"\U0001f600":1}'.encode()),
        (OrderedDict(b=1, a=2), b'{"a":2,"b":1}'),
        (types.MappingProxyType({"a": 1}), b'{"a":1}'),
    ],
)
def test_canonical_bytes(value: Any, data: bytes) -> None:
    assert encode(check_value(value)) == data


def nested(depth: int) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = [value]
    return value


class Colour(enum.StrEnum):
    RED = "red"


class Level(enum.IntEnum):
    HIGH = 3


CYCLE: list[Any] = []
CYCLE.append(CYCLE)

REFUSED: list[tuple[Any, str]] = [
    (math.nan, "nan, which JSON has no word for"),
    (math.inf, "inf, which"),
    (-math.inf, "-inf, which"),
    (2**63, "beyond 64 bits"),
    (-(2**63) - 1, "beyond 64 bits"),
    (2**70, "beyond 64 bits"),
    ("a\0b", "NUL at offset 1"),
    ("a\ud800", "lone surrogate at offset 1"),
    ({"a\0": 1}, "NUL"),
    ({"\udfff": 1}, "lone surrogate"),
    ({1: "a"}, "member name 1"),
    ({None: 1}, "member name None"),
    ({True: 1}, "member name True"),
    ({Colour.RED: 1}, "member name"),
    (Colour.RED, "Colour"),
    (Level.HIGH, "Level"),
    (b"a", "bytes"),
    (bytearray(b"a"), "bytearray"),
    (datetime.datetime(2026, 11, 20, tzinfo=datetime.UTC), "datetime"),
    (datetime.date(2026, 11, 20), "date"),
    (decimal.Decimal("1.5"), "Decimal"),
    (1j, "complex"),
    ({1, 2}, "set"),
    (range(3), "range"),
    (iter([1]), "iterator"),
    (object(), "object"),
    (nested(MAX_VALUE_DEPTH + 1), "nested more than 64 deep"),
    (nested(1000), "nested more than 64 deep"),
    (CYCLE, "nested more than 64 deep"),
]


@pytest.mark.parametrize(("value", "why"), REFUSED, ids=range(len(REFUSED)))
@pytest.mark.parametrize("wrap", [lambda v: v, lambda v: [v], lambda v: {"a": [0, v]}])
def test_what_engines_would_treat_differently_is_refused(value: Any, why: str, wrap: Any) -> None:
    with pytest.raises(InvalidValue, match=why):
        check_value(wrap(value))


def test_the_error_says_where() -> None:
    with pytest.raises(InvalidValue, match=r"^value\.facts\[1\]\.arr is nan"):
        check_value({"facts": [1, {"arr": math.nan}]})
    with pytest.raises(InvalidValue, match=r"^payload\['a b'\]\['x{36}\.\.\.\] is of type set"):
        check_value({"a b": {"x" * 10_000 + ".": set()}}, "payload")


def test_the_deepest_value_that_fits() -> None:
    deepest = nested(MAX_VALUE_DEPTH)
    assert decode(encode(check_value(deepest))) == deepest
    empty = nested(MAX_VALUE_DEPTH)[:]
    at = empty
    while at[0] != 1:
        at = at[0]
    at[0] = []
    with pytest.raises(InvalidValue, match="nested more than 64 deep"):
        check_value(empty)


def test_the_callers_object_is_never_kept() -> None:
    inner = [1]
    given = {"a": inner}
    kept = check_value(given)
    inner.append(2)
    given["b"] = 3
    assert kept == {"a": [1]}


# --- JSON from outside ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ("NaN", "nan"),
        ("[Infinity]", "inf"),
        ("1e400", "inf"),
        (str(2**70), "beyond 64 bits"),
        ("1" * 5000, "not JSON"),
        ('{"a":1,"a":1}', "'a' occurs twice"),
        ('[{"b":{"a":1,"c":2,"a":3}}]', "'a' occurs twice"),
        ('{"a":1,"\\u0061":2}', "'a' occurs twice"),
        ('"\\ud800"', "lone surrogate"),
        ('"\\u0000"', "NUL"),
        ("[" * 65 + "]" * 65, "nested more than 64 deep"),
        ("[" * 1000 + "]" * 1000, "nested more than 64 deep"),
        ("[" * 200_000, "nested more than 64 deep"),
        ("", "not JSON"),
        ("{", "not JSON"),
        ("{'a': 1}", "not JSON"),
        ("[1,]", "not JSON"),
        (b'"\xff"', "not JSON"),
        (b"\xff\xfe\x00", "not JSON"),
        (None, "not JSON"),
        (3, "not JSON"),
    ],
    ids=lambda each: str(each)[:20],
)
def test_json_that_readers_would_take_differently_is_refused(source: Any, why: str) -> None:
    with pytest.raises(InvalidValue, match=why):
        parse_json(source)


@prove_much
@given(any_text | st.text('[]{}",:0123456789.eE+-\\untrfalsbN') | st.binary(max_size=20))
def test_any_bytes_parse_or_raise_invalid_value(source: str | bytes) -> None:
    try:
        value = parse_json(source)
    except InvalidValue:
        return
    assert encode(value) == encode(check_value(value))


def test_many_members_of_which_one_is_twice_are_refused_quickly() -> None:
    source = "{" + ",".join(f'"{n}":0' for n in range(50_000)) + ',"49999":1}'
    started = time.process_time()
    with pytest.raises(InvalidValue, match="'49999' occurs twice"):
        parse_json(source)
    assert time.process_time() - started < 2.0


# --- text -----------------------------------------------------------------------------------------


@prove
@given(any_text)
def test_text_is_stored_as_given_but_for_its_line_ends(text: str) -> None:
    try:
        checked = check_text(text, "text")
    except InvalidValue:
        assert "\0" in text or any("\ud800" <= c <= "\udfff" for c in text)
    else:
        assert checked == text.replace("\r\n", "\n").replace("\r", "\n")
        assert check_text(checked, "text") == checked
        assert decode(encode(checked)) == checked


@pytest.mark.parametrize("text", [None, 1, b"a", ["a"]])
def test_text_is_a_string(text: object) -> None:
    with pytest.raises(InvalidValue, match=f"reason must be a string, not {type(text).__name__}"):
        check_text(text, "reason")


def test_markup_is_kept_as_the_text_it_is() -> None:
    class Markup(str):
        def __add__(self, other: str) -> str:
            return "escaped"

    text = check_text(Markup("a"), "text")
    assert type(text) is str
    assert text + "b" == "ab"


def test_a_size_over_its_limit_says_by_how_much() -> None:
    check_size(10, "the text", 10)
    with pytest.raises(LimitExceeded, match="has 13 bytes, 3 more than the limit of 10") as caught:
        check_size(13, "the text", 10)
    assert (caught.value.limit, caught.value.actual, caught.value.excess) == (10, 13, 3)


def test_a_big_string_is_as_good_as_a_small_one() -> None:
    big = "é\U0001f600" * 200_000
    assert decode(encode(check_value({"a": big}))) == {"a": big}


# --- checkpoints ----------------------------------------------------------------------------------


@prove
@given(values)
def test_a_checkpoint_of_json_gives_it_back(value: Any) -> None:
    checked = check_value(value)
    assert typed(decode_checkpoint(encode_checkpoint(checked))) == typed(checked)


@prove
@given(st.text("ab\né", max_size=12))
def test_a_checkpoint_of_a_text_gives_its_lines_back(text: str) -> None:
    lines = made(text, 3)
    assert decode_checkpoint(encode_checkpoint(lines)) == lines


def test_a_checkpoint_of_json_that_looks_like_a_texts_is_json() -> None:
    value = {"lines": {"text": "a", "lines": [[1, 0, 1]]}}
    assert decode_checkpoint(encode_checkpoint(value)) == value
