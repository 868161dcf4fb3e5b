"""Namespace and NamespacePrefix: a whole path inside a tenant, and a partial one.

The two are different types, so that a partial path can never be taken for a whole one
because of its length. A namespace is never built by joining strings.
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import quote, unquote

from commonplace import limits
from commonplace.errors import InvalidNamespace
from commonplace.model.names import check_name

_PAIRS = ("task", "role", "agent")
_SINGLES = ("shared", "tenant")
_KINDS = ("task", "role", "agent", "shared", "tenant")


_ENCODED = re.compile(r"(?:[A-Za-z0-9._~-]|%[0-9A-Fa-f]{2})+\Z")


def escape(segment: str) -> str:
    """Percent-encode everything outside `[A-Za-z0-9._~-]`."""
    return quote(segment, safe="")


def _checked(segments: object) -> tuple[str, ...]:
    if not isinstance(segments, tuple):
        raise InvalidNamespace(f"segments are a tuple of names, not {type(segments).__name__}.")
    if len(segments) > limits.MAX_NAMESPACE_DEPTH:
        raise InvalidNamespace(
            f"a namespace has at most {limits.MAX_NAMESPACE_DEPTH} segments, not {len(segments)}."
        )
    return tuple(check_name(s, "namespace segment", error=InvalidNamespace) for s in segments)


def _split(text: object, what: str) -> tuple[str, ...]:
    if not isinstance(text, str):
        raise InvalidNamespace(f"{what} must be text here, not {type(text).__name__}.")
    if not text:
        return ()
    parts = text.split("/")
    for part in parts:
        if part and not _ENCODED.match(part):
            raise InvalidNamespace(
                f"{what} {text!r} holds a character to percent-encode. "
                "Give its names one by one to Namespace.of(), which does it for you."
            )
    try:
        return tuple(unquote(part, errors="strict") for part in parts)
    except UnicodeDecodeError:
        raise InvalidNamespace(f"{what} {text!r} is not percent-encoded UTF-8.") from None


@dataclass(frozen=True, slots=True, order=True)
class Namespace:
    """A whole, typed path inside a tenant.

    Build one with `task`, `role`, `agent`, `shared` or `of`; `parse` reads the text form.
    Raises `InvalidNamespace` for a partial or malformed path.
    """

    segments: tuple[str, ...]

    def __post_init__(self) -> None:
        _checked(self.segments)
        if not self.segments:
            raise InvalidNamespace("an empty path is a NamespacePrefix, not a Namespace.")
        kind, depth = self.segments[0], len(self.segments)
        if kind in _PAIRS and depth != 2:
            raise InvalidNamespace(
                f"{self} is partial or too deep: a {kind} namespace is '{kind}/NAME'. "
                f"To read over all of them use NamespacePrefix.of({kind!r})."
            )
        if kind in _SINGLES and depth != 1:
            raise InvalidNamespace(f"{self}: the namespace {kind!r} has no parts.")
        if kind not in _KINDS and depth < 2:
            raise InvalidNamespace(
                f"{self} is partial: of() takes a kind and at least one name, as in "
                f"Namespace.of({kind!r}, 'NAME')."
            )

    @classmethod
    def task(cls, name: str) -> "Namespace":
        """The hot memory of one task."""
        return cls.of("task", name)

    @classmethod
    def role(cls, name: str) -> "Namespace":
        """What everybody in a role has learnt."""
        return cls.of("role", name)

    @classmethod
    def agent(cls, name: str) -> "Namespace":
        """The private namespace of one actor."""
        return cls.of("agent", name)

    @classmethod
    def shared(cls) -> "Namespace":
        """What the whole tenant shares."""
        return cls(("shared",))

    @classmethod
    def tenant(cls) -> "Namespace":
        """The tenant itself: its grants, retention and cursors."""
        return cls(("tenant",))

    @classmethod
    def of(cls, *segments: str) -> "Namespace":
        """A path of your own, such as `Namespace.of("users", "123")`."""
        return cls(segments)

    @classmethod
    def parse(cls, text: str) -> "Namespace":
        """Read the text form, `task/q3`; the reverse of `str`."""
        return _parsed(text) if type(text) is str else cls(_split(text, "namespace"))

    @property
    def prefixes(self) -> "tuple[NamespacePrefix, ...]":
        """Every prefix that covers this namespace, the empty one first."""
        return tuple(NamespacePrefix(self.segments[:n]) for n in range(len(self.segments)))

    def __str__(self) -> str:
        return "/".join(escape(segment) for segment in self.segments)


@dataclass(frozen=True, slots=True, order=True)
class NamespacePrefix:
    """A partial path: all namespaces below it. Reading over one needs a grant for it."""

    segments: tuple[str, ...]

    def __post_init__(self) -> None:
        _checked(self.segments)

    @classmethod
    def of(cls, *segments: str) -> "NamespacePrefix":
        """The prefix with these whole segments; without any it covers the tenant."""
        return cls(segments)

    @classmethod
    def parse(cls, text: str) -> "NamespacePrefix":
        """Read the text form, `task/`; the reverse of `str`. Empty text covers the tenant."""
        *steps, last = _split(text, "prefix") or ("",)
        if last:
            raise InvalidNamespace(f"prefix {text!r} does not end with '/': is it a namespace?")
        if text and not steps[0]:
            raise InvalidNamespace(f"prefix {text!r} begins with '/': the empty one covers all.")
        return cls(tuple(steps))

    def covers(self, namespace: Namespace) -> bool:
        """Whether `namespace` lies below this prefix (whole segments, never characters)."""
        depth = len(self.segments)
        return len(namespace.segments) > depth and namespace.segments[:depth] == self.segments

    def __str__(self) -> str:
        return "".join(escape(segment) + "/" for segment in self.segments)


@lru_cache(maxsize=8192)
def _parsed(text: str) -> Namespace:
    return Namespace(_split(text, "namespace"))
