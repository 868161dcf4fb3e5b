import pytest

from commonplace.core import rules
from commonplace.core.access import Tier
from commonplace.core.rules import AppendOnly, Rule, find_rule, register
from commonplace.errors import InvalidInput
from deciding import Tenant, append


class Loud(AppendOnly):
    """Append-only under a name of its own."""

    name = "loud"

    def operations(self, holds: str) -> dict[str, Tier]:
        return {"append": Tier.EDITOR}


@pytest.fixture(autouse=True)
def registry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules, "_RULES", dict(rules._RULES))


def test_a_rule_of_ones_own_holds_once_it_is_registered() -> None:
    assert find_rule(Loud().spec) is None
    assert register(Loud) is Loud
    assert register(Loud) is Loud
    assert find_rule(Loud().spec) == Loud()
    tenant = Tenant().with_block("findings", Loud()).with_actors()
    assert tenant.refused("contributor", append("x")).code == "access_denied"
    tenant.must("editor", append("x"))


def test_a_region_under_a_rule_nobody_registered_cannot_be_made() -> None:
    with pytest.raises(AssertionError, match="no rule 'loud'"):
        Tenant().with_block("findings", Loud())


def test_a_name_is_taken_once() -> None:
    register(Loud)

    class Other(Rule):
        name = "loud"

    with pytest.raises(InvalidInput, match="'loud' version 1 already, Loud"):
        register(Other)

    class Next(Loud):
        version = 2

    register(Next)
    assert find_rule(Next().spec) == Next()
    assert find_rule(Loud().spec) == Loud()
