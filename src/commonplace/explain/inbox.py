"""Inbox: what waits for an actor in a channel, whole messages up to a bound."""

from collections.abc import Generator
from dataclasses import replace

from commonplace.core.dispatch import dispatch_text
from commonplace.core.tokens import Estimator
from commonplace.errors import BudgetTooSmall, CommonplaceError
from commonplace.explain.diff import diff
from commonplace.model.channel import Dispatch, Inbox
from commonplace.model.entry import EntryKey
from commonplace.storage.programs import exchange, reading
from commonplace.storage.programs.exchange import Channel, Waiting
from commonplace.storage.programs.reading import Reader
from commonplace.storage.step import Answer, Program, Statement, Step

Place = tuple[int, int]
"""Where in the log a record stands: its revision, and its index in the commit."""
BEGINNING: Place = (0, -1)
_PAGE = 32
"""Dispatches that are loaded at once: they may be large, and the budget small."""


def inbox(
    reader: Reader, key: EntryKey, *, limit: int, budget_tokens: int | None, count: Estimator
) -> Program[Inbox]:
    """What waits for the reader in a channel, oldest first, as it stands at one moment.

    Raises `BudgetTooSmall` when the first does not fit: an inbox that shows nothing would
    never get any shorter.
    """
    yield from reading.fresh(reader, key)
    yield (Statement("begin_read"),)
    channel = yield from exchange.channel_at(reader, key)
    found: list[Dispatch] = []
    used, next_tokens, after = 0, 0, BEGINNING
    while len(found) < limit and not next_tokens:
        page = yield from arrivals(reader, channel, min(_PAGE, limit - len(found)), after)
        for place, each in page:
            tokens = count(f"{each}\n\n")
            if budget_tokens is not None and used + tokens > budget_tokens:
                next_tokens = tokens
                break
            found.append(each)
            used, after = used + tokens, place
        if not page:
            break
    total = yield from exchange.waiting_count(reader, channel)
    yield (Statement("commit"),)
    if next_tokens and not found:
        raise BudgetTooSmall(
            f"The oldest dispatch that waits has {next_tokens} tokens, and budget_tokens is "
            f"{budget_tokens}. None is ever cut: ask with budget_tokens={next_tokens}.",
            needed_tokens=next_tokens,
        )
    return Inbox(tuple(found), total - len(found), used)


def next_arrival(
    reader: Reader, key: EntryKey, after: Place
) -> Program[tuple[Place, Dispatch] | None]:
    """What came into the reader's inbox first after a place in the log, and still waits."""
    yield from reading.fresh(reader, key)
    yield (Statement("begin_read"),)
    channel = yield from exchange.channel_at(reader, key)
    page = yield from arrivals(reader, channel, 1, after)
    yield (Statement("commit"),)
    return page[0] if page else None


def dispatch(reader: Reader, key: EntryKey, name: str) -> Program[Dispatch]:
    """One dispatch of a channel by its id, whoever it waits for."""
    yield from reading.fresh(reader, key)
    yield (Statement("begin_read"),)
    channel = yield from exchange.channel_at(reader, key)
    found = yield from exchange.dispatch_at(reader, channel, name)
    whole = yield from _whole(reader, channel, found)
    yield (Statement("commit"),)
    return whole


def arrivals(
    reader: Reader, channel: Channel, limit: int, after: Place
) -> Generator[Step, Answer, list[tuple[Place, Dispatch]]]:
    """The next page of what waits for the reader, with the place of each."""
    page: list[Waiting] = yield from exchange.waiting(reader, channel, limit, after)
    values = yield from exchange.values(reader, page)
    found = []
    for each in page:
        entry = values[each.key]
        view = exchange.dispatch_view(
            channel, each.key, entry.version, entry.value, each.revision, each.at_us
        )
        whole = yield from _whole(reader, channel, view)
        found.append(((each.revision, each.place), whole))
    return found


def _whole(reader: Reader, channel: Channel, view: Dispatch) -> Generator[Step, Answer, Dispatch]:
    """The dispatch with what was published since its worker had read, and with its text."""
    told = ""
    if 0 < view.since < view.published:
        told = yield from _difference(reader, channel, view)
    whole = replace(view, difference=told)
    return replace(whole, text=dispatch_text(whole))


def _difference(reader: Reader, channel: Channel, view: Dispatch) -> Generator[Step, Answer, str]:
    """What was published, looked up and not stored: what is erased there is gone here too."""
    at = channel.key.reference
    try:
        found = yield from diff(reader, at(view.since), at(view.published))
    except CommonplaceError as error:  # compacted, erased, or from before the reader's time
        return f"(cannot be shown: {error})"
    return str(found)
