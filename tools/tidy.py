"""The house rules that no other tool checks, each with its reason.

Ruff sees to names, layout and `print`; import-linter to the rooms; this to sizes, boundaries,
late imports, SQL, owners of TODOs, sleeping tests, and what must not leak from a machine.
Run it without arguments: it reads the files git tracks or would track, and names every breach.
"""

import ast
import io
import re
import subprocess
import sys
import tokenize
from collections.abc import Callable, Iterator
from fnmatch import fnmatch
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent

# (pattern of paths, rule): why it may. Keep it short: each line is a debt or a necessity.
EXCEPTIONS: dict[tuple[str, str], str] = {}

MAX_FILE_LINES = 400
MAX_FUNCTION_LINES = 70
MAX_PARAMETERS = 7


class Breach(NamedTuple):
    """One place that breaks one rule."""

    line: int
    message: str


class File(NamedTuple):
    """A tracked text file; `tree` is None unless it is Python."""

    path: str
    text: str
    tree: ast.Module | None

    @classmethod
    def parse(cls, path: str, text: str) -> "File":
        """Read `text` as Python if the name says it is."""
        return cls(path, text, ast.parse(text, path) if path.endswith(".py") else None)

    @property
    def nodes(self) -> Iterator[ast.AST]:
        """Every node of the tree, or none."""
        return ast.walk(self.tree) if self.tree else iter(())

    @property
    def comments(self) -> dict[int, str]:
        """The comment of each line that has one."""
        if self.tree is None:
            return {}
        tokens = tokenize.generate_tokens(io.StringIO(self.text).readline)
        return {t.start[0]: t.string for t in tokens if t.type == tokenize.COMMENT}


Function = ast.FunctionDef | ast.AsyncFunctionDef


def size(file: File) -> Iterator[Breach]:
    """Bound files and functions: what is longer holds two nouns, and is no longer read whole."""
    lines = len(file.text.splitlines())
    if lines > MAX_FILE_LINES:
        yield Breach(lines, f"file of {lines} lines, over {MAX_FILE_LINES}")
    for node in file.nodes:
        if isinstance(node, Function):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            if length > MAX_FUNCTION_LINES:
                yield Breach(node.lineno, f"{node.name}: {length} lines, over {MAX_FUNCTION_LINES}")


def parameters(file: File) -> Iterator[Breach]:
    """Bound what a caller must keep in order.

    Only parameters that can be given by position count, without self and cls. Keyword-only ones
    are named at each call, so they cannot be confused, and every write of a face takes the same
    handful (`reason=`, `kind=`, `based_on=`...).
    """
    for node in file.nodes:
        if isinstance(node, Function):
            names = [a.arg for a in (*node.args.posonlyargs, *node.args.args)]
            count = len(names) - (names[:1] in (["self"], ["cls"]))
            if count > MAX_PARAMETERS:
                yield Breach(node.lineno, f"{node.name}: {count} parameters, over {MAX_PARAMETERS}")


def boundary(file: File) -> Iterator[Breach]:
    """Catch everything only at a boundary that says so: elsewhere it hides the next defect.

    A handler that re-raises is free; any other carries `# boundary: <reason>` on its line.
    """
    comments = file.comments
    for node in file.nodes:
        if not isinstance(node, ast.ExceptHandler) or not _catches_all(node.type):
            continue
        if any(isinstance(inner, ast.Raise) for inner in ast.walk(node)):
            continue
        if not re.search(r"# boundary: \w", comments.get(node.lineno, "")):
            yield Breach(node.lineno, "catches all without a raise or `# boundary: <reason>`")


def _catches_all(kind: ast.expr | None) -> bool:
    if isinstance(kind, ast.Tuple):
        return any(_catches_all(each) for each in kind.elts)
    return kind is None or ast.unparse(kind) in ("Exception", "BaseException")


def late_import(file: File) -> Iterator[Breach]:
    """Import at the top: a hidden import hides a dependency from readers and from import-linter.

    Optional extras and what is slow to load go through `commonplace._lazy.lazy_import`.
    """
    if file.path == "src/commonplace/_lazy.py":
        return
    for node in file.nodes:
        if isinstance(node, Function):
            for inner in ast.walk(node):
                if isinstance(inner, ast.Import | ast.ImportFrom):
                    yield Breach(inner.lineno, f"imports inside {node.name}: use lazy_import")
        elif isinstance(node, ast.Call) and _called(node) in ("import_module", "__import__"):
            yield Breach(node.lineno, "imports by name: use lazy_import")


def _called(node: ast.Call) -> str:
    return ast.unparse(node.func).rpartition(".")[2]


