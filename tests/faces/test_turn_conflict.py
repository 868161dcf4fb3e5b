"""A conflict in a turn: what it tells its writer to do next works."""

import re

import pytest

from commonplace import Memory, VersionConflict


def test_a_write_refused_in_a_turn_lands_in_another_and_the_refusal_says_so() -> None:
    with Memory(":memory:", actor="lead") as lead, lead.as_actor("web") as web:
        findings = lead.create_task("q3", share={"web": "editor"}).create_block("findings")
        findings.append("Churn fell 12%.")
        notes = web.task("q3").block("findings")
        with web.turn() as turn:
            turn.read(notes)
            findings.replace("12%", "11%")
            for expect in (None, 2):
                with pytest.raises(VersionConflict, match="retry in another turn") as caught:
                    notes.replace("fell 11%", "rose 11%", turn=turn, expect=expect)
                assert "expect=" not in str(caught.value)
        with web.turn() as turn:
            notes.replace("fell 11%", "rose 11%", turn=turn)
        with pytest.raises(VersionConflict) as outside:
            notes.replace("rose", "fell", expect=2)
        assert re.search(r"retry with expect=3, or use update\(\)", str(outside.value))
