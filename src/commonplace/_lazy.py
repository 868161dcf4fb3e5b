"""The one place that imports late."""

import importlib
from types import ModuleType
from typing import Any


def lazy_import(name: str, extra: str | None = None) -> ModuleType:
    """Import module `name` when it is first needed: an optional extra, or slow to load at start-up.

    If the module is not installed and belongs to `extra`, the error says what to install.
    A module that is there but fails to import something of its own raises that error unchanged.
    """
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        absent = error.name or ""
        if extra is None or not f"{name}.".startswith(f"{absent}."):
            raise
        raise ModuleNotFoundError(
            f"{name} is not installed. It comes with an optional extra: "
            f"pip install 'commonplace[{extra}]'",
            name=name,
        ) from error


class LazyModule:
    """Stands for module `name`, which is imported when something of it is first used."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, attribute: str) -> Any:
        value = getattr(lazy_import(self._name), attribute)
        setattr(self, attribute, value)
        return value
