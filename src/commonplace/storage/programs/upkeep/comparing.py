"""Comparing: the text index against the log, for an audit.

The index is asked for its own soundness, and then some trigrams are followed through the whole
of it: those that most of the tenant's records have. Of each, the records that have it by the
index must be those that have it by the log. So a row that is missing or made up shows, unless it
has none of the trigrams followed; and whatever shows is mended by making the index anew.
"""

from collections import Counter
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from typing import Final

from commonplace import limits
from commonplace.storage.programs.indexing import bounded
from commonplace.storage.programs.seeking import Indexed, indexed_to
from commonplace.storage.step import Answer, Row, Statement, Step
from commonplace.storage.texts import Written, indexed, query, trigrams

_FOLLOWED: Final = 16
_SOUND: Final = [("ok",)]
_MODULUS: Final = 1_000_003
"""Numbers of rows are summed by what this leaves of them: else a large log's sum would overflow."""
_NOTHING: Final = (query([""]), 0, 0, _MODULUS)
"""A search that asks for nothing."""
_MEND: Final = "run `commonplace reindex`; no answer that was given is wrong"

Note = Callable[[str], None]
"""How a finding is noted."""


@dataclass(slots=True)
class _Followed:
    """A trigram on its way through the log: how many records have it, and the sum of them."""

    trigram: str
    rows: int = 0
    total: int = 0


def compare(tenant: str, head: int, note: Note) -> Generator[Step, Answer, None]:
    """Note what is wrong with the index of a tenant whose log ends at `head`."""
    (said,) = yield (Statement("sought_check"),)
    if list(said) != _SOUND and "structure" not in str(said):
        # FTS5 checks against the structure that this connection read last, however old it is,
        # until a search begins.
        _, said = yield (Statement("sought_count", [_NOTHING]), Statement("sought_check"))
    if list(said) != _SOUND:
        note(f"the text index is damaged ({said[0][0] if said else 'unreadable'}): {_MEND}")
        return
    at = yield from indexed_to(tenant)
    if at.revision > head:
        note(f"the text index ends at revision {at.revision}, behind the end of the log: {_MEND}")
        return
    followed: list[_Followed] = []
    after = 0
    while after < at.revision:
        page = (tenant, after, limits.INDEX_BATCH_RECORDS)
        (sizes,) = yield (Statement("text_sizes", [page]),)
        if not sizes:
            break
        through = min(bounded(sizes), at.revision)
        (rows,) = yield (Statement("text_rows", [(tenant, after, through)]),)
        said = _said(at, rows)
        followed = followed or _chosen([text for _, text in said])
        for row, text in said:
            for each in followed:
                if each.trigram in text:
                    each.rows += 1
                    each.total += row % _MODULUS
        after = through
    for each in followed:
        yield from _check(at, each, note)


def _said(at: Indexed, rows: Sequence[Row]) -> list[tuple[int, str]]:
    written = (Written(*row) for row in rows)
    return [(at.row(row.revision, row.place), text) for row in written if (text := indexed(row))]


def _chosen(said: Sequence[str]) -> list[_Followed]:
    """Trigrams that together most of these records have: each time the commonest of the rest."""
    rest = [found for text in said if (found := set(trigrams(text)))]
    chosen: list[_Followed] = []
    while rest and len(chosen) < _FOLLOWED:
        counts = Counter(trigram for text in rest for trigram in text)
        trigram = min(counts, key=lambda each: (-counts[each], each))
        chosen.append(_Followed(trigram))
        rest = [text for text in rest if trigram not in text]
    return chosen


def _check(at: Indexed, each: _Followed, note: Note) -> Generator[Step, Answer, None]:
    span = (query([each.trigram]), at.row(0, 0), at.row(at.revision + 1, 0), _MODULUS)
    (counted,) = yield (Statement("sought_count", [span]),)
    rows, total = counted[0]
    if (rows, total) != (each.rows, each.total):
        note(
            f"by the text index {rows} records have {each.trigram!r}, and by the log {each.rows}"
            f"{' others' if rows == each.rows else ''}: {_MEND}"
        )
