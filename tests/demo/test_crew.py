"""The whole crew: real processes on a handful of small documents."""

import io
import re
import shlex
import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from click.testing import CliRunner
from rich.console import Console

from commonplace import Memory, Namespace
from commonplace.cli import main
from commonplace.demo.conduct import conduct
from commonplace.demo.crew import CrewFailed, run_crew
from commonplace.demo.document import list_folder, load
from commonplace.demo.event import Acknowledged, Failed
from commonplace.demo.extract import extract
from commonplace.demo.finding import parse_finding
from commonplace.demo.job import Job
from commonplace.demo.ledger import balance, balance_naive
from commonplace.demo.naive import load_blocks
from commonplace.demo.options import Options
from commonplace.demo.past import MemoryPast
from commonplace.demo.plan import Plan
from commonplace.demo.question import parse_question
from commonplace.demo.verdict import check_brief


def a_job(library, **changes):
    address = str(library / ("memory.json" if changes.get("naive") else "memory.db"))
    folders = {"pages": str(library / "pages"), "rfcs": str(library / "rfcs")}
    return Job(address=address, task="shops", **folders, **changes)


def run_quietly(**options):
    out = io.StringIO()
    code = conduct(Options(**options), Console(file=out, width=200))
    return code, out.getvalue()


def extracted(library):
    return {
        str(finding)
        for folder, kind in (("pages", "page"), ("rfcs", "pep"))
        for listed in list_folder(library / folder, kind)
        for finding in extract(load(listed)).findings
    }


def test_nothing_that_was_acknowledged_is_lost(library):
    job = a_job(library)
    events = run_crew(job, lambda event: None)
    filed = [e for e in events if isinstance(e, Acknowledged) and parse_finding(e.text)]
    assert {event.text for event in filed} == extracted(library)
    with Memory(job.address, actor="auditor", create=False) as memory:
        past = MemoryPast(memory, job.task)
        ledger = balance(events, past)
        assert ledger.lost == 0
        assert ledger.findings.acknowledged == len(filed)
        questions = [
            parse_question(line)
            for line in past.lines("open-questions", past.head("open-questions"))
        ]
        (brief,) = [e for e in events if isinstance(e, Acknowledged) and e.block == "brief"]
        shops = Namespace.task("shops")
        checked = check_brief(memory, shops, brief.text, brief.revision)
        too_early = check_brief(memory, shops, brief.text, brief.revision - 1)
    assert all(question is not None for question in questions)
    known = {f"pep:{n}" for n in range(1, 7)} | {f"mod:shop{n}" for n in range(1, 7)}
    assert {q.about for q in questions} == {*known, "pep:100"}
    assert {q.about for q in questions if q.solution} == known
    assert len({q.about for q in questions}) == len(questions)
    assert not checked.faults
    assert checked.counts.total() > 20
    assert set(checked.counts) <= {"ok", "stale"}
    assert too_early.faults, "what was served is told apart by when it was"


def test_the_plan_is_a_channel_that_sends_work_and_takes_it_back(library):
    job = a_job(library)
    events = run_crew(job, lambda event: None)
    with Memory(job.address, actor="auditor", create=False) as memory:
        records = memory.log(Namespace.task("shops"), region="_dispatches")
        published = memory.log(Namespace.task("shops"), region="plan")
        plan = Plan.of(memory.task("shops").channel("plan").read().value)
    deeds = Counter((record.actor.name, record.operation) for record in records)
    assert deeds["supervisor", "dispatch"] == 5
    assert deeds["supervisor", "withdraw"] == 1, "one reply was stale, and went back"
    assert deeds["supervisor", "settle"] == 4
    assert deeds["web-specialist", "reply"] == deeds["docs-specialist", "reply"] == 2
    assert deeds["synthesizer", "reply"] == 1
    assert {record.actor.name for record in published} == {"supervisor"}
    assert len(published) == 5
    assert {step.state for step in plan.steps} == {"done"}
    (again,) = [e for e in events if isinstance(e, Acknowledged) and e.deed == "redispatch"]
    (late,) = [r for r in records if r.operation == "dispatch" and r.arguments["follows"]]
    assert again.block == f"dispatches/{late.entry.key.removeprefix('plan/')}"
    assert late.arguments["since"] == 1, "it was built on the first plan"


