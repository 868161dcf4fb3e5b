"""Watching: the options of a watch, and which kind of watch they ask for."""

from typing import TypedDict, Unpack

from commonplace._async.group_watch import AsyncGroupWatch
from commonplace._async.session import AsyncSession
from commonplace._async.watch import AsyncBookmark, AsyncWatch
from commonplace.errors import InvalidInput, InvalidValue
from commonplace.model.names import check_name
from commonplace.model.namespace import Namespace, NamespacePrefix
from commonplace.model.reference import check_any_region
from commonplace.storage.proposal import check_version
from commonplace.storage.selection import Selection


class WatchOptions(TypedDict, total=False):
    """`after`: a revision (default: from now). `region`, `operation`, `actor`: filters.

    `cursor`: store the position under this name and go on from it next time. `group`: share
    the commits with every other watch of that group. `progress_s`: a progress mark when
    nothing came for so long. `timeout_s`: end when nothing came for so long. `debounce_s`:
    hold a burst of commits back until it pauses for so long, at most MAX_DEBOUNCES times that;
    then they come one by one, none merged and none lost.
    """

    after: int | None
    region: str | None
    operation: str | None
    actor: str | None
    cursor: str | None
    group: str | None
    progress_s: float | None
    timeout_s: float | None
    debounce_s: float | None


def make_watch(
    session: AsyncSession, where: Namespace | NamespacePrefix, **options: Unpack[WatchOptions]
) -> AsyncWatch | AsyncGroupWatch:
    """The watch that the options ask for. Does no I/O before its first step."""
    if not isinstance(where, Namespace | NamespacePrefix):
        raise InvalidInput(f"watch() takes a Namespace or NamespacePrefix, not {where!r}.")
    unknown = options.keys() - WatchOptions.__annotations__.keys()
    if unknown:
        raise TypeError(f"watch() has no option {', '.join(sorted(unknown))}")
    after, cursor, group = options.get("after"), options.get("cursor"), options.get("group")
    if after is not None:
        check_version(after, "after")
    if options.get("region") is not None:
        check_any_region(options["region"])
    if options.get("actor") is not None:
        check_name(options["actor"], "actor")
    progress_s = _wait(options.get("progress_s"), "progress_s")
    timeout_s = _wait(options.get("timeout_s"), "timeout_s")
    debounce_s = _wait(options.get("debounce_s"), "debounce_s")
    selection = Selection(
        session.reader, where, options.get("region"), options.get("operation"), options.get("actor")
    )
    if cursor is not None and group is not None:
        raise InvalidInput("A watch has a cursor of its own or a group's, not both.")
    if group is not None and (progress_s, debounce_s) != (None, None):
        raise InvalidInput(
            "A group's members share commits; progress_s and debounce_s are for a watch alone."
        )
    if group is not None:
        return AsyncGroupWatch(
            session,
            selection,
            check_name(group, "group"),
            after=after,
            timeout_s=timeout_s,
        )
    return AsyncWatch(
        session,
        selection,
        after=after,
        progress_s=progress_s,
        timeout_s=timeout_s,
        debounce_s=debounce_s,
        cursor=None if cursor is None else AsyncBookmark(session, check_name(cursor, "cursor")),
    )


def _wait(seconds: object, what: str) -> float | None:
    if seconds is None:
        return None
    if isinstance(seconds, int | float) and seconds >= 0:
        return seconds
    raise InvalidValue(f"{what}={seconds!r}: wait 0 seconds or more.")
