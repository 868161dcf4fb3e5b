"""Indexing: the text index is carried on behind the log, a batch at a time.

It runs inside the transaction of a writer, most often for nothing: only when enough was written
since the last batch does one take the next records up, so that a lone write pays nothing most of
the time. The cursor moves in the transaction of the rows, so whoever is killed anywhere leaves
an index that is right as far as it says, and any process carries it on. What is compacted or
erased is taken out in the transaction that drops it.
"""

from collections.abc import Generator, Iterable, Sequence

from commonplace import limits
from commonplace.core.access import Tier
from commonplace.model.entry import EntryKey
from commonplace.model.record import Record
from commonplace.storage.cache import StateCache
from commonplace.storage.programs.lines_left import lines_left
from commonplace.storage.programs.reading import Reader, require_tenant
from commonplace.storage.programs.seeking import indexed_to
from commonplace.storage.step import Answer, Program, Row, Statement, Step
from commonplace.storage.texts import Written, indexed

_FLUSH = (Statement("sought_flush"), Statement("sought_flushed"))
_PAGE_BYTES = 4096
_LEAST_WORK = 2
"""Rows that a merge with nothing to do changes at the most, and one more."""


def is_due(cache: StateCache, tenant: str, records: Sequence[Record]) -> bool:
    """Whether a batch with these records should take up what is not indexed.

    This process counts the bytes it wrote; the revision sees to what others wrote.
    """
    first, last = records[0].revision, records[-1].revision
    written = sum(len(each.body.payload or b"") for each in records if each.body)
    behind = cache.unindexed_bytes.get(tenant, 0) + written
    cache.unindexed_bytes[tenant] = behind
    every = limits.INDEX_EVERY_REVISIONS
    return behind >= limits.INDEX_EVERY_BYTES or first // every != (last + 1) // every


def keep_up(cache: StateCache, tenant: str, head: int) -> Generator[Step, Answer, None]:
    """Take up the next records, inside a transaction that ends after it.

    What an older release left is caught up with by and by, so that most writers still wait for
    nothing.
    """
    through = yield from advance(tenant)
    rest = 0 if through >= head else limits.INDEX_EVERY_BYTES * 7 // 8
    cache.unindexed_bytes[tenant] = rest


def advance(tenant: str) -> Generator[Step, Answer, int]:
    """Index one batch of records, inside a transaction: how far the index came."""
    yield (Statement("seeking_begin", [(tenant,)]),)
    at = yield from indexed_to(tenant)
    page = (tenant, at.revision, limits.INDEX_BATCH_RECORDS)
    (sizes,) = yield (Statement("text_sizes", [page]),)
    if not sizes:
        return at.revision
    through = bounded(sizes)
    (rows,) = yield (Statement("text_rows", [(tenant, at.revision, through)]),)
    written = yield from _with_lines(tenant, [Written(*row) for row in rows])
    documents = [
        (at.row(row.revision, row.place), text) for row in written if (text := indexed(row))
    ]
    yield (
        Statement("sought_insert", documents),
        Statement("seeking_advance", [(tenant, through)]),
        *_FLUSH,
        Statement("sought_merge", [(_merged_pages(documents),)]),
    )
    return through


def _merged_pages(documents: Sequence[tuple[int, str]]) -> int:
    """How much to merge after a batch, so that the pieces of the index stay few as it grows."""
    added = 1 + sum(len(text) for _, text in documents) // _PAGE_BYTES
    return added * limits.INDEX_MERGED_PAGES


def bounded(sizes: Sequence[Row]) -> int:
    """The last revision of a batch: whole commits, at least one, and about so many bytes."""
    through, total = sizes[0][0], 0
    for revision, size in sizes:
        total += size
        if total > limits.INDEX_BATCH_BYTES:
            break
        through = revision
    return int(through)


def _with_lines(tenant: str, written: Sequence[Written]) -> Generator[Step, Answer, list[Written]]:
    """The same, with the lines of those that came without them."""
    found: list[Written] = []
    made: list[Row] = []
    for row in written:
        if not row.lacks_lines:
            found.append(row)
            continue
        place = (row.revision, row.place)
        lines = yield from lines_left(tenant, row.entry, *place, row.version)
        found.append(row._replace(made=lines))
        if lines is not None:
            made.append((tenant, *place, lines))
    if made:
        yield (Statement("made_set", made),)
    return found


