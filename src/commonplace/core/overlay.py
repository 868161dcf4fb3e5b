"""Overlay: a change made in another text than the one it was made in, by the names of lines.

A turn reads the snapshot it pinned with its own writes in it. Its writes landed at the head,
where others may have written meanwhile; here they are made in the snapshot once more.

Worked example. A turn pinned `a`(1,0) `b`(2,0). Another agent appended `x`(3,0), then the turn
replaced `b` by `B`(4,0): from `a b x` to `a B x`. The turn sees `a`(1,0) `B`(4,0).
"""

from commonplace.core.text import Text


def overlay(view: Text, before: Text, after: Text) -> Text:
    """`view` with the change that led from `before` to `after` made in it.

    Lines that went go where they stand. Lines that came stand behind the nearest line before
    them that the view has, too.
    """
    gone = {line[:2] for line in before} - {line[:2] for line in after}
    kept = [line for line in view if line[:2] not in gone]
    here = {line[:2] for line in kept}
    there = {line[:2] for line in before}
    behind: dict[tuple[int, int] | None, list[int]] = {}
    anchor: tuple[int, int] | None = None
    for number, line in enumerate(after):
        if line[:2] in here:
            anchor = line[:2]
        elif line[:2] not in there:
            behind.setdefault(anchor, []).append(number)
    made = [after[number] for number in behind.get(None, ())]
    for line in kept:
        made.append(line)
        made += (after[number] for number in behind.get(line[:2], ()))
    return tuple(made)
