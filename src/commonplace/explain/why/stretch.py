"""Stretch: the longest runs of versions in which an entry contained a text.

A text inside one line stands as long as the line does, or another line that has it. One that
reaches over the ends of lines stands while those lines are neighbours, which an insertion
between them ends and its removal restores: so the changes in the life of such lines are looked
at one by one, and appends, which come between no two lines, only at the end of the text.

Complete for the records that are given: whatever occurrence has the needle's probe in a line
that one of them made, or that stood where the reader's history begins, is found.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from typing import NamedTuple

from commonplace.core.reserved import DISPATCHES
from commonplace.core.text import Text, made
from commonplace.errors import AccessDenied, Compacted, Erased, NotFound
from commonplace.explain.past.standing import States, Window, windows
from commonplace.explain.why.needle import Needle
from commonplace.model.entry import Line
from commonplace.model.record import Record
from commonplace.storage.programs import reading
from commonplace.storage.step import Program


class Stretch(NamedTuple):
    """Versions `first` to below `end` (None: the head has it), all of which contain the text.

    `makers` are the versions that wrote lines it stood in. `sure` as in `Window`. `begun` is
    False when the text stood before `first` too, from records that were not followed.
    """

    first: int
    end: int | None
    makers: frozenset[int]
    sure: bool = True
    begun: bool = True


def stretches(
    states: States, needle: Needle, probe: str, records: Iterable[Record]
) -> Program[list[Stretch]]:
    """When an entry contained the needle, from records of it that made text with the probe."""
    mine = seen_later(states, records)
    if (yield from holds_text(states, mine)):
        parts = yield from _of_text(states, needle, probe, mine)
    else:
        parts = yield from _of_value(states, needle, (yield from versions_told(states, mine)))
    return list(_merged(parts))


def seen_later(states: States, records: Iterable[Record]) -> list[Record]:
    """Those of an entry's records that came after the first state a reader sees, in order."""
    later = (record for record in records if record.version > states.first.version)
    return sorted(later, key=lambda record: record.version)


def holds_text(states: States, records: Iterable[Record]) -> Program[bool]:
    """Whether an entry is a text, and no JSON value."""
    stood = [states.head, *(yield from states.untold())]
    return any(isinstance(each.value, tuple) for each in stood) or any(map(writes_text, records))


def versions_told(states: States, records: Iterable[Record]) -> Program[list[int]]:
    """The versions of a JSON value that may have the text, in order.

    The last one of a dispatch is among them, since what it carries stands until that closes it.
    """
    untold = {each.version for each in (yield from states.untold())}
    if states.key.region == DISPATCHES:
        untold.add(states.head.version)
    return sorted(untold | {record.version for record in records})


def checked_ends(states: States, needle: Needle, runs: Iterable[Stretch]) -> Program[list[Stretch]]:
    """Runs that were found without following all older records, and whether their ends are true.

    They are where the states on either side do not contain the text.
    """
    found = []
    for run in runs:
        begun = not (yield from _holds(states, needle, run.first - 1))
        over = run.end is None or not (yield from _holds(states, needle, run.end))
        found.append(run._replace(begun=begun, sure=run.sure and over))
    return found


def _holds(states: States, needle: Needle, version: int) -> Program[bool]:
    """Whether a state contains the text, or may; what the reader cannot see does not."""
    if version < max(1, states.first.version):
        return False
    found = yield from states.at(version)
    return found is None or needle.is_in(states.said(found))


def lines_made(states: States, record: Record) -> Program[Text]:
    """The lines that a record put there; of a `replace` whole, as they stood after it."""
    arguments = record.arguments
    if arguments is not None:
        if "hunks" in arguments:
            texts = [line for hunk in arguments["hunks"] for line in hunk["lines"]]
            return tuple(Line(record.version, n, text) for n, text in enumerate(texts))
        if record.operation != "replace":
            return made(arguments.get("text", ""), record.version)
    found = yield from states.at(record.version)
    if found is None or not isinstance(found.value, tuple):
        return ()
    return tuple(line for line in found.value if line.version == record.version)


def writes_text(record: Record) -> bool:
    """Whether a record wrote lines, and no JSON value."""
    arguments = record.arguments
    return arguments is not None and not {"text", "new", "hunks"}.isdisjoint(arguments)


# --- texts --------------------------------------------------------------------------------------


