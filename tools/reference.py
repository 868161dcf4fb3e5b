"""Generate docs/reference/python-api.md from the docstrings; with `--check`, only compare.

Signatures are read from the source, not from the running program, so that the page is the
same on every Python.
"""

import ast
import inspect
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import commonplace
from commonplace import limits
from commonplace._sync.asking import Filters
from commonplace._sync.session import Options
from commonplace._sync.watching import WatchOptions
from commonplace.storage.proposal import WriteOptions

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "reference" / "python-api.md"

HEAD = """\
# Python API

Generated from the docstrings by `tools/reference.py`. Everything is imported from `commonplace`;
no deeper path is public. What each call may raise is in [errors](errors.md), what it is bounded
by in [limits](limits.md), what the words mean in the [glossary](glossary.md).

Results are frozen values. What follows the `*` in a signature is given by name.
"""

SECTIONS: dict[str, tuple[str, ...]] = {
    "Opening a memory": ("Memory",),
    "Places and texts": ("Scope", "Block", "Group", "Bounded"),
    "Channels": ("Channel", "Dispatch", "Reply", "Inbox"),
    "The past": ("Snapshot", "PastScope", "PastBlock", "PastChannel"),
    "Watching": ("Watch", "GroupWatch", "Commit", "Change"),
    "What you read": ("Entry", "Line", "BlameLine", "Record", "Position", "Receipt"),
    "Explaining": (
        "Passage", "Diff", "Hunk", "DiffLine", "CommitRecords", "Description", "Granted",
    ),
    "Checking": (
        "Verification", "CheckedCitation", "Citation", "Sentence", "Figure", "Problem",
        "Bisection", "Survey", "Advice",
    ),
    "Upkeep": (
        "Health", "AuditReport", "Finding", "Copied", "Compaction", "Archival", "Anchor",
        "Erasure",
    ),
    "Names and references": (
        "Namespace", "NamespacePrefix", "Reference", "AtVersion", "AtRevision", "AtTime",
        "Actor", "Identity",
    ),
    "Conflict rules": (
        "TextBlock", "AppendOnly", "CompareAndSet", "SingleWriter", "LastWriterWins", "Rule",
    ),
}  # fmt: skip
"""Where each name stands. Async twins and errors have sections of their own, the rest `More`."""


class Source:
    """A class as its file has it."""

    def __init__(self, kind: type) -> None:
        text = Path(inspect.getsourcefile(kind) or "").read_text(encoding="utf-8")
        tree = ast.parse(text)
        self.kind = kind
        self.nodes = {node.name: node for node in ast.walk(tree) if isinstance(node, ast.ClassDef)}
        self.node = self.nodes[kind.__name__]

    @property
    def fields(self) -> Iterator[tuple[str, str]]:
        """Annotated names of the class body with their defaults: those of a value."""
        for node in self.node.body:
            if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
                annotation = ast.unparse(node.annotation)
                if not annotation.startswith("ClassVar"):
                    default = f" = {ast.unparse(node.value)}" if node.value else ""
                    yield node.target.id, annotation + default

    @property
    def members(self) -> Iterator[str]:
        """Each public method and property, with its contract; those of a base last."""
        for node in self.node.body:
            if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                continue
            if not node.name.startswith("_"):
                yield f"- `{self._shown(node)}`{self._kind(node)}\n{_indented(_contract(node))}\n"
        for base in self.kind.__bases__:
            if base.__module__.startswith("commonplace."):
                yield from Source(base).members

    @property
    def call(self) -> str:
        """How it is made, if users make it."""
        for node in self.node.body:
            if isinstance(node, ast.FunctionDef) and node.name == "__init__":
                made_by_us = any(
                    each.annotation and "Session" in ast.unparse(each.annotation)
                    for each in node.args.args
                )
                return "" if made_by_us else f"{self.kind.__name__}({_arguments(node)})"
        fields = list(self.fields)
        if not fields:
            return ""
        return f"{self.kind.__name__}({', '.join(f'{name}: {kind}' for name, kind in fields)})"

    @staticmethod
    def _shown(node: ast.FunctionDef | ast.AsyncFunctionDef) -> str:
        if any(ast.unparse(each) == "property" for each in node.decorator_list):
            return f"{node.name}: {_returned(node)}"
        returns = _returned(node)
        if any("contextmanager" in ast.unparse(each) for each in node.decorator_list):
            returns = "a context" + re.sub(r"Iterator\[(.*)\]", r" of \1", returns)
            returns = returns.replace(" of None", "")
        return f"{node.name}({_arguments(node)}) -> {returns}"

    @staticmethod
    def _kind(node: ast.FunctionDef | ast.AsyncFunctionDef) -> str:
        kinds = {ast.unparse(each) for each in node.decorator_list}
        return " (class method)" if "classmethod" in kinds else ""


