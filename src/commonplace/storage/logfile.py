"""Log files: a tenant's records as NDJSON, for export, import and archives.

The first line is the header, the last one the end; between them stands one record per line,
with every header field, digests in hex, and as much of its body as is left. A record also
carries its sealed checkpoint, and the digest before it if its predecessor was archived. The
same log gives the same bytes. Whatever is wrong in a file is refused with its line number.
"""

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Final, Literal, NamedTuple

import msgspec

from commonplace import limits
from commonplace.core.chain import Chain
from commonplace.core.digest import matches
from commonplace.errors import CommonplaceError, DamagedFile, InvalidInput, NotFound
from commonplace.model.actor import Actor, Identity
from commonplace.model.entry import EntryKey
from commonplace.model.names import check_key
from commonplace.model.namespace import Namespace
from commonplace.model.receipt import Position
from commonplace.model.record import Body, Record
from commonplace.model.reference import check_any_region
from commonplace.model.write import KINDS
from commonplace.storage.codec import check_text, check_value, decode, encode

FORMAT: Final = "commonplace-log/1"
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")
Purpose = Literal["export", "archive"]


class Item(NamedTuple):
    """A record as it travels; `checkpoint` is sealed, `previous` stands for an archived one."""

    record: Record
    checkpoint: bytes | None = None
    previous: bytes | None = None


@dataclass(frozen=True, slots=True)
class Header:
    """Whose log it is, and the position before its first record that is whole."""

    tenant: str
    purpose: Purpose
    start: Position

    def line(self) -> bytes:
        """The first line."""
        return encode(
            {
                "format": FORMAT,
                "tenant": self.tenant,
                "purpose": self.purpose,
                "start": {"revision": self.start.revision, "digest": self.start.digest.hex()},
            }
        )


def record_line(item: Item) -> bytes:
    """One record as a line, without its end."""
    record, body = item.record, item.record.body
    plain: dict[str, Any] = {
        "revision": record.revision,
        "index": record.index,
        "at_us": record.at_us,
        "actor": record.actor.name,
        "identity": record.actor.identity.value,
        "idempotency_key": record.idempotency_key,
        "namespace": record.entry.namespace,
        "region": record.entry.region,
        "key": record.entry.key,
        "version": record.version,
        "operation": record.operation,
        "kind": record.kind,
        "based_on": list(record.based_on),
        "trace": record.trace,
        "dead": record.dead,
        "size_bytes": record.size_bytes,
        "commitment": record.commitment.hex(),
        "digest": record.digest.hex(),
    }
    if record.turn:
        plain["turn"] = record.turn
    if body is not None:
        plain |= {"salt": body.salt.hex(), "reason": body.reason}
        if body.payload is not None:
            plain["payload"] = body.payload.decode()
        else:
            plain["payload_digest"] = body.payload_digest.hex()
    if item.checkpoint is not None:
        plain["checkpoint"] = item.checkpoint.decode()
    if item.previous is not None:
        plain["previous"] = item.previous.hex()
    return encode(plain)


def item_of(plain: Mapping[str, Any]) -> Item:
    """The reverse of `record_line`. Raises for anything that no memory would have written."""
    known = set(_REQUIRED) | _OPTIONAL
    if not set(_REQUIRED) <= set(plain) <= known:
        odd = sorted(set(_REQUIRED) - set(plain)) or sorted(set(plain) - known)
        raise InvalidInput(f"the record lacks or has in excess: {', '.join(odd)}")
    for name, kind in _REQUIRED.items():
        if type(plain[name]) is not kind:
            raise InvalidInput(f"{name} is not {kind.__name__}")
        if kind is int and not 0 <= plain[name] <= limits.MAX_INTEGER:
            raise InvalidInput(f"{name} is no count")
    turn = plain.get("turn", "")
    if type(turn) is not str:
        raise InvalidInput("turn is not str")
    for name in ("idempotency_key", "trace", "turn"):
        if _has_control(plain.get(name, "")):
            raise InvalidInput(f"{name} holds a control character")
    if plain["kind"] not in KINDS:
        raise InvalidInput(f"{plain['kind']!r} is no kind")
    record = Record(
        revision=plain["revision"],
        index=plain["index"],
        at_us=plain["at_us"],
        actor=_actor(plain["actor"], plain["identity"]),
        idempotency_key=plain["idempotency_key"],
        entry=_entry(plain),
        version=plain["version"],
        operation=plain["operation"],
        kind=plain["kind"],
        based_on=tuple(_source(text) for text in plain["based_on"]),
        trace=plain["trace"],
        turn=turn,
        dead=plain["dead"],
        size_bytes=plain["size_bytes"],
        commitment=_hex(plain, "commitment", 32),
        digest=_hex(plain, "digest", 32),
        body=_body(plain),
    )
    if record.body is not None and not matches(record.body, record.commitment):
        raise InvalidInput("what was written is not what the record committed to")
    checkpoint = plain.get("checkpoint")
    return Item(
        record,
        None if checkpoint is None else _canonical(checkpoint, "checkpoint"),
        _hex(plain, "previous", 32) if "previous" in plain else None,
    )


