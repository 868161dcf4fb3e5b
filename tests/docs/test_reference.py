"""The reference pages are complete and up to date: API, errors, limits, commands."""

import re

import pytest

import commonplace
import reference as generator
from commonplace import errors, limits
from pages import page


def test_the_api_page_is_what_the_docstrings_say() -> None:
    assert page("docs/reference/python-api.md").text == generator.page(), "run tools/reference.py"


@pytest.mark.parametrize("name", commonplace.__all__)
def test_every_public_name_is_on_the_api_page(name: str) -> None:
    text = page("docs/reference/python-api.md").text
    assert re.search(rf"^(### |- |)`{name}`", text, re.MULTILINE) or f"module `{name}`" in text


def test_the_errors_page_has_every_error_with_its_code() -> None:
    shown = dict(re.findall(r"`(\w+)` \| `(\w+)`", page("docs/reference/errors.md").text))
    there = {kind.__name__: code for code, kind in errors.BY_CODE.items() if code != "error"}
    assert shown == there


def test_the_tree_in_the_docstring_has_every_error() -> None:
    drawn = re.findall(r"── (\w+)", errors.__doc__ or "")
    assert sorted(drawn) == sorted(
        kind.__name__ for kind in errors.BY_CODE.values() if kind is not errors.CommonplaceError
    )


def test_the_limits_page_has_every_limit_with_its_value() -> None:
    rows = re.findall(r"^\| `(\w+)` \| ([-\d,.]+) \|", page("docs/reference/limits.md").text, re.M)
    shown = {name: float(value.replace(",", "")) for name, value in rows}
    there = {name: float(value) for name, value in vars(limits).items() if name.isupper()}
    assert shown == there
    assert len(rows) == len(shown), "a limit stands there twice"


def test_every_public_error_is_exported() -> None:
    missing = [each.__name__ for each in errors.BY_CODE.values() if each.__name__ not in
               commonplace.__all__]  # fmt: skip
    assert not missing
