"""EntryKey and Entry: the address of a value, and the value as a reader sees it."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, NamedTuple

from commonplace.model.namespace import Namespace
from commonplace.model.reference import AtVersion, Reference


class EntryKey(NamedTuple):
    """An entry's address inside its tenant, as rows and dictionaries hold it."""

    namespace: str
    region: str
    key: str = ""

    @classmethod
    def of(cls, reference: Reference) -> "EntryKey":
        """The key a whole reference names."""
        if reference.namespace is None:
            raise ValueError(f"{reference} has no namespace")
        return cls(str(reference.namespace), reference.region, reference.key)

    def reference(self, version: int | None = None) -> Reference:
        """The reference that names this key, at `version` if given."""
        return _reference(self, version)


@lru_cache(maxsize=8192)
def _reference(key: EntryKey, version: int | None) -> Reference:
    at = None if version is None else AtVersion(version)
    return Reference(Namespace.parse(key.namespace), key.region, key.key, at)


class Line(NamedTuple):
    """One line of a text and where it came from.

    `version` is that of the write which put it there and `place` its number among the lines
    of that write: together they name the line wherever others move it.
    """

    version: int
    place: int
    text: str


def to_datetime(at_us: int) -> datetime:
    """Microseconds since 1970 as a time in UTC; zero, the time of no commit, included."""
    return datetime.fromtimestamp(at_us // 1_000_000, UTC).replace(microsecond=at_us % 1_000_000)


def to_us(at: datetime) -> int:
    """The reverse of `to_datetime`, exact: a float would lose microseconds."""
    return (at - _EPOCH) // timedelta(microseconds=1)


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Entry:
    """A value as it stood at one version.

    `version` 0 means nothing was ever written. `value` is plain data; a text has `lines`
    as well, and its `value` is `text`. Times are the commit times of the records. Read in a
    turn, `own_versions` are those that the turn itself wrote after its pin: lines of these
    versions are its own. `as_of` is the revision of the state that was read, which a follower
    may have been behind with; entries are equal whenever they were read.
    """

    reference: Reference
    version: int
    revision: int
    exists: bool
    value: Any
    lines: tuple[Line, ...]
    updated_by: str
    updated_at_us: int
    own_versions: tuple[int, ...] = ()
    as_of: int = field(default=0, compare=False)

    @property
    def text(self) -> str:
        """The value of a text entry; empty when there is none."""
        return self.value if isinstance(self.value, str) else ""

    @property
    def updated_at(self) -> datetime:
        """When the last change was committed, in UTC."""
        return to_datetime(self.updated_at_us)
