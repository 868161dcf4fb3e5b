"""Lines left: what a `replace` made of the lines it touched, found by replaying its entry.

Its payload holds the words that went and those that came; the whole lines stand in the value
after it. A commit knows them (`made` of the log); for records that came from an older release,
an import or another engine they are found here.
"""

from collections.abc import Generator

from commonplace.core.text import Text
from commonplace.errors import CommonplaceError
from commonplace.model.entry import EntryKey
from commonplace.storage.rows import fold_rows
from commonplace.storage.step import Answer, Statement, Step


def made_lines(value: Text, version: int) -> str:
    """The lines that a version put into a text."""
    return "\n".join([line.text for line in value if line.version == version])


def lines_left(
    tenant: str, entry: EntryKey, revision: int, place: int, version: int
) -> Generator[Step, Answer, str | None]:
    """The lines that the record at a place put there; None when they can no longer be known."""
    (rows,) = yield (Statement("pinned_read", [(tenant, *entry, revision, place)]),)
    if not rows or rows[0][3] is None:
        return None
    try:
        value = fold_rows(row[6:10] for row in rows)
    except (CommonplaceError, ValueError, TypeError, KeyError, AttributeError):
        return None  # erased; or damaged, which the audit will say
    return made_lines(value, version) if isinstance(value, tuple) else None
