"""The hash chain: what binds a record to its bytes and to all records before it.

A record's *commitment* binds salt, payload and reason without showing them, so that
`erase` can destroy the bytes and leave the chain whole. The *link* binds the header (which
holds the commitment) to the digest before it. Hash lists with salted leaves are how
Certificate Transparency and git keep history; the salt is what lets us forget.
"""

from hashlib import sha256

from commonplace.model.record import Body, Header, Record

SALT_BYTES = 16
"""A salt's length is fixed: it stands before the payload, so nothing may move between them."""
_SEPARATOR = "\x1f"
"""No header field may hold a control character (`model.names`), so joining is unambiguous."""


def payload_digest(salt: bytes, payload: bytes) -> bytes:
    """What stands in for a payload that retention dropped."""
    return sha256(salt + payload).digest()


def commitment(salt: bytes, payload: bytes, reason: str) -> bytes:
    """Bind a payload and a reason under a salt of SALT_BYTES."""
    assert len(salt) == SALT_BYTES
    return commitment_of(salt, payload_digest(salt, payload), reason)


def commitment_of(salt: bytes, digest: bytes, reason: str) -> bytes:
    """The commitment, from the payload's digest."""
    return sha256(digest + salt + reason.encode()).digest()


def matches(body: Body, promised: bytes) -> bool:
    """Whether a record's body is the one its header committed to."""
    if len(body.salt) != SALT_BYTES:
        return False
    digest = body.payload_digest
    if body.payload is not None:
        digest = payload_digest(body.salt, body.payload)
    return commitment_of(body.salt, digest, body.reason) == promised


def genesis(tenant: str) -> bytes:
    """The digest before a tenant's first record."""
    return sha256(f"commonplace/1{_SEPARATOR}{tenant}".encode()).digest()


def link(previous: bytes, record: Header | Record) -> bytes:
    """The digest of the chain at `record`; its own `digest` field is not read."""
    actor = record.actor
    header = _SEPARATOR.join(
        (
            f"{record.revision}{_SEPARATOR}{record.index}{_SEPARATOR}{record.at_us}",
            actor.name,
            actor.identity,
            record.idempotency_key,
            *record.entry,
            f"{record.version}{_SEPARATOR}{record.size_bytes}{_SEPARATOR}{record.dead:d}",
            record.operation,
            record.kind,
            ",".join(record.based_on),
            record.trace,
        )
    )
    if record.turn:  # records from before there were turns keep their digests
        header += _SEPARATOR + record.turn
    return sha256(previous + record.commitment + header.encode()).digest()
