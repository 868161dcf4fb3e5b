"""The pages of the documentation, and what the tests of them look for in each.

A fenced block of `python` is run; one page's blocks run in order, in one namespace and in a
folder of the page's own. A block whose first line is `# file: name.py` is saved under that
name instead. In a `console` block each `$ ` line is a command, and what follows it is its
output. A `text` block behind a line that ends in `prints:` is the output of the Python block
before it.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
_FENCE = re.compile(r"^(`{3,})(\w*)[^\n`]*\n(.*?)^\1[ \t]*$", re.DOTALL | re.MULTILINE)
_HEADING = re.compile(r"^#{1,6} +(.+?) *$", re.MULTILINE)


class Block(NamedTuple):
    """A fenced block: its language, its text, the line it begins at, the prose before it."""

    language: str
    text: str
    line: int
    before: str

    @property
    def is_output(self) -> bool:
        """Whether this is what the Python block before it prints."""
        return self.language == "text" and self.before.rstrip().endswith("prints:")

    @property
    def file(self) -> str:
        """The name under which to save this block, or "" to run it."""
        match = re.match(r"# file: (\S+)\n", self.text)
        return match[1] if match else ""


class Page:
    """One Markdown file of the repository."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.name = path.relative_to(ROOT).as_posix()
        self.text = path.read_text(encoding="utf-8")

    def __repr__(self) -> str:
        return self.name

    @property
    def blocks(self) -> Iterator[Block]:
        """Its fenced blocks, in order."""
        end = 0
        for match in _FENCE.finditer(self.text):
            line = self.text.count("\n", 0, match.start()) + 1
            yield Block(match[2], match[3], line, self.text[end : match.start()])
            end = match.end()

    @property
    def prose(self) -> str:
        """The text without its fenced blocks."""
        return _FENCE.sub("", self.text)

    @property
    def anchors(self) -> set[str]:
        """What a link may point to inside this page, as GitHub names headings."""
        return {_slug(heading) for heading in _HEADING.findall(self.prose)}

    def section(self, heading: str) -> list[Block]:
        """The blocks under a heading of the second level."""
        at = 0
        found = []
        for block in self.blocks:
            at = self.text.rfind("\n## ", 0, self.text.find(block.text))
            if self.text[at + 1 :].startswith(f"## {heading}\n"):
                found.append(block)
        return found


def pages() -> list[Page]:
    """Every page that a user or a contributor reads."""
    paths = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
    return [Page(path) for path in sorted(paths)]


def page(name: str) -> Page:
    """A page by its path in the repository."""
    return Page(ROOT / name)


def _slug(heading: str) -> str:
    plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).replace("`", "").lower()
    return re.sub(r"[^\w\- ]", "", plain).replace(" ", "-")
