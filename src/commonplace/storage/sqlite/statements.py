"""Statements: the SQL of this engine by name, read once from its `.sql` files."""

import functools
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from commonplace.storage.statements import read_statements

FOLDER: Final = Path(__file__).parent / "sql"


@functools.cache
def statements() -> Mapping[str, str]:
    """Every statement of this engine by name; a name stands for one statement only."""
    return read_statements(FOLDER)
