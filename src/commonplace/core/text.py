"""The text value: lines that know the write they came from, and the operations on them.

A line is named by `(version, place)`: the version of the entry whose write put it there and
its place in that write. Names survive whatever happens around the line, so "these lines are
untouched" is a look-up, and two edits of different lines commute.

Worked example. Version 1 appends `a`, `b`: lines (1,0) (1,1). Version 2 replaces `b` by
`B`: (1,0) (2,0). Version 3 appends `c`: (1,0) (2,0) (3,0). An owner who read version 2 now
condenses through 2 to `s`: that is version 4, and the text is (4,0) `s`, (3,0) `c`.
"""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from itertools import accumulate, islice
from typing import Any, NamedTuple

from commonplace.core.access import Tier
from commonplace.core.difference import differences, same_ends
from commonplace.core.operation import Operation
from commonplace.core.verdict import Refusal
from commonplace.model.entry import Line

Text = tuple[Line, ...]

ERASED_LINE = "[erased]"
MAX_PLACES_SHOWN = 100
"""Occurrences of an ambiguous anchor that a refusal lists; looking for more helps nobody."""


def split(text: str) -> list[str]:
    """The lines of a text: one newline at its end ends the last line, and adds none."""
    return text.removesuffix("\n").split("\n") if text else []


def made(text: str, version: int) -> Text:
    """The lines that a write of `text` puts there."""
    if "\n" not in text:  # most are one line, and a fold makes hundreds
        return (Line(version, 0, text),) if text else ()
    return tuple(Line(version, index, line) for index, line in enumerate(split(text)))


def joined(lines: Text) -> str:
    """The text itself, such that `split` gives the same lines back.

    No newline ends it, unless its last line is empty: then one does, to keep that line.
    """
    text = "\n".join([line[2] for line in lines])
    return text + "\n" if lines and not lines[-1][2] else text


def size_bytes(lines: Text) -> int:
    """UTF-8 size, counting a newline per line, so that appends add up exactly."""
    text = "".join([line[2] for line in lines])
    return len(lines) + (len(text) if text.isascii() else len(text.encode()))


def _append(value: Text | None, arguments: Mapping[str, Any], version: int) -> Text:
    return (value or ()) + made(arguments["text"], version)


def _rewrite(value: Text | None, arguments: Mapping[str, Any], version: int) -> Text:
    return made(arguments["text"], version)


def _condense(value: Text | None, arguments: Mapping[str, Any], version: int) -> Text:
    through = arguments["through"]
    kept = tuple(line for line in value or () if line.version > through)
    return made(arguments["text"], version) + kept


def ended(lines: Text) -> str:
    """The text with every line ended, which is what anchors are looked for in."""
    return "".join([line[2] + "\n" for line in lines])


def find(text: str, anchor: str, limit: int) -> list[int]:
    """Offsets of the first `limit` occurrences of `anchor`, overlapping ones included."""
    found: list[int] = []
    start = text.find(anchor)
    while start >= 0 and len(found) < limit:
        found.append(start)
        start = text.find(anchor, start + 1)
    return found


def starts(lines: Text) -> list[int]:
    """The offset in the ended text at which each line begins, and where the text ends."""
    return [0, *accumulate([len(line[2]) + 1 for line in lines])]


class Place(NamedTuple):
    """Where an anchor stands: its offset inside the first of its lines, and those lines."""

    offset: int
    first: int
    last: int


def locate(lines: Text, anchor: str) -> Place | Refusal:
    """Where `anchor` stands exactly once. A newline at its end belongs to its last line."""
    shown = anchor if len(anchor) <= 80 else anchor[:77] + "..."
    found = find(ended(lines), anchor, MAX_PLACES_SHOWN + 1) if anchor else []
    if not found:
        return Refusal(
            "anchor_not_found",
            f"Not written. {shown!r} does not occur in the current text. "
            "Read it again and quote it exactly, or append a note.",
            {"anchor": anchor},
        )
    begins = starts(lines)
    if len(found) > 1:
        more = len(found) > MAX_PLACES_SHOWN
        numbers = [bisect_right(begins, offset) for offset in found[:MAX_PLACES_SHOWN]]
        distinct = list(dict.fromkeys(numbers))
        where = ", ".join(f"L{n}" for n in distinct[:10]) + (", …" if len(distinct) > 10 else "")
        times = f"more than {MAX_PLACES_SHOWN}" if more else str(len(found))
        return Refusal(
            "anchor_not_unique",
            f"Not written. {shown!r} occurs {times} times, at {where}. Quote more around it.",
            {"anchor": anchor, "lines": numbers},
        )
    first = bisect_right(begins, found[0]) - 1
    last = bisect_right(begins, found[0] + len(anchor) - 1) - 1
    return Place(found[0] - begins[first], first, last)


def touched(lines: Text, first: int, last: int, arguments: Mapping[str, Any]) -> Refusal | None:
    """A conflict when one of the lines was written after `base`, by none of the `own` versions."""
    base, own = arguments.get("base"), arguments.get("own", ())
    if base is None:
        return None
    span = enumerate(lines[first : last + 1], start=first)
    late = [n for n, line in span if line.version > base and line.version not in own]
    if not late:
        return None
    return Refusal(
        "version_conflict",
        f"Not written. You read version {base}; line {late[0] + 1} was changed since, "
        f"in version {lines[late[0]].version}.",
        {"lines": [n + 1 for n in late]},
    )


