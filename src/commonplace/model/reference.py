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

from commonplace.errors import InvalidName, InvalidReference
from commonplace.model.names import RESERVED, check_key, check_name, check_region
from commonplace.model.namespace import Namespace, escape

_LINES = re.compile(r"L([1-9][0-9]{0,8})(?:-([1-9][0-9]{0,8}))?\Z")
_VERSION = re.compile(r"-?[0-9]{1,18}\Z")
_REVISION = re.compile(r"r[0-9]{1,18}\Z")
_ENCODED = re.compile(r"(?:[A-Za-z0-9._~-]|%[0-9A-Fa-f]{2})*")
_COUNT_END = 10**18
_LINE_END = 10**9


def _is_count(number: object, low: int, end: int) -> bool:
    return type(number) is int and low <= number < end


@dataclass(frozen=True, slots=True)
class AtVersion:
    """A version of the entry, or with a negative number so many versions back."""

    version: int

    def __post_init__(self) -> None:
        if not _is_count(self.version, 1 - _COUNT_END, _COUNT_END):
            raise InvalidReference(f"{self.version!r} is no version: they are whole numbers.")

    def __str__(self) -> str:
        return str(self.version)


@dataclass(frozen=True, slots=True)
class AtRevision:
    """The entry as it stood at a revision of the tenant."""

    revision: int

    def __post_init__(self) -> None:
        if not _is_count(self.revision, 0, _COUNT_END):
            raise InvalidReference(f"{self.revision!r} is no revision: they count up from 0.")

    def __str__(self) -> str:
        return f"r{self.revision}"


@dataclass(frozen=True, slots=True)
class AtTime:
    """The entry at the last revision at or before a time, which is kept in UTC."""

    time: datetime

    def __post_init__(self) -> None:
        if self.time.utcoffset() is None:
            raise InvalidReference(f"{self.time} has no zone: give it one, as in ...Z or +01:00.")
        try:
            object.__setattr__(self, "time", self.time.astimezone(UTC))
        except OverflowError:
            raise InvalidReference(f"{self.time} is outside the years 1 to 9999.") from None

    def __str__(self) -> str:
        text = self.time.isoformat(timespec="microseconds").removesuffix("+00:00")
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
        raise InvalidReference(
            f"{text!r} has no zone: write one behind the time, as in 2026-11-20T03:00Z."
        )
    return time


def parse_at(text: str) -> At:
    """Read what stands behind `@`: a version, `r` and a revision, or a time."""
    if _VERSION.match(text):
        return AtVersion(int(text))
    if _REVISION.match(text):
        return AtRevision(int(text[1:]))
    return AtTime(parse_time(text))


def check_any_region(region: object) -> str:
    """Return `region` if it is one of ours or a slug a user may choose."""
    if isinstance(region, str) and RESERVED.match(region):
        return region
    return check_region(region)


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
        if self.namespace is not None and not isinstance(self.namespace, Namespace):
            raise InvalidReference(
                f"a reference takes a Namespace, not {type(self.namespace).__name__}."
            )
        check_any_region(self.region)
        if self.key != "":
            check_key(self.key)
        if self.lines is not None:
            first, last = self.lines
            if not (_is_count(first, 1, _LINE_END) and _is_count(last, first, _LINE_END)):
                raise InvalidReference(f"lines {self.lines} do not run forwards from 1.")

    @classmethod
    def parse(cls, text: str) -> "Reference":
        """Read the text form. Raises `InvalidReference` with a caret under the fault."""
        if not isinstance(text, str):
            raise InvalidReference(f"a reference is text, not {type(text).__name__}.")
        return _Parser(text).reference()

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


class _Parser:
    """One reading of one text; every fault is reported at its place in the whole."""

    def __init__(self, text: str) -> None:
        self.text = text

    def reference(self) -> Reference:
        hash_at = self.text.rfind("#")
        end = len(self.text) if hash_at < 0 else hash_at
        lines = None if hash_at < 0 else self._lines(hash_at + 1)
        at = None
        if (at_at := self.text.rfind("@", 0, end)) >= 0:
            at = self._at(at_at + 1, end)
            end = at_at
        namespace, start = None, 0
        if (colon_at := self.text.find(":", 0, end)) >= 0:
            namespace = self._namespace(colon_at)
            start = colon_at + 1
        slash_at = self.text.find("/", start, end)
        region = self._segment(start, end if slash_at < 0 else slash_at, "region")
        key = "" if slash_at < 0 else self._segment(slash_at + 1, end, "key")
        return Reference(namespace, region, key, at, lines)

    def _fault(self, offset: int, reason: str) -> InvalidReference:
        return InvalidReference.at(self.text, offset, reason)

    def _lines(self, start: int) -> tuple[int, int]:
        match = _LINES.match(self.text, start)
        if not match:
            raise self._fault(start, "lines are written L3 or L3-5.")
        first, last = int(match[1]), int(match[2] or match[1])
        if first > last:
            raise self._fault(match.start(2), "the lines run backwards.")
        return first, last

    def _at(self, start: int, end: int) -> At:
        try:
            return parse_at(self.text[start:end])
        except InvalidReference as error:
            raise self._fault(start, str(error)) from None

    def _namespace(self, end: int) -> Namespace:
        segments, start = [], 0
        while start <= end:
            slash_at = self.text.find("/", start, end)
            stop = end if slash_at < 0 else slash_at
            segments.append(self._segment(start, stop, "namespace"))
            start = stop + 1
        try:
            return Namespace(tuple(segments))
        except InvalidName as error:
            raise self._fault(0, str(error)) from None

    def _segment(self, start: int, end: int, what: str) -> str:
        if start == end:
            raise self._fault(start, f"a name of the {what} is empty.")
        match = _ENCODED.match(self.text, start, end)
        if match is None or match.end() < end:
            fault = start if match is None else match.end()
            raise self._fault(fault, f"the {what} holds a character to percent-encode.")
        try:
            name = unquote(self.text[start:end], errors="strict")
        except UnicodeDecodeError:
            percent = self.text.find("%", start, end)
            raise self._fault(percent, f"the {what} is not percent-encoded UTF-8.") from None
        try:
            if what == "region":
                return check_any_region(name)
            return check_key(name) if what == "key" else check_name(name, "namespace segment")
        except InvalidName as error:
            raise self._fault(start, str(error)) from None
