"""Traceparent: a place in a trace as text, as W3C Trace Context writes it.

    00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01
       trace                            span             flags (01: sampled)

A record keeps the one of its write's span, so that a trace leads to the record and the record
to the trace, and so that a watch in another process can link to the span that wrote.
"""

import re
from typing import NamedTuple

from commonplace.errors import InvalidValue

_TEXT = re.compile(r"[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})")
_TRACE_ID = re.compile(r"[0-9a-f]{32}")


class Traceparent(NamedTuple):
    """A span of a trace, by the numbers that name it."""

    trace_id: int
    span_id: int
    flags: int

    def __str__(self) -> str:
        return f"00-{self.trace_id:032x}-{self.span_id:016x}-{self.flags:02x}"

    @classmethod
    def parse(cls, text: str) -> "Traceparent | None":
        """The place that a text names, or None: a record may keep any text as its trace."""
        match = _TEXT.fullmatch(text)
        if match is None:
            return None
        found = cls(*(int(digits, 16) for digits in match.groups()))
        return found if found.trace_id and found.span_id else None


def trace_id_of(text: str) -> str:
    """The 32 digits of a trace, from themselves or from a whole traceparent.

    Raises `InvalidValue` for anything else.
    """
    digits = text.lower()
    whole = _TEXT.fullmatch(digits)
    if whole is not None:
        return whole[1]
    if not _TRACE_ID.fullmatch(digits):
        raise InvalidValue(
            f"{text!r} is no trace: give its 32 hexadecimal digits, or a whole traceparent "
            "such as 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01."
        )
    return digits
