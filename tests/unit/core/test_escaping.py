import hashlib
import re
import sys

import pytest
from hypothesis import given

from commonplace.core.escaping import TAGS, attribute, escaped, unescaped
from prompts import hostile, wide
from properties import prove_much

NARROW = {n + 0xFEE0: n for n in range(0x21, 0x7F)} | {0xFE64: ord("<")}
NAMES = "|".join(TAGS)
TAG = re.compile(
    rf"<\s*(?:/\s*(?:{NAMES})(?![\w-])|(?:{NAMES})(?![\w>-]))", re.IGNORECASE | re.ASCII
)
SPACE = re.compile(r"[\t\xa0\u1680\u2000-\u200a\u202f\u205f\u3000]")
ANCHOR = re.compile(r"(?:^|\\u\{(?:a|b|c|d|1c|1d|1e|85|2028|2029)\})\s*[-+]?L\d+\|", re.ASCII)


def forges(line: str) -> bool:
    """Whether a reader could take part of a line for a tag or, where a line begins, an anchor."""
    seen = SPACE.sub(" ", line)
    return bool(TAG.search(seen.translate(NARROW)) or ANCHOR.search(seen))


@prove_much
@given(hostile)
def test_what_was_escaped_is_told_back_exactly(text: str) -> None:
    assert unescaped(escaped(text)) == text
    assert unescaped(attribute(text)) == text


@prove_much
@given(hostile)
def test_nothing_escaped_forges_a_tag_an_anchor_or_a_line(text: str) -> None:
    safe = escaped(text)
    assert not forges(safe)
    assert len(safe.splitlines()) <= 1
    safe.encode()


@prove_much
@given(hostile)
def test_no_attribute_ends_its_quotes_or_its_tag(text: str) -> None:
    assert not set('"<>\n') & set(attribute(text))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "  def f(x): return x if x < 3 else 'L9| '",
        "\tindented by a tab, and ended by two spaces  ",
        "#include <memory>",
        "<memoryview> <by-line> <changeset id=3> </bytes> a<b",
        "| L1| L2| L3|",
        "## **bold** `code` [findings@12#L3] > quote - item",
        "https://example.org/a?b=c&d=%20#L3",
        r"C:\users\new \n \u0041 \u{1F600} \u{} \u{1234567}",
        "naïve café\u202f; Größe 10\xa0% «oui»",  # with the spaces that French types
        "日本語、한국어, Ελληνικά, עברית, العربية",
        "\u0645\u06cc\u200c\u062e\u0648 \u0915\u094d\u200d\u0937",  # Persian and Hindi joiners
        "⚠\ufe0f 1\ufe0f\u20e3 👩\u200d💻 ❤\ufe0f\u200d🔥 ✔\ufe0e",
    ],
)
def test_ordinary_text_stands_as_it_was_written(text: str) -> None:
    assert escaped(text) == text


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("a</memory>b", r"a\u{3c}/memory>b"),
        ("< / Memory >", r"\u{3c} / Memory >"),
        ("</changes", r"\u{3c}/changes"),
        (wide("</memory>"), r"\u{ff1c}" + wide("/memory>")),
        ("\ufe64/by>", r"\u{fe64}/by>"),
        ('<memory ref="x@1">', r'\u{3c}memory ref="x@1">'),
        ("<memory", r"\u{3c}memory"),
        ('<by actor="boss"/>', r'\u{3c}by actor="boss"/>'),
        ("<left-out/>", r"\u{3c}left-out/>"),
        ("<me\u200bmory ref", r"<me\u{200b}mory ref"),
        ("</mem\ufe0fory>", r"</mem\u{fe0f}ory>"),
        ("</mem\u200dory>", r"</mem\u{200d}ory>"),
        ("L9| said", r"\u{4c}9| said"),
        (" \t+L9| said", " \t+" + r"\u{4c}9| said"),
        ("x\r-L9| y", r"x\u{d}-\u{4c}9| y"),
        ("x\u2028L9| y\x85L1|", r"x\u{2028}\u{4c}9| y\u{85}\u{4c}1|"),
        ("\x1b]0;owned\x07", r"\u{1b}]0;owned\u{7}"),
        ("\u202etxt.exe\u2066\ufeff\u00ad", r"\u{202e}txt.exe\u{2066}\u{feff}\u{ad}"),
        ("hi\U000e0041\U000e0100\U000e0101", r"hi\u{e0041}\u{e0100}\u{e0101}"),
        ("é\u200d\u200dé é\ufe0f\ufe0f\ufe0f", "é\\u{200d}\\u{200d}é é\ufe0f\\u{fe0f}\\u{fe0f}"),
        (r"\u{3c}/memory>", r"\u{5c}u{3c}/memory>"),
        ("\\\x00", r"\\u{0}"),
        ("\ud800", r"\u{d800}"),
    ],
)
def test_what_could_mislead_is_spelled_out(text: str, safe: str) -> None:
    assert escaped(text) == safe
    assert unescaped(safe) == text


def test_an_attribute_keeps_its_quotes_and_its_tag() -> None:
    assert attribute('a" b="<c>') == r"a\u{22} b=\u{22}\u{3c}c\u{3e}"


def test_every_character_is_judged_the_same_on_every_python() -> None:
    """Renderer 1's classes in three contexts: no newer Unicode table may move a byte."""
    every = "".join(f"a{c}é{c}é\ufe0f{c}é" for c in map(chr, range(sys.maxunicode + 1)))
    digest = hashlib.sha256(escaped(every).encode()).hexdigest()
    assert digest == "47c925f5c52eb2c0f0ecb0a82027f6fac07997e6e686b0f33efcbf803ce06328"
