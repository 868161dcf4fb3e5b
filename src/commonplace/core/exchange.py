"""Exchange: what may be sent, answered and settled beside a channel, and by whom.

A channel is a region under `SingleWriter`. Its dispatches are entries of the reserved region
`_dispatches`, one each. The value of one, over its four operations:

    dispatch   by the writer       {to, payload, pin, version, follows, since, state: "open", …}
    reply      by who it went to   state "replied", reply {payload, version, revision}
    withdraw   by the writer       state "superseded", by: the dispatch sent in its place
    settle     by the writer       state "committed", settled {version, surfaced_by, committed_by}

A reply may be given again until it is settled; the last one counts, and whoever settles or
withdraws says which version of the dispatch that is (`of`). After that there is nothing to
reply to, and what was said is history: the version before still says it, as long as retention
keeps that, and the state holds what is under way alone.
"""

import re
from collections.abc import Mapping
from hashlib import sha256
from typing import Any, Final, NamedTuple

from commonplace import limits
from commonplace.core.access import Tier
from commonplace.core.operation import Operation
from commonplace.core.rules import Rule, SingleWriter
from commonplace.core.rules.rule import Attempt
from commonplace.core.state import EntryState
from commonplace.core.verdict import Refusal
from commonplace.model.channel import dispatch_key
from commonplace.model.entry import EntryKey
from commonplace.model.names import check_name

_ALPHABET: Final = "abcdefghjkmnpqrstuvwxyz23456789"
"""Letters and digits that nobody takes for one another."""
_ID_CHARACTERS: Final = 8
_ID: Final = re.compile(r"[a-z0-9]{4,32}\Z")


class Channel(NamedTuple):
    """A channel as a decision sees it: its one writer, what is published, and the head."""

    entry: EntryKey
    writer: str
    version: int
    revision: int


def dispatch_id(actor: str, channel: EntryKey, idempotency_key: str) -> str:
    """The id of what is dispatched under a key: a retry gives the same one."""
    asked = "\x1f".join((actor, channel.namespace, channel.region, idempotency_key))
    number = int.from_bytes(sha256(asked.encode()).digest()[:16])
    characters = []
    for _ in range(_ID_CHARACTERS):
        number, place = divmod(number, len(_ALPHABET))
        characters.append(_ALPHABET[place])
    return "".join(characters)


def is_dispatch_id(name: str) -> bool:
    """Whether a name has the form of a dispatch's id."""
    return _ID.match(name) is not None


# --- what the operations do ---------------------------------------------------------------------


def _dispatch(value: Any, arguments: Mapping[str, Any], version: int) -> Mapping[str, Any]:
    sent = {name: arguments[name] for name in ("to", "payload", "pin", "version", "follows")}
    more = {"since": arguments["since"], "state": "open", "reply": None, "by": "", "settled": None}
    return {**sent, **more}


def _changed(value: Any, **changes: Any) -> Mapping[str, Any] | Refusal:
    if not isinstance(value, Mapping):
        return Refusal("not_found", "There is no such dispatch.")
    return {**value, **changes}


def _reply(value: Any, arguments: Mapping[str, Any], version: int) -> Any:
    reply = {name: arguments[name] for name in ("payload", "version", "revision")}
    return _changed(value, state="replied", reply=reply)


def _withdraw(value: Any, arguments: Mapping[str, Any], version: int) -> Any:
    return _changed(value, state="superseded", by=arguments["by"], payload=None, reply=None)


def _settle(value: Any, arguments: Mapping[str, Any], version: int) -> Any:
    settled = {name: arguments[name] for name in ("version", "surfaced_by", "committed_by")}
    return _changed(value, state="committed", settled=settled, payload=None, reply=None)


def carried(value: Mapping[str, Any]) -> tuple[Any, Any]:
    """What a dispatch carries: what was sent, and what was answered; None once it is closed."""
    reply = value["reply"]
    return value["payload"], reply and reply["payload"]


def is_closed(value: Mapping[str, Any]) -> bool:
    """Whether a dispatch is withdrawn or settled."""
    return value["state"] in {"superseded", "committed"}


