"""Searches: what a search of everything finds, for tests of the one that is quick."""

import random
from collections.abc import Iterator

from commonplace.core.reserved import contract_key
from commonplace.core.rules import SingleWriter
from commonplace.errors import Compacted, Erased
from commonplace.model.channel import dispatch_key
from commonplace.model.contract import Contract
from commonplace.model.entry import EntryKey
from commonplace.storage.programs.reading import Reader
from commonplace.storage.programs.seeking import EVERYWHERE, Candidates, Scope, candidates
from commonplace.storage.proposal import draft
from commonplace.storage.texts import leaves, made_text, says, words
from histories import BLOCK, FACT, ME, NOTES, SPACE, TENANT, Memory

Found = set[tuple[int, int]]

WORDS = (
    *("churn", "fell", "12%", "in", "Q3", "the", "of", "a", "Straße", "STRASSE", "ÉCOLE"),
    *(
        "école",
        "İstanbul",
        "ΟΔΟΣ",
        "οδος",
        "日本語のテキスト",
        "한국어",
        "naïve",
        "e\u0301",
        "\u212a",
    ),
    *("ﬁne", "🙂🙃", '"quoted"', "back\\slash", "tab\there", "100.5", "-7", "x", "\u00a0", "zq"),
)


def sought(
    memory: Memory,
    text: str,
    reader: Reader | None = None,
    page: int = 100,
    scope: Scope = EVERYWHERE,
) -> Found:
    """Everything found, page by page, which must be newest first and each of them once."""
    found: list[tuple[int, int]] = []
    before = None
    while True:
        asker = reader or memory.reader
        program = candidates(asker, text, limit=page, before=before, scope=scope)
        got: Candidates = memory.engine.read(TENANT, program)
        assert len(got.records) == len(got.texts) <= page
        assert all(says(made, words(text)) for made in got.texts)
        found += [(record.revision, record.index) for record in got.records]
        before = got.next_before
        if not got.more:
            assert found == sorted(set(found), reverse=True)
            return set(found)


def everything(memory: Memory) -> dict[tuple[int, int], str]:
    """What every record made, by reading the states after it; by its payload if those are gone."""
    made: dict[tuple[int, int], str] = {}
    rows = memory.sql(
        "SELECT revision, place, payload, made, namespace, region, key, version, operation "
        "FROM log WHERE (substr(region, 1, 1) <> '_' OR region = '_dispatches') "
        "AND payload IS NOT NULL"
    )
    for revision, place, payload, lines, *entry, version, operation in rows:
        try:
            value = memory.read_at(revision, EntryKey(*entry), place).value
        except (Compacted, Erased):
            made[revision, place] = made_text(operation, payload, lines)
            continue
        if isinstance(value, tuple):
            made[revision, place] = "\n".join(x.text for x in value if x.version == version)
        elif operation == "put":
            made[revision, place] = "\n".join(leaves(value))
        elif operation == "dispatch":
            made[revision, place] = "\n".join(leaves(value["payload"]))
        elif operation == "reply":
            made[revision, place] = "\n".join(leaves(value["reply"]["payload"]))
    return made


def brute(made: dict[tuple[int, int], str], text: str) -> Found:
    return {place for place, said in made.items() if said and says(said, words(text))}


def sentence(chance: random.Random) -> str:
    return " ".join(chance.choice(WORDS) for _ in range(chance.randrange(1, 12)))


def live(memory: Memory, seed: int, writes: int) -> None:
    """Texts of every script through every operation that makes text."""
    chance = random.Random(seed)
    for number in range(writes):
        kind = chance.randrange(10)
        head = memory.read(BLOCK)
        lines = [line.text for line in head.value or ()]
        if kind < 4 or len(lines) < 3:
            memory.append("\n".join(sentence(chance) for _ in range(chance.randrange(1, 4))))
        elif kind < 6:
            once = [line for line in lines if line and "\n".join(lines).count(line[:-1]) == 1]
            if once:
                line = chance.choice(once)
                memory.write(BLOCK, "replace", old=line[:-1], new=line[:-1] + sentence(chance))
        elif kind == 6:
            at = {"after": len(lines) // 2, "expect": head.version}
            memory.write(BLOCK, "insert", text=sentence(chance), **at)
        elif kind == 7:
            value = {"n": number / 8, "deep": [sentence(chance), {"name": [sentence(chance), -7]}]}
            memory.put(value, FACT._replace(key=f"k{number % 3}"))
        elif kind == 8:
            memory.commit(
                draft(BLOCK, "append", {"text": sentence(chance)}),
                draft(NOTES, "append", {"text": sentence(chance)}),
            )
        elif head.version > 9:
            through = head.version - 4
            memory.write(BLOCK, "condense", text=sentence(chance), through=through)


PLAN = EntryKey(SPACE, "plan")
DISPATCHED = [dispatch_key(PLAN, name) for name in ("aaaa", "bbbb", "cccc", "dddd", "eeee")]


def exchange(memory: Memory, seed: int, writes: int) -> None:
    """Dispatches and replies, some of them settled and some withdrawn, of few words."""
    chance = random.Random(seed)
    where = contract_key(PLAN.namespace, PLAN.region)
    if not memory.read(where).version:
        contract = Contract("json", SingleWriter(ME.name).spec)
        memory.commit(draft(where, "create", {"contract": contract.to_plain()}))
    for number in range(writes):
        key = chance.choice(DISPATCHED)
        found = memory.read(key)
        said = " ".join(chance.choice(("churn", "fell", "12%", ME.name)) for _ in range(3))
        payload = chance.choice((said, {"said": [said, number]}, None))
        if not found.version:
            sent = {"to": ME.name, "payload": payload, "pin": 1, "version": 0}
            memory.write(key, "dispatch", **sent, follows="", since=0)
        elif found.dead or found.value["state"] in ("superseded", "committed"):
            continue
        elif chance.randrange(3):
            memory.write(key, "reply", payload=payload, version=0, revision=1)
        elif found.value["state"] == "replied":
            by = {"surfaced_by": ME.name, "committed_by": ME.name}
            memory.write(key, "settle", of=found.version, version=0, **by)
        else:
            memory.write(key, "withdraw", of=found.version, by="ffff")


def needles(made: dict[tuple[int, int], str], seed: int, count: int = 120) -> Iterator[str]:
    """Pieces of what was said, in other cases and with other spaces, and things nobody said."""
    chance = random.Random(seed)
    said = [text for text in made.values() if text]
    for number in range(count):
        text = chance.choice(said)
        start = chance.randrange(len(text))
        piece = text[start : start + chance.choice((1, 2, 3, 4, 5, 8, 13, 30, 80))]
        yield (piece, piece.upper(), piece.swapcase(), piece.replace(" ", "\n"))[number % 4]
    yield from ("nobody said", "zzz", "12% in Q3 the the of", " ", "text", "value", "deep")


def agrees(memory: Memory, seed: int) -> None:
    made = everything(memory)
    for text in needles(made, seed):
        assert sought(memory, text) == brute(made, text), repr(text)


def cursor(memory: Memory) -> int:
    rows = memory.sql("SELECT revision FROM seeking WHERE tenant = ?", TENANT)
    return int(rows[0][0]) if rows else 0


def forget(memory: Memory) -> None:
    """Leave the memory as one that an older release wrote, brought to this schema."""
    memory.sql("INSERT INTO sought (sought) VALUES ('delete-all')")
    memory.sql("DELETE FROM seeking")
    memory.sql("UPDATE log SET made = NULL")
