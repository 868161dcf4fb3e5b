"""Reporter: one more agent of a replayed task, who reads in turns and writes a cited report.

Beside what the others said it reads `notes`, which the last agent to speak keeps meanwhile:
lines that are replaced or retracted after the reporter saw them, before it looked, or never shown
to it. What its report says of those is wrong in a known way; the rest of the report is sound.
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final, NamedTuple

from commonplace import BudgetTooSmall, Memory, Reference, Turn
from commonplace.study import plant
from commonplace.study.conversation import TRANSCRIPT
from commonplace.study.plant import Plant, Shown
from commonplace.study.replay import Replay

REPORTER: Final = "reporter"
NOTES: Final = "notes"
REPORT: Final = "report"
LEDGER: Final = "ledger"

MAX_SOUND: Final = 6
"""Sound quotations, and as many sound numbers, of one report."""
MAX_PHANTOMS: Final = 2
"""Invented quotations, as many numbers, and as many lines that no prompt had room for."""
PROMPT_TOKENS: Final = 1500
"""Room for the transcript in the reporter's prompt: most are longer."""
_FIRST_LINE: Final = 3
"""Of the report's sentences: a heading and an empty line stand before."""


@dataclass(frozen=True, slots=True)
class Reported:
    """A report that was written: its plants by line, and how many retractions it was told of."""

    plants: dict[int, Plant]
    notices: int


class _Note(NamedTuple):
    """A false line of the notes: the version that made it, where it stood then, its number."""

    version: int
    line: int
    number: str
    text: str


