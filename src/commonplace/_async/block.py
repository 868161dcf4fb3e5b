"""AsyncBlock: a text that several agents write, line by line."""

from typing import Unpack

from commonplace._async.queue import AsyncQueue
from commonplace._async.session import COLLECTING, AsyncOptions, AsyncSession, accounts
from commonplace.core import text as lines_of
from commonplace.core.reserved import contract_key
from commonplace.errors import InvalidInput, InvalidValue, NotFound, VersionConflict
from commonplace.explain.blame import BlameLine, blame_lines
from commonplace.explain.describe import describe_region
from commonplace.limits import MAX_PAGE_ROWS, MAX_TEXT_BYTES, MAX_UPDATE_CALLS
from commonplace.model.entry import Entry, EntryKey
from commonplace.model.namespace import Namespace
from commonplace.model.receipt import Position, Receipt
from commonplace.model.record import Record
from commonplace.model.reference import Reference
from commonplace.storage.codec import check_size, check_text
from commonplace.storage.gate import AsyncUpdater
from commonplace.storage.programs import listing, reading
from commonplace.storage.proposal import check_limit, check_version
from commonplace.storage.views import entry_view


class AsyncBlock:
    """One text under one contract. Making a handle does no I/O and creates nothing.

    Every write takes `reason`, `kind`, `based_on`, `guards`, `idempotency_key`, `turn` and
    `unless_changed` (`AsyncOptions`), returns a `Receipt`, and raises a `Refused` when nothing
    was written.
    """

    def __init__(self, session: AsyncSession, namespace: Namespace, name: str) -> None:
        self._session = session
        self._key = EntryKey(str(namespace), name)
        self.reference = Reference(namespace, name)

    def __repr__(self) -> str:
        return f"<AsyncBlock {self.reference}>"

    async def append(
        self, text: str, *, expect: int | None = None, **options: Unpack[AsyncOptions]
    ) -> Receipt:
        """Add whole lines at the end. Takes contributor.

        Never conflicts, unless `expect` asks for it, or a rule that wants it (`CompareAndSet`).
        """
        return await self._write("append", {"text": _some_text(text)}, expect, options)

    async def insert(
        self,
        text: str,
        *,
        after: str | int,
        expect: int | None = None,
        base: int | None = None,
        **options: Unpack[AsyncOptions],
    ) -> Receipt:
        """Add whole lines after the line that holds `after`. Takes editor.

        `after` is text that occurs exactly once, or a line number (0: at the top), which
        needs `expect`. `base` is the version you read: the anchor line must be older.
        """
        arguments: dict[str, object] = {"text": _some_text(text), "after": _anchor(after)}
        return await self._write("insert", _with_base(arguments, base), expect, options)

    async def replace(
        self,
        old: str,
        new: str,
        *,
        expect: int | None = None,
        base: int | None = None,
        **options: Unpack[AsyncOptions],
    ) -> Receipt:
        """Replace `old`, which must occur exactly once in the current text. Takes editor.

        With `base`, the version you read, it lands only if the lines it touches are not
        newer, wherever they have moved to; with `expect` only if nothing changed at all.
        Raises `AnchorNotFound`, `AnchorNotUnique` or `VersionConflict`.
        """
        old = check_text(old, "old")
        if not old:
            raise InvalidValue("old is empty: quote the text to replace, or use insert().")
        arguments: dict[str, object] = {"old": old, "new": check_text(new, "new")}
        return await self._write("replace", _with_base(arguments, base), expect, options)

    async def rewrite(
        self, text: str, *, expect: int | None = None, **options: Unpack[AsyncOptions]
    ) -> Receipt:
        """Make `text` the whole text, if `expect` is still its version. Takes owner."""
        return await self._write("rewrite", {"text": _text(text)}, expect, options)

    async def condense(
        self, text: str, *, through: int, **options: Unpack[AsyncOptions]
    ) -> Receipt:
        """Put `text` in place of what stood at version `through`. Takes owner.

        Every line written after `through` is kept, in order, behind it: a slow owner always
        lands and nobody's later line is lost.
        """
        arguments = {"text": _text(text), "through": check_version(through, "through")}
        return await self._write("condense", arguments, None, options)

    async def delete(
        self, *, expect: int | None = None, **options: Unpack[AsyncOptions]
    ) -> Receipt:
        """Delete the text, if `expect` is still its version; history stays. Takes owner."""
        return await self._write("delete", {}, expect, options)

    async def update(self, function: AsyncUpdater, **options: Unpack[AsyncOptions]) -> Receipt:
        """Read, think and write: `function` gets the text and returns the new one.

        Updates of one text queue first come, first served, and nothing is held while
        `function` runs. What it changed is applied as edits of the lines it was shown, so
        appends and edits elsewhere go on meanwhile; when one lands on the same lines, it is
        called again, at most MAX_UPDATE_CALLS times. Takes editor. Raises `NestedUpdate`
        inside another update, `InvalidInput` inside `atomic()`, and the last
        `VersionConflict` when it gives up.
        """
        if COLLECTING.get() is not None:
            raise InvalidInput("update() inside atomic(): it reads what it writes. Do it before.")
        await self.read()  # who may not even read takes no place in the queue
        async with AsyncQueue(self._session, (self._key,)):
            for calls_left in range(MAX_UPDATE_CALLS - 1, -1, -1):
                try:
                    return await self._update_once(function, options)
                except VersionConflict:
                    if not calls_left:
                        raise
        raise AssertionError("unreachable")

    async def _update_once(self, function: AsyncUpdater, options: AsyncOptions) -> Receipt:
        session = self._session
        found = await session.read_source(reading.read_entry(session.source_reader, self._key))
        before = found.value or ()
        result = _text(await self._session.gate.apply(function, lines_of.joined(before)))
        turn, _ = accounts(options)
        if turn is not None:
            await turn.showed(self._session, self._key, found.version)
        hunks = lines_of.edits(before, lines_of.split(result))
        if not hunks:
            now = await session.read_source(reading.standing(session.tenant))
            return Receipt(now.revision, 0, found.version, now.at_us, now.digest, unchanged=True)
        arguments: dict[str, object] = {"hunks": hunks, "base": found.version}
        return await self._write("edit", arguments, None, options)

    async def read(
        self,
        *,
        at_least: Receipt | Position | int | None = None,
        linearizable: bool = False,
    ) -> Entry:
        """The text at the head; version 0 and "" before the first write. Takes reader.

        `at_least` and `linearizable` say what a follower must have: see `memory.catch_up`.
        """
        session = self._session
        if at_least is not None or linearizable:
            await session.cover(at_least, linearizable=linearizable)
        found = await session.read(reading.read_entry(session.reader, self._key))
        return entry_view(self._key, found)

    async def read_version(self, version: int) -> Entry:
        """The text as a version left it; negative counts back. Raises `NotFound`."""
        session = self._session
        if version < 0:
            found = await session.read(reading.read_entry(session.reader, self._key))
            version += found.version
        if version < 1:
            raise NotFound(f"{self.reference} has no version {version}.", version=version)
        found = await session.read(reading.read_version(session.reader, self._key, version))
        return entry_view(self._key, found)

    async def history(self, *, limit: int = 50, before: int | None = None) -> list[Record]:
        """Records of this text, newest first, below version `before`. Takes reader."""
        session, found = self._session, list[Record]()
        left = check_limit(limit)
        while left:
            asked = min(left, MAX_PAGE_ROWS)
            program = listing.history(session.reader, self._key, asked, before)
            page = await session.read(program)
            found += page
            left = left - asked if len(page) == asked else 0
            before = page[-1].version if page else before
        return found

    async def blame(self, *, version: int | None = None) -> list[BlameLine]:
        """Who wrote each line, in which version and why, at the head or at a version."""
        session = self._session
        if version is None:
            found = await session.read(reading.read_entry(session.reader, self._key))
        else:
            found = await session.read(reading.read_version(session.reader, self._key, version))
        return await session.read(blame_lines(session.reader, self._key, found))

    async def describe(self) -> str:
        """The contract in words: rule, limits, who may do what."""
        session = self._session
        key = contract_key(self._key.namespace, self._key.region)
        return await session.read(describe_region(session.reader, key))

    async def _write(
        self,
        operation: str,
        arguments: dict[str, object],
        expect: int | None,
        options: AsyncOptions,
    ) -> Receipt:
        return await self._session.change(self._key, operation, arguments, options, expect=expect)


def _text(text: object) -> str:
    checked = check_text(text, "text")
    check_size(len(checked.encode()), "the text", MAX_TEXT_BYTES)
    return checked


def _some_text(text: object) -> str:
    checked = _text(text)
    if not checked:
        raise InvalidValue("text is empty: there is nothing to add.")
    return checked


def _anchor(after: object) -> str | int:
    if isinstance(after, int):
        return check_version(after, "after")
    anchor = check_text(after, "after")
    if not anchor:
        raise InvalidValue("after is empty: quote a line, or give its number.")
    return anchor


def _with_base(arguments: dict[str, object], base: int | None) -> dict[str, object]:
    if base is not None:
        arguments["base"] = check_version(base, "base")
    return arguments
