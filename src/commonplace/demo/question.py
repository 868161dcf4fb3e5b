"""An open question: asked by one specialist, joined by the other, answered by who knows.

In the block `open-questions` a question is one line, rewritten as it goes from open to answered:

    - [open] pep:594 What became of PEP 594? Asked by web-specialist (library-cgi.rst:20)
    - [open] pep:594 What became of PEP 594? Asked by web-specialist (library-cgi.rst:20),
      docs-specialist (pep-0606.rst:40)                                            (one line)
    - [answered] pep:594 What became of PEP 594? Asked by web-specialist (library-cgi.rst:20).
      docs-specialist: "Final, Removing dead batteries" (pep-0594.rst:2)           (one line)

Both specialists edit the same lines, so here two agents do want to write at once.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

from commonplace.demo.finding import quoted

_WORDING = {
    "pep": "What became of PEP {}?",
    "mod": "What does the documentation say {} is?",
    "dist": "Is {} installed here?",
}
_LINE = re.compile(
    r"""^-[ ]\[(?P<state>open|answered)\][ ](?P<about>[a-z]+:\S+)[ ](?P<wording>[^?]+\?)[ ]
        Asked[ ]by[ ](?P<asked>.+?\)(?:,[ ]\S+[ ]\([^()]+\))*)
        (?:\.[ ](?P<by>\S+):[ ]"(?P<text>[^"]*)"[ ]\((?P<where>[^()]+)\))?$""",
    re.VERBOSE,
)
_ASKER = re.compile(r"(\S+) \(([^()]+)\)")


class Asker(NamedTuple):
    """Who asked, and which line of which document made them ask."""

    actor: str
    where: str


class Solution(NamedTuple):
    """Who answered, with what, from where."""

    actor: str
    text: str
    where: str


@dataclass(frozen=True, slots=True)
class Question:
    """One question. `about` names its subject: `pep:594`, `mod:cgi`, `dist:click`."""

    about: str
    askers: tuple[Asker, ...]
    solution: Solution | None = None

    @property
    def wording(self) -> str:
        """The question in words."""
        kind, _, name = self.about.partition(":")
        return _WORDING[kind].format(name)

    def __str__(self) -> str:
        """The question as the line it is in the block."""
        state = "answered" if self.solution else "open"
        askers = ", ".join(f"{asker.actor} ({asker.where})" for asker in self.askers)
        line = f"- [{state}] {self.about} {self.wording} Asked by {askers}"
        if self.solution is None:
            return line
        actor, text, where = self.solution
        return f'{line}. {actor}: "{quoted(text)}" ({where})'


def parse_question(line: str) -> Question | None:
    """The question a line holds, or None if it is something else."""
    match = _LINE.match(line)
    if match is None or match["about"].partition(":")[0] not in _WORDING:
        return None
    askers = tuple(Asker(actor, where) for actor, where in _ASKER.findall(match["asked"]))
    solution = None
    if match["by"] is not None:
        solution = Solution(match["by"], match["text"], match["where"])
    return Question(match["about"], askers, solution)


Deed = Literal["asked", "joined", "answered"]


class Contribution(NamedTuple):
    """What one specialist wants to see in the list: a question, or an answer to one."""

    about: str
    actor: str
    where: str
    answer: str = ""

    def stands_in(self, lines: Sequence[str]) -> bool:
        """Whether the list, as these lines, shows it."""
        question = find_question(lines, self.about)
        if question is None:
            return False
        if self.answer:
            return question.solution == Solution(self.actor, quoted(self.answer), self.where)
        return Asker(self.actor, self.where) in question.askers


class Edit(NamedTuple):
    """One change to the list: `old` becomes `new`; no `old` means a new line."""

    deed: Deed
    old: str
    new: str

    def made_in(self, lines: Sequence[str]) -> list[str]:
        """The list with the change made."""
        if not self.old:
            return [*lines, self.new]
        return [self.new if line == self.old else line for line in lines]


def find_question(lines: Sequence[str], about: str) -> Question | None:
    """The question about a subject, if the list has it."""
    for line in lines:
        question = parse_question(line) if f" {about} " in line else None
        if question is not None and question.about == about:
            return question
    return None


def next_edit(lines: Sequence[str], contribution: Contribution) -> Edit | None:
    """The change that would bring a contribution into the list; None if nothing is left to do.

    A question is asked once, and joined at most once by each actor; an answer is given once.
    """
    question = find_question(lines, contribution.about)
    if contribution.answer:
        if question is None or question.solution is not None:
            return None
        solution = Solution(contribution.actor, quoted(contribution.answer), contribution.where)
        return Edit("answered", str(question), str(replace(question, solution=solution)))
    asker = Asker(contribution.actor, contribution.where)
    if question is None:
        return Edit("asked", "", str(Question(contribution.about, (asker,))))
    if any(known.actor == contribution.actor for known in question.askers):
        return None
    return Edit("joined", str(question), str(replace(question, askers=(*question.askers, asker))))
