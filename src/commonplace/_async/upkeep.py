"""AsyncUpkeep: what keeps a memory whole and of a bounded size, and copies of it."""

import os
from typing import TYPE_CHECKING

from commonplace._async.session import AsyncSession
from commonplace._lazy import LazyModule
from commonplace.core.access import Tier
from commonplace.errors import InvalidInput
from commonplace.model.audit import AuditReport
from commonplace.model.entry import EntryKey
from commonplace.model.receipt import Position, Receipt
from commonplace.model.reference import AtVersion, Reference
from commonplace.model.retention import Archival, Compaction, Erasure, Forgetting
from commonplace.storage.programs import indexing, reading
from commonplace.storage.programs.upkeep.author import Author

if TYPE_CHECKING:
    from commonplace.storage.programs.upkeep import (
        archive,
        auditing,
        erasure,
        forgetting,
        retention,
        transfer,
    )
else:  # a tenth of every process's start-up, and few processes need them
    archive, auditing, erasure, forgetting, retention, transfer = (
        LazyModule(f"commonplace.storage.programs.upkeep.{name}")
        for name in ("archive", "auditing", "erasure", "forgetting", "retention", "transfer")
    )


class AsyncUpkeep:
    """The part of a memory that only its owners need. Each call takes owner of the tenant."""

    def _opened(self) -> AsyncSession:
        raise NotImplementedError

    def _author(self) -> Author:
        session = self._opened()
        return Author(session.source_reader, session.actor)

    async def audit(self, *, expect: Position | Receipt | None = None) -> AuditReport:
        """Check chain, commitments and state against the log; findings name the record.

        With a receipt or position kept from before, a log that was cut below it shows.
        """
        session = self._opened()
        program = auditing.audit(session.source_reader, expect)
        return await session.read_long(program, at_source=True)

    async def reindex(self) -> None:
        """Make the index of texts anew, of all tenants; others write between its steps.

        For an index that the audit or a search says is damaged. Until it is done, searches read
        record by record, which takes longer and finds the same.
        """
        session = self._opened()
        await session.upkeep(indexing.restart(session.source_reader))
        tenant: str | None = ""
        while tenant is not None:
            tenant = await session.upkeep(indexing.reindex_page(tenant))

    async def backup(self, path: str | os.PathLike[str]) -> None:
        """Copy the whole memory, all its tenants, to a new file while others go on writing.

        The copy of a file is a memory: open it where it lies. That of a database takes a role that
        row-level security does not bind, and `pg_dump` does as well. It is synced before this
        returns.
        """
        session = self._opened()
        await session.read_source(reading.require_tenant(session.source_reader, Tier.OWNER))
        await session.gate.call(lambda: session.engine.snapshot(os.fspath(path)))

    async def export(self, path: str | os.PathLike[str]) -> Position:
        """Write the whole log with its chain to a new file, as it stands at one moment."""
        session = self._opened()
        program = transfer.export_log(session.source_reader, os.fspath(path))
        return await session.read_long(program, at_source=True)

    async def import_log(self, path: str | os.PathLike[str]) -> Position:
        """Become the log in `path`, with its revisions, chain and receipts.

        The tenant must have the log's name, and hold nothing but its founding or the log's
        own beginning. Raises `DamagedFile` with the line; nothing is kept then.
        """
        session = self._opened()
        end = await session.upkeep(transfer.import_log(session.source_reader, os.fspath(path)))
        session.source_reader.cache.clear()
        session.stop()
        return end

    async def compact(self, revision: int, *, reason: str = "") -> Compaction:
        """Drop what was superseded below `revision`; reads at and above it stay the same.

        Others write between its steps. A compaction cut short is finished by the next one.
        """
        session, author = self._opened(), self._author()
        progress = await session.upkeep(retention.raise_floor(author, revision, reason))
        while not progress.ended:
            progress = await session.upkeep(retention.compact_page(author, progress))
        return progress.compaction()

    async def forget_served(self, before: int, *, reason: str = "") -> Forgetting:
        """Forget what turns were served before a revision; their writes and notices stay.

        Afterwards nobody can tell who was shown what before it. The newest record of each
        actor stays until there is a newer one. Others write between its steps.
        """
        session, author = self._opened(), self._author()
        progress = await session.upkeep(forgetting.raise_served_floor(author, before, reason))
        while not progress.ended:
            progress = await session.upkeep(forgetting.forget_page(author, progress))
        return progress.forgetting()

    async def archive(
        self, path: str | os.PathLike[str], *, through: int, reason: str = ""
    ) -> Archival:
        """Move the records up to revision `through` to a new file, leaving a chained anchor.

        The revision must be at or below the floor: `compact` first.
        """
        program = archive.archive(self._author(), through, os.fspath(path), reason)
        return await self._opened().upkeep(program)

    async def erase(self, reference: Reference | str, *, reason: str = "") -> Erasure:
        """Destroy the bytes that a version of an entry wrote, or with no version all of them.

        Headers and the chain stay. Later records of the entry that hold the same lines go
        with them; records elsewhere that were based on them are listed for review. Takes
        owner of the region.
        """
        if isinstance(reference, str):
            reference = Reference.parse(reference)
        if reference.namespace is None or not isinstance(reference.at, AtVersion | None):
            raise InvalidInput(
                f"erase() takes a whole reference, with @VERSION or none: {reference}."
            )
        versions = None if reference.at is None else [reference.at.version]
        key = EntryKey.of(reference)
        return await self._opened().upkeep(erasure.erase(self._author(), key, versions, reason))
