"""The contract of a conflict rule, and the one check that every rule shares."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, ClassVar, NamedTuple

from commonplace.core.access import Tier
from commonplace.core.state import EntryState
from commonplace.core.verdict import Refusal
from commonplace.model.contract import RuleSpec
from commonplace.model.write import Write


class Attempt(NamedTuple):
    """A write meeting the entry as it stands."""

    entry: EntryState
    write: Write
    actor: str


@dataclass(frozen=True)
class Rule:
    """What happens when two agents write one entry at once.

    A rule is a frozen dataclass whose fields are its parameters. `operations` says which
    operations it allows on a text or a JSON value and the tier each takes; `refuse` is the
    conflict check, a pure function. `promise` and `loses` are printed by `describe()`.
    """

    name: ClassVar[str]
    version: ClassVar[int] = 1
    promise: ClassVar[str]
    loses: ClassVar[str] = "nothing"

    def operations(self, holds: str) -> Mapping[str, Tier]:
        """Operation names this rule allows, with the least tier for each."""
        raise NotImplementedError

    def refuse(self, attempt: Attempt) -> Refusal | None:
        """The refusal of this write, or None when the rule has nothing against it."""
        raise NotImplementedError

    @property
    def owner(self) -> str | None:
        """The actor whom the rule itself names as owner."""
        return None

    @property
    def spec(self) -> RuleSpec:
        """The rule as a contract stores it."""
        parameters: dict[str, Any] = asdict(self)
        return RuleSpec(self.name, self.version, parameters)


def others_since(base: int, own: Iterable[int], version: int) -> bool:
    """Whether any version after `base` and up to `version` is none of a turn's `own`."""
    return version - base > sum(each > base for each in own)


def unread(attempt: Attempt) -> Refusal | None:
    """Refuse a write to an existing entry that does not say which version it was made from."""
    entry, write, _ = attempt
    if write.expect is not None:
        return None
    if write.arguments.get("base") is not None:
        return changed_since_base(attempt)
    if not entry.exists:
        return None
    return Refusal(
        "expect_required",
        f"Not written. {write.entry.reference()} stands at version {entry.version}: pass "
        "expect= with the version you read, write in a turn, or use update().",
        {"version": entry.version},
    )


def changed_since_base(attempt: Attempt) -> Refusal | None:
    """Refuse a write whose `base` no longer stands, but for versions of its own turn (`own`)."""
    entry, write, _ = attempt
    base = write.arguments.get("base")
    if base is None or not others_since(base, write.arguments.get("own", ()), entry.version):
        return None
    return version_conflict(attempt, base)


def version_conflict(attempt: Attempt, read: int) -> Refusal:
    """The refusal of a write made against version `read` of an entry that has moved on."""
    entry, write, _ = attempt
    reference = write.entry.reference()
    if read == 0:
        message = f"Not written. {reference} already exists, at version {entry.version}."
    elif read > entry.version:
        message = (
            f"Not written. expect={read} is a version of {reference} that does not exist "
            f"yet: it stands at {entry.version}. Read it first."
        )
    else:
        message = f"Not written. You read {reference.pinned(read)}; it is now @{entry.version}" + (
            ", deleted." if entry.dead else "."
        )
    return Refusal("version_conflict", message, {"expect": read, "version": entry.version})
