"""Escape: stored text made safe to show.

What agents wrote is data. On a terminal, an escape sequence in it could recolour, overwrite
or retitle what the person reads, and a bidirectional override could turn a line round; so
everything that a terminal would obey and not show is printed as its escape.
"""

import unicodedata

_OBEYED = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def escape(text: str, *, keep: str = "") -> str:
    """`text` with every control, format and unassigned character as its Python escape.

    `keep` lists characters to leave alone, such as a tab or a newline.
    """
    if text.isprintable():
        return text
    return "".join(
        character if character in keep or not _is_obeyed(character) else _escaped(character)
        for character in text
    )


def _is_obeyed(character: str) -> bool:
    return not character.isprintable() and unicodedata.category(character) in _OBEYED


def _escaped(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")


def quoted(text: str) -> str:
    """A text in quotes on one line, cut where nobody reads on."""
    return '"' + excerpt(text).replace('"', '\\"') + '"'


def excerpt(text: str, *, width: int = 100) -> str:
    """The beginning of a text on one line; ` …` says that there is more."""
    first, newline, _ = text.strip("\n").partition("\n")
    cut = first if len(first) <= width else first[:width]
    return escape(cut) + (" …" if newline or len(first) > width else "")
