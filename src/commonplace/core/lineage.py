"""Lineage: lines by the names of those who put them there, and what was built on such lines.

A line is named by the version that put it there and its place in that write (`core.text`); a
JSON value is one line, at place 0. What is taken back, and what was built on it, is a set of
names, so that whatever else moved in an entry, "was this line shown, cited, changed" is a
look-up.

Worked example. Version 3 put lines (3,0) and (3,1), and (3,1) is retracted. A turn that was
served line 1 of version 4, which is (3,0), was not shown it; one served all of version 4 was.
Version 5 replaced (3,1): what it put there was made from it, and is suspect.
"""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from commonplace.core.fold import OPERATIONS
from commonplace.core.reserved import CURSORS, NOTICES, RETENTION, SERVED
from commonplace.core.taking_back import TAKING_BACK
from commonplace.core.text import TEXT_OPERATIONS

Name = tuple[int, int]
"""Of a line: the version that put it there, and its place in that write."""

EDITS = frozenset({"replace", "edit", "condense", "rewrite"})
"""Operations that take lines away and make others of them."""

TELLING = frozenset({SERVED, NOTICES, CURSORS, RETENTION})
"""Regions whose records say what was read or kept: nobody builds anything there."""


class Taken(NamedTuple):
    """Lines of one entry: all that `versions` put there, and `names` besides."""

    versions: frozenset[int] = frozenset()
    names: frozenset[Name] = frozenset()

    @classmethod
    def of(cls, versions: Iterable[int] = (), names: Iterable[Name] = ()) -> "Taken":
        """From anything that gives versions and names."""
        return cls(frozenset(versions), frozenset(names))

    @property
    def made_by(self) -> frozenset[int]:
        """The versions that put some of it there."""
        return self.versions | {version for version, _ in self.names}

    def holds(self, name: Name) -> bool:
        """Whether a line is among them."""
        return name[0] in self.versions or name in self.names

    def without(self, other: "Taken") -> "Taken":
        """What of this is not among others; a whole version stays whole until it is all gone."""
        return Taken(
            self.versions - other.versions,
            frozenset(name for name in self.names if not other.holds(name)),
        )


class Passage(NamedTuple):
    """Lines `first` to `last` of a version of an entry; 0 to 0 for all of it."""

    version: int
    first: int
    last: int


def spoken_of(versions: Iterable[int], arguments: Mapping[str, Any] | None) -> Taken:
    """What a record that takes `versions` back took of them; without its bytes, all."""
    names = {(name[0], name[1]) for name in (arguments or {}).get("lines", ())}
    return Taken.of(set(versions) - {version for version, _ in names}, names)


def is_text(operation: str, arguments: Mapping[str, Any] | None) -> bool:
    """Whether a record made lines, and not a JSON value."""
    return operation in TEXT_OPERATIONS or (
        operation in TAKING_BACK and arguments is not None and "text" in arguments
    )


def puts(operation: str, arguments: Mapping[str, Any] | None, *, dead: bool = False) -> bool:
    """Whether a record put anything there that could be served, cited or taken back."""
    if operation in TAKING_BACK:
        told = arguments or {}
        return "text" in told or bool(told.get("current") and "value" in told)
    known = OPERATIONS.get(operation)
    return not dead and operation != "erase" and not (known is not None and known.kills)


def makes_value(operation: str, arguments: Mapping[str, Any] | None, *, dead: bool) -> bool:
    """Whether a record of a JSON entry made what stands after it, be it a tombstone."""
    if operation == "erase" or operation in TAKING_BACK:
        return dead or bool(arguments and arguments.get("current"))
    return True


def is_built(operation: str, arguments: Mapping[str, Any] | None, versions: frozenset[int]) -> bool:
    """Whether a record that knew of `versions` of its entry ({} for another entry) is built on it.

    Saying that something was wrong, or must be forgotten, is not. A correction is, unless it
    corrects those very versions.
    """
    if operation == "erase":
        return False
    if operation not in TAKING_BACK:
        return True
    told = arguments or {}
    return puts(operation, told) and versions.isdisjoint(told.get("versions", ()))
