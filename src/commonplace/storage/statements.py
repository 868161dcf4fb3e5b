"""Statements: the SQL of an engine by name, read from the `.sql` files of its folder.

A statement file consists of sections: `-- name: entry_load`, comment lines that say why, and
one statement. Files whose names begin with a digit are migrations and belong to `migrations`.
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

_NAME: Final = re.compile(r"--\s*name:\s*(\w+)\s*")


def sections(text: str) -> Iterator[tuple[str, str]]:
    """Give each statement of a file by its name, without its comments.

    Raises `ValueError` for a section without a name, a reason or a statement.
    """
    name, why, lines = "", 0, list[str]()
    for line in [*text.splitlines(), "-- name: end"]:
        if match := _NAME.fullmatch(line.strip()):
            if name:
                if not why or not lines:
                    raise ValueError(f"{name}: a section is a name, a reason and a statement")
                yield name, "\n".join(lines).rstrip("; \n")
            name, why, lines = match[1], 0, []
        elif line.lstrip().startswith("--"):
            why += 1
        elif line.strip():
            if not name:
                raise ValueError(f"a statement without a name: {line.strip()}")
            lines.append(line.strip())


def read_statements(folder: Path) -> Mapping[str, str]:
    """Every statement in a folder by name; a name stands for one statement only."""
    found: dict[str, str] = {}
    for path in sorted(folder.glob("*.sql")):
        if path.name[0].isdigit():
            continue
        for name, sql in sections(path.read_text("utf-8")):
            if name in found:
                raise ValueError(f"{path.name}: a second statement named {name}")
            found[name] = sql
    return found
