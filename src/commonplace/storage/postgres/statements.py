"""Statements: the SQL of this engine by name, read once from its `.sql` files."""

import functools
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from commonplace.storage.postgres.wire import columns_of
from commonplace.storage.statements import read_statements

FOLDER: Final = Path(__file__).parent / "sql"


@functools.cache
def statements() -> Mapping[str, str]:
    """Every statement of this engine by name; a name stands for one statement only."""
    return read_statements(FOLDER)


@functools.cache
def set_wise() -> Mapping[str, tuple[str, ...]]:
    """The statements that take all their rows at once, with the types of their columns."""
    found = {name: columns_of(sql) for name, sql in statements().items()}
    return {name: columns for name, columns in found.items() if columns}
