"""The run's verdict: what must make it fail, does."""

import io
from dataclasses import replace
from types import SimpleNamespace

import pytest
from click.testing import CliRunner
from rich.console import Console

from commonplace.demo import run
from commonplace.demo.command import demo
from commonplace.demo.conduct import conduct
from commonplace.demo.crew import run_crew
from commonplace.demo.event import Acknowledged
from commonplace.demo.options import Options


def doctored(monkeypatch, library, doctor):
    """Runs the crew, but lets `doctor` change what it is heard to have said."""

    def heard(job, show):
        return doctor(run_crew(job, show))

    monkeypatch.setattr("commonplace.demo.conduct.run_crew", heard)
    out = io.StringIO()
    options = Options(
        pages=library / "pages",
        rfcs=library / "rfcs",
        memory=str(library / "memory.db"),
        documents=2,
    )
    return conduct(options, Console(file=out, width=200)), out.getvalue()


def test_a_lost_line_fails_the_run(monkeypatch, library):
    ghost = Acknowledged("web-specialist", "findings", "append", 1, 9999, "never written")
    code, said = doctored(monkeypatch, library, lambda events: [*events, ghost])
    assert code == 1
    assert "lines lost: 1" in said
    assert "lost: web-specialist append findings@1: never written" in said


@pytest.mark.parametrize(
    ("planted", "fault"),
    [
        ("99 more.", "uncited: it counts something"),
        ("99 more [findings@1#L1].", "mismatch: The sentence says 99"),
        ("More [findings@99999#L1].", "missing: "),
        ("More [findings@1#].", "1 citation cannot be read."),
        ("", "the brief cites nothing"),
    ],
)
def test_a_citation_that_fails_fails_the_run(monkeypatch, library, planted, fault):
    def doctor(events):
        return [
            replace(event, text=f"{event.text}{planted}" if planted else "# Nothing\n")
            if isinstance(event, Acknowledged) and event.block == "brief"
            else event
            for event in events
        ]

    code, said = doctored(monkeypatch, library, doctor)
    assert code == 1
    assert fault in said


def test_what_an_agent_says_cannot_steer_the_terminal(monkeypatch, library):
    ghost = Acknowledged("web-specialist", "findings", "append", 1, 9999, "\x1b[2Jgone\u202e")
    _, said = doctored(monkeypatch, library, lambda events: [*events, ghost])
    assert "findings@1: \ufffd[2Jgone\ufffd" in said


def test_the_command_takes_every_option(library):
    arguments = [
        f"--pages={library / 'pages'}",
        f"--rfcs={library / 'rfcs'}",
        f"--memory={library / 'command.db'}",
        "--task=shops",
        "--seed=3",
        "--documents=2",
    ]
    done = CliRunner().invoke(demo, arguments)
    assert done.exit_code == 0, done.output
    assert "web-specialist reads 2 documents" in done.output
    bad = CliRunner().invoke(demo, ["--documents=0"])
    assert bad.exit_code == 2


def test_the_package_runs_without_a_command_line(library, capsys):
    code = run(
        pages=library / "pages", rfcs=library / "rfcs", memory=str(library / "m.json"), naive=True
    )
    assert code == 0
    assert "A crew of four processes" in capsys.readouterr().out


def test_a_memory_named_before_the_command_is_taken(library):
    arguments = ["--documents=1", f"--pages={library / 'pages'}", f"--rfcs={library / 'rfcs'}"]
    before = SimpleNamespace(memory=str(library / "before.db"))
    done = CliRunner().invoke(demo, arguments, obj=before)
    assert done.exit_code == 0, done.output
    assert (library / "before.db").exists()
