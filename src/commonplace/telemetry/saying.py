"""Saying: how an entry, a failure and what several things have in common are put in attributes."""

from collections.abc import Collection

from commonplace.errors import CommonplaceError
from commonplace.model.entry import EntryKey
from commonplace.telemetry import names


def one(values: Collection[str]) -> str:
    """The only value, or "" when there are several."""
    return next(iter(values)) if len(values) == 1 else ""


def where(entries: Collection[EntryKey], asked: Collection[str]) -> dict[str, str]:
    """Where some entries are: what holds for all of them, and a key only if that is asked for."""
    places = set(entries)
    told = {
        names.NAMESPACE: one({place.namespace for place in places}),
        names.REGION: one({place.region for place in places}),
        names.STORE_ID: one({str(EntryKey(*place[:2]).reference()) for place in places}),
    }
    if len(places) == 1:
        (place,) = places
        if not place.key or "key" in asked:
            told[names.RECORD_ID] = str(place.reference())
    return {name: value for name, value in told.items() if value}


def code_of(error: BaseException) -> str:
    """The code of an error: one of so many, whatever was raised."""
    if isinstance(error, CommonplaceError):
        return error.code
    # asyncio's, told by its name: a program without an event loop need not load that
    return "cancelled" if type(error).__name__ == "CancelledError" else "_OTHER"
