"""The public names: each can be had, and the two lists in `__init__` say the same."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import commonplace

SOURCE = Path(commonplace.__file__).read_text("utf-8")


def _typed_homes() -> dict[str, str]:
    """What type checkers are told: name by name, the module it comes from."""
    block = next(node for node in ast.parse(SOURCE).body if isinstance(node, ast.If))
    return {
        alias.name: node.module or ""
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }


@pytest.mark.parametrize("name", commonplace.__all__)
def test_every_public_name_can_be_had(name: str) -> None:
    assert getattr(commonplace, name) is not None


def test_type_checkers_are_told_the_same_homes() -> None:
    assert _typed_homes() == commonplace._HOMES


def test_all_lists_the_names_of_both_kinds_and_nothing_else() -> None:
    errors = {name for name in vars(commonplace.errors) if name in commonplace.__all__}
    assert set(commonplace.__all__) == {*commonplace._HOMES, *errors, "__version__", "errors"}
    assert dir(commonplace) == sorted(commonplace.__all__)


def test_a_name_that_is_not_there_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'Memroy'"):
        _ = commonplace.Memroy


def test_importing_the_package_loads_nothing_heavy() -> None:
    code = "import sys, commonplace; print(*sorted(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert "commonplace.errors" in loaded
    assert not loaded & {"apsw", "asyncio", "click", "msgspec", "rich", "commonplace._sync.memory"}
