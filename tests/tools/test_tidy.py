from pathlib import Path

import pytest

import tidy

SRC = "src/commonplace/core/decide.py"


def rules_broken(path: str, text: str) -> list[str]:
    return [line.split(": ")[1] for line in tidy.check(path, text)]


BROKEN = {
    "a file too long": (SRC, "x = 1\n" * 401, "size"),
    "a function too long": (SRC, "def f():\n" + "    x = 1\n" * 70, "size"),
    "an async function too long": (SRC, "async def f():\n" + "    x = 1\n" * 70, "size"),
    "eight positions": (SRC, "def f(a, b, c, d, e, f, g, h): ...\n", "parameters"),
    "a bare except": (SRC, "try:\n    f()\nexcept:\n    pass\n", "boundary"),
    "all caught": (SRC, "try:\n    f()\nexcept (OSError, Exception) as e:\n    pass\n", "boundary"),
    "no reason": (SRC, "try:\n    f()\nexcept Exception:  # boundary:\n    pass\n", "boundary"),
    "a hidden import": (SRC, "def f():\n    import json\n", "late_import"),
    "an import by name": (SRC, "m = importlib.import_module('json')\n", "late_import"),
    "a query": (SRC, "q = 'select x from y'\n", "sql"),
    "a query with a hole": (SRC, "q = f'SELECT x FROM {table}'\n", "sql"),
    "a query glued": (SRC, "q = 'INSERT ' + into\n", "sql"),
    "an orphan": (SRC, "x = 1  # TODO: later\n", "owner"),
    "a sleep": ("tests/unit/test_x.py", "time.sleep(1)\n", "sleep"),
    "an async sleep": ("tests/unit/test_x.py", "asyncio.run(asyncio.sleep(0))\n", "sleep"),
    "a test of no room": ("tests/unit/nowhere/test_x.py", "", "mirror"),
    "a machine's path": ("README.md", "see /" + "work/main\n", "leak"),
    "a home": ("README.md", "`/" + "home/ann/x`\n", "leak"),
    "a registry": ("README.md", "from https://" + "pypi.example/simple\n", "leak"),
    "an index": (".ci/run", "pip install --index" + "-url x\n", "leak"),
}

SOUND = {
    "files and functions at the bound": (SRC, "def f():\n" + "    x = 1\n" * 69 + "y = 1\n" * 330),
    "seven positions and names": (SRC, "def f(self, a, b, c, d, e, f, g, *, h, i): ...\n"),
    "a handler that re-raises": (SRC, "try:\n    f()\nexcept Exception:\n    g()\n    raise\n"),
    "a boundary with its reason": (
        SRC,
        "try:\n    f()\nexcept Exception:  # boundary: a source is not ours\n    pass\n",
    ),
    "a narrow handler": (SRC, "try:\n    f()\nexcept OSError:\n    pass\n"),
    "an import for types": (SRC, "if TYPE_CHECKING:\n    import json\n"),
    "a lazy import": (SRC, "def f():\n    return lazy_import('json')\n"),
    "prose like SQL": (SRC, '"""Select a key from it."""\nx = "Update it, then read."\n'),
    "SQL where it belongs": ("src/commonplace/storage/sqlite/sql/read.sql", "SELECT x FROM y;\n"),
    "a TODO with an owner": (SRC, "x = 1  # TODO(ann): drop with 0.3\n"),
    "a marker in a value": (SRC, "MARKERS = ('TODO', 'FIXME')\n"),
    "a test of a room": ("tests/unit/test_public_names.py", ""),
    "a relative path and a URL": ("README.md", "src/work/x https://example.com/root/x ~/root/\n"),
    "no Python": ("docs/x.md", "import TODO except: sleep(1)\n"),
}


@pytest.mark.parametrize(("path", "text", "rule"), BROKEN.values(), ids=BROKEN)
def test_each_rule_finds_what_it_forbids(path: str, text: str, rule: str) -> None:
    assert rules_broken(path, text) == [rule]


@pytest.mark.parametrize(("path", "text"), SOUND.values(), ids=SOUND)
def test_no_rule_finds_what_is_allowed(path: str, text: str) -> None:
    assert tidy.check(path, text) == []


def test_an_exception_is_for_one_rule_in_one_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tidy, "EXCEPTIONS", {(SRC, "owner"): "for the test"})
    assert rules_broken(SRC, "def f():\n    import json  # TODO\n") == ["late_import"]
    assert rules_broken("src/commonplace/core/fold.py", "x = 1  # TODO\n") == ["owner"]


def test_the_files_of_this_repository_are_read() -> None:
    assert {"pyproject.toml", "tools/tidy.py"} <= dict(tidy.tracked()).keys()


def test_every_exception_names_a_rule_and_a_file_that_exist() -> None:
    rules = {rule.__name__ for rule in tidy.RULES}
    for (pattern, rule), reason in tidy.EXCEPTIONS.items():
        assert rule in rules
        assert reason
        assert list(Path(tidy.ROOT).glob(pattern))