def test_agents_write_and_read_in_turns(library):
    job = a_job(library)
    run_crew(job, lambda event: None)
    with Memory(job.address, actor="auditor", create=False) as memory:
        records = memory.log(Namespace.task("shops"), limit=1000)
        untold = [r for r in records if r.entry.region != "plan" and not r.turn]
        condensed = [r for r in records if r.operation == "condense"]
        (brief,) = [r for r in records if r.entry.region == "brief"]
    assert not untold
    assert brief.turn == condensed[0].turn, "the last condensation and the brief are one step"
    assert {str(source).partition("@")[0] for source in brief.based_on} == {
        "task/shops:findings",
        "task/shops:open-questions",
    }


def test_the_run_reports_and_leaves_a_brief(library):
    code, said = run_quietly(
        pages=library / "pages",
        rfcs=library / "rfcs",
        memory=str(library / "team.db"),
        task="shops",
    )
    assert code == 0, said
    assert "scripted extractors: no model, no network" in said
    assert "lines lost: 0" in said
    assert re.search(r"citations in the brief: \d+; verdicts: ok \d+", said)
    assert "sent again: 1" in said
    brief = (library / "brief-shops.md").read_text("utf-8")
    assert brief.startswith("# What pages and rfcs say")


def test_the_story_of_a_sentence_and_the_commands_to_try_are_of_this_very_run(library):
    memory = library / "team.db"
    code, said = run_quietly(
        pages=library / "pages", rfcs=library / "rfcs", memory=str(memory), task="shops"
    )
    assert code == 0, said
    brief = (library / "brief-shops.md").read_text("utf-8")
    quotation, author, version = re.search(
        r'^why does the brief say "(.+)"\?\n  written   by ([\w-]+), findings@(\d+)#L', said, re.M
    ).groups()
    assert f'"{quotation}"' in brief
    assert re.search(r"^  served    to synthesizer, in \d turns?$", said, re.M)
    assert re.search(r"^  built on  by .*brief@1$", said, re.M)

    tried = {}
    for line in said.partition("try next\n")[2].splitlines():
        name, *words = shlex.split(line)[1:]
        tried[name] = CliRunner().invoke(main, [name, *words])
    assert {name: result.exit_code for name, result in tried.items()} == {
        "timeline": 0,
        "blame": 0,
        "verify": 1 if "stale" in said else 0,
        "show": 0,
        "why": 0,
        "retract": 0,
    }, {name: result.output for name, result in tried.items()}
    assert "task/shops:brief@1" in tried["timeline"].output
    assert quotation in tried["show"].output
    assert f"written  by {author}" in tried["why"].output
    assert f"task/shops:findings@{version}#L" in tried["why"].output
    assert "would be retracted" in tried["retract"].output
    assert "suspect  task/shops:brief@1  declared" in tried["retract"].output
    assert "told: synthesizer" in tried["retract"].output
    with Memory(memory, actor="auditor", create=False) as opened:
        operations = {record.operation for record in opened.log(Namespace.task("shops"))}
    assert "retract" not in operations


def test_a_task_that_is_there_already_is_not_mixed_up_with_this_one(library):
    options = {
        "pages": library / "pages",
        "rfcs": library / "rfcs",
        "memory": str(library / "team.db"),
        "documents": 1,
    }
    assert run_quietly(**options)[0] == 0
    code, said = run_quietly(**options)
    assert code == 1
    assert "--task" in said and "Traceback" not in said
    assert run_quietly(**options, task="again")[0] == 0


