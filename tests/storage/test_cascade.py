"""The cascade: what was built on lines, step by step, as a reader of the log would say it."""

import random
from collections.abc import Iterator
from typing import Any

import pytest

from commonplace import CascadeTooLarge, Compacted, InvalidInput, InvalidValue, limits
from commonplace.core.lineage import EDITS
from commonplace.core.replay import Replay
from commonplace.model.entry import EntryKey
from commonplace.model.record import Record
from commonplace.storage.programs import listing
from commonplace.storage.programs.deriving import source_of
from commonplace.storage.programs.listing import LogFilter
from crews import BLOCKS, SPACE, STORE, Crew, crew, suspects

FINDINGS = f"{SPACE}:findings"


@pytest.fixture
def team() -> Iterator[Crew]:
    with crew() as team:
        yield team


def foreseen(team: Crew, reference: str = f"{FINDINGS}@1", **options: Any) -> list[str]:
    return suspects(team["lead"].retract(reference, dry_run=True, **options))


def test_declared_edges_are_precise_to_the_line(team: Crew) -> None:
    team.append("web", "a\nb\nc")
    for source in ("@1#L1", "@1#L2", "@1#L2-3", "@1", ""):
        team.append("wri", "built", "report", based_on=[FINDINGS + source])
    assert foreseen(team, f"{FINDINGS}@1#L2") == [f"report@{n} declared 1" for n in (2, 3, 4, 5)]
    assert foreseen(team, f"{FINDINGS}@1#L1") == [f"report@{n} declared 1" for n in (1, 4, 5)]


def test_lines_are_known_whatever_moved_and_whoever_left(team: Crew) -> None:
    team.append("web", "a\nb")
    team.block("ana").insert("top", after=0, expect=1)
    team.append("wri", "on b", "report", based_on=[f"{FINDINGS}@2#L3"])
    team.append("wri", "on a", "report", based_on=[f"{FINDINGS}@2#L2"])
    team.block("lead").rewrite("nothing of it", expect=2)
    team.append("wri", "on what came after", "report", based_on=[f"{FINDINGS}@3"])
    assert foreseen(team, f"{FINDINGS}@1#L2") == [
        "report@1 declared 1",
        "findings@3 declared 1",
        "report@3 declared 2",
    ]


def test_a_source_without_a_version_counts_once_the_line_is_there(team: Crew) -> None:
    team.append("ana", "earlier")
    team.append("wri", "too early", "report", based_on=[FINDINGS])
    team.append("web", "wrong")
    team.append("wri", "may be", "report", based_on=[FINDINGS])
    assert foreseen(team, f"{FINDINGS}@2") == ["report@2 declared 1"]


def test_inferred_edges_go_from_what_a_turn_was_served_to_what_it_wrote_then(team: Crew) -> None:
    with team["ana"].turn() as early:
        early.read(team.block("ana", "notes"))
        team.append("ana", "before it was shown", "notes", turn=early)
        team.append("web", "wrong")
        early.read(f"{FINDINGS}@1")
        team.append("ana", "after it was shown", "notes", turn=early)
        team.append("ana", "and after that", "notes", turn=early)
        team.append("ana", "outside of the turn", "notes")
    assert foreseen(team) == ["notes@2 inferred 1", "notes@3 inferred 1"]
    assert foreseen(team, inferred=False) == []


def test_a_turn_shown_the_entry_without_the_line_built_nothing_on_it(team: Crew) -> None:
    team.append("web", "right")
    with team["ana"].turn() as turn:
        turn.read(team.block("ana"))
        team.append("ana", "on what was right", "notes", turn=turn)
    team.append("web", "wrong")
    team.block("lead").rewrite("neither", expect=2)
    with team["wri"].turn() as late:
        late.read(team.block("wri"))
        team.append("wri", "on what replaced it", "report", turn=late)
    assert foreseen(team, f"{FINDINGS}@2", depth=1) == ["findings@3 declared 1"]
    told = team["lead"].retract(f"{FINDINGS}@2", dry_run=True).told
    assert told == ()


