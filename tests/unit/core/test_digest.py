from dataclasses import fields, replace
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commonplace.core.digest import (
    SALT_BYTES,
    commitment,
    genesis,
    link,
    matches,
    payload_digest,
)
from commonplace.model.actor import Actor, Identity
from commonplace.model.entry import EntryKey
from commonplace.model.record import Body, Record
from properties import prove

SALT = bytes(range(SALT_BYTES))
PAYLOAD = b'{"text":"a"}'
PROMISE = commitment(SALT, PAYLOAD, "why")
RECORD = Record(
    revision=12,
    index=1,
    at_us=1_800_000_000_000_000,
    actor=Actor("web-1", Identity.DECLARED),
    idempotency_key="k",
    entry=EntryKey("task/q3", "findings", "a"),
    version=3,
    operation="append",
    kind="observation",
    based_on=("task/q3:findings@1", "x"),
    trace="t",
    turn="",
    dead=False,
    size_bytes=12,
    commitment=PROMISE,
    digest=b"",
    body=Body(SALT, PAYLOAD, "why"),
)

OTHER = {
    "revision": 13,
    "index": 2,
    "at_us": 1,
    "actor": Actor("web-2"),
    "idempotency_key": "l",
    "version": 4,
    "operation": "rewrite",
    "kind": "inference",
    "based_on": ("x", "task/q3:findings@1"),
    "trace": "",
    "turn": "t1",
    "dead": True,
    "size_bytes": 13,
    "commitment": commitment(SALT, PAYLOAD, "why not"),
}
HEADER = [
    *(replace(RECORD, **{name: value}) for name, value in OTHER.items()),
    replace(RECORD, actor=Actor("web-1", Identity.AUTHENTICATED)),
    replace(RECORD, entry=EntryKey("task/q4", "findings", "a")),
    replace(RECORD, entry=EntryKey("task/q3", "plan", "a")),
    replace(RECORD, entry=EntryKey("task/q3", "findings", "b")),
    replace(RECORD, based_on=()),
    # the same characters, cut in other places
    replace(RECORD, entry=EntryKey("task/q3", "findingsa", "")),
    replace(RECORD, operation="appendobservation", kind=""),
    replace(RECORD, revision=1, index=21),
    replace(RECORD, trace="", based_on=("task/q3:findings@1", "xt")),
    replace(RECORD, version=31, size_bytes=2),
]


def test_the_chain_covers_every_field_of_the_header() -> None:
    digests = {link(genesis("acme"), record) for record in [RECORD, *HEADER]}
    assert len(digests) == 1 + len(HEADER)
    tried = {*OTHER, "entry"}
    assert tried == {field.name for field in fields(Record)} - {"digest", "body"}


def test_the_chain_covers_what_came_before() -> None:
    assert link(genesis("acme"), RECORD) != link(genesis("acme2"), RECORD)
    first = link(genesis("acme"), RECORD)
    assert link(first, RECORD) != first


def test_the_chain_does_not_need_the_body() -> None:
    expected = link(genesis("acme"), RECORD)
    for body in (None, Body(SALT, None, "why", payload_digest(SALT, PAYLOAD)), Body(SALT, b"", "")):
        assert link(genesis("acme"), replace(RECORD, body=body)) == expected
    assert link(genesis("acme"), replace(RECORD, digest=b"x" * 32)) == expected


def test_digests_stay_what_they_are() -> None:
    """Stored chains depend on these bytes: a change here breaks every memory there is."""
    assert genesis("acme").hex() == sha256(b"commonplace/1\x1facme").hexdigest()
    assert PROMISE.hex() == sha256(sha256(SALT + PAYLOAD).digest() + SALT + b"why").hexdigest()
    header = (
        "12\x1f1\x1f1800000000000000\x1fweb-1\x1fdeclared\x1fk\x1ftask/q3\x1ffindings\x1fa"
        "\x1f3\x1f12\x1f0\x1fappend\x1fobservation\x1ftask/q3:findings@1,x\x1ft"
    )
    assert link(b"\0" * 32, RECORD) == sha256(b"\0" * 32 + PROMISE + header.encode()).digest()


@prove
@given(st.binary(max_size=20), st.text(max_size=5), st.binary(min_size=16, max_size=16))
def test_a_body_matches_what_it_was_committed_to(payload: bytes, reason: str, salt: bytes) -> None:
    promised = commitment(salt, payload, reason)
    assert matches(Body(salt, payload, reason), promised)
    assert not matches(Body(salt, payload + b"!", reason), promised)
    assert not matches(Body(salt, payload, reason + "!"), promised)
    assert not matches(Body(bytes([salt[0] ^ 1]) + salt[1:], payload, reason), promised)


def test_a_compacted_body_still_binds_reason_and_salt() -> None:
    compacted = Body(SALT, None, "why", payload_digest(SALT, PAYLOAD))
    assert matches(compacted, PROMISE)
    assert not matches(replace(compacted, reason="because"), PROMISE)
    assert not matches(replace(compacted, payload_digest=b"\0" * 32), PROMISE)
    assert not matches(replace(compacted, payload_digest=b""), PROMISE)


def test_a_payload_is_believed_over_its_stand_in() -> None:
    forged = Body(SALT, b"forged", "why", payload_digest(SALT, PAYLOAD))
    assert not matches(forged, PROMISE)


def test_bytes_cannot_move_between_salt_payload_and_reason() -> None:
    """With a salt of any length `sha256(salt + payload)` would not tell where one ends."""
    longer = Body(SALT + PAYLOAD[:1], PAYLOAD[1:], "hy")
    shorter = Body(SALT[:-1], SALT[-1:] + PAYLOAD, chr(SALT[-1]) + "why")
    assert not matches(longer, PROMISE)
    assert not matches(shorter, PROMISE)
    with pytest.raises(AssertionError):
        commitment(SALT[:-1], PAYLOAD, "why")


def test_the_same_words_under_another_salt_are_another_commitment() -> None:
    assert commitment(SALT, PAYLOAD, "why") != commitment(SALT[::-1], PAYLOAD, "why")
