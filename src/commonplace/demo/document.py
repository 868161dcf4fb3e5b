"""The documents a crew reads, and where the default ones are found.

A document is text with line numbers. Listing names documents without reading
them, so that a supervisor can count the work before anyone starts; `load`
reads one. Nothing here imports or runs what it reads.
"""

import os
import random
import sys
import sysconfig
import tokenize
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Kind = Literal["page", "pep", "module", "distribution"]

MAX_DOCUMENT_BYTES = 2_000_000
"""Longer files are skipped: no page of documentation comes near it."""

DEFAULT_DOCUMENTS = 160
"""How many documents of this Python each specialist reads when no number is asked for."""

_SKIPPED_FOLDERS = frozenset(
    {
        "test",
        "tests",
        "distutils",
        "encodings",
        "idlelib",
        "lib2to3",
        "turtledemo",
        "ensurepip",
    }
)


class NoDocuments(ValueError):
    """A folder was named that holds nothing this crew can read. Nothing was started."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A document that was found but not read yet: its kind, its short name, its path."""

    kind: Kind
    name: str
    path: Path


@dataclass(frozen=True, slots=True)
class Document:
    """A document that was read. `subject` is what it is about: `cgi`, `PEP 563`, `click`."""

    kind: Kind
    name: str
    subject: str
    lines: tuple[str, ...]

    def text(self) -> str:
        """The whole text, with `\\n` between the lines."""
        return "\n".join(self.lines)


def list_folder(folder: Path, kind: Kind) -> list[Listed]:
    """The `.rst` files of a folder, by name; `NoDocuments` if there are none."""
    if not folder.is_dir():
        raise NoDocuments(f"{folder} is not a folder. Name one that holds .rst files.")
    found = [
        Listed(kind, path.name, path) for path in sorted(folder.glob("*.rst")) if _readable(path)
    ]
    if not found:
        raise NoDocuments(f"{folder} holds no .rst files to read.")
    return found


def list_modules() -> list[Listed]:
    """The source files of the running Python's standard library, public ones only, by name."""
    root = Path(sysconfig.get_path("stdlib"))
    found = []
    for folder, folders, files in os.walk(root):
        folders[:] = [name for name in folders if _public(name) and name not in _SKIPPED_FOLDERS]
        for name in files:
            path = Path(folder, name)
            if path.suffix == ".py" and _public(path.stem) and _readable(path):
                found.append(Listed("module", path.relative_to(root).as_posix(), path))
    return sorted(found, key=lambda listed: listed.name)


def list_distributions() -> list[Listed]:
    """The METADATA files of the installed distributions, by name."""
    found: dict[str, Listed] = {}
    for path in _metadata_files():
        name = f"{path.parent.name}/{path.name}"
        if _readable(path):
            found.setdefault(name, Listed("distribution", name, path))
    return [found[name] for name in sorted(found)]


def choose(found: Sequence[Listed], *, limit: int | None, seed: int) -> list[Listed]:
    """At most `limit` of the documents found, in an order that depends on `seed` alone."""
    order = list(found)
    random.Random(f"{seed}:{len(order)}").shuffle(order)
    return order if limit is None else order[:limit]


def load(listed: Listed) -> Document:
    """Reads one listed document. Bytes that are not UTF-8 are replaced, never refused."""
    if listed.kind == "module":
        lines = _source_lines(listed.path)
    else:
        lines = listed.path.read_text(encoding="utf-8", errors="replace").split("\n")
    return Document(listed.kind, listed.name, _subject(listed, lines), tuple(lines))


def _public(name: str) -> bool:
    return name == "__init__" or (name.isidentifier() and not name.startswith("_"))


def _readable(path: Path) -> bool:
    return path.is_file() and 0 < path.stat().st_size <= MAX_DOCUMENT_BYTES


def _source_lines(path: Path) -> list[str]:
    try:
        with tokenize.open(path) as source:
            return source.read().split("\n")
    except (SyntaxError, UnicodeDecodeError):
        return path.read_text(encoding="utf-8", errors="replace").split("\n")


def _metadata_files() -> Iterator[Path]:
    for entry in dict.fromkeys(sys.path):
        folder = Path(entry)
        if entry and folder.is_dir():
            yield from sorted(folder.glob("*.dist-info/METADATA"))
            yield from sorted(folder.glob("*.egg-info/PKG-INFO"))


def _subject(listed: Listed, lines: Sequence[str]) -> str:
    if listed.kind == "pep":
        number = listed.name.removeprefix("pep-").removesuffix(".rst")
        return f"PEP {int(number)}" if number.isdecimal() else listed.name.removesuffix(".rst")
    if listed.kind == "page":
        return listed.name.removesuffix(".rst").removeprefix("library-")
    if listed.kind == "module":
        return listed.name.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
    for line in lines[:40]:
        if line.startswith("Name: "):
            return line.removeprefix("Name: ").strip()
    return listed.name.split("-", 1)[0]