_REQUIRED: Final[Mapping[str, type]] = {
    **dict.fromkeys(("revision", "index", "at_us", "version", "size_bytes"), int),
    **dict.fromkeys(("actor", "identity", "idempotency_key", "namespace", "region", "key"), str),
    **dict.fromkeys(("operation", "kind", "trace", "commitment", "digest"), str),
    "based_on": list,
    "dead": bool,
}
_OPTIONAL: Final = {
    *("salt", "reason", "payload", "payload_digest", "checkpoint", "previous", "turn"),
}


def _entry(plain: Mapping[str, Any]) -> EntryKey:
    key = EntryKey(plain["namespace"], plain["region"], plain["key"])
    _check_names(key.namespace, key.region)
    if key.key:
        check_key(key.key)
    return key


@lru_cache(maxsize=8192)
def _check_names(namespace: str, region: str) -> None:
    if str(Namespace.parse(namespace)) != namespace:
        raise InvalidInput(f"the namespace {namespace!r} is not in its one spelling")
    check_any_region(region)


@lru_cache(maxsize=8192)
def _actor(name: str, identity: str) -> Actor:
    return Actor(name, Identity(identity))


def _source(text: object) -> str:
    if not isinstance(text, str) or not text or "," in text or _has_control(text):
        raise InvalidInput(f"{text!r} is no reference")
    return text


def _has_control(text: str) -> bool:
    return _CONTROL.search(text) is not None


def _hex(plain: Mapping[str, Any], name: str, size: int) -> bytes:
    try:
        value = bytes.fromhex(plain[name])
    except (TypeError, ValueError):
        raise InvalidInput(f"{name} is not hex") from None
    if len(value) != size:
        raise InvalidInput(f"{name} has {len(value)} bytes, not {size}")
    return value


def _canonical(text: object, name: str) -> bytes:
    if not isinstance(text, str):
        raise InvalidInput(f"{name} is not text")
    data = text.encode()
    if name == "payload":
        _check_payload(data)
    return data


def _check_payload(data: bytes) -> None:
    """Refuse what no codec of ours wrote; most often one pass of a fast reader shows it."""
    plain = decode(data)
    if encode(plain) != data:
        raise InvalidInput("payload is not in canonical form")
    if data.count(b"[") + data.count(b"{") > limits.MAX_VALUE_DEPTH or b"\\u0000" in data:
        check_value(plain, "payload")


def _body(plain: Mapping[str, Any]) -> Body | None:
    if "salt" not in plain:
        left = sorted({"reason", "payload", "payload_digest"} & set(plain))
        if left:
            raise InvalidInput(f"{left[0]} without a salt")
        return None
    reason = check_text(plain.get("reason"), "reason")
    salt = _hex(plain, "salt", 16)
    if "payload" in plain:
        return Body(salt, _canonical(plain["payload"], "payload"), reason)
    return Body(salt, None, reason, _hex(plain, "payload_digest", 32))


# --- writing ------------------------------------------------------------------------------------


