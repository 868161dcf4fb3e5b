"""Groups to propose to an engine: one actor, one block of its own, lines appended to it."""

from commonplace.core.reserved import contract_key
from commonplace.model.actor import Actor
from commonplace.model.contract import Contract, RuleSpec
from commonplace.model.entry import EntryKey
from commonplace.model.write import WriteGroup
from commonplace.storage.proposal import draft, group_of

TENANT = "acme"
ME = Actor("web-1")
BLOCK = EntryKey("agent/web-1", "findings")


def creating(block: EntryKey = BLOCK) -> WriteGroup:
    """The group that makes the block."""
    contract = Contract("text", RuleSpec("text_block"))
    key = contract_key(block.namespace, block.region)
    return group_of(TENANT, ME, [draft(key, "create", {"contract": contract.to_plain()})])


def appending(text: str, block: EntryKey = BLOCK) -> WriteGroup:
    """A group that appends one line, and conflicts with nothing."""
    return group_of(TENANT, ME, [draft(block, "append", {"text": text})])
