"""Overlay: a change made in another text than the one it was made in, by the names of lines.

A turn reads the snapshot it pinned with its own writes in it. Its writes landed at the head,
where others may have written meanwhile; here they are made in the snapshot once more.

Worked example. A turn pinned `a`(1,0) `b`(2,0). Another agent appended `x`(3,0), then the turn
replaced `b` by `B`(4,0): from `a b x` to `a B x`. The turn sees `a`(1,0) `B`(4,0).
"""

from collections.abc import Iterator
from typing import NamedTuple

from commonplace.core.text import Text

_Name = tuple[int, int]


class _Hunk(NamedTuple):
    """Between two lines that stayed: those that went and those that came in their place."""

    behind: list[_Name]
    went: list[_Name]
    came: Text


def overlay(view: Text, before: Text, after: Text) -> Text:
    """`view` with the change that led from `before` to `after` made in it.

    Lines that went go where they stand. Those that came stand where the first of them stood,
    or else behind the nearest line before the change that the view has, too.
    """
    here = {line[:2] for line in view}
    gone: set[_Name] = set()
    at: dict[_Name | None, Text] = {}
    for hunk in _hunks(before, after):
        gone.update(hunk.went)
        places = [name for name in hunk.went if name in here]
        behind = next((name for name in reversed(hunk.behind) if name in here), None)
        place = places[0] if places else behind
        at[place] = at.get(place, ()) + hunk.came
    made = list(at.get(None, ()))
    for line in view:
        if line[:2] not in gone:
            made.append(line)
        made += at.get(line[:2], ())
    return tuple(made)


def _hunks(before: Text, after: Text) -> Iterator[_Hunk]:
    """The runs of lines that differ by name; lines that stay keep their order."""
    stays = {line[:2] for line in before} & {line[:2] for line in after}
    behind: list[_Name] = []
    old, new = 0, 0
    while old < len(before) or new < len(after):
        starts = old, new
        while old < len(before) and before[old][:2] not in stays:
            old += 1
        while new < len(after) and after[new][:2] not in stays:
            new += 1
        if (old, new) != starts:
            went = [line[:2] for line in before[starts[0] : old]]
            yield _Hunk(behind, went, after[starts[1] : new])
        if old < len(before):
            behind.append(before[old][:2])
        old, new = old + 1, new + 1
