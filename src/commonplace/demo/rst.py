"""reStructuredText, as far as a reader of pages and proposals needs it.

Directives with their bodies, paragraphs with their first line, and inline
markup taken off. It is no parser of the whole language: what it does not know
it passes over.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

_DIRECTIVE = re.compile(
    r"^(?P<indent>\s*)\.\. (?:[a-z]+:)?(?P<name>[a-z-]+)::(?:\s+(?P<argument>.*))?$"
)
_OBJECTS = frozenset(
    {
        "function",
        "class",
        "method",
        "data",
        "attribute",
        "exception",
        "classmethod",
        "staticmethod",
        "decorator",
        "module",
    }
)
_CODE = frozenset({"code", "code-block", "sourcecode", "doctest", "testcode", "productionlist"})
_NO_CODE = 1_000_000
"""The indentation under which nothing is code: deeper than any line."""
_ROLE = re.compile(r":[a-zA-Z:+-]+:`(?:[!~]*)(?P<text>[^`<]*?)(?:\s*<[^`>]*>)?`")
_PEP_ROLE = re.compile(r":pep:`(?P<number>\d+)(?:#[^`]*)?`", re.IGNORECASE)
_LITERAL = re.compile(r"``(?P<text>[^`]+)``")
_LINK = re.compile(r"`(?P<text>[^`<]+?)\s*(?:<[^`>]*>)?`_{0,2}")
_EMPHASIS = re.compile(r"(?<![\w*])\*{1,2}(?P<text>[^*\s](?:[^*]*[^*\s])?)\*{1,2}(?![\w*])")
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+(?=[A-Z(`*:\"'0-9])")
_UNDERLINE = re.compile(r"^([=\-~^\"'*#.+`])\1{2,}\s*$")


@dataclass(frozen=True, slots=True)
class Directive:
    """One directive: `.. name:: argument` and the text indented under it.

    `owner` is the object it stands under (`asyncio.wait`), empty at the top.
    `line` is the directive's own line, `body_line` the first line of its text.
    """

    name: str
    argument: str
    body: str
    owner: str
    line: int
    body_line: int


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Consecutive lines of running text and the object they describe."""

    text: str
    owner: str
    line: int


def plain(text: str) -> str:
    """A text without its inline markup: roles, literals, links, emphasis."""
    text = _PEP_ROLE.sub(lambda match: f"PEP {match['number']}", text)
    text = _ROLE.sub(lambda match: match["text"], text)
    text = _LITERAL.sub(lambda match: match["text"], text)
    text = _LINK.sub(lambda match: match["text"], text)
    text = _EMPHASIS.sub(lambda match: match["text"], text)
    return re.sub(r"\s+", " ", text.replace("\\ ", "").replace("::", ":")).strip()


def sentences(text: str) -> list[str]:
    """The sentences of a running text, each on one line."""
    flat = re.sub(r"\s+", " ", text).strip()
    return [part for part in _SENTENCE_END.split(flat) if part]


def located_sentences(paragraph: Paragraph) -> Iterator[tuple[str, int]]:
    """The sentences of a paragraph without markup, each with the line its first word stands on."""
    starts: list[int] = []
    length = 0
    lines = [" ".join(line.split()) for line in paragraph.text.split("\n")]
    for line in lines:
        starts.append(length)
        length += len(line) + 1
    position = 0
    for sentence in sentences(" ".join(lines)):
        number = sum(1 for start in starts if start <= position) - 1
        yield plain(sentence), paragraph.line + max(number, 0)
        position += len(sentence) + 1


def directives(lines: Sequence[str]) -> Iterator[Directive]:
    """Every directive of a document, in order, with the object it stands under."""
    owners = _Owners()
    for index, line in enumerate(lines):
        match = _DIRECTIVE.match(line)
        if match is None:
            continue
        indent = len(match["indent"])
        argument = (match["argument"] or "").strip()
        owner = owners.enter(indent, match["name"], argument)
        body, body_line = _body(lines, index + 1, indent)
        yield Directive(match["name"], argument, body, owner, index + 1, body_line)


