"""The crew on a model: real processes, the real SDK, a local server that speaks its protocol."""

import io
import re
import threading

import pytest
from rich.console import Console

from commonplace.demo.conduct import conduct
from commonplace.demo.options import Options
from commonplace.demo.past import memory_past
from messages_server import messages_server, text, tool_use

pytest.importorskip("anthropic")

WAIT_S = 60


class Script:
    """Two specialists who edit one question at once, and a synthesizer whose first brief fails.

    The web specialist asks, reads, and is then kept waiting until the docs specialist has written
    to the same block; so its replace is refused, and it reads again before it retries.
    """

    def __init__(self):
        self.web_has_asked = threading.Event()
        self.web_has_read = threading.Event()
        self.docs_has_written = threading.Event()
        self.refusals = []

    def __call__(self, request):
        if "write_brief" in request.tools:
            return self.brief(request)
        assert "condense_findings" not in request.tools
        self.refusals += [r["content"] for r in request.results if r["is_error"]]
        if "You are web-specialist" in request.system:
            return self.web(request)
        assert "You are docs-specialist" in request.system
        return self.docs(request)

    def web(self, request):
        if request.turn == 0:
            return [
                tool_use(
                    "append_finding", topic="limit", subject="shop", quote="A basket holds at most"
                ),
                tool_use("append_finding", topic="limit", subject="shop", quote="No such words"),
                tool_use("ask_question", question="Who runs the shop?"),
            ]
        if request.turn == 1:
            assert [result["is_error"] for result in request.results] == [False, True, False]
            self.web_has_asked.set()
            return [tool_use("read_block", block="open-questions")]
        if request.turn == 2:
            self.web_has_read.set()
            assert self.docs_has_written.wait(WAIT_S)
            return [self.answer(request)]
        if request.turn == 3:
            (refused,) = request.results
            assert refused["is_error"] and "version_conflict" in refused["content"]
            return [text("Let me read again."), tool_use("read_block", block="open-questions")]
        if request.turn == 4:
            assert "Is it open on Sundays?" in request.results[0]["content"]
            return [self.answer(request)]
        assert not request.results[0]["is_error"], request.results
        return [text("Done.")]

    @staticmethod
    def answer(request):
        page = request.results[0]["content"]
        version = int(re.search(r"open-questions@(\d+)", page)[1])
        return tool_use(
            "replace_text",
            block="open-questions",
            version=version,
            old="[open] Who runs the shop?",
            new="[answered] Who runs the shop? Ann.",
        )

    def docs(self, request):
        if request.turn == 0:
            assert self.web_has_read.wait(WAIT_S)
            return [
                tool_use(
                    "append_finding",
                    topic="status",
                    subject="PEP",
                    quote="The old way was removed in Python 3.10.",
                ),
                tool_use("ask_question", question="Is it open on Sundays?"),
                tool_use("read_block", block="plan"),
            ]
        assert not any(result["is_error"] for result in request.results)
        self.docs_has_written.set()
        return [text("Done.")]

    def brief(self, request):
        cited = re.search(r"\[(findings@\d+#L\d+)\] \[limit\] shop", request.prompt)[1]
        sentence = f'- It says "A basket holds at most" [{cited}].\n'
        if request.turn == 0:
            return [tool_use("write_brief", text=f"# Shops\n\n{sentence}- It has 99 doors.\n")]
        if request.turn == 1:
            (refused,) = request.results
            assert refused["is_error"] and "uncited" in refused["content"]
            return [tool_use("write_brief", text=f"# Shops\n\n{sentence}")]
        return [text("Done.")]


@pytest.fixture
def one_each(library):
    for folder in ("pages", "rfcs"):
        for path in sorted((library / folder).iterdir())[1:]:
            path.unlink()
    return library


def run_with(script, library, monkeypatch):
    out = io.StringIO()
    with messages_server(script) as server:
        monkeypatch.setenv("ANTHROPIC_API_KEY", "test-key")
        monkeypatch.setenv("ANTHROPIC_BASE_URL", server.url)
        options = Options(
            pages=library / "pages",
            rfcs=library / "rfcs",
            memory=library / "memory.db",
            model="scripted-model",
        )
        code = conduct(options, Console(file=out, width=200))
    assert not server.faults
    return code, out.getvalue(), server