def test_the_label_is_of_the_surest_path_and_its_depth(team: Crew) -> None:
    team.append("web", "wrong")
    with team["ana"].turn() as turn:
        turn.read(team.block("ana"))
        team.append("ana", "x", "notes", based_on=[f"{FINDINGS}@1"], turn=turn)
        # Inferred in one step and declared in two: it says itself what it was made from.
        team.append("ana", "y", "notes", based_on=[f"{SPACE}:notes@1"], turn=turn)
        team.append("ana", "z", "notes", turn=turn)
    assert foreseen(team) == ["notes@1 declared 1", "notes@3 inferred 1", "notes@2 declared 2"]
    assert foreseen(team, depth=1) == [
        "notes@1 declared 1",
        "notes@2 inferred 1",
        "notes@3 inferred 1",
    ]


@pytest.mark.parametrize("operation", ["replace", "edit", "condense", "rewrite"])
def test_edits_of_the_line_are_built_on_it(team: Crew, operation: str) -> None:
    team.append("web", "keep\nwrong")
    findings = team.block("lead")
    if operation == "replace":
        findings.replace("wrong", "less wrong")
    elif operation == "edit":
        findings.update(lambda text: text.replace("wrong", "less wrong"))
    elif operation == "condense":
        findings.condense("less wrong", through=1)
    else:
        findings.rewrite("less wrong", expect=1)
    team.append("wri", "built on", "report", based_on=[f"{FINDINGS}@2"])
    assert foreseen(team, f"{FINDINGS}@1#L2") == ["findings@2 declared 1", "report@1 declared 2"]
    kept = [] if operation in {"replace", "edit"} else ["findings@2 declared 1"]
    assert foreseen(team, f"{FINDINGS}@1#L1", depth=1) in (
        kept,
        [*kept, "report@1 declared 1"],
    )


def test_edits_are_found_among_many_changes(team: Crew) -> None:
    team.append("web", "\n".join(f"line {n}" for n in range(40)))
    for number in range(39):
        team.block("ana").replace(f"line {number}\n", f"other {number}\n")
    assert foreseen(team, f"{FINDINGS}@1#L3") == ["findings@4 declared 1"]
    assert len(foreseen(team, depth=1)) == 39


def test_taking_a_line_away_is_no_building_on_it(team: Crew) -> None:
    team.append("web", "keep\nwrong\nand wrong")
    team.block("ana").replace("wrong\nand", "")
    team.block("lead").delete(expect=2)
    assert foreseen(team, f"{FINDINGS}@1#L2") == ["findings@2 declared 1"]
    team.append("web", "w", "notes")
    team.block("lead", "notes").delete(expect=1)
    assert foreseen(team, f"{SPACE}:notes@1") == []


def test_a_correction_of_the_line_is_not_suspect_and_another_is(team: Crew) -> None:
    team.append("web", "wrong\nalso wrong")
    team["lead"].retract(f"{FINDINGS}@1#L1", replacement="right")
    team.append("wri", "on the correction", "report", based_on=[f"{FINDINGS}@2#L1"])
    assert foreseen(team, f"{FINDINGS}@1#L2") == []
    assert foreseen(team, f"{FINDINGS}@1") == []
    assert foreseen(team, f"{FINDINGS}@2") == ["report@1 declared 1"]


def test_json_values_stand_until_the_next(team: Crew) -> None:
    team.put("web", "arr", 1)
    with team["ana"].turn() as turn:
        turn.read(f"{SPACE}:{STORE}/arr")
        team.put("ana", "sum", 10, turn=turn)
    team.put("web", "arr", 2)
    team.append("wri", "on one", "report", based_on=[f"{SPACE}:{STORE}/arr@1"])
    team.append("wri", "on two", "report", based_on=[f"{SPACE}:{STORE}/arr@2"])
    with team["wri"].turn() as turn:
        turn.read(f"{SPACE}:{STORE}/arr")
        team.put("wri", "other", 20, turn=turn)
    assert foreseen(team, f"{SPACE}:{STORE}/arr@1") == [
        f"{STORE}/sum@1 inferred 1",
        "report@1 declared 1",
    ]
    assert foreseen(team, f"{SPACE}:{STORE}/arr") == [
        "report@2 declared 1",
        f"{STORE}/other@1 inferred 1",
    ]