EXCHANGE_OPERATIONS: Final[Mapping[str, Operation]] = {
    operation.name: operation
    for operation in (
        Operation("dispatch", Tier.CONTRIBUTOR, _dispatch, needs_value=False, whole=True),
        Operation("reply", Tier.READER, _reply),
        Operation("withdraw", Tier.CONTRIBUTOR, _withdraw),
        Operation("settle", Tier.CONTRIBUTOR, _settle),
    )
}


# --- what they take -----------------------------------------------------------------------------


def fault_in(operation: str, arguments: Mapping[str, Any]) -> str:
    """What is wrong with the form of the arguments; empty when nothing is."""
    counts = {
        "dispatch": ("pin", "version", "since"),
        "reply": ("version", "revision"),
        "withdraw": ("of",),
        "settle": ("of", "version"),
    }
    for name in counts.get(operation, ()):
        count = arguments.get(name)
        if type(count) is not int or not 0 <= count <= limits.MAX_INTEGER:
            return f"{name}= is {count!r}, and counts are whole numbers from 0."
    names = {"dispatch": ("to",), "settle": ("surfaced_by", "committed_by")}
    for name in names.get(operation, ()):
        check_name(arguments.get(name), name)
    ids = {"dispatch": "follows", "withdraw": "by"}
    if operation in ids:
        other = arguments.get(ids[operation])
        is_one = isinstance(other, str) and is_dispatch_id(other)
        if not is_one and (operation, other) != ("dispatch", ""):
            return f"{ids[operation]}= is {other!r}, which is no id of a dispatch."
    if operation in {"dispatch", "reply"} and "payload" not in arguments:
        return f"{operation} takes a payload."
    return ""


def refuse(
    attempt: Attempt, rule: Rule, published: int, revision: int, followed: EntryState | None
) -> Refusal | None:
    """The refusal of a write to a dispatch of the region under `rule`, or None.

    `published` is the version of the region's value and `revision` the head, both as this
    commit sees them; `followed` the dispatch that a new one takes the place of.
    """
    namespace, _, key = attempt.write.entry
    entry = EntryKey(namespace, key.partition("/")[0])
    if not isinstance(rule, SingleWriter):
        return _no_channel(entry, rule)
    channel = Channel(entry, rule.writer, published, revision)
    if attempt.write.operation == "dispatch":
        refusal = _dispatching(attempt, channel, followed)
    elif attempt.write.operation == "reply":
        refusal = _replying(attempt, channel)
    else:
        refusal = _closing(attempt, channel)
    return refusal


def _dispatching(attempt: Attempt, channel: Channel, followed: EntryState | None) -> Refusal | None:
    arguments = attempt.write.arguments
    refusal = _not_the_writer(attempt, channel)
    if refusal is None and attempt.entry.version:
        refusal = Refusal(
            "contract_mismatch",
            f"Not written. {_named(attempt)} was sent before. Dispatch under another id.",
        )
    if refusal is None and arguments["follows"]:
        name = _id(attempt)
        if followed is None or not followed.exists or followed.value["by"] != name:
            refusal = Refusal(
                "contract_mismatch",
                f"Not written. Dispatch {arguments['follows']!r} was not withdrawn for {name!r}: "
                "withdraw it in the same commit.",
            )
    return refusal or _unpublished(channel, arguments["version"], arguments["pin"])


def _replying(attempt: Attempt, channel: Channel) -> Refusal | None:
    entry, write, actor = attempt
    if not entry.exists:
        return _unknown(attempt)
    if actor != entry.value["to"]:
        to = entry.value["to"]
        return Refusal(
            "not_owner",
            f"Not written. {_named(attempt)} went to {to}, and only {to} replies to it. Your own "
            "are in your inbox.",
            {"owner": to},
        )
    closed = _closed(attempt, channel)
    if closed is not None:
        return closed
    return _unpublished(channel, write.arguments["version"], write.arguments["revision"])


