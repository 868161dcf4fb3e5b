"""Arguments: what people type, as the values that the faces take."""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final, NamedTuple, TypeVar

import click

from commonplace import InvalidNamespace, InvalidReference, Namespace, NamespacePrefix, Reference
from commonplace.model.reference import parse_time

F = TypeVar("F", bound=Callable[..., Any])

NAMESPACE: Final = "COMMONPLACE_NAMESPACE"

_AGO: Final = re.compile(r"([0-9]{1,6})([smhdw])\Z")
_UNIT_S: Final = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_REVISION: Final = re.compile(r"r?([0-9]{1,18})\Z")
_RANGE: Final = re.compile(r"(?:r?([0-9]{1,18}))?\.\.(?:r?([0-9]{1,18}))?\Z")


class Where(NamedTuple):
    """A place to read over: a namespace or prefix, and in a namespace a region, key and `at`."""

    scope: Namespace | NamespacePrefix
    region: str | None = None
    key: str | None = None
    reference: Reference | None = None


def parse_where(text: str) -> Where:
    """`task/q3`, all below `task/`, everything (`/`), or a reference into a namespace."""
    if text.endswith("/") and ":" not in text:
        return Where(NamespacePrefix.parse(text.strip("/") + "/" if text != "/" else ""))
    if ":" in text:
        reference = parse_reference(text)
        assert reference.namespace is not None
        return Where(reference.namespace, reference.region, reference.key or None, reference)
    try:
        return Where(Namespace.parse(text))
    except InvalidNamespace as error:
        raise InvalidNamespace(f"{error} Here, `{text}/` means all namespaces below it.") from None


def parse_reference(text: str, inside: str | None = None) -> Reference:
    """A reference, in brackets or not; one without a namespace is looked for in `inside`."""
    if text.startswith("[") and text.endswith("]"):
        text = text[1:-1]
    reference = Reference.parse(text)
    if reference.namespace is None:
        if not inside:
            raise InvalidReference(
                f"{reference} names no namespace. Write one before it, as in "
                f"task/q3:{reference}, or give it with --in task/q3 or {NAMESPACE}."
            )
        reference = replace(reference, namespace=Namespace.parse(inside))
    return reference


def parse_revision(text: str) -> int | None:
    """The number of `r4812`; None for anything else."""
    match = _REVISION.match(text)
    return int(match[1]) if match and text.startswith("r") else None


def parse_when(text: str, now: datetime) -> datetime:
    """A time with its zone, or so long before `now`: 30s, 15m, 2h, 3d, 1w."""
    ago = _AGO.match(text)
    if ago:
        return now - timedelta(seconds=int(ago[1]) * _UNIT_S[ago[2]])
    return parse_time(text)


def revision_option(text: str) -> int:
    """A revision, with or without its `r`, for click."""
    match = _REVISION.match(text)
    if match is None:
        raise click.BadParameter(f"{text!r} is no revision such as r4812.")
    return int(match[1])


def revisions_option(text: str) -> tuple[int, int | None]:
    """A range of revisions, both ends included and either left out, for click."""
    single, match = _REVISION.match(text), _RANGE.match(text)
    if single:
        return int(single[1]), int(single[1])
    if match is None:
        raise click.BadParameter(f"{text!r} is no range of revisions such as r10..r20.")
    return int(match[1] or 0), int(match[2]) if match[2] else None


def when_option(text: str) -> datetime:
    """A time with its zone, or how long ago, for click."""
    try:
        return parse_when(text, datetime.now(UTC))
    except OverflowError:
        raise click.BadParameter(f"{text!r} is before the year 1.") from None
    except InvalidReference as error:
        raise click.BadParameter(f"{error} Or say how long ago: 30m, 2h, 3d.") from None


def inside_option(function: F) -> F:
    """Add `--in`: the namespace of references that name none."""
    return click.option(
        "--in",
        "inside",
        metavar="NAMESPACE",
        envvar=NAMESPACE,
        help=f"Namespace of references without one. Default: {NAMESPACE}.",
    )(function)
