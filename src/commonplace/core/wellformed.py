"""Well-formed: whether a group is one that can be decided at all.

The faces refuse malformed input with better words; this is the fence behind them, for
groups that come from elsewhere. Without it one group that names a region `a/b`, a grant of
an unknown tier or a line that is none would stop a whole batch, or reach past its access:
everything below relies on names being names, and on arguments having their shape.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any
from urllib.parse import unquote

from commonplace import limits
from commonplace.core import exchange, reserved
from commonplace.core.access import GRANTS, TENANT, TIERS, is_private
from commonplace.core.digest import SALT_BYTES
from commonplace.core.fold import OPERATIONS
from commonplace.core.taking_back import TAKING_BACK
from commonplace.core.verdict import Refusal
from commonplace.errors import InvalidInput, InvalidName
from commonplace.model.entry import EntryKey
from commonplace.model.names import check_key, check_name, check_region
from commonplace.model.namespace import Namespace, NamespacePrefix, escape
from commonplace.model.reference import check_any_region
from commonplace.model.write import KINDS, Guard, Write, WriteGroup

_UNFIT = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")
"""What no field of a header may hold: controls, and what has no UTF-8."""
_UNFIT_SOURCE = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff,]")
_SURROGATE = re.compile(r"[\ud800-\udfff]")
DIGEST_BYTES = 32


class _No(Exception):
    """Carries a refusal out of a check."""

    def __init__(self, code: str, message: str, **facts: Any) -> None:
        super().__init__(message)
        self.refusal = Refusal(code, f"Not written. {message}", facts)


def malformed(group: WriteGroup) -> Refusal | None:
    """The refusal of a group that breaks the rules of form or a limit, or None."""
    number = 0
    try:
        _check_group(group)
        for guard in group.guards:
            _check_guard(guard)
        for number, write in enumerate(group.writes):  # noqa: B007  # the number is the answer
            _check_write(write)
    except _No as error:
        refusal = error.refusal
    except InvalidInput as error:
        refusal = Refusal(error.code, f"Not written. {error}")
    else:
        return None
    return Refusal(refusal.code, refusal.message, refusal.facts, number)


def _bound(what: str, actual: int, limit: int) -> None:
    if actual > limit:
        raise _No(
            "limit_exceeded",
            f"{what}: {actual}, {actual - limit} more than the limit of {limit}.",
            limit=limit,
            actual=actual,
            excess=actual - limit,
        )


def _no(message: str) -> _No:
    return _No("invalid_input", message)


def _require(holds: bool, message: str) -> None:
    """For what is checked seldom: the message is made whether it is needed or not."""
    if not holds:
        raise _no(message)


def _characters(text: str, what: str) -> None:
    if not text.isascii() and _SURROGATE.search(text):
        raise _no(f"{what} holds a lone surrogate, which is no text.")


def _count(value: object, what: str) -> None:
    if type(value) is not int or not 0 <= value <= limits.MAX_INTEGER:
        raise _No("invalid_input", f"{what} is {value!r}, and counts are whole numbers from 0.")


def _check_group(group: WriteGroup) -> None:
    _require(bool(group.writes), "There is no write in this commit.")
    _bound("writes in one commit", len(group.writes), limits.MAX_GROUP_WRITES)
    _bound("guards of one commit", len(group.guards), limits.MAX_GUARDS)
    _require(bool(group.key), "The idempotency key is empty.")
    for field in (group.key, group.trace, group.turn):
        if _UNFIT.search(field):
            raise _no(f"{field!r} holds a control character or a lone surrogate.")
        _bound("bytes of a header field", len(field.encode()), limits.MAX_IDEMPOTENCY_KEY_BYTES)


def _check_guard(guard: Guard) -> None:
    _check_place(guard.entry)
    _count(guard.version, "the version of a guard")


def _check_write(write: Write) -> None:
    _check_place(write.entry)
    if write.operation not in OPERATIONS:
        raise _no(f"There is no operation {write.operation!r}.")
    if write.expect is not None:
        _count(write.expect, "expect=")
    if write.kind not in KINDS:
        raise _no(f"kind={write.kind!r} is none of {', '.join(sorted(KINDS))}.")
    _characters(write.reason, "The reason")
    _bound("bytes of the reason", len(write.reason.encode()), limits.MAX_REASON_BYTES)
    _bound("bytes of what was written", len(write.payload), 2 * limits.MAX_VALUE_BYTES)
    _bound("references in based_on=", len(write.based_on), limits.MAX_BASED_ON)
    for source in write.based_on:
        if not source or _UNFIT_SOURCE.search(source):
            raise _no(f"{source!r} is no reference.")
    if len(write.salt) != SALT_BYTES:
        raise _no(f"A salt has {SALT_BYTES} bytes.")
    if len(write.commitment) != DIGEST_BYTES:
        raise _no(f"A commitment has {DIGEST_BYTES} bytes.")
    _require(isinstance(write.arguments, Mapping), "Arguments are given by name.")
    for name in ("base", "through"):  # the versions read, whatever the operation
        if write.arguments.get(name) is not None:
            _count(write.arguments[name], f"{name}=")
    own = write.arguments.get("own", ())
    if not (_are_counts(own) and len(set(own)) == len(own)):
        raise _no("own= lists the versions that the same turn wrote, each once.")
    check = _ARGUMENTS.get(write.operation)
    if check is not None:
        check(write.arguments)


def _check_place(entry: EntryKey) -> None:
    """An entry's address: what `Namespace` and `Reference` would print, and nothing else."""
    namespace, region, key = entry
    _check_names(namespace, region)
    if not reserved.is_reserved(region):
        if key:
            check_key(key)
    elif region == reserved.NAMESPACE:
        _require(key == "", "A namespace is founded under the empty key.")
    elif region == reserved.CONTRACTS:
        check_region(key)
    elif region == GRANTS:
        _check_grant_key(namespace, key)
    elif region == reserved.DISPATCHES:
        channel, _, name = key.partition("/")
        check_region(channel)
        _require(exchange.is_dispatch_id(name), f"{name!r} is no id of a dispatch.")
    else:
        if key:
            check_key(key)
        _require(
            region != reserved.RETENTION or namespace == TENANT,
            "Retention is the tenant's alone.",
        )
        _require(
            region not in {reserved.SERVED, reserved.NOTICES} or is_private(namespace),
            "What an actor's turns were served, and its notices, stand in its own namespace.",
        )


