from commonplace.demo.event import Acknowledged, Conflict
from commonplace.demo.ledger import Written, balance
from commonplace.demo.question import Contribution, next_edit


class Past:
    """A past made by hand: versions of blocks with their lines, author and revision."""

    def __init__(self, versions):
        self.versions = versions

    def written(self, block, version):
        held = self.versions.get((block, version))
        return Written(held[0], held[1]) if held else None

    def lines(self, block, version):
        held = self.versions.get((block, version))
        return held[2] if held else None

    def head(self, block):
        return max((v for b, v in self.versions if b == block), default=0)


def finding(version, text, actor="web-specialist"):
    return Acknowledged(actor, "findings", "append", version, version, text)


def condensation(version, through):
    return Acknowledged(
        "synthesizer", "findings", "condense", version, version, "short", through=through
    )


def versions(*, third=("one", "two", "three"), fourth=("short", "three")):
    return {
        ("findings", 1): ("web-specialist", 1, ["one"]),
        ("findings", 2): ("docs-specialist", 2, ["one", "two"]),
        ("findings", 3): ("web-specialist", 3, list(third)),
        ("findings", 4): ("synthesizer", 4, list(fourth)),
    }


def told():
    return [
        finding(1, "one"),
        finding(2, "two", "docs-specialist"),
        finding(3, "three"),
        condensation(4, through=2),
        Conflict("web-specialist", "open-questions", "anchor_not_found", "joined"),
    ]


def test_lines_condensed_by_their_owner_and_lines_kept_below_are_not_lost():
    ledger = balance(told(), Past(versions()))
    assert (ledger.acknowledged, ledger.lost) == (4, 0)


def test_a_line_that_a_condensation_swallowed_is_lost():
    ledger = balance(told(), Past(versions(fourth=("short",))))
    assert [event.text for event in ledger.findings.lost] == ["three"]


def test_a_version_that_the_log_does_not_have_is_lost():
    held = versions()
    del held["findings", 4]
    assert [event.deed for event in balance(told(), Past(held)).others.lost] == ["condense"]


def test_a_version_under_another_name_is_lost():
    held = versions()
    held["findings", 1] = ("docs-specialist", 1, ["one"])
    assert [event.text for event in balance(told(), Past(held)).findings.lost] == ["one"]


def test_a_question_must_stand_in_the_list_of_today():
    ask = Contribution("pep:8", "web-specialist", "a.rst:1")
    line = next_edit([], ask).new
    event = Acknowledged(
        "web-specialist", "open-questions", "asked", 1, 1, line, about="pep:8", where="a.rst:1"
    )
    kept = Past({("open-questions", 1): ("web-specialist", 1, [line])})
    gone = Past(
        {
            ("open-questions", 1): ("web-specialist", 1, [line]),
            ("open-questions", 2): ("docs-specialist", 2, []),
        }
    )
    assert balance([event], kept).lost == 0
    assert [lost.deed for lost in balance([event], gone).questions.lost] == ["asked"]
