"""AsyncChannel: a value that one actor publishes, and the work it sends others and takes back."""

import os
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, Literal, Unpack

from commonplace._async.session import AsyncOptions, AsyncSession
from commonplace.core.dispatch import dispatch_text
from commonplace.core.exchange import dispatch_id
from commonplace.core.reserved import contract_key
from commonplace.core.tokens import Estimator, estimate_tokens
from commonplace.errors import InvalidInput, InvalidValue
from commonplace.explain import inbox as inboxes
from commonplace.explain.describe import describe_region
from commonplace.limits import BACKSTOP_S, MAX_INBOX
from commonplace.model.channel import Dispatch, Inbox, dispatch_key
from commonplace.model.entry import Entry, EntryKey
from commonplace.model.names import check_name
from commonplace.model.namespace import Namespace
from commonplace.model.receipt import Position, Receipt
from commonplace.model.reference import Reference
from commonplace.storage import shares
from commonplace.storage.codec import check_value
from commonplace.storage.programs import exchange, reading
from commonplace.storage.proposal import Draft, check_limit, check_version, following, new_key
from commonplace.storage.publication import Publication, dispatched, published_entry, sources_of

if TYPE_CHECKING:
    from commonplace._async.turn import AsyncTurn

_PROPOSED: Final = object()
"""Stands for the value that a reply proposes."""


