"""Known: what is known of one entry that a report cites, gathered once for all its citations.

What the run was shown of it, which of its versions were taken back or are suspect, how long each
cited line stood, and what stands now.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from commonplace.explain.lookup import lines_of
from commonplace.explain.past.standing import Budget, States, Window, open_states, windows
from commonplace.explain.reports.cited import Cited
from commonplace.explain.reports.instead import Instead
from commonplace.explain.reports.run import Run, Shown, shown, was_shown, within
from commonplace.limits import MAX_PAGE_ROWS
from commonplace.model.entry import EntryKey, Line
from commonplace.model.record import Record
from commonplace.storage.programs import provenance
from commonplace.storage.programs.provenance import HEAD, Suspicion
from commonplace.storage.programs.reading import Reader
from commonplace.storage.programs.upkeep.forgetting import served_floor
from commonplace.storage.step import Program

_QUOTED_CHARACTERS: Final = 100


@dataclass(slots=True)
class Known:
    """One cited entry, as far as its reader may see it.

    `records` are those that wrote its cited lines, `lived` says how long those stood, `says` are
    the lines that stand now, `instead` tells which of them stand for one that does not, and
    `retractions` which versions each retraction took back. What turns were served before the
    revision `served_floor` is forgotten.
    """

    key: EntryKey
    states: States
    seen: Shown
    records: dict[int, Record]
    lived: dict[Line, Window]
    says: frozenset[str]
    instead: Instead
    retractions: list[tuple[Record, set[int]]]
    suspicions: dict[int, list[Suspicion]]
    served_floor: int

    # --- retracted ----------------------------------------------------------------------------

    def retraction(self, cited: Cited) -> str | None:
        """Who retracted a cited line, when and why; None if nobody did."""
        for record, versions in self.retractions:
            if _takes_back(record, versions, cited):
                where = f"in version {record.version} (r{record.revision})"
                told = f"{record.actor} retracted it {where}{_because(record)}."
                instead = (record.arguments or {}).get("text")
                return f"{told} It put {_quoted(instead)} in its place." if instead else told
        return None

    # --- unserved -----------------------------------------------------------------------------

    def unserved(self, reader: Reader, run: Run, cited: Cited) -> Program[str | None]:
        """Why the run cannot have known what is cited; None if it can."""
        if (yield from self._is_known(reader, run, cited)):
            return None
        key, versions = self.key.reference(), self.seen.versions
        if not versions:
            return f"Nothing of {key} since it was written was served to {run} before the report."
        some = ", ".join(f"@{version}" for version in versions[-3:])
        return f"{run} was served {key}{some} before the report, and that did not show it."

    def forgotten(self, cited: Cited) -> str | None:
        """Why nobody can tell whether the run was shown what is cited; None if one can."""
        versions = {line.version for line in cited.lines} if cited.is_text else {cited.version}
        made = [self.records.get(version) for version in versions]
        if all(record is not None and record.revision >= self.served_floor for record in made):
            return None
        return (
            "whether the run was served it is not known: what turns were served before "
            f"r{self.served_floor} was forgotten"
        )

    def _is_known(self, reader: Reader, run: Run, cited: Cited) -> Program[bool]:
        if not cited.is_text:
            ranges = self.seen.ranges.get(cited.version, ())
            if cited.version in self.seen.whole or within(ranges, cited.numbers):
                return True
            return (yield from self._is_own(reader, run, cited.version))
        for line in cited.lines:
            if (yield from self._is_own(reader, run, line.version)):
                continue
            if not (yield from was_shown(self.states, self.seen, line, self.lived[line])):
                return False
        return True

    def _is_own(self, reader: Reader, run: Run, version: int) -> Program[bool]:
        record = self.records.get(version)
        return record is not None and (yield from run.includes(reader, record))

    # --- stale --------------------------------------------------------------------------------

    def staleness(self, cited: Cited) -> Program[str | None]:
        """What became of lines that do not stand any more; None if all do."""
        head = self.states.head
        if head.version == cited.version:
            return None
        if head.dead:
            return f"{head.updated_by} deleted it in version {head.version} (r{head.revision})."
        gone = [line for line in cited.lines if line.text not in self.says]
        if not gone:
            return None
        if not cited.is_text or not isinstance(head.value, tuple):
            return f"It now stands at version {head.version}, and says something else there."
        lived = self.lived[gone[0]]
        end = lived.end or head.version
        by = yield from self._ended(end, lived.sure)
        return f"{by} {(yield from self._now(gone[0], lived))}".strip()

    def _ended(self, end: int, sure: bool) -> Program[str]:
        """Who took a line out, in the version at which it stood no more."""
        made = yield from provenance.records_of_versions(self.states.reader, self.key, (end,))
        record = made.get(end)
        if record is None or not sure:
            return f"It was gone by version {end}."
        where = f"in version {end} (r{record.revision})"
        return f"{record.actor} took it out {where} by {record.operation}{_because(record)}."

    def _now(self, line: Line, lived: Window) -> Program[str]:
        """What stands for a line that is gone, or that nothing does."""
        found = yield from self.instead.line(line, lived)
        if isinstance(found, str):
            return found
        there = f"{self.key.reference(self.states.head.version)}#L{found.place + 1}"
        said = "Condensed into" if found.cites else "Now"
        return f"{said}: {_quoted(self.states.text[found.place].text)} [{there}]."

    # --- suspect ------------------------------------------------------------------------------

    def suspect(self, cited: Cited) -> list[str]:
        """What is cited and was built on something retracted, and how that is known."""
        versions = {line.version for line in cited.lines} if cited.is_text else {cited.version}
        return [
            f"suspect: version {each.version} was built on what r{each.revision} retracted "
            f"({each.edge})"
            for version in sorted(versions)
            for each in self.suspicions.get(version, ())[:1]
        ]


def know(
    reader: Reader, key: EntryKey, run: Run, cited: Sequence[Cited], budget: Budget
) -> Program[Known]:
    """Gather what is known of an entry, for all citations of it."""
    states = yield from open_states(reader, key, budget)
    lines = {line for each in cited if each.is_text for line in each.lines}
    lived = yield from windows(states, sorted(lines))
    versions = {line.version for line in lines}
    versions |= {each.version for each in cited if not each.is_text}
    since = min(versions, default=0)
    seen = yield from shown(reader, key, run, since)
    records = yield from provenance.records_of_versions(reader, key, versions)
    suspicions: dict[int, list[Suspicion]] = {}
    for version in versions:
        bounds = (version, version + 1)
        suspicions[version] = yield from provenance.suspects_of(reader, key, bounds)
    retractions = yield from _retractions(reader, key, since)
    says = frozenset(line.text for line in lines_of(states.head))
    return Known(
        key,
        states,
        seen,
        records,
        lived,
        says,
        Instead(states),
        retractions,
        suspicions,
        (yield from served_floor(reader.tenant)),
    )


def _retractions(
    reader: Reader, key: EntryKey, since: int
) -> Program[list[tuple[Record, set[int]]]]:
    """The records that retracted versions of an entry from `since` on, and which."""
    found: dict[tuple[int, int], set[int]] = {}
    while True:
        rows = yield from provenance.taken_back_of(reader, key, (since, HEAD))
        for row in rows:
            if row.operation == "retract":
                found.setdefault((row.revision, row.place), set()).add(row.version)
        if len(rows) < MAX_PAGE_ROWS or rows[-1].version == since:
            part = yield from provenance.records_placed(reader, sorted(found))
            return [(each, found[each.revision, each.index]) for each in part.seen]
        since = rows[-1].version


def _takes_back(record: Record, versions: set[int], cited: Cited) -> bool:
    """Whether a retraction names a cited line; one that was compacted names its versions."""
    if not cited.is_text:
        return cited.version in versions
    named = (record.arguments or {}).get("lines", ())
    names = {(version, place) for version, place in named}
    whole = versions - {version for version, _ in names}
    return any(line[:2] in names or line.version in whole for line in cited.lines)


def _because(record: Record) -> str:
    return f' because "{_cut(record.reason)}"' if record.reason else ""


def _quoted(text: object) -> str:
    return f'"{_cut(str(text))}"'


def _cut(text: str) -> str:
    line = " ".join(text[: 2 * _QUOTED_CHARACTERS].split())
    return line if len(line) <= _QUOTED_CHARACTERS else line[:_QUOTED_CHARACTERS] + " …"