def test_it_goes_on_through_a_channel(team: Crew) -> None:
    """From what a worker was shown to its reply, and to what the writer published of that."""
    team.append("web", "wrong")
    plan = team["lead"].task("q3").create_channel("plan", share={"ana": "reader"})
    plan.publish({"step": 1})
    plan.dispatch("ana", {"do": "read"})
    theirs = team["ana"].task("q3").channel("plan")
    with team["ana"].turn() as turn:
        turn.read(team.block("ana"))
        (asked,) = theirs.inbox()
        theirs.reply(asked, {"churn": 12}, turn=turn)
    (reply,) = plan.inbox()
    plan.commit(reply)
    assert foreseen(team) == [f"_dispatches/plan%2F{asked.id}@2 inferred 1", "plan@2 inferred 2"]


def test_depth_bounds_the_steps(team: Crew) -> None:
    team.append("web", "wrong")
    last = f"{FINDINGS}@1"
    for number in range(5):
        team.append(
            "ana", f"step {number}", "notes", based_on=[f"{last}#L{number}" if number else last]
        )
        last = f"{SPACE}:notes@{number + 1}"
    full = [f"notes@{n} declared {n}" for n in range(1, 6)]
    assert foreseen(team) == full
    assert foreseen(team, depth=2) == full[:2]
    with pytest.raises(InvalidValue):
        foreseen(team, depth=0)


def test_too_many_are_refused_and_can_be_looked_at_by_pages(
    team: Crew, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "MAX_CASCADE", 8)
    monkeypatch.setattr(limits, "MAX_PAGE_ROWS", 3)
    monkeypatch.setattr("commonplace.storage.programs.taking_back.cascade.follow.__kwdefaults__", {
        "depth": None, "inferred": True, "limit": 8
    })  # fmt: skip
    team.append("web", "wrong")
    for _ in range(8):
        team.append("wri", "built", "report", based_on=[f"{FINDINGS}@1"])
    assert team["web"].retract(f"{FINDINGS}@1", dry_run=True).complete
    team.append("wri", "one more", "report", based_on=[f"{FINDINGS}@1"])
    head = team["web"].position()
    with pytest.raises(CascadeTooLarge, match="dry_run=True") as caught:
        team["web"].retract(f"{FINDINGS}@1")
    assert caught.value.limit == 8
    assert team["web"].position() == head and team.block("web").read().text == "wrong"
    found, after = list[str](), None
    while page := (
        seen := team["web"].retract(f"{FINDINGS}@1", dry_run=True, after=after)
    ).suspects:
        assert len(page) <= 3 and seen.total == 8 and not seen.complete
        found += suspects(seen)
        after = page[-1].reference
    assert found == [f"report@{n} declared 1" for n in range(1, 9)]
    with pytest.raises(InvalidInput):
        team["web"].retract(f"{FINDINGS}@1", dry_run=True, after=f"{FINDINGS}@1")


def test_a_list_too_long_for_one_record_is_too_large(
    team: Crew, monkeypatch: pytest.MonkeyPatch
) -> None:
    team.append("web", "wrong")
    for number in range(9):
        team.put("wri", f"{number}" * 100, 1, based_on=[f"{FINDINGS}@1"])
    monkeypatch.setattr(limits, "MAX_VALUE_BYTES", 400)
    with pytest.raises(CascadeTooLarge):
        team["web"].retract(f"{FINDINGS}@1")
    seen = team["web"].retract(f"{FINDINGS}@1", dry_run=True)
    assert (seen.total, seen.complete) == (9, False)
    monkeypatch.undo()
    assert team["web"].retract(f"{FINDINGS}@1").total == 9


def test_what_retention_took_is_counted_or_said(team: Crew) -> None:
    team.append("web", "wrong\nright")
    team.append("wri", "on both", "report", based_on=[f"{FINDINGS}@1"])
    team.append("wri", "on a line", "report", based_on=[f"{FINDINGS}@1#L2"])
    team.block("ana").replace("wrong", "edited")
    team.block("ana").replace("edited", "edited again")
    team["lead"].compact(team["lead"].position().revision)
    with pytest.raises(Compacted, match="as a whole") as caught:
        team["web"].retract(f"{FINDINGS}@1#L1")
    assert caught.value.floor
    seen = team["lead"].retract(f"{FINDINGS}@1", dry_run=True)
    # Whatever names the version counts; an edit whose text is gone is counted, not named.
    assert suspects(seen) == ["report@1 declared 1", "report@2 declared 1"]
    assert seen.unclear == 2 and seen.stood
    done = team["web"].retract(f"{FINDINGS}@1", reason="by its header")
    assert done.versions == (1,) and not done.unchanged
    assert team.block("web").read().text == "edited again"