def _closing(attempt: Attempt, channel: Channel) -> Refusal | None:
    """`withdraw` and `settle`."""
    entry, write, actor = attempt
    refusal = _not_the_writer(attempt, channel)
    if refusal is None and not entry.exists:
        refusal = _unknown(attempt)
    refusal = refusal or _closed(attempt, channel)
    if refusal is None and write.arguments["of"] != entry.version:
        refusal = _unseen(attempt)
    if refusal is not None or write.operation == "withdraw":
        return refusal
    to, arguments = entry.value["to"], write.arguments
    if entry.value["state"] != "replied":
        return Refusal(
            "contract_mismatch",
            f"Not written. {to} has not replied to {_named(attempt)}: there is nothing to commit. "
            "Wait for the reply, or redispatch.",
        )
    if (arguments["surfaced_by"], arguments["committed_by"]) != (to, actor):
        return Refusal(
            "contract_mismatch",
            f"Not written. {_named(attempt)} is surfaced by {to}, who replied, and committed by "
            f"{actor}, who writes this.",
        )
    if arguments["version"] != channel.version:
        return _moved(channel, arguments["version"])
    return None


# --- the words ----------------------------------------------------------------------------------


def _id(attempt: Attempt) -> str:
    return attempt.write.entry.key.partition("/")[2]


def _named(attempt: Attempt) -> str:
    return f"Dispatch {_id(attempt)!r}"


def _no_channel(entry: EntryKey, rule: Rule) -> Refusal:
    return Refusal(
        "contract_mismatch",
        f"Not written. {entry.reference()} is no channel: it is under {rule.name}, and a channel "
        f"under single_writer. Create one, or demote({entry.region!r}, WRITER) by name.",
    )


def _not_the_writer(attempt: Attempt, channel: Channel) -> Refusal | None:
    if attempt.actor == channel.writer:
        return None
    writer = channel.writer
    return Refusal(
        "not_owner",
        f"Not written. {channel.entry.reference()} has one writer, {writer}, who alone dispatches "
        f"and commits. Reply to what {writer} sent you, or send {writer} what you would change.",
        {"owner": writer},
    )


def _unknown(attempt: Attempt) -> Refusal:
    entry = EntryKey(attempt.write.entry.namespace, attempt.write.entry.key.partition("/")[0])
    return Refusal(
        "not_found",
        f"Not written. {entry.reference()} has no dispatch {_id(attempt)!r}. Look into the inbox.",
    )


def _closed(attempt: Attempt, channel: Channel) -> Refusal | None:
    """The refusal of whatever comes after a dispatch was superseded or committed."""
    value = attempt.entry.value
    if value["state"] == "superseded":
        entry = dispatch_key(channel.entry, value["by"])
        return Refusal(
            "dispatch_superseded",
            f"Not written. {_named(attempt)} was sent again as {value['by']!r}, with what was "
            f"published since. Read {entry.reference()}, and reply to that one.",
            {"by": value["by"], "version": 0},
        )
    if value["state"] == "committed":
        version = value["settled"]["version"]
        return Refusal(
            "dispatch_superseded",
            f"Not written. {_named(attempt)} is settled: its reply was committed, and "
            f"{channel.entry.reference(version)} was published with it. If there is more to say, "
            f"ask {channel.writer} to dispatch again.",
            {"by": "", "version": version},
        )
    return None


def _unseen(attempt: Attempt) -> Refusal:
    entry, write, _ = attempt
    return Refusal(
        "version_conflict",
        f"Not written. {entry.value['to']} replied to {_named(attempt)} since you looked: it is "
        f"now {write.entry.reference(entry.version)}. Look into the inbox again.",
        {"expect": write.arguments["of"], "version": entry.version},
    )


def _unpublished(channel: Channel, version: int, revision: int) -> Refusal | None:
    if version > channel.version or revision > channel.revision:
        what = channel.entry.reference(version) if version > channel.version else f"r{revision}"
        return Refusal(
            "version_conflict",
            f"Not written. {what} does not exist yet: {channel.entry.reference()} stands at "
            f"{channel.version} and the head is r{channel.revision}. Read it first.",
            {"expect": version, "version": channel.version},
        )
    return None


def _moved(channel: Channel, version: int) -> Refusal:
    return Refusal(
        "version_conflict",
        f"Not written. This settles the reply with {channel.entry.reference(version)}, but "
        f"@{channel.version} is published. Look into the inbox again.",
        {"expect": version, "version": channel.version},
    )
