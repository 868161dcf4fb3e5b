"""Exits: what an error means to the shell, in one table."""

from collections.abc import Mapping
from typing import Final

from commonplace.errors import BY_CODE, CommonplaceError

OK: Final = 0
FINDINGS: Final = 1
USAGE: Final = 2
CONFLICT: Final = 3
NOT_FOUND: Final = 4
DENIED: Final = 5
UNAVAILABLE: Final = 6
INTERNAL: Final = 70
INTERRUPTED: Final = 130
BROKEN_PIPE: Final = 141

MEANINGS: Final[Mapping[int, str]] = {
    OK: "done",
    FINDINGS: "`audit`, `copy`, `verify` or `advise` has findings, `migrate --check` misses a "
    "migration, or the memory or a log file is damaged",
    USAGE: "the command or a value in it is malformed; nothing was sent",
    CONFLICT: "refused, nothing was written: somebody was faster, or the contract forbids it",
    NOT_FOUND: "no such memory, tenant, region, version or revision, or retention removed it",
    DENIED: "no grant reaches this far",
    UNAVAILABLE: "the engine cannot serve now, or the outcome is unknown: retry",
    INTERNAL: "a defect of this program: please report it",
    INTERRUPTED: "stopped by Ctrl-C, or a question answered with no",
    BROKEN_PIPE: "whoever read the output went away, as after `| head`",
}

EXIT_OF: Final[Mapping[str, int]] = {
    "error": INTERNAL,
    "refused": CONFLICT,
    "version_conflict": CONFLICT,
    "expect_required": CONFLICT,
    "anchor_not_found": CONFLICT,
    "anchor_not_unique": CONFLICT,
    "not_owner": DENIED,
    "access_denied": DENIED,
    "deleted": CONFLICT,
    "contract_mismatch": CONFLICT,
    "limit_exceeded": CONFLICT,
    "idempotency_mismatch": CONFLICT,
    "idempotency_expired": CONFLICT,
    "stale_turn": CONFLICT,
    "not_author": DENIED,
    "cascade_too_large": CONFLICT,
    "dispatch_superseded": CONFLICT,
    "invalid_input": USAGE,
    "invalid_name": USAGE,
    "invalid_namespace": USAGE,
    "invalid_reference": USAGE,
    "invalid_value": USAGE,
    "invalid_report": USAGE,
    "budget_too_small": USAGE,
    "damaged_file": FINDINGS,
    "unfit_record": FINDINGS,
    "not_found": NOT_FOUND,
    "compacted": NOT_FOUND,
    "erased": NOT_FOUND,
    "future_revision": NOT_FOUND,
    "access_changed": DENIED,
    "nested_update": USAGE,
    "turn_ended": USAGE,
    "foreign_turn": USAGE,
    "outcome_unknown": UNAVAILABLE,
    "forked_memory": UNAVAILABLE,
    "damaged_memory": FINDINGS,
    "engine_unavailable": UNAVAILABLE,
    "not_a_memory": UNAVAILABLE,
    "newer_schema": UNAVAILABLE,
    "unsafe_storage": UNAVAILABLE,
    "follower_behind": UNAVAILABLE,
    "follower_diverged": UNAVAILABLE,
}
"""The exit code of every error, by its code. A test fails when an error is missing here."""


def exit_of(error: CommonplaceError) -> int:
    """The exit code of an error; a subclass that users defined counts as its parent."""
    for kind in type(error).__mro__:
        code = str(getattr(kind, "code", ""))
        if code in EXIT_OF and BY_CODE.get(code) is kind:
            return EXIT_OF[code]
    return INTERNAL
