"""Unknown: what an answer of `why` cannot say, in sentences, so that nobody takes it for no."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from commonplace.limits import MAX_HITS, MAX_PAGE_ROWS, MAX_STATES
from commonplace.model.entry import EntryKey
from commonplace.storage.programs.reading import Standing


class Bounds(NamedTuple):
    """What the search could not look at.

    `gone` counts records whose bytes are no more and `unread` past states that were wanted;
    `more` says that further records have the text, and `since` from which revision on the
    reader sees an entry. Before `served_floor`, what turns were served was forgotten.
    """

    gone: int
    unread: int
    more: bool
    omitted: int
    since: Mapping[EntryKey, int]
    served_floor: int = 0


def sentences(actor: str, now: Standing, found: Sequence[Any], bounds: Bounds) -> Iterator[str]:
    """What cannot be known of these occurrences, and of what was not found."""
    yield f"Only what {actor} may read was searched."
    if found:
        yield "Reads outside of turns leave no trace: others may have read it."
    if any(each.served for each in found):
        yield (
            "Whether a model used what it was served is not known: an inferred edge says that it "
            "could have."
        )
    if bounds.gone:
        records = "1 record" if bounds.gone == 1 else f"{bounds.gone} records"
        yield f"{records} could not be searched: what was written was compacted or erased."
    if now.floor:
        yield f"Retention dropped what was superseded below revision {now.floor}."
    if bounds.served_floor:
        yield f"What turns were served before revision {bounds.served_floor} was forgotten."
    for key, since in bounds.since.items():
        yield f"{key.reference()} is shared with you from revision {since} on: not what was before."
    hidden = sum(each.hidden for each in found)
    if hidden:
        yield f"{hidden} more records built on it are where you may not read."
    yield from _cut_short(found, bounds)


def _cut_short(found: Sequence[Any], bounds: Bounds) -> Iterator[str]:
    if bounds.more:
        yield (
            f"More than {MAX_HITS} records have the text or a part of it; the oldest were not "
            "followed. Quote more of it, or say where to look."
        )
    if bounds.omitted:
        yield f"{bounds.omitted} more entries have it or a part of it: raise the limit."
    if any(each.more_served for each in found):
        yield f"More turns were served it than the first {MAX_PAGE_ROWS} passages tell."
    if any(each.more_derived for each in found):
        yield f"More was built on it than the {MAX_HITS} records that were followed."
    if bounds.unread:
        yield (
            f"{bounds.unread} past states were not read: their bytes are gone, or it would have "
            f"taken more than {MAX_STATES}. Ends marked as not sure may be elsewhere."
        )
