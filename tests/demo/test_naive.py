import io
import json

from commonplace.demo.document import list_folder, load
from commonplace.demo.event import Acknowledged, Reporter, parse_event
from commonplace.demo.extract import extract
from commonplace.demo.ledger import balance_naive
from commonplace.demo.naive import NaiveNotebook, load_blocks
from commonplace.demo.naive_citation import naive_citations
from commonplace.demo.plan import Plan, Step
from commonplace.demo.question import Contribution


def book(path, actor, said):
    return NaiveNotebook(path, actor, Reporter(said))


def contribute(notebook, *contributions):
    notebook.contribute(lambda lines: contributions)


def events(*said):
    return [parse_event(line) for text in said for line in text.getvalue().splitlines()]


def held(path):
    return {name: block["lines"] for name, block in load_blocks(path).items()}


def test_what_one_agent_writes_is_kept(tmp_path, library):
    path, said = tmp_path / "memory.json", io.StringIO()
    alone = book(path, "web-specialist", said)
    alone.set_up()
    findings = extract(load(list_folder(library / "pages", "page")[0])).findings
    alone.file(findings)
    contribute(alone, Contribution("pep:8", "web-specialist", "a.rst:1"))
    contribute(alone, Contribution("pep:8", "web-specialist", "a.rst:9", "Active"))
    ledger = balance_naive(events(said), held(path))
    assert ledger.findings.acknowledged == len(findings) > 2
    assert ledger.questions.acknowledged == 2
    assert ledger.lost == 0


def test_a_write_between_read_and_write_is_lost_and_counted(tmp_path, library):
    path, said, other_said = tmp_path / "memory.json", io.StringIO(), io.StringIO()
    web, docs = book(path, "web-specialist", said), book(path, "docs-specialist", other_said)
    web.set_up()
    finding, other = extract(load(list_folder(library / "pages", "page")[0])).findings[:2]
    contribute(docs, Contribution("pep:8", "docs-specialist", "b.rst:1"))
    before = path.read_bytes()
    docs.file([other])
    contribute(docs, Contribution("pep:8", "docs-specialist", "b.rst:1", "Active"))
    path.write_bytes(before)  # what an agent that had read before now writes back
    web.file([finding])
    ledger = balance_naive(events(said, other_said), held(path))
    assert (ledger.findings.acknowledged, ledger.findings.kept) == (2, 1)
    assert [event.text for event in ledger.findings.lost] == [str(other)]
    assert [event.deed for event in ledger.questions.lost] == ["answered"]


def test_condensed_findings_count_as_kept(tmp_path, library):
    path, said = tmp_path / "memory.json", io.StringIO()
    alone = book(path, "synthesizer", said)
    alone.set_up()
    alone.file(extract(load(list_folder(library / "pages", "page")[0])).findings)
    page = alone.page("findings")
    from_page = page.lines[0]
    alone.condense(page, f"[deprecated 3.1] 1 finding: shop1 ({where(from_page)}) [findings@1#L1]")
    ledger = balance_naive(events(said), held(path))
    assert ledger.findings.kept == 1
    assert ledger.findings.acknowledged == len(page.lines)


def where(line):
    return line.rpartition("(")[2].rstrip(")")


def test_citations_are_sorted_by_where_they_check():
    line = '[limit] shop: "At most 30 things." (shop.rst:4)'
    gone = '[limit] till: "At most 40 coins." (till.rst:4)'
    condensed = "[limit] 1 finding: till (till.rst:4) [findings@1#L1]"
    filed = [Acknowledged("web-specialist", "findings", "append", 1, 1, gone)]
    brief = (
        '- A: "At most 30 things." [findings@9#L1].\n'
        '- B: "At most 30 things." [findings@9#L2].\n'
        '- C: "At most 40 coins." [findings@9#L2].\n'
        '- D: "At most 50 doors." [findings@9#L2].\n'
    )
    found = naive_citations(brief, {"findings": [line, condensed]}, filed)
    assert found == (1, 1, 1, 1)


def test_no_reader_sees_half_a_file(tmp_path):
    path = tmp_path / "memory.json"
    notebook = book(path, "supervisor", io.StringIO())
    notebook.set_up()
    plan = Plan("shops", (Step("web-specialist", "read", "in progress"),), ())
    notebook.publish(plan)
    lines = json.loads(path.read_text("utf-8"))["plan"]["lines"]
    assert Plan.of(json.loads("\n".join(lines))) == plan
    assert [entry.name for entry in tmp_path.iterdir()] == ["memory.json"]


def test_work_and_replies_go_by_post_and_a_reply_to_an_old_plan_is_stale(tmp_path):
    path = tmp_path / "memory.json"
    supervisor = book(path, "supervisor", io.StringIO())
    web, docs = (book(path, f"{who}-specialist", io.StringIO()) for who in ("web", "docs"))
    plan = Plan("shops", (Step("web-specialist", "read", "in progress"),), ())
    supervisor.set_up()
    supervisor.publish(plan)
    for who in ("web-specialist", "docs-specialist"):
        supervisor.dispatch(who, {"documents": [who]})
    replies = supervisor.replies()
    for worker in (web, docs):
        worker.reply(next(worker.tasks()), {"read": 1})
    first = next(replies)
    assert not first.stale
    supervisor.commit(first, plan)
    second = next(replies)
    assert second.stale and second.who != first.who
    supervisor.redispatch(second)
    tasks = {worker: worker.tasks() for worker in (web, docs)}
    late = web if second.who == "web-specialist" else docs
    _, again = next(tasks[late]), next(tasks[late])
    assert again.job == {"documents": [second.who]}
    late.reply(again, {"read": 1})
    assert not next(replies).stale
    supervisor.set_up()
    assert [entry.name for entry in tmp_path.iterdir()] == ["memory.json"]
