"""AsyncChecking: the calls that judge: a report, the changes of an entry, a way of working."""

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING

from commonplace._async.session import AsyncSession
from commonplace._async.snapshot import AsyncSnapshot, time_us
from commonplace._lazy import LazyModule
from commonplace.errors import Compacted, Erased, InvalidInput
from commonplace.model.names import check_name
from commonplace.model.namespace import Namespace
from commonplace.model.reference import Reference
from commonplace.storage.gate import AsyncTest
from commonplace.storage.programs import reading
from commonplace.storage.proposal import as_reference, check_version

if TYPE_CHECKING:
    from commonplace.explain import advise, bisect
    from commonplace.explain.advice import Survey
    from commonplace.explain.bisect import Bisection, Halving
    from commonplace.explain.reports import verify
    from commonplace.explain.reports.verification import Verification
else:  # few processes need them, and each would load them at its start
    advise, bisect, verify = (
        LazyModule(f"commonplace.explain.{name}") for name in ("advise", "bisect", "reports.verify")
    )


class AsyncChecking:
    """The part of a memory that judges. Nothing here writes."""

    def _opened(self) -> AsyncSession:
        raise NotImplementedError

    async def verify(
        self,
        report: str | Reference,
        *,
        run: Namespace | None = None,
        actors: Iterable[str] = (),
        turns: Iterable[str] = (),
        written: int | str | datetime | None = None,
        allow_foreign: bool = False,
    ) -> "Verification":
        """Check every citation of a report: a text, or the entry that a reference names.

        Citations without a namespace are in `run`, the namespace of the report's task (for an
        entry, its own). They must have been known to the turns given or to those of `actors`;
        without either, to the writers of the entry, or to any turn that touched `run`.
        `written` is the revision or time at which the report was written: by default the
        entry's, or now. Raises `InvalidReport` for citations that are malformed, nested or,
        unless `allow_foreign`, in another namespace.
        """
        session = self._opened()
        if run is not None and not isinstance(run, Namespace):
            raise InvalidInput(f"run= takes a Namespace, not {run!r}.")
        asked = verify.Asked(
            report,
            run,
            frozenset(check_name(each, "actor") for each in actors),
            frozenset(turns),
            await self._revision(written, "written"),
            allow_foreign,
        )
        program = verify.verify(session.reader, asked)
        return await session.read_long(program)

    async def bisect(
        self,
        subject: Reference | str | Namespace,
        test: AsyncTest,
        *,
        good: int | str | datetime,
        bad: int | str | datetime | None = None,
    ) -> "Bisection":
        """Find the change that turned an entry, or a namespace, from good to bad, by halving.

        `test` is given the `Entry` at a version, or a `Snapshot` at a revision that wrote to the
        namespace, and says True (good), False (bad) or None (cannot tell: skipped). `good` and
        `bad` are revisions, or what stands behind the `@` of a reference; `bad` is the head
        unless said. Raises `InvalidInput` when one of them is not what it is said to be.
        """
        session = self._opened()
        ends = bisect.as_at(good), None if bad is None else bisect.as_at(bad)
        if not isinstance(subject, Namespace):
            subject = as_reference(subject)
        halving = await session.read(bisect.row_of(session.reader, subject, *ends))
        while (place := halving.next()) is not None:
            halving.tell(place, await self._tested(halving, place, test))
        return await session.read(bisect.outcome(session.reader, halving))

    async def _tested(self, halving: "Halving", place: int, test: AsyncTest) -> bool | None:
        """What a test says; None for a state whose bytes are gone, unless it is an end."""
        session, subject, at = self._opened(), halving.subject, halving.row[place]
        if isinstance(subject, Namespace):
            return await session.gate.apply(test, AsyncSnapshot(session, at))
        try:
            entry = await session.read(bisect.entry_at(session.reader, subject, at))
        except (Compacted, Erased):
            if halving.is_end(place):
                raise
            return None
        return await session.gate.apply(test, entry)

    async def advise(self, *, since: int | str | datetime | None = None) -> "Survey":
        """What the log says about how this team works: findings, each with evidence and one fix.

        Looks at what was written after a revision or time; by default at the newest
        `limits.ADVICE_REVISIONS` revisions. Takes reader over everything, or owner of the tenant.
        """
        session = self._opened()
        program = advise.advise(session.reader, await self._revision(since, "since"))
        return await session.read_long(program)

    async def _revision(self, at: int | str | datetime | None, what: str) -> int | None:
        """A revision, or the last one at or before a time."""
        session = self._opened()
        if isinstance(at, str | datetime):
            return await session.read(reading.revision_at(session.tenant, time_us(at)))
        return None if at is None else check_version(at, what)