def _replace(value: Text | None, arguments: Mapping[str, Any], version: int) -> Text | Refusal:
    lines, old, new = value or (), arguments["old"], arguments["new"]
    place = locate(lines, old)
    if isinstance(place, Refusal):
        return place
    offset, first, last = place
    span = ended(lines[first : last + 1])
    changed = span[:offset] + new + span[offset + len(old) :]
    if changed and not changed.endswith("\n"):  # the last line lost its end: the next joins it
        last += 1
        changed += ended(lines[last : last + 1]) or "\n"
    refusal = touched(lines, first, last, arguments)
    if refusal:
        return refusal
    became = changed.removesuffix("\n").split("\n") if changed else []
    return lines[:first] + _relined(lines[first : last + 1], became, version) + lines[last + 1 :]


def _relined(before: Text, became: Sequence[str], version: int) -> Text:
    """The lines that `before` became; those quoted around the change stay who they are."""
    start, end = same_ends([line[2] for line in before], became)
    middle = became[start : len(became) - end]
    made_now = tuple(Line(version, index, text) for index, text in enumerate(middle))
    return before[:start] + made_now + before[len(before) - end :]


def _insert(value: Text | None, arguments: Mapping[str, Any], version: int) -> Text | Refusal:
    lines, after = value or (), arguments["after"]
    if isinstance(after, int):
        if after > len(lines):
            return Refusal(
                "anchor_not_found",
                f"Not written. There is no line {after}: the text has {len(lines)}.",
                {"anchor": after},
            )
        at = after
    else:
        place = locate(lines, after)
        if isinstance(place, Refusal):
            return place
        _, first, last = place
        refusal = touched(lines, first, last, arguments)
        if refusal:
            return refusal
        at = last + 1
    return lines[:at] + made(arguments["text"], version) + lines[at:]


def edits(before: Text, after: Sequence[str]) -> list[dict[str, Any]]:
    """The difference between a text and the lines it should become, as named-line hunks."""
    return [
        {
            "after": list(before[i1 - 1][:2]) if i1 else None,
            "remove": [list(line[:2]) for line in before[i1:i2]],
            "lines": list(after[j1:j2]),
        }
        for i1, i2, j1, j2 in differences([line[2] for line in before], after)
    ]


def _edit(value: Text | None, arguments: Mapping[str, Any], version: int) -> Text | Refusal:
    """Each hunk goes where its first removed line stands, or else behind its `after`."""
    lines = value or ()
    place_of = {line[:2]: index for index, line in enumerate(lines)}
    doomed: set[int] = set()
    added: dict[int, list[Line]] = {}
    gone = fresh = 0
    for hunk in arguments["hunks"]:
        removed = [place_of.get(tuple(name), -1) for name in hunk["remove"]]
        at = min(removed, default=0)
        if not removed and hunk["after"]:
            at = place_of.get(tuple(hunk["after"]), -2) + 1
        gone += removed.count(-1) + (at < 0 and not removed)
        doomed.update(removed)
        made_now = [Line(version, fresh + n, text) for n, text in enumerate(hunk["lines"])]
        added.setdefault(at, []).extend(made_now)
        fresh += len(made_now)
    if gone:
        return Refusal(
            "version_conflict",
            f"Not written. You read version {arguments['base']}; "
            f"{gone} of the lines you edited were changed since.",
            {"expect": arguments["base"]},
        )
    result: list[Line] = []
    for index, line in enumerate(lines):
        result += added.get(index, ())
        if index not in doomed:
            result.append(line)
    return (*result, *added.get(len(lines), ()))


def _grows(arguments: Mapping[str, Any]) -> int:
    text = arguments["text"]
    return len(text.encode()) + (not text.endswith("\n")) if text else 0


TEXT_OPERATIONS: Mapping[str, Operation] = {
    operation.name: operation
    for operation in (
        Operation("append", Tier.CONTRIBUTOR, _append, needs_value=False, grows_bytes=_grows),
        Operation("insert", Tier.EDITOR, _insert),
        Operation("replace", Tier.EDITOR, _replace),
        Operation("edit", Tier.EDITOR, _edit),
        Operation("rewrite", Tier.OWNER, _rewrite, needs_value=False, whole=True),
        Operation("condense", Tier.OWNER, _condense),
    )
}


def to_plain(lines: Text) -> dict[str, Any]:
    """The stored form: the text, and runs of `[version, first place, count]`."""
    runs: list[list[int]] = []
    for line in lines:
        if runs and runs[-1][0] == line.version and runs[-1][1] + runs[-1][2] == line.place:
            runs[-1][2] += 1
        else:
            runs.append([line.version, line.place, 1])
    return {"text": joined(lines), "lines": runs}


def from_plain(plain: Mapping[str, Any]) -> Text:
    """The reverse of `to_plain`."""
    texts = iter(split(plain["text"]))
    return tuple(
        Line(version, first + n, text)
        for version, first, count in plain["lines"]
        for n, text in enumerate(islice(texts, count))
    )