def sql(file: File) -> Iterator[Breach]:
    """Keep SQL in .sql files: named, comparable between engines, never built from strings."""
    statement = re.compile(
        r"\s*(?:SELECT|INSERT|REPLACE|UPDATE|DELETE|CREATE|ALTER|DROP)\s"
        r"|(?i:\s*(?:select\b.+\bfrom|insert\s+(?:or\s+\w+\s+)?into|update\s+\w+\s+set"
        r"|delete\s+from|create\s+(?:unique\s+)?(?:table|index|view|trigger))\b)",
        re.DOTALL,
    )
    prose = {id(node.value) for node in file.nodes if isinstance(node, ast.Expr)}
    for node in file.nodes:
        if not isinstance(node, ast.Constant) or id(node) in prose:
            continue
        if isinstance(node.value, str) and statement.match(node.value):
            yield Breach(node.lineno, f"SQL outside a .sql file: {node.value.strip()[:40]!r}")


def owner(file: File) -> Iterator[Breach]:
    """Give each TODO an owner, `TODO(name):`, or do it: what is nobody's is never done."""
    for line, comment in file.comments.items():
        if re.search(r"\b(?:TODO|FIXME|XXX)\b(?!\([^)\s]+\))", comment):
            yield Breach(line, f"without an owner: {comment}")


def sleep(file: File) -> Iterator[Breach]:
    """Let tests wait on events and inject the clock: a sleep is slow, or flaky, or both."""
    sleeping = re.compile(r"(?:(?:time|asyncio|anyio|trio)\.)?sleep")
    for node in file.nodes:
        if isinstance(node, ast.Call) and sleeping.fullmatch(ast.unparse(node.func)):
            yield Breach(node.lineno, "sleeps: wait on an event or inject the clock")


def mirror(file: File) -> Iterator[Breach]:
    """Keep unit tests in the folder of their room: a file's tests are found without a search."""
    folder = Path(file.path).parent.relative_to("tests/unit")
    if not (ROOT / "src" / "commonplace" / folder).is_dir():
        yield Breach(1, f"there is no room src/commonplace/{folder.as_posix()} for these tests")


def leak(file: File) -> Iterator[Breach]:
    """Name no machine and no package registry: they are true on one machine only, or private."""
    machine = r"(?<![\w.~\-/])/(?:work|root)/|(?<![\w.~\-/])/(?:home|Users)/\w"
    registry = r"--(?:extra-)?index-url|//[^\s/]*(?:pypi|pythonhosted|registry|artifactory|devpi)\b"
    for number, line in enumerate(file.text.splitlines(), 1):
        if found := re.search(f"{machine}|{registry}", line):
            yield Breach(number, f"names a machine's path or a package registry: {found[0]!r}")


# Where each rule holds, as patterns of paths (`*` also crosses folders).
RULES: dict[Callable[[File], Iterator[Breach]], tuple[str, ...]] = {
    size: ("src/*.py", "tools/*.py"),
    parameters: ("src/*.py", "tools/*.py"),
    boundary: ("src/*.py", "tools/*.py"),
    late_import: ("src/*.py", "tools/*.py"),
    sql: ("src/*.py",),
    owner: ("*.py",),
    sleep: ("tests/*.py",),
    mirror: ("tests/unit/*.py",),
    leak: ("*",),
}


def check(path: str, text: str) -> list[str]:
    """Give one line for each breach in a file, as `path:line: rule: message`."""
    file = File.parse(path, text)
    return [
        f"{path}:{breach.line}: {rule.__name__}: {breach.message}"
        for rule, places in RULES.items()
        if any(fnmatch(path, place) for place in places)
        and not any(fnmatch(path, p) and name == rule.__name__ for p, name in EXCEPTIONS)
        for breach in rule(file)
    ]


def tracked() -> Iterator[tuple[str, str]]:
    """Give the path and text of each text file that git tracks, or would if it were added."""
    listing = subprocess.run(
        ["git", "-c", f"safe.directory={ROOT}", "ls-files", "-z", "-co", "--exclude-standard"],
        cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True,
    ).stdout  # fmt: skip
    for path in sorted(filter(None, listing.split("\0"))):
        try:
            yield path, (ROOT / path).read_text("utf-8")
        except (UnicodeDecodeError, FileNotFoundError, IsADirectoryError):
            continue  # a picture, a file just deleted, a folder that is linked


def main() -> int:
    """Print every breach of every file; fail if there is one."""
    breaches = [line for path, text in tracked() for line in check(path, text)]
    print("\n".join(breaches), end="\n" if breaches else "")
    return 1 if breaches else 0


if __name__ == "__main__":
    sys.exit(main())
