"""Sealing: checkpoints that can be checked although the records they stand for are gone.

A sealed checkpoint begins with the name of the record that lists its digest and with a salt.
The digest is in the chain; whoever destroys the checkpoint destroys the salt with it, and
nothing is left to check a guess against.
"""

from typing import Any, Final

from commonplace.core.digest import SALT_BYTES
from commonplace.storage.codec import decode, encode_checkpoint

PREFIX: Final = b'{"page":"'


def seal(value: Any, page: str, salt: bytes) -> bytes:
    """A folded value as a sealed checkpoint; `page` is empty if its own record lists it."""
    assert len(salt) == SALT_BYTES
    start = f'","salt":"{salt.hex()}",'.encode()
    return PREFIX + page.encode() + start + encode_checkpoint(value)[1:]


def is_sealed(checkpoint: bytes | None) -> bool:
    """Whether a checkpoint (or the beginning of one) is sealed."""
    return checkpoint is not None and checkpoint.startswith(PREFIX)


def page_of(checkpoint: bytes) -> str:
    """The page that lists a sealed checkpoint."""
    page: str = decode(checkpoint)["page"]
    return page