@lru_cache(maxsize=8192)
def _check_names(namespace: str, region: str) -> None:
    if str(Namespace.parse(namespace)) != namespace:
        raise InvalidName(f"namespace {namespace!r} is not in its one text form.")
    check_any_region(region)


@lru_cache(maxsize=8192)
def _check_grant_key(namespace: str, key: str) -> None:
    prefix, over, who = key.rpartition(">")
    if over:
        _require(namespace == TENANT, "Grants over a prefix stand in the tenant's namespace.")
        _require(str(NamespacePrefix.parse(prefix)) == prefix, f"{prefix!r} is no prefix.")
    else:
        region, slash, who = key.rpartition("/")
        if slash:
            check_any_region(region)
    actor = check_name(unquote(who), "actor")
    _require(escape(actor) == who, f"{who!r} is not an actor's name in its one text form.")


# --- arguments, by operation ------------------------------------------------------------------


def _text(arguments: Mapping[str, Any], *names: str) -> None:
    for name in names or ("text",):
        text = arguments.get(name)
        if not isinstance(text, str):
            raise _no(f"{name}= takes text.")
        _characters(text, f"{name}=")


def _insert(arguments: Mapping[str, Any]) -> None:
    _text(arguments)
    if not isinstance(arguments.get("after"), str):
        _count(arguments.get("after"), "after=")


def _replace(arguments: Mapping[str, Any]) -> None:
    _text(arguments, "old", "new")


def _condense(arguments: Mapping[str, Any]) -> None:
    _text(arguments)
    _count(arguments.get("through"), "through=")


def _is_line_name(name: object) -> bool:
    return isinstance(name, Sequence) and len(name) == 2 and all(type(part) is int for part in name)


def _edit(arguments: Mapping[str, Any]) -> None:
    _count(arguments.get("base"), "base=")
    hunks = arguments.get("hunks")
    _require(isinstance(hunks, Sequence) and not isinstance(hunks, str), "hunks= takes a list.")
    for hunk in hunks or ():
        _require(
            isinstance(hunk, Mapping)
            and hunk.keys() == {"after", "remove", "lines"}
            and (hunk["after"] is None or _is_line_name(hunk["after"]))
            and all(_is_line_name(name) for name in hunk["remove"])
            and all(isinstance(line, str) and "\n" not in line for line in hunk["lines"]),
            "A hunk names the lines it goes after and removes, and holds lines without line ends.",
        )
        for line in hunk["lines"]:
            _characters(line, "A line of a hunk")


def _put(arguments: Mapping[str, Any]) -> None:
    _require("value" in arguments, "put takes a value.")


def _erase(arguments: Mapping[str, Any]) -> None:
    _require(type(arguments.get("current")) is bool, "current= is true or false.")
    _require(isinstance(arguments.get("versions"), Sequence), "versions= takes a list.")
    retold = arguments.get("retold", ())
    _require(isinstance(retold, Sequence), "retold= takes a list.")
    for told in retold:
        _require(
            isinstance(told, Mapping)
            and told.get("operation") in TAKING_BACK
            and _are_counts(told.get("versions"))
            and _are_counts(told.get("at"))
            and len(told["at"]) == 3
            and _rows(told.get("suspects"), str, str, str, int, str, int)
            and _rows(told.get("notices"), str, str),
            "retold= says what destroyed records took back, and of what.",
        )


def _are_counts(value: object) -> bool:
    return (
        isinstance(value, Sequence)
        and not isinstance(value, str)
        and all(type(each) is int and 0 <= each <= limits.MAX_INTEGER for each in value)
    )


def _rows(rows: object, *shape: type) -> bool:
    """Whether `rows` is a list of rows with values of these types, and no count below 0."""
    return isinstance(rows, Sequence) and all(
        isinstance(row, Sequence)
        and tuple(type(each) for each in row) == shape
        and all(each >= 0 for each in row if type(each) is int)
        and not any(_UNFIT.search(each) for each in row if type(each) is str)
        for row in rows
    )