class Reporter:
    """Writes one report about one replayed conversation. The seed decides what it says."""

    def __init__(self, replay: Replay, seed: int) -> None:
        self._replay = replay
        self._name = replay.conversation.name
        self._chance = random.Random(f"{seed}:{self._name}")
        self._scribe = replay.conversation.messages[-1].speaker
        self._states = [_plain(text) for _, _, text in replay.copy.states()]
        self._numbers = plant.invented(self._chance, self._is_unsaid)

    def report(self) -> Reported:
        """Keep the notes, read, and write the report in the second of two turns."""
        self._begin()
        reader = self._replay.speaker(REPORTER)
        seen, wrong = self._false(), self._false()
        with reader.turn() as turn:
            self._read(reader, turn, NOTES)
        self._correct(seen)
        self._retract(wrong)
        unseen = self._false()
        self._correct(unseen)
        with reader.turn() as turn:
            notices = self._acknowledged(turn)
            shown, left_out = self._prompt(reader, turn)
            head = self._read(reader, turn, NOTES)[unseen.line - 1]
            unread = self._false()
            plants = [
                *self._sound(shown),
                *self._phantoms(shown),
                *self._left_out(left_out),
                *self._overwritten(reader, turn),
                self._of_note("replaced, seen while it stood", seen, "stale"),
                self._of_note("replaced, never seen", unseen, "unserved"),
                plant.counting(
                    "replaced, cited where it stood no more", head, unseen.number, "mismatch"
                ),
                self._of_note("retracted, seen while it stood", wrong, "retracted"),
                self._of_note("standing, never seen", unread, "unserved"),
            ]
            self._chance.shuffle(plants)
            self._write(reader, turn, plants)
        return Reported(dict(enumerate(plants, start=_FIRST_LINE)), notices)

    # --- the notes ----------------------------------------------------------------------------

    def _begin(self) -> None:
        replay = self._replay
        for name in (TRANSCRIPT, LEDGER):
            if replay.copy.version(name):
                replay.task.share({REPORTER: "reader"}, region=name)
        replay.create(NOTES, {self._scribe: "editor", REPORTER: "reader"})
        replay.create(REPORT, {REPORTER: "owner"})
        self._append("The question is in the transcript.")

    def _false(self) -> _Note:
        """One more line with a number that nobody ever gave."""
        number = next(self._numbers)
        text = f"The answer is {number}."
        version = self._append(text)
        return _Note(version, self._replay.copy.text(NOTES).count("\n"), number, text)

    def _append(self, text: str) -> int:
        receipt = self._replay.block(self._scribe, NOTES).append(text)
        self._replay.copy.append(NOTES, text, self._scribe)
        return receipt.version

    def _correct(self, note: _Note) -> None:
        known = "The answer is not known yet."
        self._replay.block(self._scribe, NOTES).replace(note.text, known)
        self._replay.copy.replace(NOTES, note.text, known, self._scribe)

    def _retract(self, note: _Note) -> None:
        wrong = f"{self._replay.task.namespace}:{_cited(NOTES, note.version, note.line)}"
        self._replay.speaker(self._scribe).retract(wrong, reason="it was guessed")
        self._replay.copy.remove_line(NOTES, note.text, self._scribe)

    # --- the report ---------------------------------------------------------------------------

    def _read(self, reader: Memory, turn: Turn, name: str, version: int = 0) -> list[Shown]:
        """A block as the turn is served it, line by line; by default as it stands."""
        reference: Reference = reader.task(self._name).block(name).reference
        entry = turn.read(reference.pinned(version) if version else reference)
        return self._lines(reader, entry.reference)

    def _prompt(self, reader: Memory, turn: Turn) -> tuple[list[Shown], list[Shown]]:
        """The transcript as far as a small prompt holds it, and the lines that it does not."""
        block = reader.task(self._name).block(TRANSCRIPT)
        try:
            rendering = turn.render(block, budget_tokens=PROMPT_TOKENS)
        except BudgetTooSmall as error:  # its last line is longer than that
            rendering = turn.render(block, budget_tokens=error.facts["needed_tokens"])
        numbers = {n for part in rendering.shown for n in range(part.first, part.last + 1)}
        lines = self._lines(reader, block.reference.pinned(self._replay.copy.version(TRANSCRIPT)))
        shown = [line for number, line in enumerate(lines, start=1) if number in numbers]
        return shown, [line for number, line in enumerate(lines, start=1) if number not in numbers]

    def _lines(self, reader: Memory, reference: Reference) -> list[Shown]:
        """The lines of a block at a version; to look at them serves nobody anything."""
        entry = reader.resolve(reference).entry
        writers = {line.number: line.actor for line in reader.blame(entry.reference)}
        name = reference.region
        return [
            Shown(
                _cited(name, entry.version, number),
                _cited(name, line.version, number),
                writers[number],
                line.text,
            )
            for number, line in enumerate(entry.lines, start=1)
        ]

    def _sound(self, shown: list[Shown]) -> Iterator[Plant]:
        """True sentences; some cite a line in the version that first had it, which was not read.

        Nothing was inserted before such a line since, so it has the same number there.
        """
        for each, words in self._some(plant.excerpts(shown), MAX_SOUND):
            yield plant.quoting("true quotation", self._somewhere(each), words, "ok")
        for each, words in self._some(plant.figures(shown), MAX_SOUND):
            yield plant.counting("true number", self._somewhere(each), words, "ok")

    def _phantoms(self, shown: list[Shown]) -> Iterator[Plant]:
        garbled = plant.garbled(plant.excerpts(shown), self._is_unsaid)
        for each, words in self._some(garbled, MAX_PHANTOMS):
            yield plant.quoting("phantom quotation", each, words, "mismatch")
        miscounted = plant.miscounted(plant.figures(shown), self._is_unsaid)
        for each, words in self._some(miscounted, MAX_PHANTOMS):
            yield plant.counting("phantom number", each, words, "mismatch")
        for each, words in self._some(plant.excerpts(shown), 1):
            for other in [line for line in shown if _plain(words) not in _plain(line.text)][:1]:
                elsewhere = each._replace(citation=other.citation)
                yield plant.quoting("true words, cited elsewhere", elsewhere, words, "mismatch")
        last = shown[-1]
        lines = self._replay.copy.text(TRANSCRIPT, 1).count("\n")
        beyond = last._replace(citation=_cited(TRANSCRIPT, 1, lines + 1))
        yield plant.quoting("phantom place", beyond, last.text[:1] or "it", "missing")

    def _left_out(self, lines: Sequence[Shown]) -> Iterator[Plant]:
        """True sentences about lines that the reporter's prompt had no room for."""
        for each, words in self._some(plant.excerpts(lines), MAX_PHANTOMS):
            due = self._somewhere(each)
            yield plant.quoting("standing, left out of the prompt", due, words, "unserved")

    def _overwritten(self, reader: Memory, turn: Turn) -> Iterator[Plant]:
        """What stood in the run itself between two writes: of the ledger, which each replaces."""
        copy = self._replay.copy
        standing = copy.text(LEDGER).split("\n")
        gone = []
        for version in range(1, copy.version(LEDGER)):
            lines = [
                Shown(_cited(LEDGER, version, number), "", "Orchestrator", text)
                for number, text in enumerate(copy.text(LEDGER, version).split("\n"), start=1)
                if text not in standing
            ]
            gone += [(version, found) for found in islice(plant.excerpts(lines), 1)]
        if len(gone) < 2:
            return
        (read, seen), (_, unseen) = self._chance.sample(gone, 2)
        self._read(reader, turn, LEDGER, read)
        yield plant.quoting("overwritten in the run, seen", *seen, "stale")
        yield plant.quoting("overwritten in the run, never seen", *unseen, "unserved")

    def _acknowledged(self, turn: Turn) -> int:
        """How many retractions the turn is told of; none of them will be told again."""
        for notice in turn.notices:
            turn.acknowledge(notice)
        return len(turn.notices)

    def _of_note(self, kind: plant.Kind, note: _Note, due: str) -> Plant:
        where = _cited(NOTES, note.version, note.line)
        return plant.counting(kind, Shown(where, where, self._scribe, note.text), note.number, due)

    def _somewhere(self, shown: Shown) -> Shown:
        return shown._replace(citation=self._chance.choice((shown.citation, shown.first)))

    def _some(self, found: Sequence[tuple[Shown, str]], most: int) -> list[tuple[Shown, str]]:
        return self._chance.sample(found, min(most, len(found)))

    def _is_unsaid(self, text: str) -> bool:
        return not any(_plain(text) in state for state in self._states)

    def _write(self, reader: Memory, turn: Turn, plants: Sequence[Plant]) -> None:
        lines = [f"# What came of {self._name}", "", *(f"- {each.sentence}" for each in plants)]
        text = "\n".join(lines)
        reader.task(self._name).block(REPORT).append(text, turn=turn)
        self._replay.copy.append(REPORT, text, REPORTER)


def _plain(text: str) -> str:
    """A text as quotations are compared: neither letters' case nor spaces count."""
    return " ".join(text.split()).casefold()


def _cited(name: str, version: int, line: int) -> str:
    return f"{name}@{version}#L{line}"