def carriers(
    states: States, needle: Needle, probe: str, records: Sequence[Record], after: int = 0
) -> Program[dict[Line, Window]]:
    """The lines that have the needle or could be a part of it, and when each stood.

    Lines that were gone by version `after` may be left out, so less of the past is read.
    """
    if states.lost or after <= states.first.version:
        after = 0  # where an erasure blanked lines, they have one name and two texts
    has_probe = Needle(probe, needle.loose).in_text
    lines: list[Line] = []
    for state in (yield from states.untold()):
        lines += state.value if isinstance(state.value, tuple) else ()
    unread = [each for each in records if each.version <= after and each.operation == "replace"]
    for record in records:
        if record.version > after or record.operation != "replace":
            lines += yield from lines_made(states, record)

    def fits(line: Line) -> bool:
        return has_probe(line.text) and (needle.in_text(line.text) or needle.could_hold(line))

    asked = list(filter(fits, lines))
    makers = {line.version for line in asked}
    now = {line for line in states.text if line.version in makers}
    if unread or any(line.version <= after and line not in now for line in asked):
        since = yield from _known(states, after)
        if since is None:
            after = 0
            for record in unread:
                asked += filter(fits, (yield from lines_made(states, record)))
        else:
            stood, makers = frozenset(since), {record.version for record in unread}
            asked = [line for line in asked if line.version > after or line in stood]
            asked += (line for line in since if line.version in makers and fits(line))
    return (yield from windows(states, asked, after or None))


def _known(states: States, version: int) -> Program[Text | None]:
    """The lines of a state, if they can be told without counting it as one that was wanted."""
    if not version:
        return None
    with suppress(AccessDenied, Compacted, Erased, NotFound):
        found = yield from reading.read_version(states.reader, states.key, version)
        return found.value if isinstance(found.value, tuple) else ()
    return None


def _of_text(
    states: States, needle: Needle, probe: str, records: Sequence[Record]
) -> Program[list[Stretch]]:
    parts = []
    for line, lived in (yield from carriers(states, needle, probe, records)).items():
        if needle.in_text(line.text):
            parts.append(Stretch(lived.first, lived.end, frozenset({line.version}), lived.sure))
        else:
            parts += yield from beside(states, needle, line, lived)
    return parts


def beside(states: States, needle: Needle, line: Line, lived: Window) -> Program[list[Stretch]]:
    """When a line had the neighbours that make it a part of the text."""
    parts = []
    version = max(lived.first, states.first.version)
    end = states.head.version + 1 if lived.end is None else lived.end
    while version < end:
        found = yield from states.at(version)
        later = yield from states.change_after(version)
        if found is None and states.budget.left > 0:
            later = version + 1  # its bytes are gone; a checkpoint may tell what stood next
        if found is not None and isinstance(found.value, tuple) and line in found.value:
            lines: Text = found.value
            index = lines.index(line)
            held, ended_soon = needle.around(lines, index)
            if ended_soon:
                later = version + 1
            if held:
                makers = frozenset(each.version for each in held)
                until, sure = (later, True) if later < end else (lived.end, lived.sure)
                parts.append(Stretch(version, until, makers, sure))
        version = later
    return parts


# --- JSON ---------------------------------------------------------------------------------------


def _of_value(states: States, needle: Needle, versions: Sequence[int]) -> Program[list[Stretch]]:
    """A value stands until the next change; the change may keep the text, or another have it."""
    parts: list[Stretch] = []
    for version in versions:
        if parts and (parts[-1].end is None or version < parts[-1].end):
            continue
        end, sure, makers = version, True, set[int]()
        while end <= states.head.version:
            found = yield from states.at(end)
            if found is None:
                sure = False
            if found is None or not needle.is_in(states.said(found)):
                break
            if needle.is_in(states.wrote(found)):
                makers.add(end)
            end += 1
        if end > version:
            first = version if version in makers else 1  # a reply says what was sent once more
            until = None if end > states.head.version else end
            parts.append(Stretch(first, until, frozenset(makers | {first}), sure))
    return parts


def _merged(parts: Iterable[Stretch]) -> Iterator[Stretch]:
    """Stretches that overlap or touch as one."""
    held: Stretch | None = None
    for part in sorted(parts, key=lambda part: part.first):
        if held is None or (held.end is not None and part.first > held.end):
            if held is not None:
                yield held
            held = part
            continue
        last = max((held, part), key=lambda each: (each.end is None, each.end or 0))
        makers = held.makers | part.makers
        held = Stretch(held.first, last.end, makers, last.sure)
    if held is not None:
        yield held
