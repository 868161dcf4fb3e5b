"""Lines: which lines an entry held at its versions, by name, for whoever follows lines about.

Reads no more versions than a question takes: appends take no line away, and a line that is gone
does not come back, so where it went is found by halving.
"""

from bisect import bisect_right
from collections.abc import Generator, Sequence
from typing import Final, NamedTuple

from commonplace import limits
from commonplace.core.lineage import EDITS, Name, Passage, Taken, is_text, makes_value
from commonplace.core.text import split
from commonplace.errors import Erased
from commonplace.model.entry import EntryKey
from commonplace.storage.codec import decode
from commonplace.storage.rows import fold_rows
from commonplace.storage.step import Answer, Statement, Step

_HELD: Final = 1 << 18
"""Names of lines that are remembered, those of all versions together."""
_PAGE: Final = 32
_HEAD: Final = 2**62

_WHOLE_TEXT: Final = frozenset({"append", "insert", "rewrite", "condense"})
"""Operations that put all of their `text` there, and nothing else."""

Names = tuple[Name, ...]


class Changer(NamedTuple):
    """A version that may have taken lines away."""

    version: int
    operation: str


class Lines:
    """The lines of a tenant's entries. Judges no access.

    `unclear` counts the edits that were asked about and whose text is gone.
    """

    def __init__(self, tenant: str) -> None:
        self._tenant = tenant
        self._names: dict[tuple[EntryKey, int], Names | None] = {}
        self._makers: dict[tuple[EntryKey, int], int] = {}
        self._changers: dict[EntryKey, tuple[int, list[Changer]]] = {}
        self._held = 0
        self.unclear = 0

    def held(
        self, entry: EntryKey, taken: Taken, passage: Passage, *, text: bool
    ) -> Generator[Step, Answer, bool]:
        """Whether a passage held one of the lines; True where the text that could tell is gone."""
        version, first, last = passage
        made_by = sorted(taken.made_by)
        if version < made_by[0]:
            return False
        if not text:
            return (yield from self.maker(entry, version)) in taken.made_by
        if first:
            names = yield from self.names(entry, version)
            return names is None or any(map(taken.holds, names[first - 1 : last]))
        changers = [each.version for each in (yield from self.changers(entry, made_by[0] - 1))]
        changed = _newest(changers, version)
        if _newest(made_by, version) > changed:
            return True
        names = yield from self.names(entry, changed)
        return names is None or any(map(taken.holds, names))

    def edits_of(
        self, entry: EntryKey, taken: Taken
    ) -> Generator[Step, Answer, list[tuple[int, tuple[int, int]]]]:
        """Versions that took some of the lines away and put others there, with their places."""
        found: dict[int, tuple[int, int]] = {}
        for version in sorted(taken.made_by):
            changers = yield from self.changers(entry, version)
            if not changers:
                continue
            for changer in (yield from self._takers(entry, taken, version, changers)):
                names = yield from self.names(entry, changer.version)
                if changer.operation in EDITS and any(
                    name[0] == changer.version for name in names or ()
                ):
                    (rows,) = yield (
                        Statement("version_place", [(self._tenant, *entry, changer.version)]),
                    )
                    found[changer.version] = rows[0]
        return sorted(found.items())

    def _takers(
        self, entry: EntryKey, taken: Taken, version: int, changers: Sequence[Changer]
    ) -> Generator[Step, Answer, list[Changer]]:
        """Which of the changers took away lines that one version put there."""
        stood = yield from self._put_by(entry, taken, version)
        left = yield from self._standing(entry, taken, version, changers[-1].version)
        if stood is None or left is None:
            return (yield from self._one_by_one(entry, taken, version, (stood, changers)))
        found: list[Changer] = []
        spans = [(changers, stood, left)]
        while spans:
            span, stood, left = spans.pop()
            if stood == left:
                continue
            if len(span) == 1:
                found.append(span[0])
                continue
            half = (len(span) + 1) // 2
            middle = yield from self._standing(entry, taken, version, span[half - 1].version)
            if middle is None:
                found += yield from self._one_by_one(entry, taken, version, (stood, span))
            else:
                spans += [(span[:half], stood, middle), (span[half:], middle, left)]
        return found

    def _one_by_one(
        self,
        entry: EntryKey,
        taken: Taken,
        version: int,
        span: tuple[frozenset[Name] | None, Sequence[Changer]],
    ) -> Generator[Step, Answer, list[Changer]]:
        """`_takers` where some text is gone: what nobody can tell is counted."""
        stood, changers = span
        found: list[Changer] = []
        untold = 0
        for changer in changers:
            left = yield from self._standing(entry, taken, version, changer.version)
            if left is None:
                untold += changer.operation in EDITS
                continue
            if stood is None or (left != stood and untold):
                self.unclear += untold + (changer.operation in EDITS)
            elif left != stood:
                found.append(changer)
            stood, untold = left, 0
        if stood is None or stood:
            self.unclear += untold
        return found

    def _put_by(
        self, entry: EntryKey, taken: Taken, version: int
    ) -> Generator[Step, Answer, frozenset[Name] | None]:
        """Those of the lines that a version put there; None: who knows."""
        names = frozenset(name for name in taken.names if name[0] == version)
        if version not in taken.versions:
            return names
        (rows,) = yield (Statement("record_at", [(self._tenant, *entry, version)]),)
        if rows and rows[0][10] in _WHOLE_TEXT and rows[0][19] is not None:
            count = len(split(decode(rows[0][19])["text"]))
            return frozenset((version, place) for place in range(count))
        return (yield from self._standing(entry, taken, version, version))

    def _standing(
        self, entry: EntryKey, taken: Taken, version: int, at: int
    ) -> Generator[Step, Answer, frozenset[Name] | None]:
        """Those of the lines that `version` put there which stand at another; None: who knows."""
        names = yield from self.names(entry, at)
        if names is None:
            return None
        return frozenset(name for name in names if name[0] == version and taken.holds(name))

    def changers(self, entry: EntryKey, after: int) -> Generator[Step, Answer, Sequence[Changer]]:
        """Versions after one that may have taken lines away, in order."""
        known, found = self._changers.get(entry, (_HEAD, []))
        if after < known:
            found, at = [], after
            while True:
                page = (self._tenant, *entry, at, limits.MAX_PAGE_ROWS)
                (rows,) = yield (Statement("changers", [page]),)
                found += [Changer(*row) for row in rows]
                if len(rows) < limits.MAX_PAGE_ROWS:
                    break
                at = rows[-1][0]
            self._changers[entry] = (after, found)
        return found[bisect_right(found, (after, "\U0010ffff")) :]

    def names(self, entry: EntryKey, version: int) -> Generator[Step, Answer, Names | None]:
        """The lines that stand at a version; None if what it takes to tell is gone."""
        if (entry, version) not in self._names:
            found = yield from self._read(entry, version)
            self._held += len(found or ())
            self._names[entry, version] = found
            while self._held > _HELD and len(self._names) > 1:
                self._held -= len(self._names.pop(next(iter(self._names))) or ())
        return self._names[entry, version]

    def _read(self, entry: EntryKey, version: int) -> Generator[Step, Answer, Names | None]:
        places, heads = yield (
            Statement("version_place", [(self._tenant, *entry, version)]),
            Statement("version_at", [(self._tenant, *entry, _HEAD)]),
        )
        if not places:
            return None if heads and version <= heads[0][0] else ()
        (rows,) = yield (Statement("pinned_read", [(self._tenant, *entry, *places[0])]),)
        if rows[-1][3] is None:
            return None
        if rows[-1][5]:
            return ()
        try:
            value = fold_rows(row[6:10] for row in rows)
        except Erased:
            return None
        return tuple(line[:2] for line in value) if isinstance(value, tuple) else ()

    def are_text(self, entry: EntryKey, taken: Taken) -> Generator[Step, Answer, bool]:
        """Whether they are lines of a text, and not a JSON value."""
        if taken.names:
            return True
        page = (self._tenant, *entry, max(taken.versions), 1)
        (rows,) = yield (Statement("makers", [page]),)
        return any(is_text(row[1], None if row[3] is None else decode(row[3])) for row in rows)

    def maker(self, entry: EntryKey, version: int) -> Generator[Step, Answer, int]:
        """The version that made the JSON value which stands at another; 0 if it was archived."""
        if (entry, version) in self._makers:
            return self._makers[entry, version]
        at = version
        while True:
            (rows,) = yield (Statement("makers", [(self._tenant, *entry, at, _PAGE)]),)
            for made, operation, dead, payload in rows:
                arguments = None if payload is None else decode(payload)
                if makes_value(operation, arguments, dead=bool(dead)):
                    self._makers[entry, version] = made
                    return int(made)
            if len(rows) < _PAGE:
                return 0
            at = rows[-1][0] - 1


def _newest(versions: Sequence[int], version: int) -> int:
    """The newest of some versions, in order, at or before another; 0 if none is."""
    number = bisect_right(versions, version)
    return versions[number - 1] if number else 0
