"""The page of spans, attributes and metrics is what the tables of names say."""

import telemetry_reference as generator
from commonplace.limits import MAX_TRACED_CHARS
from commonplace.telemetry.otel import ASKABLE
from pages import page


def test_the_reference_is_what_the_tables_say() -> None:
    text = page("docs/reference/telemetry.md").text
    assert text == generator.page(), "run tools/telemetry_reference.py"


def test_the_how_to_has_every_word_that_asks_for_more() -> None:
    text = page("docs/how-to/trace.md").text
    assert {word for word in ASKABLE if f"| `{word}` |" in text} == ASKABLE
    assert f"cut to {MAX_TRACED_CHARS} characters" in text
