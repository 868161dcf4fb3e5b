"""The whole crew: real processes on a handful of small documents."""

import io
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
from rich.console import Console

from commonplace.demo.citation import check_brief
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
from commonplace.demo.past import memory_past
from commonplace.demo.question import parse_question


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
    with memory_past(job.address, job.task) as past:
        ledger = balance(events, past)
        assert ledger.lost == 0
        assert ledger.findings.acknowledged == len(filed)
        questions = [
            parse_question(line)
            for line in past.lines("open-questions", past.head("open-questions"))
        ]
        brief = [e.text for e in events if isinstance(e, Acknowledged) and e.block == "brief"]
        verdicts = check_brief(brief[-1], past.lines)
    assert all(question is not None for question in questions)
    known = {f"pep:{n}" for n in range(1, 7)} | {f"mod:shop{n}" for n in range(1, 7)}
    assert {q.about for q in questions} == {*known, "pep:100"}
    assert {q.about for q in questions if q.solution} == known
    assert len({q.about for q in questions}) == len(questions)
    assert len(verdicts) > 20
    assert {verdict.outcome for verdict in verdicts} == {"ok"}


def test_the_run_reports_and_leaves_a_brief(library):
    code, said = run_quietly(
        pages=library / "pages", rfcs=library / "rfcs", memory=library / "team.db", task="shops"
    )
    assert code == 0, said
    assert "scripted extractors: no model, no network" in said
    assert "lines lost: 0" in said
    assert "failed: 0" in said
    brief = (library / "brief-shops.md").read_text("utf-8")
    assert brief.startswith("# What pages and rfcs say")
    assert "commonplace blame" in said
    cited = re.search(
        r"commonplace show '?task/shops:([\w-]+@\d+#L\d+)'? -m \S+ --as auditor", said
    )
    assert cited is not None and f"[{cited[1]}]" in brief


def test_a_task_that_is_there_already_is_not_mixed_up_with_this_one(library):
    options = {
        "pages": library / "pages",
        "rfcs": library / "rfcs",
        "memory": library / "team.db",
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
        pages=library / "pages", rfcs=library / "rfcs", memory=library / "naive.json", naive=True
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
        memory=tmp_path / "memory.db",
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
        return run_quietly(memory=library / "team.db", **options)

    with ThreadPoolExecutor(2) as pool:
        runs = list(pool.map(a_run, ("left", "right")))
    for code, said in runs:
        assert code == 0, said
        assert "lines lost: 0" in said


def test_a_fresh_folder_is_nobody_elses(tmp_path):
    jobs = [Options(base=tmp_path, documents=1).prepare() for _ in range(3)]
    assert len({job.address for job in jobs}) == 3
