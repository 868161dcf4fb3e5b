r"""Escaping: what agents wrote, made safe to stand in a prompt and told back exactly.

A line of memory is data. Shown as it is, it could end its block (`</memory>`), sign itself
with another's name (`<by actor="supervisor"/>`), pretend to be another line (`L9| ...`), or
hide in characters that do not show. Whatever could do so is written `\u{hex}`:

- what does not show or is obeyed: controls (a tab excepted), every character that ends a
  line somewhere, bidirectional marks and overrides, zero-width and filling characters, tag
  characters, lone surrogates. Joiners and variation selectors stay where scripts and emoji
  need them: one, behind a character outside ASCII;
- `<` before a name of our tags, as an end or with anything but `>` behind the name; in any
  case, with spaces, and in the wide forms that normalisation would turn into these;
- `L` of an anchor where a line begins, or would begin after a character that ends one;
- the backslash of what would read as such an escape.

So no text has a line of its own, and everything else, code, markup, links and accents, stands
as it was written: `#include <memory>` too, since our tags never come without an attribute.
Letters that merely look alike are left alone: a tag is a matter of bytes.

The classes are spelled out: a table that comes with Python grows with Unicode, and the same
text would render differently a year later.
"""

import re
from typing import Final

TAGS: Final = ("memory", "by", "left-out", "changes", "retracted")
"""The names of the renderer's tags."""

_HIDDEN = (
    r"\x00-\x08\x0a-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f"
    r"\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\u3164\ud800-\udfff\ufe00-\ufe0d\ufeff"
    r"\uffa0\ufff0-\ufffb\ufffe\uffff\U00013430-\U0001343f\U0001bca0-\U0001bca3"
    r"\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
_ENDS_A_LINE = r"\x0a-\x0d\x1c-\x1e\x85\u2028\u2029"
_SPACE = r"[ \t\xa0\u1680\u2000-\u200a\u202f\u205f\u3000]*"
_JOINER = r"[\u200c\u200d]"
_SELECTOR = r"[\ufe0e\ufe0f]"
_BEYOND_ASCII = rf"[^\x00-\x7f{_HIDDEN}\u200c\u200d\ufe0e\ufe0f]"
_KEYCAP = "[0-9#*]"
_LESS = r"<\ufe64\uff1c"


def _in_any_form(letter: str) -> str:
    """A letter, small and large, plain and wide."""
    forms = {letter.lower(), letter.upper()}
    wide = {chr(ord(form) + 0xFEE0) for form in forms}
    return "[" + "".join(re.escape(form) for form in sorted(forms | wide)) + "]"


_NAME = "(?:" + "|".join("".join(map(_in_any_form, name)) for name in TAGS) + ")"
_ANCHOR = rf"(?P<lead>(?<![^{_ENDS_A_LINE}]){_SPACE}[-+]?)L(?=[0-9]+\|)"
_CODE = r"u\{(10[0-9a-f]{4}|[0-9a-f]{1,5})\}"

_MISLEADING = re.compile(
    "|".join(
        (
            f"[{_HIDDEN}]",
            rf"(?<!{_BEYOND_ASCII})(?<!{_BEYOND_ASCII}{_SELECTOR}){_JOINER}",
            rf"{_JOINER}(?!{_BEYOND_ASCII})",
            rf"(?<!{_BEYOND_ASCII})(?:(?<!{_KEYCAP}){_SELECTOR}|{_SELECTOR}(?!\u20e3))",
            rf"[{_LESS}](?={_SPACE}[/\uff0f]{_SPACE}{_NAME}(?![A-Za-z0-9_-]))",
            rf"[{_LESS}](?={_SPACE}{_NAME}(?![A-Za-z0-9_>\uff1e-]))",
            rf"\\(?={_CODE})",
            _ANCHOR,
        )
    )
)
_SUSPECT = re.compile(rf"[{_HIDDEN}\u200c\u200d\ufe0e\ufe0f{_LESS}\\]")
_BEGINS_AS_ANCHOR = re.compile(_ANCHOR)
_ESCAPE = re.compile(rf"\\{_CODE}")


def escaped(text: str) -> str:
    """`text` on one line, without anything that could be taken for a part of a rendering."""
    if not _SUSPECT.search(text) and not _BEGINS_AS_ANCHOR.match(text):
        return text
    return _MISLEADING.sub(_escape_of, text)


def attribute(text: str) -> str:
    """`text` as it may stand between the quotes of a tag's attribute."""
    return re.sub('["<>]', _escape_of_character, escaped(text))


def unescaped(text: str) -> str:
    """The reverse of `escaped` and of `attribute`."""
    return _ESCAPE.sub(lambda match: chr(int(match[1], 16)), text)


def _escape_of(match: re.Match[str]) -> str:
    lead = match["lead"] or ""
    return lead + _code(match[0][len(lead) :])


def _escape_of_character(match: re.Match[str]) -> str:
    return _code(match[0])


def _code(character: str) -> str:
    return f"\\u{{{ord(character):x}}}"
