"""Replay: the texts of a block from its records, folded once more and differently.

The checker compares reads with it. It reads the payloads as the log stores them and shares
no code with `commonplace.core.fold`.
"""

import json
from collections.abc import Collection, Sequence
from typing import Any

from commonplace.model.record import Record

_Line = tuple[tuple[int, int], str]


def texts_of(records: Sequence[Record], versions: Collection[int]) -> dict[int, str]:
    """The text at each of `versions`, from the records of one block, oldest first."""
    lines: list[_Line] = []
    texts = {0: ""}
    for record in records:
        assert record.body is not None and record.body.payload is not None
        arguments = json.loads(record.body.payload)
        lines = _after(lines, record.operation, arguments, record.version)
        if record.version in versions:
            texts[record.version] = "\n".join(text for _, text in lines)
    return texts


def _after(lines: list[_Line], operation: str, told: dict[str, Any], version: int) -> list[_Line]:
    if operation == "delete":
        return []
    if operation == "replace":
        before = "\n".join(text for _, text in lines)
        after = before.replace(told["old"], told["new"], 1)
        return _renamed(lines, after.split("\n"), version)
    if operation == "edit":
        return _edited(lines, told["hunks"], version)
    new = [((version, n), text) for n, text in enumerate(told["text"].split("\n"))]
    if operation == "append":
        return lines + new
    if operation == "rewrite":
        return new
    assert operation == "condense", f"the replay does not know {operation}"
    return new + [line for line in lines if line[0][0] > told["through"]]


def _renamed(lines: list[_Line], after: list[str], version: int) -> list[_Line]:
    """Lines that are equal at both ends keep their names."""
    start = 0
    while start < min(len(lines), len(after)) and lines[start][1] == after[start]:
        start += 1
    end = 0
    while end < min(len(lines), len(after)) - start and lines[-1 - end][1] == after[-1 - end]:
        end += 1
    middle = after[start : len(after) - end]
    new = [((version, n), text) for n, text in enumerate(middle)]
    return lines[:start] + new + lines[len(lines) - end :]


def _edited(lines: list[_Line], hunks: list[dict[str, Any]], version: int) -> list[_Line]:
    number = 0
    for hunk in hunks:
        names = [tuple(name) for name in hunk["remove"]]
        at = 0
        if names:
            at = next(n for n, line in enumerate(lines) if line[0] in names)
        elif hunk["after"]:
            at = next(n for n, line in enumerate(lines) if line[0] == tuple(hunk["after"])) + 1
        lines = [line for line in lines if line[0] not in names]
        new = [((version, number + n), text) for n, text in enumerate(hunk["lines"])]
        number += len(new)
        lines = [*lines[:at], *new, *lines[at:]]
    return lines
