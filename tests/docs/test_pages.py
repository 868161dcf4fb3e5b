"""What the pages say is there: links, commands, names, tests and files."""

import ast
import builtins
import inspect
import re
from collections.abc import Iterator
from types import ModuleType

import pytest

import commonplace
from commonplace import limits
from commonplace.cli.commands import COMMANDS
from commonplace.telemetry.names import ATTRIBUTES, EVENTS, METRICS, SPANS
from pages import ROOT, Page, page, pages

PAGES = pages()
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_CODE = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
_PATH = re.compile(r"[\w.-]+(/[\w.-]+)+/?|[\w-]+\.(py|md|toml|sql)")
_ELSEWHERE = {"AsyncThing", "CancelledError", "PostgresStore", "SqliteStore", "sha256"}
"""Names in our pages that are made up, or other people's."""
_GENERATED = "docs/reference/python-api.md"


def test_each_command_block_of_the_readme_is_one_line() -> None:
    readme = page("README.md")
    assert [block.text for block in readme.section("Quick start")] == [
        "python3 -m venv .venv && .venv/bin/pip install --quiet . && .venv/bin/commonplace demo\n"
    ]
    assert [block.text for block in readme.section("Tests")] == [
        "python3 -m venv .venv && .venv/bin/pip install --quiet -e '.[test]' && .venv/bin/pytest\n"
    ]


@pytest.mark.parametrize("page", PAGES, ids=repr)
def test_links_lead_somewhere(page: Page) -> None:
    for target in _LINK.findall(page.prose):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        there = (page.path.parent / path).resolve() if path else page.path
        assert there.exists(), f"{page} links to {target}"
        if anchor:
            assert anchor in Page(there).anchors, f"{page} links to {target}"


def test_every_page_is_linked() -> None:
    linked = {ROOT / "README.md"}
    for each in PAGES:
        for target in _LINK.findall(each.prose):
            linked.add((each.path.parent / target.partition("#")[0]).resolve())
    lost = [each for each in PAGES if each.path not in linked]
    assert not lost, f"no page links to {lost}"


def test_the_overview_lists_every_how_to_once_by_its_title() -> None:
    listed = re.findall(r"^- \[(.+)\]\((how-to/.+)\)$", page("docs/README.md").text, re.M)
    files = (ROOT / "docs" / "how-to").glob("*.md")
    there = {f"how-to/{each.name}": each.read_text("utf-8").split("\n")[0] for each in files}
    assert {path: f"# {title}" for title, path in listed} == there
    assert len(listed) == len(there)


@pytest.mark.parametrize("page", [page for page in PAGES if page.name != _GENERATED], ids=repr)
def test_names_in_code_exist(page: Page) -> None:
    wrong = [code for code in _CODE.findall(page.prose) if any(_missing(code))]
    assert not wrong, f"{page} speaks of what is not there: {wrong}"


@pytest.mark.parametrize("page", PAGES, ids=repr)
def test_commands_exist(page: Page) -> None:
    lines = _CODE.findall(page.prose)
    for block in page.blocks:
        if block.language in {"console", "sh", "bash"}:
            lines += block.text.splitlines()
    wrong = [
        name
        for line in lines
        for name in re.findall(r"(?:^|[ /])commonplace ([a-z]\w*)", line)
        if name not in COMMANDS
    ]
    assert not wrong, f"{page} speaks of commands that are not there: {wrong}"


def _missing(code: str) -> Iterator[str]:
    """What in a piece of code names nothing."""
    for name in re.findall(r"\bcommonplace\.(\w+)", code):
        if name not in _SHOWN | _ROOMS | _TOLD:
            yield name
    for name in re.findall(r"(?<![\w.])[A-Z][a-z]+(?:[A-Z][a-z]+)+\b", code):
        if name not in _KNOWN:
            yield name
    for name in re.findall(r"\b([a-z_]\w*)\(", code):
        if name not in _KNOWN:
            yield name
    for name in re.findall(r"\b[A-Z][A-Z]+(?:_[A-Z]+)*\b", code):
        if "_" in name and not hasattr(limits, name) and name not in _VARIABLES:
            yield name
    for name in re.findall(r"\btest_\w+", code):
        if name not in _TESTS and not list(ROOT.glob(f"tests/**/{name}.py")):
            yield name
    if re.fullmatch(_PATH, code) and code.rpartition(".")[2] in {"py", "sql"}:
        places = (ROOT, ROOT / "src", ROOT / "src/commonplace", ROOT / "tests", ROOT / "docs")
        if not any((place / code).exists() for place in places) and "/" in code:
            yield code


def _tests() -> set[str]:
    """The names of all tests, without running any."""
    found = set()
    for folder in (ROOT / "tests", ROOT / "src/commonplace/testing"):
        for path in folder.rglob("*.py"):
            tree = ast.parse(path.read_text(encoding="utf-8"))
            found |= {
                node.name
                for node in ast.walk(tree)
                if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
                and node.name.startswith("test_")
            }
    return found


def _members() -> set[str]:
    """Every public name of the package, and every public member of its classes."""
    found = set(commonplace.__all__)
    for name in commonplace.__all__:
        value = getattr(commonplace, name)
        if inspect.isclass(value) or isinstance(value, ModuleType):
            found |= {member for member in dir(value) if not member.startswith("_")}
    return found


_SHOWN = _members()
_ROOMS = {path.stem for path in (ROOT / "src/commonplace").iterdir()} | {"db"}
_TOLD = {
    name.split(".")[1]
    for name in (*SPANS, *EVENTS, *ATTRIBUTES, *(metric.name for metric in METRICS))
    if name.startswith("commonplace.")
}
"""What telemetry has under the name of the package."""
_KNOWN = _SHOWN | set(dir(builtins)) | _ELSEWHERE
_TESTS = _tests()
_VARIABLES = {
    name
    for path in (ROOT / "src").rglob("*.py")
    for name in re.findall(r"\bCOMMONPLACE_[A-Z_]+\b", path.read_text(encoding="utf-8"))
}
"""Variables of the environment that the program reads."""


def test_every_public_name_says_what_it_is() -> None:
    silent = []
    for name in commonplace.__all__:
        value = getattr(commonplace, name)
        if name != "__version__" and not inspect.getdoc(value):
            silent.append(name)
        if not inspect.isclass(value):
            continue
        for member, what in vars(value).items():
            if member.startswith("_") or not (callable(what) or isinstance(what, property)):
                continue
            if not inspect.getdoc(what):
                silent.append(f"{name}.{member}")
    assert not silent, f"without a docstring: {silent}"