def catch_up(tenant: str) -> Program[int]:
    """Index one batch in a transaction of its own: how many revisions it came on, 0 at the end."""
    yield (Statement("begin_write"),)
    before = yield from indexed_to(tenant)
    through = yield from advance(tenant)
    yield (Statement("commit"),)
    return through - before.revision


def index_all(tenant: str) -> Generator[Step, Answer, None]:
    """Index everything, in transactions of bounded size."""
    while (yield from catch_up(tenant)):
        pass


def restart(reader: Reader) -> Program[None]:
    """Empty the index, for all tenants: it may be damaged, so nothing in it is looked at.

    Takes owner of the tenant. Until it is carried on, searches read record by record.
    """
    yield from require_tenant(reader, Tier.OWNER)
    yield (
        Statement("begin_write"),
        Statement("sought_clear"),
        Statement("seeking_restart"),
        Statement("sought_secure", [(1,)]),
        Statement("commit"),
    )


def reindex_page(tenant: str) -> Program[str | None]:
    """One batch more of the first tenant from `tenant` on that has any; None when all is done."""
    if (yield from catch_up(tenant)):
        return tenant
    (rows,) = yield (Statement("tenant_next", [(tenant,)]),)
    return str(rows[0][0]) if rows else None


# --- taking out -----------------------------------------------------------------------------------


def places_of(
    tenant: str, key: EntryKey, versions: Iterable[int]
) -> Generator[Step, Answer, list[tuple[int, int]]]:
    """Where in the log some versions of an entry were made."""
    wanted = [(tenant, *key, version) for version in sorted(versions)]
    (places,) = yield (Statement("version_place", wanted),)
    return [(revision, place) for revision, place in places]


def taken_out(
    tenant: str, gone: Iterable[tuple[int, int]], *, for_good: bool
) -> Generator[Step, Answer, list[Statement]]:
    """The statements that take the records at these places out of the index.

    They belong into the transaction that drops what the records say, and before it is dropped
    this must be asked. `for_good` overwrites the traces of a few at once; of many, or where
    others are left, they are gone after `merge_all`, which must follow.
    """
    at = yield from indexed_to(tenant)
    places = [(tenant, *place) for place in sorted(set(gone)) if place[0] <= at.revision]
    if not places:
        return []
    secure, rows = yield (Statement("sought_is_secure"), Statement("text_row", places))
    written = (Written(*row) for row in rows)
    deleted = [(at.row(row.revision, row.place), text) for row in written if (text := indexed(row))]
    if not deleted:
        return []
    at_once = for_good and len(deleted) <= limits.INDEX_OVERWRITTEN
    switch = secure[0][0] and not at_once
    return [
        Statement("sought_secure", [(0,)] if switch else []),
        Statement("sought_delete", deleted),
        *_FLUSH,
    ]


def unindex(tenant: str) -> Generator[Step, Answer, None]:
    """Take all that a tenant said out of the index, in transactions of bounded size."""
    at = yield from indexed_to(tenant)
    after = 0
    while at.number:
        page = (tenant, after, limits.INDEX_BATCH_RECORDS)
        (sizes,) = yield (Statement("text_sizes", [page]),)
        if not sizes or after >= at.revision:
            break
        through = bounded(sizes)
        (rows,) = yield (Statement("text_rows", [(tenant, after, through)]),)
        out = yield from taken_out(tenant, [(row[0], row[1]) for row in rows], for_good=False)
        yield (Statement("begin_write"), *out, Statement("commit"))
        after = through
    yield (Statement("begin_write"), Statement("seeking_purge", [(tenant,)]), Statement("commit"))


def merge_page() -> Program[bool]:
    """One step of overwriting what was taken out; True when nothing of it is left to be found."""
    (secure,) = yield (Statement("sought_is_secure"),)
    if secure[0][0]:
        return True
    _, before, _, after, _ = yield (
        Statement("begin_write"),
        Statement("sought_work"),
        Statement("sought_merge", [(-limits.INDEX_REWRITE_PAGES,)]),
        Statement("sought_work"),
        Statement("commit"),
    )
    if after[0][0] - before[0][0] >= _LEAST_WORK:
        return False
    yield (Statement("begin_write"), Statement("sought_secure", [(1,)]), Statement("commit"))
    return True


def merge_all() -> Generator[Step, Answer, None]:
    """Overwrite what was taken out, in transactions of bounded size."""
    while not (yield from merge_page()):
        pass
