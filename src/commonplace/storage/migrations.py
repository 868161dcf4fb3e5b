"""Migrations: numbered `.sql` files, applied forward only and never edited once released."""

from pathlib import Path
from typing import NamedTuple


class Migration(NamedTuple):
    """One step of the schema."""

    number: int
    script: str


def read_migrations(folder: Path) -> tuple[Migration, ...]:
    """The migrations of a folder in order. Raises `ValueError` unless they count up from 1."""
    found = [
        Migration(int(path.name.partition("_")[0]), path.read_text("utf-8"))
        for path in sorted(folder.glob("[0-9]*.sql"))
    ]
    if [each.number for each in found] != list(range(1, len(found) + 1)):
        raise ValueError(f"migrations must count from 1: {[each.number for each in found]}")
    return tuple(found)