def test_a_conflict_is_read_again_thought_again_and_retried(one_each, monkeypatch):
    script = Script()
    code, said, server = run_with(script, one_each, monkeypatch)
    assert code == 0, said
    assert {request.body["model"] for request in server.requests} == {"scripted-model"}
    assert len(script.refusals) == 2  # a quotation the document does not hold, and the conflict
    assert "1 x version_conflict: replace after reading again" in said
    assert "lines lost: 0" in said
    assert "checked out: 1, failed: 0" in said
    assert "scripted extractors" not in said
    with memory_past(str(one_each / "memory.db"), "research") as past:
        questions = past.lines("open-questions", past.head("open-questions"))
    assert [line.split(" Asked")[0] for line in questions] == [
        "- [answered] Who runs the shop? Ann.",
        "- [open] Is it open on Sundays?",
    ]


def test_a_model_that_never_gives_a_good_brief_fails_the_run(one_each, monkeypatch):
    class Stubborn(Script):
        def brief(self, request):
            return [text("I would rather not.")]

    code, said, _ = run_with(Stubborn(), one_each, monkeypatch)
    assert code == 1
    assert "The model handed in no brief whose citations check." in said


def test_without_a_key_nothing_starts(one_each, monkeypatch):
    monkeypatch.delenv("ANTHROPIC_API_KEY", raising=False)
    monkeypatch.delenv("ANTHROPIC_AUTH_TOKEN", raising=False)
    out = io.StringIO()
    options = Options(
        pages=one_each / "pages",
        rfcs=one_each / "rfcs",
        memory=one_each / "memory.db",
        model="scripted-model",
    )
    assert conduct(options, Console(file=out, width=200)) == 2
    assert "ANTHROPIC_API_KEY" in out.getvalue()
    assert not (one_each / "memory.db").exists()


class Prolific(Script):
    """The web specialist files enough for the synthesizer to condense before the brief."""

    def __init__(self):
        super().__init__()
        self.condensed = threading.Event()

    def __call__(self, request):
        if "condense_findings" in request.tools:
            return self.condense(request)
        return super().__call__(request)

    def web(self, request):
        if request.turn == 0:
            said = "A basket holds at most 31 things. The thing defaults to"
            words = said.split()
            quotes = [" ".join(words[:end]) for end in range(len(words), len(words) - 8, -1)]
            quotes += [" ".join(words[1:end]) for end in range(len(words), len(words) - 8, -1)]
            return [
                tool_use("append_finding", topic="limit", subject="shop", quote=quote)
                for quote in quotes
            ]
        assert not any(result["is_error"] for result in request.results)
        assert self.condensed.wait(WAIT_S)
        return [text("Done.")]

    def docs(self, request):
        return [text("There is nothing in it.")]

    def condense(self, request):
        cited = re.findall(r"\[(findings@(\d+)#L\d+)\] \[limit\] shop", request.prompt)
        if request.turn == 0:
            return [
                tool_use(
                    "condense_findings",
                    text=f"The shop has limits [{cited[0][0]}].",
                    version=int(cited[0][1]),
                )
            ]
        (written,) = request.results
        assert not written["is_error"], written
        self.condensed.set()
        return [text("Condensed.")]

    def brief(self, request):
        if request.turn == 0:
            cited = re.search(r"The shop has limits \[(findings@(\d+)#L1)\]", request.prompt)
            self.cited = cited[1]
            return [
                tool_use("read_version", block="findings", version=int(cited[2])),
                tool_use("read_version", block="findings", version=999),
            ]
        if request.turn == 1:
            shown, refused = request.results
            assert "A basket holds at most 31 things." in shown["content"]
            assert refused["is_error"]
            sentence = f'It says "A basket holds at most 31 things." [{self.cited}].'
            return [tool_use("write_brief", text=sentence)]
        return [text("Done.")]


def test_a_model_condenses_and_still_cites_what_stood_before(one_each, monkeypatch):
    code, said, _ = run_with(Prolific(), one_each, monkeypatch)
    assert code == 0, said
    assert "condensations by the findings' owner: 1" in said
    assert "lines lost: 0" in said
    assert "checked out: 1, failed: 0" in said


def test_a_service_that_refuses_ends_the_run_with_its_words(one_each, monkeypatch):
    def refuse(request):
        raise PermissionError("no such model here")

    out = io.StringIO()
    with messages_server(refuse) as server:
        monkeypatch.setenv("ANTHROPIC_API_KEY", "test-key")
        monkeypatch.setenv("ANTHROPIC_BASE_URL", server.url)
        options = Options(
            pages=one_each / "pages",
            rfcs=one_each / "rfcs",
            memory=one_each / "memory.db",
            model="scripted-model",
        )
        assert conduct(options, Console(file=out, width=200)) == 1
    assert "no such model here" in out.getvalue()
    assert "Traceback" not in out.getvalue()
