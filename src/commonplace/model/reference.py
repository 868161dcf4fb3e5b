"""Reference: how people, prompts, URLs and citations name an entry.

Grammar: `[namespace:]region[/key][@at][#L3-5]`, where `at` is a version (`12`), versions
back (`-1`), a revision (`r4812`) or a time with its zone (`2026-11-20T03:00Z`). Every
segment is percent-encoded outside `[A-Za-z0-9._~-]`; `#` is parsed from the right, then
`@`, then the first `:`. `str` and `parse` are each other's reverse.
"""

import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Self
from urllib.parse import unquote

from commonplace.errors import InvalidName, InvalidNamespace, InvalidReference
from commonplace.model.names import RESERVED, check_key, check_region
from commonplace.model.namespace import Namespace, escape

_LINES = re.compile(r"L([1-9][0-9]{0,8})(?:-([1-9][0-9]{0,8}))?\Z")
_VERSION = re.compile(r"-?[0-9]{1,18}\Z")
_REVISION = re.compile(r"r[0-9]{1,18}\Z")
_ENCODED = re.compile(r"(?:[A-Za-z0-9._~-]|%[0-9A-Fa-f]{2})+\Z")


@dataclass(frozen=True, slots=True)
class AtVersion:
    """A version of the entry, or with a negative number so many versions back."""

    version: int

    def __str__(self) -> str:
        return str(self.version)


@dataclass(frozen=True, slots=True)
class AtRevision:
    """The entry as it stood at a revision of the tenant."""

    revision: int

    def __str__(self) -> str:
        return f"r{self.revision}"


@dataclass(frozen=True, slots=True)
class AtTime:
    """The entry at the last revision at or before a time."""

    time: datetime

    def __str__(self) -> str:
        text = self.time.astimezone(UTC).isoformat(timespec="microseconds")
        text = text.removesuffix("+00:00")
        whole, fraction = text.split(".")
        if fraction.strip("0"):
            return f"{whole}.{fraction.rstrip('0')}Z"
        return f"{whole.removesuffix(':00')}Z"


At = AtVersion | AtRevision | AtTime


def parse_time(text: str) -> datetime:
    """Read an ISO 8601 time; raises `InvalidReference` when it has no zone."""
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        raise InvalidReference(f"{text!r} is no time such as 2026-11-20T03:00Z.") from None
    if time.tzinfo is None:
        raise InvalidReference(f"{text!r} has no zone: write {text}Z or {text}+01:00.")
    return time


def parse_at(text: str) -> At:
    """Read what stands behind `@`: a version, `r` and a revision, or a time."""
    if _VERSION.match(text):
        return AtVersion(int(text))
    if _REVISION.match(text):
        return AtRevision(int(text[1:]))
    return AtTime(parse_time(text))


def _region(text: str, whole: str) -> str:
    region = _decoded(text, whole, "region")
    return region if RESERVED.match(region) else check_region(region)


def _decoded(text: str, whole: str, what: str) -> str:
    if not _ENCODED.match(text):
        offset = whole.find(text) if text else len(whole)
        bad = next((i for i, c in enumerate(text) if not re.match(r"[A-Za-z0-9._~%-]", c)), 0)
        raise InvalidReference.at(
            whole, offset + bad, f"the {what} is empty or holds a character to percent-encode."
        )
    try:
        return unquote(text, errors="strict")
    except UnicodeDecodeError:
        raise InvalidReference.at(whole, whole.find(text), f"the {what} is not UTF-8.") from None


@dataclass(frozen=True, slots=True)
class Reference:
    """Names an entry, and optionally when (`at`) and which lines (first, last; from 1).

    `namespace=None` leaves the namespace to the context, as citations in a report do.
    A block is the entry with the empty key.
    """

    namespace: Namespace | None
    region: str
    key: str = ""
    at: At | None = None
    lines: tuple[int, int] | None = None

    def __post_init__(self) -> None:
        if not RESERVED.match(self.region):
            check_region(self.region)
        if self.key:
            check_key(self.key)
        if self.lines and not 1 <= self.lines[0] <= self.lines[1]:
            raise InvalidReference(f"lines {self.lines} do not run forwards from 1.")

    @classmethod
    def parse(cls, text: str) -> "Reference":
        """Read the text form. Raises `InvalidReference` with a caret under the fault."""
        if not isinstance(text, str):
            raise InvalidReference(f"a reference is text, not {type(text).__name__}.")
        rest, lines, at, namespace = text, None, None, None
        if "#" in rest:
            rest, _, part = rest.rpartition("#")
            match = _LINES.match(part)
            if not match:
                raise InvalidReference.at(text, len(rest) + 1, "lines are written L3 or L3-5.")
            lines = (int(match[1]), int(match[2] or match[1]))
            if lines[0] > lines[1]:
                raise InvalidReference.at(text, len(rest) + 1, "the lines run backwards.")
        if "@" in rest:
            rest, _, part = rest.rpartition("@")
            try:
                at = parse_at(part)
            except InvalidReference as error:
                raise InvalidReference.at(text, len(rest) + 1, str(error)) from None
        if ":" in rest:
            part, _, rest = rest.partition(":")
            try:
                namespace = Namespace.parse(part)
            except InvalidNamespace as error:
                raise InvalidReference.at(text, 0, str(error)) from None
        region, slash, key = rest.partition("/")
        try:
            return cls(
                namespace,
                _region(region, text),
                _decoded(key, text, "key") if slash else "",
                at,
                lines,
            )
        except InvalidName as error:
            raise InvalidReference.at(text, text.find(rest), str(error)) from None

    def pinned(self, version: int) -> Self:
        """The same entry at a version."""
        return replace(self, at=AtVersion(version))

    def __str__(self) -> str:
        text = f"{self.namespace}:" if self.namespace else ""
        text += escape(self.region)
        if self.key:
            text += "/" + escape(self.key)
        if self.at is not None:
            text += f"@{self.at}"
        if self.lines:
            first, last = self.lines
            text += f"#L{first}" if first == last else f"#L{first}-{last}"
        return text
