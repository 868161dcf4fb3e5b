import sys
from pathlib import Path

import pytest

from commonplace._lazy import LazyModule, lazy_import


def test_a_module_is_given() -> None:
    assert lazy_import("json").loads("1") == 1


def test_the_error_names_the_extra_to_install() -> None:
    with pytest.raises(ModuleNotFoundError, match=r"pip install 'commonplace\[model\]'") as caught:
        lazy_import("not_installed_anywhere.client", extra="model")
    assert caught.value.name == "not_installed_anywhere.client"


def test_without_an_extra_the_error_is_as_it_was() -> None:
    with pytest.raises(ModuleNotFoundError, match="No module named 'not_installed_anywhere'"):
        lazy_import("not_installed_anywhere")


def test_a_module_that_is_broken_is_not_called_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "breaks_on_import.py").write_text("import its_own_missing_dependency\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ModuleNotFoundError, match="its_own_missing_dependency"):
        lazy_import("breaks_on_import", extra="model")


def test_a_lazy_module_is_imported_at_its_first_use(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "slow_to_load.py").write_text("answer = 42\n")
    monkeypatch.syspath_prepend(tmp_path)
    module = LazyModule("slow_to_load")
    assert "slow_to_load" not in sys.modules
    assert module.answer == 42
    assert "slow_to_load" in sys.modules
    with pytest.raises(AttributeError, match="question"):
        _ = module.question
