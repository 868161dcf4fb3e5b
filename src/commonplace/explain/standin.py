"""A stand-in for storage/programs/seeking.py until it lands."""

from typing import NamedTuple

from commonplace.explain.needle import fold, leaves
from commonplace.model.record import Record
from commonplace.storage.programs import reading
from commonplace.storage.programs.listing import LogFilter, log_page
from commonplace.storage.programs.reading import Reader
from commonplace.storage.step import Program


class Candidates(NamedTuple):
    """Records, newest first."""

    records: list[Record]
    more: bool
    unsearchable: int


def candidates(
    reader: Reader, text: str, *, limit: int, before: tuple[int, int] | None = None
) -> Program[Candidates]:
    """Records that may have made the text, by reading the whole log."""
    found: list[Record] = []
    unsearchable = 0
    start = before
    while True:
        page = yield from log_page(reader, LogFilter(), start)
        for record in page.records:
            arguments = record.arguments
            if arguments is None:
                unsearchable += not record.dead
                continue
            texts = [arguments.get("text", "")]
            texts += [line for hunk in arguments.get("hunks", ()) for line in hunk["lines"]]
            texts += leaves(arguments.get("value"))
            if record.operation == "replace":
                state = yield from reading.read_version(reader, record.entry, record.version)
                texts += [line.text for line in state.value if line.version == record.version]
            if any(fold(text) in fold(each) or text.lower() in each.lower() for each in texts):
                found.append(record)
        if page.next_before is None or len(found) > limit:
            return Candidates(found[:limit], len(found) > limit, unsearchable)
        start = page.next_before
