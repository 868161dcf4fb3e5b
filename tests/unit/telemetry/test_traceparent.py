import pytest

from commonplace.errors import InvalidValue
from commonplace.telemetry.traceparent import Traceparent, trace_id_of

DIGITS = "4bf92f3577b34da6a3ce929d0e0e4736"
TEXT = f"00-{DIGITS}-00f067aa0ba902b7-01"


def test_text_and_back() -> None:
    place = Traceparent.parse(TEXT)
    assert place == Traceparent(int(DIGITS, 16), 0x00F067AA0BA902B7, 1)
    assert str(place) == TEXT
    assert str(Traceparent(1, 2, 3)) == f"00-{1:032x}-{2:016x}-03"


@pytest.mark.parametrize(
    "text",
    [
        *("", "t", DIGITS, f"{TEXT}-more", f"{TEXT}\n", TEXT.upper(), f"00-{DIGITS}-01"),
        f"00-{'0' * 32}-00f067aa0ba902b7-01",
        f"00-{DIGITS}-{'0' * 16}-01",
    ],
)
def test_any_other_trace_of_a_record_names_no_place(text: str) -> None:
    assert Traceparent.parse(text) is None


@pytest.mark.parametrize("text", [DIGITS, DIGITS.upper(), TEXT, TEXT.upper()])
def test_a_trace_is_named_by_its_digits_or_by_any_place_in_it(text: str) -> None:
    assert trace_id_of(text) == DIGITS


@pytest.mark.parametrize("text", ["", DIGITS[1:], f"{DIGITS}0", f"{DIGITS}\n", f"{TEXT}-x", "r12"])
def test_what_is_no_trace_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(InvalidValue, match="32 hexadecimal digits"):
        trace_id_of(text)