def test_a_json_value_whose_bytes_are_gone_is_retracted_by_its_header(team: Crew) -> None:
    team.put("web", "arr", 1)
    team.append("wri", "on one", "report", based_on=[f"{SPACE}:{STORE}/arr@1"])
    team.put("web", "arr", 2)
    team["lead"].compact(team["lead"].position().revision)
    team["lead"].erase(f"{SPACE}:{STORE}/arr@1")
    done = team["web"].retract(f"{SPACE}:{STORE}/arr@1", replacement=3)
    assert suspects(done) == ["report@1 declared 1"] and not done.stood
    assert team["lead"].resolve(f"{SPACE}:{STORE}/arr").entry.value == 2
    assert team["lead"].audit().ok


# --- against a reader of the whole log ----------------------------------------------------------


class Naive:
    """Reads every record and remembers every line of every version."""

    def __init__(self, team: Crew) -> None:
        self.records = [each for each in _whole_log(team) if each.entry.region in {*BLOCKS, STORE}]
        self.served = [each for each in _whole_log(team) if each.operation == "serve"]
        self.lines: dict[tuple[EntryKey, int], list[tuple[int, int]]] = {}
        replays: dict[EntryKey, Replay] = {}
        for record in self.records:
            replay = replays.setdefault(record.entry, Replay())
            replay.take(record.operation, record.arguments, record.version, record.dead)
            value = replay.value
            if isinstance(value, tuple):
                names = [line[:2] for line in value]
            else:
                names = [(record.version, 0)] if value is not None else []
            self.lines[record.entry, record.version] = names

    def cascade(self, start: set[tuple[EntryKey, int, int]]) -> dict[str, tuple[str, int]]:
        """Reference to (edge, depth), by walking all paths, the declared ones first."""
        declared = self._closure({frozenset(start): 0}, inferred=False, seen={})
        return self._closure({frozenset(start): 0}, inferred=True, seen=declared)

    def _closure(self, start: Any, *, inferred: bool, seen: Any) -> dict[str, tuple[str, int]]:
        (lines,) = start
        first = {(entry, version) for entry, version, _ in lines}
        found = dict(seen)
        by_level = {0: lines}
        for reference, (_, depth) in seen.items():
            by_level[depth] = by_level.get(depth, frozenset()) | self._own(reference)
        level = 0
        while level <= max(by_level):
            for record in self.records:
                if (record.entry, record.version) in first or str(record.reference) in found:
                    continue
                if self._is_declared(record, by_level.get(level, ())) or (
                    inferred and self._is_inferred(record, by_level.get(level, ()))
                ):
                    found[str(record.reference)] = (
                        "inferred" if inferred else "declared",
                        level + 1,
                    )
                    own = self._own(str(record.reference))
                    by_level[level + 1] = by_level.get(level + 1, frozenset()) | own
            level += 1
        return found

    def _own(self, reference: str) -> frozenset[tuple[EntryKey, int, int]]:
        (record,) = [each for each in self.records if str(each.reference) == reference]
        names = self.lines[record.entry, record.version]
        return frozenset((record.entry, *name) for name in names if name[0] == record.version)

    def _holds(self, entry: EntryKey, version: int, first: int, last: int, lines: Any) -> bool:
        names = self.lines.get((entry, version), [])
        names = names[first - 1 : last] if first else names
        return any((entry, *name) in lines for name in names)

    def _is_declared(self, record: Record, lines: Any) -> bool:
        for text in record.based_on:
            source = source_of(text)
            assert source is not None
            if source.version == 0:
                made = [
                    each
                    for each in self.records
                    if any((each.entry, each.version) == line[:2] for line in lines)
                    and each.entry == source.entry
                ]
                if any(_place(each) < _place(record) for each in made):
                    return True
            elif self._holds(*source, lines):
                return True
        if record.operation not in EDITS:
            return False
        before = self.lines.get((record.entry, record.version - 1), [])
        after = self.lines[record.entry, record.version]
        gone = [name for name in before if name not in after]
        puts = any(name[0] == record.version for name in after)
        return puts and any((record.entry, *name) in lines for name in gone)

    def _is_inferred(self, record: Record, lines: Any) -> bool:
        for told in self.served:
            arguments = told.arguments
            assert arguments is not None
            if arguments["turn"] != record.turn or told.revision > record.revision:
                continue
            for *entry, version, first, last, _ in arguments["rows"]:
                if self._holds(EntryKey(*entry), version, first, last, lines):
                    return True
        return False