def _taking_back(arguments: Mapping[str, Any]) -> None:
    versions, lines = arguments.get("versions"), arguments.get("lines")
    _require(_are_counts(versions) and bool(versions), "versions= lists what is taken back.")
    _bound("versions taken back at once", len(versions or ()), limits.MAX_GROUP_WRITES)
    _require(
        isinstance(lines, Sequence) and all(_is_line_name(name) for name in lines),
        "lines= names the lines that are taken back.",
    )
    _require(type(arguments.get("current")) is bool, "current= is true or false.")
    if "text" in arguments:
        _text(arguments)
    if "size_bytes" in arguments:
        _count(arguments["size_bytes"], "size_bytes=")
    _require("value" not in arguments or "size_bytes" in arguments, "A value comes with its size.")
    of = arguments.get("of", (1, 0, 0))
    _require(
        _are_counts(of)
        and len(of) == 3
        and of[0] > 0
        and of[1] <= of[2]
        and (of[1] > 0 or not of[2]),
        "of= is a version and the span of its lines that was named: 0, 0 for none.",
    )
    suspects, told = arguments.get("suspects", ()), arguments.get("told", ())
    _require(_rows(suspects, str, str, str, int, str, int), "suspects= lists what was built on it.")
    _bound("records built on it", len(suspects), limits.MAX_CASCADE)
    for name in told:
        check_name(name, "actor")


def _serve(arguments: Mapping[str, Any]) -> None:
    _text(arguments, "turn")
    _require(not _UNFIT.search(arguments["turn"]), "turn= is the id of a turn.")
    _count(arguments.get("pin"), "pin=")
    _count(arguments.get("first"), "first=")
    rows, refused = arguments.get("rows"), arguments.get("refused")
    left_out = arguments.get("left_out", ())
    _require(_rows(rows, str, str, str, int, int, int, int), "rows= lists what was served.")
    _require(_rows(left_out, str, str, str, int, int, int, int), "left_out= lists what was not.")
    _require(_rows(refused, str, str, str, str, str, int), "refused= lists what was refused.")
    for each in (rows, left_out, refused):
        _bound("passages served", len(each or ()), limits.MAX_SERVED_ROWS)


def _acknowledge(arguments: Mapping[str, Any]) -> None:
    _require(arguments.get("how") in ("acknowledged", "rerun"), "how= is acknowledged or rerun.")


def _exchange(operation: str) -> Callable[[Mapping[str, Any]], None]:
    def check(arguments: Mapping[str, Any]) -> None:
        fault = exchange.fault_in(operation, arguments)
        _require(not fault, fault)

    return check


def _grant(arguments: Mapping[str, Any]) -> None:
    tier = arguments.get("tier")
    _require(
        isinstance(tier, str) and tier in TIERS, f"{tier!r} is no tier: use {', '.join(TIERS)}."
    )
    _require(type(arguments.get("history")) is bool, "history= is true or false.")
    _require(len(arguments) == 2, "A grant is a tier and a history.")


def _is_visibility(plain: object) -> bool:
    """Whether it is `strong`, or a bound: seconds from 1, and revisions."""
    if not isinstance(plain, Mapping):
        return plain == "strong"
    return (
        plain.keys() == {"seconds", "revisions"}
        and all(type(count) is int and count <= limits.MAX_INTEGER for count in plain.values())
        and plain["seconds"] >= 1
        and plain["revisions"] >= 0
    )


def _contract(arguments: Mapping[str, Any]) -> None:
    plain = arguments.get("contract")
    _require(
        isinstance(plain, Mapping)
        and plain.keys() == {"holds", "rule", "max_bytes", "visibility"}
        and plain["holds"] in ("text", "json")
        and _is_visibility(plain["visibility"])
        and isinstance(plain["rule"], Mapping)
        and plain["rule"].keys() == {"name", "version", "parameters"}
        and isinstance(plain["rule"]["name"], str)
        and type(plain["rule"]["version"]) is int
        and isinstance(plain["rule"]["parameters"], Mapping),
        "A contract says what it holds (text or json), its rule, max_bytes and visibility.",
    )
    assert plain is not None
    _count(plain["max_bytes"], "max_bytes")
    _require(plain["max_bytes"] >= 1, "max_bytes is 0: nothing would fit.")
    _bound("max_bytes of a contract", plain["max_bytes"], limits.MAX_TEXT_BYTES)


_ARGUMENTS: Mapping[str, Callable[[Mapping[str, Any]], None]] = {
    "append": _text,
    "insert": _insert,
    "replace": _replace,
    "rewrite": _text,
    "condense": _condense,
    "edit": _edit,
    "put": _put,
    "erase": _erase,
    "create": _contract,
    "change": _contract,
    "grant": _grant,
    "retract": _taking_back,
    "supersede": _taking_back,
    "serve": _serve,
    "acknowledge": _acknowledge,
    **{operation: _exchange(operation) for operation in exchange.EXCHANGE_OPERATIONS},
}
