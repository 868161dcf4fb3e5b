"""Cursors: where a named reader stands, and how a group shares one log.

A group hands every commit to one member. Its cursor is an entry that all members compare
and set: `position` is the highest revision handed out, `claims` the ones not yet finished.
A member that dies leaves its claim, which the next member takes over: at least once, in
order of hand-out, never skipped.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Claim:
    """A commit in a member's hands."""

    revision: int
    member: str
    presence: str
    expires_us: int


@dataclass(frozen=True, slots=True)
class Cursor:
    """A stored position; a named cursor of one reader has no claims."""

    position: int
    claims: tuple[Claim, ...] = ()

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> "Cursor":
        """The reverse of `to_plain`."""
        return cls(plain["position"], tuple(Claim(*claim) for claim in plain.get("claims", ())))

    def to_plain(self) -> dict[str, Any]:
        """The stored form."""
        claims = [[c.revision, c.member, c.presence, c.expires_us] for c in self.claims]
        return {"position": self.position, "claims": claims}

    def finished(self, revision: int, member: str) -> "Cursor":
        """The cursor once a member is done with a commit it still holds."""
        kept = tuple(c for c in self.claims if (c.revision, c.member) != (revision, member))
        return Cursor(self.position, kept)

    def returned(self, revision: int, member: str) -> "Cursor":
        """The cursor once a member gives a commit back unfinished: the next one takes it."""
        claims = tuple(
            Claim(revision, member, "", 0) if (c.revision, c.member) == (revision, member) else c
            for c in self.claims
        )
        return Cursor(self.position, claims)

    def claimed(self, claim: Claim) -> "Cursor":
        """The cursor once a commit is in a member's hands, new or taken over."""
        kept = tuple(c for c in self.claims if c.revision != claim.revision)
        return Cursor(max(self.position, claim.revision), (*kept, claim))

    def abandoned(self, is_gone: Callable[[Claim], bool]) -> Claim | None:
        """The lowest claim whose holder will not finish it."""
        left = [claim for claim in self.claims if is_gone(claim)]
        return min(left, key=lambda claim: claim.revision, default=None)
