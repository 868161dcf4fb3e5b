"""The desk: the memory's verbs as tools, and what comes back from them.

A refusal is not hidden from the model. It gets the error's own words as the tool's result, which
say what happened, what stands now and what to do next; reading again and trying again is the
model's to do. A quotation is checked against the document before it is filed.

A conversation is one turn until the model reads again: that begins another, at what stands then.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, NamedTuple

import commonplace
from commonplace.demo.document import Document
from commonplace.demo.event import Acknowledged, Conflict, Reporter
from commonplace.demo.finding import TOPICS, Finding, quoted, subject_name
from commonplace.demo.notebook import FINDINGS, QUESTIONS
from commonplace.demo.rst import plain
from commonplace.model.receipt import Receipt

BUDGET_TOKENS = 20_000
"""What one look at the memory may take of a prompt."""

CONFLICTS = (
    commonplace.VersionConflict,
    commonplace.AnchorNotFound,
    commonplace.AnchorNotUnique,
    commonplace.StaleTurn,
)

Schema = Mapping[str, Any]


class BadToolInput(ValueError):
    """The model called a tool in a way it cannot be answered; the message tells it how."""


class ToolAnswer(NamedTuple):
    """What a tool call came to, in words for the model."""

    text: str
    is_error: bool = False


class Tool(NamedTuple):
    """A tool: what the model is told of it, and what it does."""

    name: str
    description: str
    properties: Schema
    call: Callable[[Mapping[str, Any]], str]

    def definition(self) -> dict[str, Any]:
        """The tool as the Messages API wants it."""
        return {
            "name": self.name,
            "description": self.description,
            "input_schema": {
                "type": "object",
                "properties": self.properties,
                "required": list(self.properties),
            },
        }


class Desk:
    """The tools of one agent. `conflicts` that no later write settles are said at `leave`."""

    def __init__(
        self,
        memory: commonplace.Memory,
        task: commonplace.Scope,
        reporter: Reporter,
        pin: int = 0,
    ) -> None:
        self._memory = memory
        self._task = task
        self._actor = memory.actor.name
        self._reporter = reporter
        self._met: dict[str, str] = {}
        self._tools: dict[str, Tool] = {}
        self.turn = memory.turn(at=pin or None)
        self.document: Document | None = None

    @contextmanager
    def sitting(self) -> Iterator[None]:
        """Begins the turn, and ends the one that it is by then."""
        self.turn.begin()
        try:
            yield
        finally:
            self.turn.end()

    def offer(self, *tools: Tool) -> None:
        """Puts tools on the desk."""
        self._tools.update({tool.name: tool for tool in tools})

    def definitions(self) -> list[dict[str, Any]]:
        """Every tool on the desk, as the Messages API wants it."""
        return [tool.definition() for tool in self._tools.values()]

    def use(self, name: str, arguments: Mapping[str, Any]) -> ToolAnswer:
        """Calls a tool. A refusal comes back as an answer, marked as an error."""
        tool = self._tools.get(name)
        if tool is None:
            return ToolAnswer(f"There is no tool {name!r}. Use {', '.join(self._tools)}.", True)
        missing = [key for key in tool.properties if key not in arguments]
        if missing:
            return ToolAnswer(f"{name} also needs {', '.join(missing)}.", True)
        try:
            return ToolAnswer(tool.call(arguments))
        except CONFLICTS as error:
            self._met[str(arguments.get("block", FINDINGS))] = error.code
            return ToolAnswer(f"{error.code}: {error}", True)
        except (commonplace.CommonplaceError, BadToolInput) as error:
            return ToolAnswer(str(error), True)

    def leave(self) -> None:
        """Says of every conflict that no later write settled that the agent let it be."""
        for block, code in self._met.items():
            self._reporter.say(Conflict(self._actor, block, code, "let be by the agent"))
        self._met.clear()

    def wrote(self, block: str, deed: str, receipt: Receipt, text: str, *, through: int = 0) -> str:
        """Acknowledges a write, settles the conflict before it, and tells the model."""
        if block in self._met:
            ended = f"{deed} after reading again"
            self._reporter.say(Conflict(self._actor, block, self._met.pop(block), ended))
        self._reporter.say(
            Acknowledged(
                actor=self._actor,
                block=block,
                deed=deed,
                version=receipt.version,
                revision=receipt.revision,
                text=text,
                through=through,
            )
        )
        return f"Written: {block} is now @{receipt.version}."

    def shown(self, *names: str, budget_tokens: int | None = BUDGET_TOKENS) -> str:
        """Regions of the task for the prompt, as the turn sees them, recorded as served."""
        regions = [commonplace.Reference(self._task.namespace, name) for name in names]
        return str(self.turn.render(*regions, budget_tokens=budget_tokens))

    def read_block(self, arguments: Mapping[str, Any]) -> str:
        """A block as it stands now: that is another turn."""
        self.turn.end()
        self.turn = self._memory.turn().begin()
        return self.shown(str(arguments["block"]))

    def read_reference(self, arguments: Mapping[str, Any]) -> str:
        """What a reference such as `findings@12#L3-9` names, as it stood."""
        reference = commonplace.Reference.parse(str(arguments["reference"]))
        if reference.namespace is None:
            reference = replace(reference, namespace=self._task.namespace)
        return str(self.turn.render(reference, budget_tokens=BUDGET_TOKENS))

    def append_finding(self, arguments: Mapping[str, Any]) -> str:
        """Files a finding whose quotation is in the document at hand."""
        if self.document is None:
            raise BadToolInput("There is no document at hand to quote from.")
        quote = quoted(str(arguments["quote"]))
        line = self._line_of(quote, self.document)
        topic = next((topic for topic in TOPICS if topic == arguments["topic"]), None)
        if topic is None:
            raise BadToolInput(f"The topic must be one of {', '.join(TOPICS)}.")
        finding = Finding(
            topic, "", subject_name(str(arguments["subject"])), "", quote, self.document.name, line
        )
        block = self._task.block(FINDINGS)
        receipt = block.append(str(finding), reason=finding.where, turn=self.turn)
        return self.wrote(FINDINGS, "append", receipt, str(finding))

    def ask_question(self, arguments: Mapping[str, Any]) -> str:
        """Adds a question to the open questions."""
        source = self.document.name if self.document else "no document"
        text = f"- [open] {quoted(str(arguments['question']))} Asked by {self._actor} ({source})"
        receipt = self._task.block(QUESTIONS).append(text, reason=source, turn=self.turn)
        return self.wrote(QUESTIONS, "append", receipt, text)

    def replace_text(self, arguments: Mapping[str, Any]) -> str:
        """Replaces text in a block, if nobody has written its lines since they were read."""
        name, old, new = (str(arguments[each]) for each in ("block", "old", "new"))
        source = self.document.name if self.document else ""
        receipt = self._task.block(name).replace(old, new, reason=source, turn=self.turn)
        return self.wrote(name, "replace", receipt, new)

    @staticmethod
    def _line_of(quote: str, document: Document) -> int:
        """The line the quotation begins on; words are compared, not markup or line breaks."""
        wanted = " ".join(quote.split())
        for number in range(len(document.lines)):
            window = quoted_window(document.lines[number : number + 8])
            first = quoted_window(document.lines[number : number + 1])
            if wanted and wanted in window and window.index(wanted) < max(len(first), 1):
                return number + 1
        raise BadToolInput("Not written: the document does not say that. Quote it word for word.")


def quoted_window(lines: tuple[str, ...]) -> str:
    """Some lines as a quotation would have them, without a limit to their length."""
    return " ".join(plain(" ".join(lines)).replace('"', "'").split())
