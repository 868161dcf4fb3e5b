"""AsyncAsking: the questions that the log answers; who wrote what, when, from what and why."""

from datetime import datetime
from typing import TYPE_CHECKING, Any, TypedDict, Unpack

from commonplace._async.session import AsyncSession
from commonplace._async.snapshot import time_us
from commonplace._lazy import LazyModule
from commonplace.core.reserved import contract_key
from commonplace.explain.blame import BlameLine, blame_passage
from commonplace.explain.describe import Description, describe, owners
from commonplace.explain.diff import Diff, diff
from commonplace.explain.lookup import CommitRecords, Passage, commit_at, key_of, resolve
from commonplace.explain.timeline import Timeline, timeline
from commonplace.model.namespace import Namespace, NamespacePrefix
from commonplace.model.record import Record
from commonplace.model.reference import Reference
from commonplace.storage.programs import listing, reading
from commonplace.storage.programs.listing import LogFilter
from commonplace.storage.proposal import as_reference, check_limit, check_version

if TYPE_CHECKING:
    from commonplace.explain.why import pickaxe as axing
    from commonplace.explain.why import search
    from commonplace.explain.why import why as explaining
    from commonplace.explain.why.pickaxe import Pickaxe
    from commonplace.explain.why.why import Why
else:  # few processes ask this much
    axing, search, explaining = (
        LazyModule(f"commonplace.explain.why.{name}") for name in ("pickaxe", "search", "why")
    )


class AsyncFilters(TypedDict, total=False):
    """What of the log is asked for: who wrote, where, and when.

    `after` and `before` are revisions, both exclusive; `since` and `until` are times with a
    zone, both inclusive.
    """

    actor: str | None
    region: str | None
    key: str | None
    after: int
    before: int | None
    since: datetime | str | None
    until: datetime | str | None


class AsyncAsking:
    """The part of a memory that explains. Nothing here writes."""

    def _opened(self) -> AsyncSession:
        raise NotImplementedError

    async def log(
        self,
        where: Namespace | NamespacePrefix | None = None,
        *,
        text: str | None = None,
        trace: str | None = None,
        limit: int = 50,
        **filters: Unpack[AsyncFilters],
    ) -> list[Record]:
        """Records newest first: by actor, region, revision, time, text or trace (`AsyncFilters`).

        Without `where`, or in a namespace, it shows what this actor may read; over a prefix
        it takes a grant for it. `trace` is the 32 digits of a trace, or a traceparent in it:
        all that the trace wrote, shares and new regions included.
        """
        session = self._opened()
        check_limit(limit)
        wanted = await self._wanted(where, filters, text, trace)
        found: list[Record] = []
        start: tuple[int, int] | None = None
        while len(found) < limit:
            page = await session.read(listing.log_page(session.reader, wanted, start))
            found += page.records
            if page.next_before is None:
                break
            start = page.next_before
        return found[:limit]

    async def timeline(
        self,
        where: Namespace | NamespacePrefix | None = None,
        *,
        limit: int = 100,
        **filters: Unpack[AsyncFilters],
    ) -> Timeline:
        """What was written, served in turns and refused in turns: the newest `limit`, in order.

        Filters are those of `log`, but for text and trace.
        """
        session = self._opened()
        wanted = await self._wanted(where, filters)
        return await session.read(timeline(session.reader, wanted, check_limit(limit)))

    async def _wanted(
        self,
        where: Namespace | NamespacePrefix | None,
        filters: AsyncFilters,
        text: str | None = None,
        trace: str | None = None,
    ) -> LogFilter:
        """The filter for what is asked, its times looked up."""
        unknown = filters.keys() - AsyncFilters.__annotations__.keys()
        if unknown:
            raise TypeError(f"there is no filter {', '.join(sorted(unknown))}")
        session = self._opened()
        plain: dict[str, Any] = dict(filters)
        since, until = plain.pop("since", None), plain.pop("until", None)
        wanted = LogFilter(where, text=text, trace=trace, **plain).checked()
        after, before = wanted.after, wanted.before
        if since is not None:
            earlier = reading.revision_at(session.tenant, time_us(since) - 1)
            after = max(after, await session.read(earlier))
        if until is not None:
            last = await session.read(reading.revision_at(session.tenant, time_us(until)))
            before = last + 1 if before is None else min(before, last + 1)
        return wanted._replace(after=after, before=before)

    async def resolve(self, reference: Reference | str) -> Passage:
        """What a reference names: the entry at its version, and the lines asked for."""
        session = self._opened()
        return await session.read(resolve(session.reader, as_reference(reference)))

    async def blame(self, reference: Reference | str, *, origins: bool = False) -> list[BlameLine]:
        """Who wrote each line that a reference names, in which version and why.

        With `origins`, also the older lines that its words came from, through every replacement,
        edit, condensation and rewrite.
        """
        session = self._opened()
        program = blame_passage(session.reader, as_reference(reference), origins=origins)
        return await session.read_long(program)

    async def why(
        self,
        text: str,
        where: Namespace | NamespacePrefix | None = None,
        *,
        region: str | None = None,
        key: str | None = None,
        limit: int = 20,
        depth: int = 1,
    ) -> "Why":
        """Where a text came from, how long it stood, who was served it, what was built on it.

        Every historic state that this actor may read is searched, first for the text as it is
        written, then whatever its letters' case and white space. At most about `limit`
        occurrences are told, oldest first; derivations are followed `depth` levels. The
        answer's `unknown` says in sentences what cannot be known.
        """
        session = self._opened()
        scope = search.scope(where, region, key)
        check_limit(limit)
        program = explaining.why(session.reader, text, scope=scope, limit=limit, depth=depth)
        return await session.read_long(program)

    async def pickaxe(
        self,
        text: str,
        where: Namespace | NamespacePrefix | None = None,
        *,
        region: str | None = None,
        key: str | None = None,
        limit: int = 50,
        before: tuple[int, int] | None = None,
    ) -> "Pickaxe":
        """Records that changed how often a text, exactly so, occurs in an entry, newest first.

        The next page is asked for with `before`, the last one's `next_before`.
        """
        session = self._opened()
        scope = search.scope(where, region, key)
        check_limit(limit)
        program = axing.pickaxe(session.reader, text, scope=scope, limit=limit, before=before)
        return await session.read_long(program)

    async def diff(self, old: Reference | str, new: Reference | str | None = None) -> Diff:
        """What changed from `old` to `new`; with one reference, since the version before it."""
        session = self._opened()
        first = as_reference(old)
        if new is None:
            return await session.read(diff(session.reader, None, first))
        return await session.read(diff(session.reader, first, as_reference(new)))

    async def describe(self, reference: Reference | str) -> Description:
        """What a region promises and who may do what; `str()` of it is for people."""
        session, key = self._opened(), key_of(as_reference(reference))
        contract = contract_key(key.namespace, key.region)
        return await session.read(describe(session.reader, contract))

    async def owners(self) -> list[str]:
        """Who owns the tenant: whom to ask for access."""
        session = self._opened()
        return await session.read(owners(session.reader))

    async def commit(self, revision: int) -> CommitRecords:
        """The records of one revision that this actor may read, reserved regions included."""
        session = self._opened()
        await session.gate.foresee(check_version(revision, "revision"))
        return await session.read(commit_at(session.reader, revision))
