"""A walk along a log names what was edited or is missing, and nothing beside it."""

from dataclasses import replace

import pytest

from commonplace.core.chain import Chain
from commonplace.core.digest import genesis, link
from commonplace.core.rules import TextBlock
from commonplace.model.actor import Actor
from commonplace.model.record import Record
from deciding import Tenant, append, create


def written() -> tuple[Tenant, list[Record]]:
    """A tenant's log of ten records with their digests, in seven commits."""
    tenant = Tenant()
    tenant.must("lead", create("findings", TextBlock()))
    tenant.must("lead", append("a"), append("b"))
    tenant.must("lead", append("c"))
    tenant.must("lead", append("d"))
    tenant.must("lead", append("e"))
    digest, log = genesis("acme"), []
    for record in tenant.log:
        digest = link(digest, record)
        log.append(replace(record, digest=digest))
    return tenant, log


def walk(log: list[Record]) -> tuple[Chain, list[tuple[str, int, int]]]:
    chain = Chain.start("acme")
    problems = [problem for record in log for problem in chain.take(record)]
    return chain, [(p.code, p.revision, p.index) for p in problems]


def test_a_whole_log_has_no_problem_and_leads_to_the_head() -> None:
    tenant, log = written()
    chain, problems = walk(log)
    assert problems == []
    assert chain.reaches(tenant.state.digest)
    assert not chain.reaches(log[-2].digest)


@pytest.mark.parametrize("number", range(9))
def test_an_edited_header_is_named(number: int) -> None:
    _, log = written()
    record = log[number]
    log[number] = replace(record, actor=Actor("mallory"))
    _, problems = walk(log)
    assert problems == [("edited", record.revision, record.index)]


@pytest.mark.parametrize("number", range(9))
def test_an_edited_digest_is_named_and_its_follower_is_not(number: int) -> None:
    tenant, log = written()
    record = log[number]
    log[number] = replace(record, digest=b"\0" * 32)
    chain, problems = walk(log)
    assert problems == [("edited", record.revision, record.index)]
    assert chain.reaches(tenant.state.digest)


@pytest.mark.parametrize("number", range(8))
def test_a_record_that_is_missing_is_named(number: int) -> None:
    _, log = written()
    record = log.pop(number)
    _, problems = walk(log)
    last_of_its_commit = log[number].revision != record.revision
    if last_of_its_commit and record.index:  # nothing but the digest can tell
        assert problems == [("edited", log[number].revision, log[number].index)]
    else:
        assert problems[0] == ("missing", record.revision, record.index)
        assert len(problems) == 1


def test_a_log_in_another_order_is_found_out() -> None:
    _, log = written()
    log[4], log[5] = log[5], log[4]
    _, problems = walk(log)
    assert problems


def test_a_date_before_the_record_before_is_found_out() -> None:
    _, log = written()
    log[-1] = replace(log[-1], at_us=0)
    _, problems = walk(log)
    assert {code for code, *_ in problems} == {"edited", "order"}


def test_a_commit_whose_end_was_archived_leads_on_by_the_digest_kept() -> None:
    _, log = written()
    number = next(n for n, record in enumerate(log) if record.index and log[n + 1].index == 0)
    gone, follower = log[number], log[number + 1]
    chain, problems = Chain.start("acme"), []
    for record in log:
        if record is not gone:
            previous = gone.digest if record is follower else None
            problems += chain.take(record, previous, gaps=True)
    assert problems == []
    for kept, gaps in ((b"\0" * 32, True), (gone.digest, False)):
        before = Chain(gone.revision, log[number - 1].digest, at_us=gone.at_us)
        assert [each.code for each in before.take(follower, kept, gaps=gaps)] == ["edited"]