def _place(record: Record) -> tuple[int, int]:
    return record.revision, record.index


def _whole_log(team: Crew) -> list[Record]:
    found: list[Record] = []
    for region in (*BLOCKS, STORE, "_served"):
        start = None
        while True:
            reader = team["lead"]._opened().reader
            page = team.read("lead", listing.log_page(reader, LogFilter(region=region), start))
            found += page.records
            if page.next_before is None:
                break
            start = page.next_before
    return sorted(found, key=_place)


def lived(team: Crew, chance: random.Random, steps: int) -> None:
    """Writes and turns of everybody, in an order the seed sets."""
    turns: dict[str, Any] = {}
    for number in range(steps):
        actor = chance.choice(("web", "ana", "wri", "lead"))
        name = chance.choice(BLOCKS)
        turn = turns.get(actor)
        kind = chance.randrange(9)
        options: dict[str, Any] = {}
        if turn is not None and chance.random() < 0.7:
            options["turn"] = turn
        if chance.random() < 0.4:
            options["based_on"] = [_somewhere(team, chance)]
        entry = team.block("lead", name).read()
        if kind == 0 and turn is None:
            turns[actor] = team[actor].turn().begin()
        elif kind == 1 and turn is not None:
            turns.pop(actor).end()
        elif kind <= 3 and turn is not None:
            where = chance.choice([*BLOCKS])
            turn.read(team.block(actor, where))
        elif kind == 4 and len(entry.lines) > 2:
            line = chance.choice(entry.lines)
            team.block(actor, name).replace(line.text, f"edited {number};")
        elif kind == 5 and entry.version > 2 and actor == "lead":
            team.block("lead", name).condense(f"in short {number};", through=entry.version - 1)
        elif kind == 6:
            team.put(actor, chance.choice("ab"), number, **options)
        else:
            text = "\n".join(f"of {number}.{part};" for part in range(chance.randrange(1, 4)))
            team.append(actor, text, name, **options)
    for turn in turns.values():
        turn.end()


def _somewhere(team: Crew, chance: random.Random) -> str:
    if chance.random() < 0.2:
        key = chance.choice("ab")
        (head,) = team.sql("SELECT max(version) FROM log WHERE region = ? AND key = ?", STORE, key)[
            0
        ]
        return f"{SPACE}:{STORE}/{key}" + (f"@{chance.randrange(1, head + 1)}" if head else "")
    name = chance.choice(BLOCKS)
    entry = team.block("lead", name).read()
    if not entry.version or chance.random() < 0.2:
        return f"{SPACE}:{name}"
    version = chance.randrange(1, entry.version + 1)
    lines = team.block("lead", name).read_version(version).lines
    if not lines or chance.random() < 0.4:
        return f"{SPACE}:{name}@{version}"
    first = chance.randrange(1, len(lines) + 1)
    last = chance.randrange(first, len(lines) + 1)
    return f"{SPACE}:{name}@{version}#L{first}-{last}"


@pytest.mark.parametrize("seed", range(12))
def test_it_finds_what_a_reader_of_the_whole_log_finds(seed: int) -> None:
    chance = random.Random(seed)
    with crew() as team:
        lived(team, chance, 90)
        naive = Naive(team)
        entries = [record for record in naive.records if not record.dead]
        for record in chance.sample(entries, 12):
            names = naive.lines[record.entry, record.version]
            own = {(record.entry, *name) for name in names if name[0] == record.version}
            if not own:
                continue
            expected = naive.cascade(own)
            reference = str(record.reference)
            seen = team["lead"].retract(reference, dry_run=True)
            found = {str(each.reference): (each.edge, each.depth) for each in seen.suspects}
            assert found == expected, reference
            sure = team["lead"].retract(reference, dry_run=True, inferred=False)
            assert {str(each.reference): (each.edge, each.depth) for each in sure.suspects} == {
                name: how for name, how in expected.items() if how[0] == "declared"
            }
