"""The text value: lines that know the write they came from, and the operations on them.

A line is named by `(version, place)`: the version of the entry whose write put it there and
its place in that write. Names survive whatever happens around the line, so "these lines are
untouched" is a look-up, and two edits of different lines commute.

Worked example. Version 1 appends `a`, `b`: lines (1,0) (1,1). Version 2 replaces `b` by
`B`: (1,0) (2,0). Version 3 appends `c`: (1,0) (2,0) (3,0). An owner who read version 2 now
condenses through 2 to `s`: that is version 4, and the text is (4,0) `s`, (3,0) `c`.
"""

import difflib
from collections.abc import Mapping, Sequence
from typing import Any

from commonplace.core.access import Tier
from commonplace.core.operation import Operation
from commonplace.core.verdict import Refusal
from commonplace.model.entry import Line

Text = tuple[Line, ...]

ERASED_LINE = "[erased]"


def split(text: str) -> list[str]:
    """The lines of a text: one newline at its end ends the last line, and adds none."""
    return text.removesuffix("\n").split("\n") if text else []


def made(text: str, version: int) -> Text:
    """The lines that a write of `text` puts there."""
    return tuple(Line(version, index, line) for index, line in enumerate(split(text)))


def joined(lines: Text) -> str:
    """The text itself."""
    return "\n".join([line[2] for line in lines])


def size_bytes(lines: Text) -> int:
    """UTF-8 size, counting a newline per line, so that appends add up exactly."""
    return sum(len(line.text.encode()) + 1 for line in lines)


def _append(value: Text | None, arguments: Mapping[str, Any], version: int) -> Text:
    return (value or ()) + made(arguments["text"], version)


def _rewrite(value: Text | None, arguments: Mapping[str, Any], version: int) -> Text:
    return made(arguments["text"], version)


def _condense(value: Text | None, arguments: Mapping[str, Any], version: int) -> Text:
    through = arguments["through"]
    kept = tuple(line for line in value or () if line.version > through)
    return made(arguments["text"], version) + kept


def find(lines: Text, anchor: str) -> list[int]:
    """Offsets of every occurrence of `anchor`, overlapping ones included."""
    text, found, start = joined(lines), [], 0
    while (start := text.find(anchor, start)) >= 0:
        found.append(start)
        start += 1
    return found


def line_at(lines: Text, offset: int) -> int:
    """Index of the line in which the character at `offset` stands."""
    for index, line in enumerate(lines):
        if offset <= len(line.text):
            return index
        offset -= len(line.text) + 1
    return max(len(lines) - 1, 0)


def locate(lines: Text, anchor: str) -> tuple[int, int, int] | Refusal:
    """Where `anchor` stands exactly once: its offset, first and last line index."""
    found = find(lines, anchor)
    shown = anchor if len(anchor) <= 80 else anchor[:77] + "..."
    if not found:
        return Refusal(
            "anchor_not_found",
            f"Not written. {shown!r} does not occur in the current text. "
            "Read it again and quote it exactly, or append a note.",
            {"anchor": anchor},
        )
    if len(found) > 1:
        numbers = [line_at(lines, offset) + 1 for offset in found]
        where = ", ".join(f"L{n}" for n in numbers[:10]) + (", …" if len(numbers) > 10 else "")
        return Refusal(
            "anchor_not_unique",
            f"Not written. {shown!r} occurs {len(found)} times, at {where}. Quote more around it.",
            {"anchor": anchor, "lines": numbers},
        )
    return found[0], line_at(lines, found[0]), line_at(lines, found[0] + len(anchor))


def touched(lines: Text, first: int, last: int, base: int | None) -> Refusal | None:
    """A conflict when one of the lines was written after version `base`."""
    if base is None:
        return None
    late = [n for n in range(first, last + 1) if n < len(lines) and lines[n].version > base]
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
    refusal = touched(lines, first, last, arguments.get("base"))
    if refusal:
        return refusal
    start = offset - sum(len(line.text) + 1 for line in lines[:first])
    span = joined(lines[first : last + 1])
    result = span[:start] + new + span[start + len(old) :]
    whole_lines = start == 0 and old.endswith("\n") and (not new or new.endswith("\n"))
    if whole_lines:  # the match ends where its last line begins: that line is untouched
        result, last = new, last - 1
    parts = split(result) if whole_lines else result.split("\n")
    middle = tuple(Line(version, index, text) for index, text in enumerate(parts))
    return lines[:first] + middle + lines[last + 1 :]


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
        refusal = touched(lines, first, last, arguments.get("base"))
        if refusal:
            return refusal
        at = last + 1
    return lines[:at] + made(arguments["text"], version) + lines[at:]


def edits(before: Text, after: Sequence[str]) -> list[dict[str, Any]]:
    """The difference between a text and the lines it should become, as named-line hunks."""
    from_lines = [line.text for line in before]
    start, end = 0, 0
    shortest = min(len(from_lines), len(after))
    while start < shortest and from_lines[start] == after[start]:
        start += 1
    while end < shortest - start and from_lines[-1 - end] == after[-1 - end]:
        end += 1
    hunks = []
    old, new = from_lines[start : len(from_lines) - end], after[start : len(after) - end]
    for tag, i1, i2, j1, j2 in difflib.SequenceMatcher(
        None, old, new, autojunk=False
    ).get_opcodes():
        if tag == "equal":
            continue
        previous = before[start + i1 - 1][:2] if start + i1 else None
        hunks.append(
            {
                "after": list(previous) if previous else None,
                "remove": [list(line[:2]) for line in before[start + i1 : start + i2]],
                "lines": list(new[j1:j2]),
            }
        )
    return hunks


def _edit(value: Text | None, arguments: Mapping[str, Any], version: int) -> Text | Refusal:
    lines = list(value or ())
    names = {line[:2]: None for line in lines}
    gone = [
        tuple(name)
        for hunk in arguments["hunks"]
        for name in (hunk["remove"] or ([hunk["after"]] if hunk["after"] else []))
        if tuple(name) not in names
    ]
    if gone:
        return Refusal(
            "version_conflict",
            f"Not written. You read version {arguments['base']}; "
            f"{len(gone)} of the lines you edited were changed since.",
            {},
        )
    fresh = 0
    for hunk in arguments["hunks"]:
        added = [Line(version, fresh + n, text) for n, text in enumerate(hunk["lines"])]
        fresh += len(added)
        doomed = {tuple(name) for name in hunk["remove"]}
        places = [n for n, line in enumerate(lines) if line[:2] in doomed]
        if places:
            at = places[0]
            lines = [line for line in lines if line[:2] not in doomed]
        elif hunk["after"]:
            at = next(n for n, line in enumerate(lines) if line[:2] == tuple(hunk["after"])) + 1
        else:
            at = 0
        lines[at:at] = added
    return tuple(lines)


def _grows(arguments: Mapping[str, Any]) -> int:
    return sum(len(line.encode()) + 1 for line in split(arguments["text"]))


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
    texts = iter(plain["text"].split("\n"))
    return tuple(
        Line(version, first + n, next(texts))
        for version, first, count in plain["lines"]
        for n in range(count)
    )
