"""Verdict: what `verify` says of each sentence of a report, held against what is due."""

from typing import Final

from commonplace import Reference
from commonplace.study.plant import KINDS, SOUND
from commonplace.study.replay import Replay
from commonplace.study.reporter import REPORT, Reported
from commonplace.study.tally import Tallies

ALARMS: Final = "sound sentences of reports that verify lets stand"
TOLD: Final = "reporters told of the retraction of what they were shown, at their next turn"


def judge(replay: Replay, reported: Reported, tallies: Tallies) -> None:
    """Verify a report as the run of its writer, and count every verdict."""
    name = replay.conversation.name
    tallies.of(TOLD).count(reported.notices == 1, f"{name}: told of {reported.notices}")
    report = Reference(replay.task.namespace, REPORT)
    checked = {each.citation.line: each for each in replay.memory.verify(report).citations}
    in_order = sorted(reported.plants.items(), key=lambda each: KINDS.index(each[1].kind))
    for line, plant in in_order:
        given = checked[line].verdict if line in checked else "nothing"
        what = ALARMS if plant.kind in SOUND else f"planted and found {plant.due}: {plant.kind}"
        tallies.of(what).count(given == plant.due, f"{name}: {given}: {plant.sentence}")
