"""The conflict rules, one file each, and the registry that a contract's rule is found in.

To add a rule: a file here with a frozen dataclass derived from `Rule`, and its line below.
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
