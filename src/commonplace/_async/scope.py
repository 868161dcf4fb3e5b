"""AsyncScope: one namespace, as a handle to open and create what is in it."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Literal, Unpack

from commonplace._async.block import AsyncBlock
from commonplace._async.channel import AsyncChannel
from commonplace._async.group_watch import AsyncGroupWatch
from commonplace._async.session import AsyncSession
from commonplace._async.watch import AsyncWatch
from commonplace._async.watching import WatchOptions, make_watch
from commonplace.core.access import Tier
from commonplace.core.reserved import contract_key
from commonplace.core.rules import Rule, SingleWriter, TextBlock
from commonplace.errors import InvalidInput, InvalidValue
from commonplace.explain.describe import describe_region
from commonplace.limits import MAX_TEXT_BYTES
from commonplace.model.contract import Bounded, Contract, Visibility
from commonplace.model.names import check_region
from commonplace.model.namespace import Namespace
from commonplace.model.receipt import Receipt
from commonplace.storage import shares
from commonplace.storage.programs import exchange, listing, reading

_TEXT_BLOCK = TextBlock()


class AsyncScope:
    """A task, a role, an agent's own or any other namespace. Making a handle does no I/O."""

    def __init__(self, session: AsyncSession, namespace: Namespace) -> None:
        if not isinstance(namespace, Namespace):
            raise InvalidInput(f"a scope takes a whole Namespace, not {namespace!r}.")
        self._session = session
        self.namespace = namespace

    def __repr__(self) -> str:
        return f"<AsyncScope {self.namespace}>"

    async def create_block(
        self,
        name: str,
        *,
        rule: Rule = _TEXT_BLOCK,
        share: Mapping[str, str] | None = None,
        max_bytes: int = MAX_TEXT_BYTES,
        visibility: Visibility = "strong",
        reason: str = "",
    ) -> AsyncBlock:
        """Create a block under `rule`, owned by this actor and shared as said.

        `visibility` is `strong`, or `Bounded(seconds, revisions)` for those who read it through a
        follower.

        Creating it again with the same contract and shares changes nothing; with others it
        raises `ContractMismatch`. Takes editor of the namespace.
        """
        contract = _contract(rule, max_bytes, visibility)
        await self._session.commit(
            shares.creation(
                self.namespace, name, contract, rule, self._session.actor.name, share, reason
            )
        )
        return self.block(name)

    def block(self, name: str) -> AsyncBlock:
        """The block of that name; it is looked for at its first use, never created."""
        return AsyncBlock(self._session, self.namespace, check_region(name))

    async def create_channel(
        self,
        name: str,
        *,
        holds: Literal["json", "text"] = "json",
        writer: str | None = None,
        share: Mapping[str, str] | None = None,
        max_bytes: int = MAX_TEXT_BYTES,
        visibility: Visibility = "strong",
        reason: str = "",
    ) -> AsyncChannel:
        """Create a channel: one value with one writer, this actor unless another is named.

        It is owned by both and shared as said, with readers and owners: another writer takes
        another contract (`change_contract`). Creating it again with the same contract and shares
        changes nothing. Takes editor of the namespace.
        """
        actor = self._session.actor.name
        rule = SingleWriter(actor if writer is None else writer)
        contract = _contract(rule, max_bytes, visibility, holds)
        await self._session.commit(
            shares.creation(self.namespace, name, contract, rule, actor, share, reason)
        )
        return self.channel(name)

    def channel(self, name: str) -> AsyncChannel:
        """The channel of that name; it is looked for at its first use, never created."""
        return AsyncChannel(self._session, self.namespace, check_region(name))

    async def share(
        self,
        share: Mapping[str, str],
        *,
        region: str | None = None,
        history: bool = True,
        reason: str = "",
    ) -> Receipt:
        """Grant tiers by actor, over the namespace or one region. Takes owner.

        With `history=False` the grant hides what was committed before it.
        """
        drafts = shares.grants(self.namespace, region, share, history, reason)
        if not drafts:
            raise InvalidValue("share is empty: name at least one actor.")
        return (await self._session.commit(drafts))[-1]

    async def unshare(self, actor: str, *, region: str | None = None, reason: str = "") -> Receipt:
        """Take a grant back; a watch of that actor stops with `AccessChanged`. Takes owner."""
        draft = shares.revocation(self.namespace, region, actor, reason)
        return (await self._session.commit((draft,)))[0]

    async def regions(self) -> list[str]:
        """Names of the regions here that this actor may read."""
        session = self._session
        return await session.read(listing.regions(session.reader, str(self.namespace)))

    async def describe(self, region: str) -> str:
        """The region's contract in words."""
        session = self._session
        key = contract_key(str(self.namespace), check_region(region))
        return await session.read(describe_region(session.reader, key))

    async def contract_version(self, region: str) -> int:
        """The version of the region's contract, for `change_contract(expect=)`."""
        session = self._session
        key = contract_key(str(self.namespace), check_region(region))
        contract = reading.read_entry(session.source_reader, key)
        return (await session.read_source(contract)).version

    async def change_contract(
        self,
        region: str,
        to: Rule,
        *,
        expect: int,
        reason: str,
        max_bytes: int = MAX_TEXT_BYTES,
        visibility: Visibility | None = None,
    ) -> Receipt:
        """Put a region under another rule, if `expect` is still its contract's version.

        Its visibility stays unless another is given. Refused when the value there could not live
        under it. Takes owner.
        """
        session = self._session
        namespace, region = str(self.namespace), check_region(region)
        stored = reading.contract_of(session.source_reader, namespace, region)
        before = (await session.read_source(stored))[0]
        contract = _contract(to, max_bytes, visibility or before.visibility, before.holds)
        made = shares.change(self.namespace, region, contract, expect, reason)
        return (await session.commit((made,)))[0]

    async def demote(self, region: str, writer: str, *, reason: str = "") -> Receipt:
        """Make a region a channel: from now on `writer` alone writes. Takes owner.

        All that was written stays, with its versions, authors and pins. A writer who may not
        write here yet is made a contributor. Raises `NotFound` for one with whom nothing in the
        namespace was ever shared, and `VersionConflict` when another changes the contract.
        """
        session, rule = self._session, SingleWriter(writer)
        namespace, region = str(self.namespace), check_region(region)
        look = exchange.demotion(session.source_reader, namespace, region, writer)
        found = await session.read_source(look)
        contract = replace(found.contract, rule=rule.spec)
        drafts = [shares.change(self.namespace, region, contract, found.version, reason)]
        if found.has.tier < Tier.CONTRIBUTOR:
            history = found.has.since == 0
            share = {writer: "contributor"}
            drafts += shares.grants(self.namespace, region, share, history, reason)
        return (await session.commit(drafts))[0]

    def watch(self, **options: Unpack[WatchOptions]) -> AsyncWatch | AsyncGroupWatch:
        """Commits to this namespace as they come; see `WatchOptions`."""
        return make_watch(self._session, self.namespace, **options)


def _contract(
    rule: Rule,
    max_bytes: int,
    visibility: Visibility,
    holds: Literal["json", "text"] = "text",
) -> Contract:
    if not isinstance(rule, Rule):
        raise InvalidValue(f"rule={rule!r} is no rule: try commonplace.TextBlock().")
    if not 1 <= max_bytes <= MAX_TEXT_BYTES:
        raise InvalidValue(f"max_bytes={max_bytes}: a block holds 1 to {MAX_TEXT_BYTES} bytes.")
    if holds not in ("json", "text"):
        raise InvalidValue(f"holds={holds!r}: a region holds json or text.")
    if visibility != "strong" and not _is_bound(visibility):
        raise InvalidValue(
            f"visibility={visibility!r}: it is 'strong', or Bounded(seconds=, revisions=) with at "
            "least one second."
        )
    return Contract(holds, rule.spec, max_bytes, visibility)


def _is_bound(visibility: object) -> bool:
    return (
        isinstance(visibility, Bounded)
        and type(visibility.seconds) is int
        and type(visibility.revisions) is int
        and visibility.seconds >= 1
        and visibility.revisions >= 0
    )
