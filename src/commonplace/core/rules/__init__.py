"""The conflict rules, one file each, and the registry that a contract's rule is found in.

To add a rule: a file here with a frozen dataclass derived from `Rule`, and its line below
(docs/how-to/add-a-rule.md).
"""

from commonplace.core.rules.append_only import AppendOnly
from commonplace.core.rules.compare_and_set import CompareAndSet
from commonplace.core.rules.last_writer_wins import LastWriterWins
from commonplace.core.rules.rule import Attempt, Rule
from commonplace.core.rules.single_writer import SingleWriter
from commonplace.core.rules.text_block import TextBlock
from commonplace.errors import InvalidInput
from commonplace.model.contract import RuleSpec

__all__ = [
    "AppendOnly",
    "Attempt",
    "CompareAndSet",
    "LastWriterWins",
    "Rule",
    "SingleWriter",
    "TextBlock",
    "find_rule",
    "register",
]

_RULES: dict[tuple[str, int], type[Rule]] = {
    (rule.name, rule.version): rule
    for rule in (AppendOnly, SingleWriter, CompareAndSet, TextBlock, LastWriterWins)
}


def find_rule(spec: RuleSpec) -> Rule | None:
    """The rule a contract names, or None when this release does not know it so."""
    rule = _RULES.get((spec.name, spec.version))
    if rule is None:
        return None
    try:
        return rule(**spec.parameters)
    except (TypeError, InvalidInput):
        return None


def register(rule: type[Rule]) -> type[Rule]:
    """Make a rule of your own known to this process; also a decorator.

    Every process that writes under it must do so: one that does not know a region's rule
    refuses to write there. Raises `InvalidInput` when its name and version are taken.
    """
    held = _RULES.setdefault((rule.name, rule.version), rule)
    if held is not rule:
        raise InvalidInput(
            f"there is a rule {rule.name!r} version {rule.version} already, {held.__name__}: "
            "give yours another name, or the next version."
        )
    return rule