class AsyncChannel:
    """A region with one writer: its value, and dispatches to workers with their replies.

    The writer publishes, dispatches, and commits or sends again what comes back; a worker looks
    into its inbox and replies. Making a handle does no I/O. Every write takes what a block's
    takes (`AsyncOptions`), and raises a `Refused` when nothing was written.
    """

    def __init__(self, session: AsyncSession, namespace: Namespace, name: str) -> None:
        self._session = session
        self._key = EntryKey(str(namespace), name)
        self.reference = Reference(namespace, name)

    def __repr__(self) -> str:
        return f"<AsyncChannel {self.reference}>"

    # --- the value ----------------------------------------------------------------------------

    async def read(
        self,
        *,
        at_least: Receipt | Position | int | None = None,
        linearizable: bool = False,
    ) -> Entry:
        """What is published; version 0 before the first time. Takes reader.

        `at_least` and `linearizable` say what a follower must have: see `memory.catch_up`.
        """
        session = self._session
        if at_least is not None or linearizable:
            await session.cover(at_least, linearizable=linearizable)
        channel = await session.read(exchange.channel_at(session.reader, self._key))
        return published_entry(channel.key, channel.published, channel.holds)

    async def holds(self) -> Literal["text", "json"]:
        """What it holds, by its contract. Takes reader."""
        session = self._session
        return (await session.read(exchange.channel_at(session.reader, self._key))).holds

    async def publish(
        self, value: Any, *, expect: int | None = None, **options: Unpack[AsyncOptions]
    ) -> Receipt:
        """Make `value` the one that stands. The writer alone may.

        With `expect` only if that is still its version. Whoever works on what stood before has
        built on a superseded version, and the inbox will say so.
        """
        made = Publication.of(await self._channel(), value)
        return await self._session.change(
            self._key, made.operation, made.arguments, options, expect=expect
        )

    # --- sending ------------------------------------------------------------------------------

    async def dispatch(self, to: str, payload: Any, **options: Unpack[AsyncOptions]) -> Dispatch:
        """Send `payload`, any JSON, to an actor, with the pin. The writer alone may.

        The pin is the head, or the revision of the turn it is sent in (that of what the turn
        itself published, if it did). An actor who may not read the channel yet is made a reader
        of it, in a record of its own, if this actor owns it. Raises `NotFound` for one with whom
        nothing in the namespace is shared, and `AccessDenied` for one from whom it was taken.
        """
        session, to = self._session, check_name(to, "actor")
        told = check_value(payload, "payload")
        options, name = self._keyed(options)
        at = await self._view(options.get("turn"))
        sending = exchange.sending(session.source_reader, self._key, to, at)
        sent = await session.read_source(sending)
        if not sent.reads and sent.channel.writer == session.actor.name:
            await self._let_read(to, name)
        arguments = dispatched(to, told, sent)
        asked = {"to": to, "payload": told}
        made = await self._drafted(name, "dispatch", arguments, options, asked)
        (receipt,) = await self._commit([made], options)
        return await self._sent(name, sent.channel, arguments, receipt)

    async def redispatch(
        self, dispatch: Dispatch | str, *, to: str | None = None, **options: Unpack[AsyncOptions]
    ) -> Dispatch:
        """Take a dispatch back and send it again, in one commit. The writer alone may.

        The new one goes to the same worker with what was published since the version that its
        reply was built on, or to another with what stands. A reply to the old one is refused
        from then on (`DispatchSuperseded`), and the refusal names the new one.
        """
        session = self._session
        options, name = self._keyed(options)
        old = await self._fresh(dispatch)
        whom = old.to if to is None else check_name(to, "actor")
        at = await self._view(options.get("turn"))
        sending = exchange.sending(session.source_reader, self._key, whom, at)
        sent = await session.read_source(sending)
        if not sent.reads and sent.channel.writer == session.actor.name:
            await self._let_read(whom, name)
        since = old.read if whom == old.to else 0
        arguments = dispatched(whom, old.payload, sent, follows=old.id, since=since)
        taken = {"by": name, "of": old.version}
        drafts = [
            await self._drafted(old.id, "withdraw", taken, options, {"by": name, "to": to}),
            following(await self._drafted(name, "dispatch", arguments, options)),
        ]
        *_, receipt = await self._commit(drafts, options)
        return await self._sent(name, sent.channel, arguments, receipt)

    async def commit(
        self,
        reply: Dispatch | str,
        *,
        value: Any = _PROPOSED,
        expect: int | None = None,
        **options: Unpack[AsyncOptions],
    ) -> Receipt:
        """Settle a reply and publish `value`, in one commit. The writer alone may.

        Without `value` the reply's payload is published. What stands already is not published
        again, so `value=channel.read().value` only settles. The record says who surfaced it and
        who committed it, and the value is based on the reply. `expect` is the version it must
        still replace: that which stood when the inbox was read, unless given. Raises
        `VersionConflict` when another was published, or replied, since.
        """
        settled, channel = await self._fresh(reply), await self._channel()
        made = None
        if value is not _PROPOSED or settled.reply is not None:
            given = settled.reply.payload if value is _PROPOSED and settled.reply else value
            made = Publication.of(channel, given)
        is_new = made is not None and not made.stands and settled.state == "replied"
        stands = reply.stands if isinstance(reply, Dispatch) else channel.published.version
        if expect is not None:
            stands = check_version(expect, "expect")
        surfaced: dict[str, Any] = {
            "of": settled.version,
            "version": stands + 1 if is_new else channel.published.version,
            "surfaced_by": settled.to,
            "committed_by": self._session.actor.name,
        }
        asked = made.asked if made is not None and value is not _PROPOSED else {}
        drafts = [await self._drafted(settled.id, "settle", surfaced, options, asked)]
        if made is not None and is_new:
            sources = sources_of(settled.reference, options)
            whole: AsyncOptions = {**options, "based_on": sources, "guards": ()}
            publishing = await self._session.drafted(
                self._key, made.operation, made.arguments, whole, expect=stands
            )
            drafts.insert(0, following(publishing))
        receipts = await self._commit(drafts, options)
        return replace(receipts[0], version=settled.committed or surfaced["version"])

    # --- replying -----------------------------------------------------------------------------

    async def reply(
        self,
        dispatch: Dispatch | str,
        payload: Any,
        *,
        read: int | None = None,
        **options: Unpack[AsyncOptions],
    ) -> Receipt:
        """Answer a dispatch with `payload`, any JSON. Whoever it was sent to may; takes reader.

        `read` is the published version that the answer is built on: that at the pin of the turn
        it is given in, or at the dispatch's, unless given. Until the writer has settled it, a
        reply may be given again, and the last one counts. Raises `DispatchSuperseded` when it
        was sent again since, or settled.
        """
        session = self._session
        told = check_value(payload, "payload")
        asked = {"payload": told, "read": read}
        name = self._id_of(dispatch)
        sent = dispatch if isinstance(dispatch, Dispatch) else await self._fresh(name)
        turn = options.get("turn")
        version, revision = sent.published, sent.pin
        if read is not None:
            version = check_version(read, "read")
            revision = await self._revision_of(version)
        elif turn is not None:
            revision = turn.revision
            at_pin = reading.version_at(session.tenant, self._key, revision)
            version = await session.read_source(at_pin)
        sources = sources_of(self.reference.pinned(version) if version else None, options)
        whole: AsyncOptions = {**options, "based_on": sources}
        arguments = {"payload": told, "version": version, "revision": revision}
        made = await self._drafted(sent.id, "reply", arguments, whole, asked)
        (receipt,) = await self._commit([made], options)
        return receipt

    # --- the inbox ----------------------------------------------------------------------------

    async def inbox(
        self,
        *,
        limit: int = 50,
        budget_tokens: int | None = None,
        count: Estimator = estimate_tokens,
        turn: "AsyncTurn | None" = None,
    ) -> Inbox:
        """What waits for this actor, oldest first, and how much more there is. Takes reader.

        For the writer these are dispatches with a reply, marked `stale` when something else was
        published since the version it was built on; for whoever else what was sent to them.
        None is ever cut: when the oldest does not fit, `BudgetTooSmall` says what would do.
        `count` counts the text of one, where bytes by four are not exact enough. With `turn`
        it is recorded that the turn was served these.
        """
        session = self._session
        if check_limit(limit) > MAX_INBOX:
            raise InvalidValue(f"limit={limit}: one look shows {MAX_INBOX} at the most.")
        if budget_tokens is not None and (type(budget_tokens) is not int or budget_tokens < 1):
            raise InvalidValue(f"budget_tokens={budget_tokens!r}: a budget is at least one token.")
        look = inboxes.inbox(
            session.reader, self._key, limit=limit, budget_tokens=budget_tokens, count=count
        )
        if turn is None:
            return await session.read(look)
        turn._account.require(session)
        found = await session.read(look)
        for each in found:
            await turn._account.showed(session, dispatch_key(self._key, each.id), each.version)
        return found

    async def receive(self, *, timeout_s: float | None = None) -> AsyncIterator[Dispatch]:
        """What comes into this actor's inbox, as it comes, beginning with what waits.

        Each is as it stands when it is given; one that changes and still waits comes again, and
        whoever asks anew gets all that waits, so that nothing is lost with a reader. Ends when
        nothing came for `timeout_s`; None waits for ever.
        """
        session, after = self._session, inboxes.BEGINNING
        waiter = session.gate.waiter()
        try:
            waited_since = time.monotonic()
            while True:
                look = inboxes.next_arrival(session.reader, self._key, after)
                found = await session.read(look)
                if found is not None:
                    after, dispatch = found
                    yield dispatch
                    waited_since = time.monotonic()
                    continue
                left_s = BACKSTOP_S
                if timeout_s is not None:
                    left_s = min(left_s, waited_since + timeout_s - time.monotonic())
                    if left_s <= 0:
                        return
                await waiter.wait(left_s)
        finally:
            waiter.close()

    async def find(self, name: str) -> Dispatch:
        """A dispatch by its id, whatever became of it. Takes reader. Raises `NotFound`."""
        session = self._session
        look = inboxes.dispatch(session.reader, self._key, self._id_of(name))
        return await session.read(look)

    async def describe(self) -> str:
        """The contract in words: who writes, what waits for whom, who may do what."""
        session = self._session
        key = contract_key(self._key.namespace, self._key.region)
        return await session.read(describe_region(session.reader, key))

    # --- inside -------------------------------------------------------------------------------

    async def _channel(self) -> exchange.Channel:
        """The channel as it stands where what is about to be written is decided."""
        session = self._session
        return await session.read_source(exchange.channel_at(session.source_reader, self._key))

    async def _fresh(self, dispatch: Dispatch | str) -> Dispatch:
        """A dispatch as it is now; one that was handed over keeps the version that was seen."""
        session, name = self._session, self._id_of(dispatch)
        look = inboxes.dispatch(session.source_reader, self._key, name)
        found = await session.read_source(look)
        return replace(found, version=dispatch.version) if isinstance(dispatch, Dispatch) else found

    def _id_of(self, dispatch: object) -> str:
        if not isinstance(dispatch, Dispatch | str):
            raise InvalidInput(f"a dispatch is one, or its id, and not {dispatch!r}.")
        if isinstance(dispatch, str):
            return dispatch
        if dispatch.channel != self.reference:
            raise InvalidInput(
                f"Dispatch {dispatch.id!r} is one of {dispatch.channel}, not of {self.reference}."
            )
        return dispatch.id

    async def _revision_of(self, version: int) -> int:
        session = self._session
        if not version:
            return 0
        read = reading.read_version(session.source_reader, self._key, version)
        return (await session.read_source(read)).revision

    def _keyed(self, options: AsyncOptions) -> tuple[AsyncOptions, str]:
        """Options with an idempotency key, and the id that it gives to what is sent under it."""
        key = options.get("idempotency_key") or new_key(time.time_ns() // 1000, os.urandom(8))
        keyed: AsyncOptions = {"kind": "directive", **options, "idempotency_key": key}
        return keyed, dispatch_id(self._session.actor.name, self._key, key)

    async def _view(self, turn: "AsyncTurn | None") -> int | None:
        """What whoever sends something in a turn sees of the channel: its own publication too."""
        if turn is None:
            return None
        turn._account.require(self._session)
        own = (await turn._account.basis(self._key)).own
        return await self._revision_of(own[-1]) if own else turn.revision

    async def _let_read(self, actor: str, name: str) -> None:
        session = self._session
        require = exchange.require_untaken(session.source_reader, self._key, actor)
        await session.read_source(require)
        assert self.reference.namespace is not None
        reason = f"to be sent dispatch {name}"
        grant = shares.grants(
            self.reference.namespace, self._key.region, {actor: "reader"}, True, reason
        )
        await session.commit(grant)

    async def _drafted(
        self,
        name: str,
        operation: str,
        arguments: dict[str, Any],
        options: AsyncOptions,
        asked: dict[str, Any] | None = None,
    ) -> Draft:
        key = dispatch_key(self._key, name)
        return await self._session.drafted(key, operation, arguments, options, asked=asked)

    async def _commit(self, drafts: list[Draft], options: AsyncOptions) -> tuple[Receipt, ...]:
        """Commit drafts together, or with the `atomic()` around."""
        return await self._session.change_all(drafts, options)

    async def _sent(
        self, name: str, channel: exchange.Channel, arguments: dict[str, Any], receipt: Receipt
    ) -> Dispatch:
        """What was sent: as the log has it, or as it will be once `atomic()` ends."""
        if not receipt.pending:
            return replace(await self._fresh(name), receipt=receipt)
        value = {**arguments, "state": "open", "reply": None, "by": "", "settled": None}
        key = dispatch_key(self._key, name)
        view = exchange.dispatch_view(channel, key, 1, value, 0, 0)
        return replace(view, text=dispatch_text(view), receipt=receipt)