def paragraphs(lines: Sequence[str]) -> Iterator[Paragraph]:
    """The running text of a document: no headings, directives, options, tables or code."""
    owners = _Owners()
    held: list[str] = []
    first = 0
    code = _NO_CODE
    for index, line in enumerate([*lines, ""]):
        indent = len(line) - len(line.lstrip())
        match = _DIRECTIVE.match(line)
        if line.strip() and indent > code and match is None:
            continue
        if line.strip():
            code = indent if _opens_code(line, match) else _NO_CODE
        if match is not None:
            owners.enter(len(match["indent"]), match["name"], (match["argument"] or "").strip())
        if line.strip() and match is None and not _UNDERLINE.match(line.strip()):
            if not held:
                first = index + 1
            held.append(line)
            continue
        if held and _is_prose(held):
            indent = len(held[0]) - len(held[0].lstrip())
            yield Paragraph("\n".join(held), owners.at(indent), first)
        held = []


def _opens_code(line: str, match: re.Match[str] | None) -> bool:
    """Whether what is indented under this line is shown as it stands, and so is no prose."""
    if match is not None:
        return match["name"] in _CODE
    return line.rstrip().endswith("::")


def first_heading(lines: Sequence[str]) -> tuple[str, int] | None:
    """The first underlined heading and its line, without markup."""
    for index in range(1, len(lines)):
        above = lines[index - 1].strip()
        if above and _UNDERLINE.match(lines[index].strip()) and not _UNDERLINE.match(above):
            return plain(above), index
    return None


class _Owners:
    """Which documented object an indentation belongs to, as the document goes by."""

    def __init__(self) -> None:
        self._module = ""
        self._stack: list[tuple[int, str]] = []

    def enter(self, indent: int, name: str, argument: str) -> str:
        """Notes a directive and answers with the object it stands under."""
        while self._stack and self._stack[-1][0] >= indent:
            self._stack.pop()
        owner = self._stack[-1][1] if self._stack else self._module
        if name in ("module", "currentmodule"):
            self._module = "" if argument == "None" else argument
        elif name in _OBJECTS and argument:
            self._stack.append((indent, self._qualified(argument)))
        return owner

    def at(self, indent: int) -> str:
        """The object that text at this indentation describes."""
        for held, name in reversed(self._stack):
            if held < indent:
                return name
        return self._module

    def _qualified(self, argument: str) -> str:
        name = re.split(r"[\s(\[]", argument, maxsplit=1)[0]
        outer = self._stack[-1][1] if self._stack else self._module
        if not outer or name.startswith(f"{outer}.") or not name:
            return name or outer
        last = outer.rsplit(".", 1)[-1]
        return f"{outer}.{name.removeprefix(f'{last}.')}"


def _body(lines: Sequence[str], start: int, indent: int) -> tuple[str, int]:
    """The first paragraph indented under a directive, and the line it begins on."""
    held: list[str] = []
    first = start
    for index in range(start, len(lines)):
        line = lines[index]
        if not line.strip():
            if held:
                break
            continue
        if len(line) - len(line.lstrip()) <= indent or _DIRECTIVE.match(line):
            break
        if not held:
            first = index + 1
        held.append(line.strip())
    return "\n".join(held), first


def _is_prose(held: Sequence[str]) -> bool:
    head = held[0].strip()
    if head.startswith(
        (
            ">>>",
            "...",
            "+-",
            "|",
            ":",
            "..",
            "$",
            "#",
            "==",
            "import ",
            "from ",
            "def ",
            "class ",
            "@",
        )
    ):
        return False
    text = " ".join(held)
    letters = sum(character.isalpha() or character.isspace() for character in text)
    return len(text) >= 30 and letters >= 0.7 * len(text)