SHOWN = {
    "EVERYTHING": "NamespacePrefix.of()",
    "_TEXT_BLOCK": "TextBlock()",
    "Updater": "Callable[[str], str]",
    "Test": "Callable[[Entry | Snapshot], bool | None]",
}
"""Names of ours in signatures, as a reader should see them."""


def _arguments(node: ast.FunctionDef | ast.AsyncFunctionDef) -> str:
    text = ast.unparse(node.args)
    text = re.sub(r"\*\*options: Unpack\[(\w+)\]", r"**\1", text)
    text = re.sub(r"^(self|cls)(, |$)", "", text)
    return re.sub(r"\w+", lambda word: _value(word[0]), text)


def _value(name: str) -> str:
    return SHOWN.get(name) or (str(getattr(limits, name)) if hasattr(limits, name) else name)


def _returned(node: ast.FunctionDef | ast.AsyncFunctionDef) -> str:
    return ast.unparse(node.returns).strip("'") if node.returns else "None"


def _contract(node: ast.FunctionDef | ast.AsyncFunctionDef) -> str:
    return inspect.cleandoc(ast.get_docstring(node) or "")


def _indented(text: str) -> str:
    return "\n".join(f"  {line}" if line else "" for line in text.splitlines())


def _class(name: str) -> Iterator[str]:
    kind = getattr(commonplace, name)
    source = Source(kind)
    yield f"\n### `{name}`\n\n"
    if source.call:
        yield f"`{source.call}`\n\n"
    yield f"{inspect.getdoc(kind)}\n"
    members = list(source.members)
    if members and not (issubclass(kind, commonplace.Rule) and kind is not commonplace.Rule):
        yield "\n" + "".join(members)


def page() -> str:
    """The whole page."""
    parts = [HEAD]
    for title, names in {**SECTIONS, "More": _unplaced()}.items():
        if names:
            parts.append(f"\n## {title}\n")
        for name in names:
            parts += _class(name)
    parts.append("\n## Options\n")
    for kind in (WriteOptions, Options, Filters, WatchOptions):
        parts.append(f"\n### `{kind.__name__}`\n\n{inspect.getdoc(kind)}\n")
    parts.append("\n## Async\n\nThe same calls, awaited. Handles are made without `await`.\n\n")
    twins = [name for name in commonplace.__all__ if name.startswith("Async")]
    parts.append("".join(f"- `{name}`: `{name.removeprefix('Async')}`\n" for name in twins))
    parts.append("\n## Errors\n\nAll are in [errors](errors.md), and in the module `errors`.\n\n")
    parts.append("".join(f"- `{name}`\n" for name in commonplace.__all__ if _is_error(name)))
    parts.append("\n## Version\n\n`__version__` is the version of the package, as text.\n")
    return "".join(parts)


def _unplaced() -> tuple[str, ...]:
    """Values that nobody has given a section."""
    placed = {name for names in SECTIONS.values() for name in names} | {"__version__", "errors"}
    return tuple(
        name
        for name in commonplace.__all__
        if name not in placed and not name.startswith("Async") and not _is_error(name)
    )


def _is_error(name: str) -> bool:
    return isinstance(getattr(commonplace, name), type) and issubclass(
        getattr(commonplace, name), BaseException
    )


def main() -> int:
    """Write the page, or with `--check` fail if it is not what would be written."""
    text = page()
    if "--check" in sys.argv[1:]:
        if not PAGE.exists() or PAGE.read_text(encoding="utf-8") != text:
            print(f"{PAGE.relative_to(ROOT)} is out of date: run tools/reference.py")
            return 1
        return 0
    PAGE.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