def test_the_naive_run_counts_what_it_kept_and_what_it_lost(library):
    job = a_job(library, naive=True)
    events = run_crew(job, lambda event: None)
    held = {name: block["lines"] for name, block in load_blocks(library / "memory.json").items()}
    ledger = balance_naive(events, held)
    filed = [e for e in events if isinstance(e, Acknowledged) and parse_finding(e.text)]
    assert {event.text for event in filed} == extracted(library)
    for tally in (ledger.findings, ledger.questions):
        assert tally.acknowledged == tally.kept + len(tally.lost)
    assert ledger.findings.acknowledged == len(filed)
    assert ledger.questions.acknowledged >= ledger.questions.kept > 0


def test_the_naive_run_reports(library):
    code, said = run_quietly(
        pages=library / "pages",
        rfcs=library / "rfcs",
        memory=str(library / "naive.json"),
        naive=True,
    )
    assert code == 0, said
    acknowledged, kept, lost = map(
        int, re.search(r"findings: (\d+) acknowledged, (\d+) kept, (\d+) lost", said).groups()
    )
    assert acknowledged == kept + lost == len(extracted(library))
    total, *parts = (
        int(re.search(pattern, said)[1])
        for pattern in (
            r"sentences in the brief: (\d+), each",
            r"(\d+) stand where",
            r"(\d+) stand on another",
            r"(\d+) check out nowhere",
        )
    )
    assert total == sum(parts)


def test_an_agent_that_fails_ends_the_run_and_says_why(library):
    job = Job(address=str(library), task="shops", pages=str(library / "pages"))
    with pytest.raises(CrewFailed, match="supervisor ended with exit code 1"):
        run_crew(job, lambda event: None)


def test_an_unknown_role_is_refused(library):
    done = subprocess.run(
        [sys.executable, "-P", "-m", "commonplace.demo.agent", "jester"],
        input=a_job(library, naive=True).dumps() + "\n",
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert Failed.kind in done.stdout and "jester" in done.stdout


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"pages": "nowhere"}, "nowhere is not a folder"),
        ({"documents": 0}, "name at least 1"),
        ({"naive": True, "model": "some-model"}, "leave out --model"),
    ],
)
def test_what_cannot_start_writes_nothing(tmp_path, changes, message):
    options = {"memory": tmp_path / "new" / "memory.db", **changes}
    if "pages" in options:
        options["pages"] = tmp_path / options["pages"]
    code, said = run_quietly(**options)
    assert code == 2
    assert message in said
    assert list(tmp_path.iterdir()) == []


def test_real_pages_and_proposals(real_data, tmp_path):
    code, said = run_quietly(
        pages=real_data / "pages",
        rfcs=real_data / "rfcs",
        memory=str(tmp_path / "memory.db"),
        documents=20,
    )
    assert code == 0, said
    assert "lines lost: 0" in said


def test_without_folders_the_installed_documentation_is_read(tmp_path):
    code, said = run_quietly(base=tmp_path, documents=8)
    assert code == 0, said
    assert "the modules of this Python's standard library" in said
    assert (tmp_path / "commonplace-demo" / "brief.md").exists()
    assert (tmp_path / "commonplace-demo" / "memory.db").exists()


def test_two_crews_share_one_memory_at_once(library):
    def a_run(task):
        options = {"pages": library / "pages", "rfcs": library / "rfcs", "task": task}
        return run_quietly(memory=str(library / "team.db"), **options)

    with ThreadPoolExecutor(2) as pool:
        runs = list(pool.map(a_run, ("left", "right")))
    for code, said in runs:
        assert code == 0, said
        assert "lines lost: 0" in said


def test_a_fresh_folder_is_nobody_elses(tmp_path):
    jobs = [Options(base=tmp_path, documents=1).prepare() for _ in range(3)]
    assert len({job.address for job in jobs}) == 3