class LogWriter:
    """Writes a log file under another name and gives it its own when it is whole and synced.

    Leaving the block without `finish` removes what was written.
    """

    def __init__(self, path: str, header: Header) -> None:
        self._path = Path(path)
        self._building = self._path.with_name(f"{self._path.name}.part")
        self._header = header
        self._file: BinaryIO | None = None
        self.records = 0

    def __enter__(self) -> "LogWriter":
        if self._path.exists():
            raise InvalidInput(f"{self._path} exists: name a new file, or remove it first.")
        try:
            self._file = open(self._building, "wb")
        except FileNotFoundError:
            raise NotFound(f"There is no directory {self._path.parent}: create it first.") from None
        self._file.write(self._header.line() + b"\n")
        return self

    def write(self, item: Item) -> None:
        """Add one record."""
        assert self._file is not None
        self._file.write(record_line(item) + b"\n")
        self.records += 1

    def finish(self, end: Position) -> None:
        """End the file, read it back to be sure, and give it its name."""
        assert self._file is not None
        where = {"revision": end.revision, "digest": end.digest.hex(), "records": self.records}
        self._file.write(encode({"end": where}) + b"\n")
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        assert LogReader(str(self._building)).verify() == end
        self._building.rename(self._path)
        folder = os.open(self._path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        if self._file is not None:
            self._file.close()
        self._building.unlink(missing_ok=True)


# --- reading ------------------------------------------------------------------------------------


class LogReader:
    """Reads a log file line by line; `line` is the number of the line last read."""

    def __init__(self, path: str) -> None:
        self._path = path
        self.line = 0
        self.header = self._header()

    def _lines(self) -> Iterator[bytes]:
        self.line = 0
        try:
            with open(self._path, "rb") as file:
                while line := file.readline(limits.MAX_EXPORT_LINE_BYTES):
                    self.line += 1
                    if not line.endswith(b"\n"):
                        raise self.fault("the line is cut off, or too long")
                    yield line
        except FileNotFoundError:
            raise NotFound(f"There is no file {self._path}.") from None
        except IsADirectoryError:
            raise NotFound(f"{self._path} is a directory, not a file.") from None

    def fault(self, why: str) -> DamagedFile:
        """The error for the line last read."""
        return DamagedFile(
            f"Not imported. {self._path}, line {self.line}: {why}.", path=self._path, line=self.line
        )

    def _plain(self, line: bytes) -> dict[str, Any]:
        try:
            plain = decode(line)
        except (ValueError, RecursionError, msgspec.DecodeError) as error:
            raise self.fault(f"it is not JSON: {error}") from None
        if not isinstance(plain, dict):
            raise self.fault("it is no JSON object")
        return plain

    def _header(self) -> Header:
        first = next(self._lines(), None)
        if first is None:
            raise self.fault("the file is empty")
        plain = self._plain(first)
        if plain.get("format") != FORMAT:
            raise self.fault(f"it is no log file: its format is not {FORMAT}")
        try:
            start = Position(plain["start"]["revision"], _hex(plain["start"], "digest", 32))
            header = Header(plain["tenant"], plain["purpose"], start)
        except (KeyError, TypeError, InvalidInput):
            raise self.fault("the header is damaged") from None
        if header.line() + b"\n" != first:
            raise self.fault("the header is damaged")
        return header

    def items(self) -> Iterator[Item]:
        """The records, checked one by one; ends with the end line, or raises without one."""
        lines = self._lines()
        next(lines)
        count, place, digest = 0, (0, -1), self.header.start.digest
        for line in lines:
            plain = self._plain(line)
            if "end" in plain:
                end = {"revision": max(place[0], 0), "digest": digest.hex(), "records": count}
                if plain["end"] != end:
                    raise self.fault("the end does not match what stands before it")
                if next(lines, None) is not None:
                    raise self.fault("something follows the end")
                return
            try:
                item = item_of(plain)
            except (CommonplaceError, ValueError, RecursionError, msgspec.DecodeError) as error:
                raise self.fault(str(error).rstrip(".")) from None
            if record_line(item) + b"\n" != line:
                raise self.fault("it is not in the one form that a record is written in")
            record = item.record
            if (record.revision, record.index) <= place:
                raise self.fault("the records are out of order")
            place, digest, count = (record.revision, record.index), record.digest, count + 1
            yield item
        self.line += 1
        raise self.fault("the end is missing: the file was cut off")

    def verify(self, at: int = 0) -> Position:
        """Check the whole file and give its last position, or the one at revision `at`."""
        start = self.header.start
        chain = Chain.start(self.header.tenant)
        whole = start.revision == 0
        marked = Position(0, chain.digest)
        for item in self.items():
            record = item.record
            if not whole and record.revision > start.revision:
                if not chain.reaches(start.digest):
                    raise self.fault("the records before it do not lead to where the log starts")
                chain, whole = Chain(*start, at_us=chain.at_us), True
            problems = chain.take(record, item.previous, gaps=not whole)
            if problems:
                raise self.fault(f"revision {record.revision}: {problems[0].message}")
            if not at or record.revision <= at:
                marked = Position(record.revision, record.digest)
        return marked
