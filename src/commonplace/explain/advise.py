"""Advise: reads a window of the log and says what to change, with evidence and one fix each.

Each function here looks for one kind of finding; `explain.advice` holds the thresholds. What the
log cannot tell (who reads outside of turns) is said, not guessed.
"""

import shlex
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from commonplace.core.reserved import Terms
from commonplace.core.rules import SingleWriter
from commonplace.explain import advice
from commonplace.explain.advice import Advice, Survey
from commonplace.limits import ADVICE_REVISIONS, ADVICE_TURN_WRITES
from commonplace.model.entry import EntryKey
from commonplace.model.namespace import Namespace
from commonplace.storage.programs import reading, survey
from commonplace.storage.programs.reading import Reader
from commonplace.storage.programs.survey import Writers
from commonplace.storage.step import Program


@dataclass(frozen=True, slots=True)
class Window:
    """What is looked at: the records after a revision, and regions that were written a lot."""

    reader: Reader
    after: int
    access_revision: int
    turns: int
    regions: tuple[Writers, ...]

    def terms(self, entry: EntryKey) -> Program[tuple[Terms | None, int]]:
        """A region's contract and its version."""
        state = yield from survey.contract_of(self.reader, self.access_revision, entry)
        return (state.value if state.exists else None), state.version


def advise(reader: Reader, after: int | None = None) -> Program[Survey]:
    """Look at what was written after a revision (None: at the newest ADVICE_REVISIONS).

    Takes reader over everything, or owner of the tenant.
    """
    now = yield from survey.require_whole(reader)
    if after is None:
        after = max(0, now.revision - ADVICE_REVISIONS)
    reading.check_revision(after, now.revision, 0)
    extent = yield from survey.extent(reader, after)
    regions = yield from survey.writers(reader, after, advice.UNREAD_WRITES)
    window = Window(reader, after, now.access_revision, extent.turns, tuple(regions))
    found: list[Advice] = []
    omitted = 0
    for look in LOOKS:
        some = yield from look(window)
        found += some[: advice.MAX_ADVICE]
        omitted += max(0, len(some) - advice.MAX_ADVICE)
    return Survey(
        after,
        now.revision,
        extent.since_us,
        extent.records,
        extent.turns,
        tuple(found),
        omitted,
        tuple(_unknown(extent.records, extent.turns)),
    )


def _unknown(records: int, turns: int) -> Iterable[str]:
    if not records:
        yield "Nothing was written in this window."
    elif not turns:
        yield (
            "No agent works in turns, so nobody can tell what is read, from what old state agents "
            "write, or how often they are refused: unread, stale_reader and conflict_hot_spot "
            "were not looked for. Begin with `with memory.turn() as turn`."
        )


def one_writer(window: Window) -> Program[list[Advice]]:
    """A region that one actor writes, under a contract made for many."""
    found = []
    for entry, writes, actors, most, actor in window.regions:
        if writes < advice.FEW_WRITES or most < advice.ONE_WRITER_SHARE * writes:
            continue
        terms, _ = yield from window.terms(entry)
        if terms is None or isinstance(terms.rule, SingleWriter):
            continue
        name = str(entry.reference())
        found.append(
            Advice(
                "one_writer",
                name,
                {"writes": writes, "by": actor, "share": f"{most / writes:.0%}", "actors": actors},
                f"{actor} made {most} of {writes} writes ({most / writes:.0%}). A channel says so: "
                "the others are refused with its writer's name, and send what they would change.",
                f"commonplace demote {shlex.quote(name)} {shlex.quote(actor)}",
            )
        )
    return found


def crowded_channel(window: Window) -> Program[list[Advice]]:
    """A channel with more workers than one writer can read."""
    found = []
    crowded = yield from survey.workers(window.reader, window.after, advice.MANY_WORKERS)
    for entry, _, workers, replies in crowded:
        fix = yield from _opening(window, entry)
        if fix is None:
            continue
        found.append(
            Advice(
                "crowded_channel",
                str(entry.reference()),
                {"workers": workers, "replies": replies},
                f"{workers} workers sent {replies} replies through one writer, who reads and "
                f"commits each; beyond {advice.MANY_WORKERS} let them write themselves.",
                fix,
            )
        )
    return found


def saturated_inbox(window: Window) -> Program[list[Advice]]:
    """An inbox that holds more than one look shows."""
    found = []
    for entry, actor, waiting, _ in (yield from survey.inboxes(window.reader, advice.FULL_INBOX)):
        terms, _ = yield from window.terms(entry)
        if terms is None or not isinstance(terms.rule, SingleWriter):
            continue
        fix = yield from _opening(window, entry)
        if actor:
            fix = f"{_scope(entry)}.channel({entry.region!r}).redispatch(ID, to='ANOTHER')"
        found.append(
            Advice(
                "saturated_inbox",
                str(entry.reference()),
                {"waiting": waiting, "for": actor or terms.rule.writer},
                f"{waiting} dispatches wait for {actor or terms.rule.writer}"
                + ("." if actor else ", with replies that nobody else may commit."),
                fix or "",
            )
        )
    return found


def _opening(window: Window, entry: EntryKey) -> Program[str | None]:
    """The call that lets many write a channel; None if it is none any more."""
    terms, version = yield from window.terms(entry)
    if terms is None or not isinstance(terms.rule, SingleWriter):
        return None
    rule = "TextBlock()" if terms.contract.holds == "text" else "CompareAndSet()"
    return (
        f"{_scope(entry)}.change_contract({entry.region!r}, {rule}, expect={version}, "
        "reason='too many for one writer')"
    )


def conflict_hot_spot(window: Window) -> Program[list[Advice]]:
    """An entry on which agents are refused because somebody was faster."""
    found = []
    rows = yield from survey.conflicts(window.reader, window.after, advice.SOME_CONFLICTS)
    for entry, refused, actors, landed, moved in rows:
        share = refused / (refused + landed)
        if share < advice.CONFLICT_SHARE:
            continue
        found.append(
            Advice(
                "conflict_hot_spot",
                str(entry.reference()),
                {
                    "refused": refused,
                    "landed": landed,
                    "moved": moved,
                    "actors": actors,
                    "share": f"{share:.0%}",
                },
                f"{refused} writes by {actors} actors were refused and {landed} landed. In a queue "
                "each is thought of once.",
                f"{(yield from _handle(window, entry))}.update(FUNCTION)",
            )
        )
    return found


def stale_reader(window: Window) -> Program[list[Advice]]:
    """An actor whose turns write long after they looked."""
    rows = yield from survey.stale(
        window.reader,
        window.after,
        advice.STALE_CHANGES,
        ADVICE_TURN_WRITES,
        advice.SOME_TURN_WRITES,
    )
    return [
        Advice(
            "stale_reader",
            actor,
            {"writes": writes, "stale": behind, "changes": advice.STALE_CHANGES},
            f"{behind} of {writes} writes in turns came after {advice.STALE_CHANGES} or more "
            "changes by others to what the turn had been served. End a turn with each step, and "
            "look before writing.",
            "turn.fence()",
        )
        for actor, writes, behind in rows
        if behind >= advice.STALE_SHARE * writes
    ]


def event_flood(window: Window) -> Program[list[Advice]]:
    """An actor that commits faster than watchers should be woken."""
    rows = yield from survey.floods(window.reader, window.after, advice.FLOOD_PER_MINUTE)
    return [
        Advice(
            "event_flood",
            str(entry.reference()),
            {"commits_per_minute": commits, "minutes": minutes, "by": actor},
            f"{actor} made {commits} commits in one minute; every watcher is woken by each. What "
            "belongs together goes into one commit.",
            "with memory.atomic(): ...",
        )
        for entry, actor, commits, minutes in rows
    ]


def unread(window: Window) -> Program[list[Advice]]:
    """A region that is written and that no turn was ever served."""
    found: list[Advice] = []
    for entry, writes, actors, _, _ in window.regions if window.turns else ():
        if (yield from survey.is_read(window.reader, entry)):
            continue
        found.append(
            Advice(
                "unread",
                str(entry.reference()),
                {"writes": writes, "actors": actors, "turns": window.turns},
                f"{writes} writes, and none of {window.turns} turns was served any of it. Show "
                "it to who should know, or stop writing it.",
                f"turn.render({(yield from _handle(window, entry))})",
            )
        )
    return found


def unknown_identity(window: Window) -> Program[list[Advice]]:
    """An actor nobody vouches for."""
    rows = yield from survey.unknown(window.reader, window.after)
    return [
        Advice(
            "unknown_identity",
            actor,
            {"writes": writes},
            f"{writes} writes by {actor}, whose identity is unknown: the log cannot say who that "
            "was. Let the program say at least whose name it uses.",
            f"Memory(..., actor=Actor({actor!r}, Identity.DECLARED))",
        )
        for actor, writes in rows
    ]


def shared_by_default(window: Window) -> Program[list[Advice]]:
    """A prefix that many have a grant for."""
    found: list[Advice] = []
    grants = yield from survey.prefix_grants(window.reader)
    for prefix, actors in sorted(grants.items(), key=lambda each: -len(each[1])):
        if len(actors) < advice.MANY_GRANTS:
            continue
        writing = yield from survey.active(window.reader, window.after, prefix)
        idle = sorted(set(actors) - writing)
        where = prefix or "/"
        found.append(
            Advice(
                "shared_by_default",
                where,
                {"actors": len(actors), "wrote": len(actors) - len(idle)},
                f"{len(actors)} actors may read everything below {where}, and {len(idle)} of them "
                "wrote nothing there. Share with each the tasks it works on instead.",
                f"commonplace unshare {shlex.quote(where)} "
                f"{shlex.quote(idle[0] if idle else sorted(actors)[0])}",
            )
        )
    return found


Look = Callable[[Window], Program[list[Advice]]]
LOOKS: Final[tuple[Look, ...]] = (
    one_writer,
    crowded_channel,
    saturated_inbox,
    conflict_hot_spot,
    stale_reader,
    event_flood,
    unread,
    unknown_identity,
    shared_by_default,
)
"""What is looked for, in the order in which it is told. The code is the function's name."""


def _scope(entry: EntryKey) -> str:
    """The call that opens a namespace."""
    namespace = Namespace.parse(entry.namespace)
    if namespace.segments[0] == "task":
        return f"memory.task({namespace.segments[1]!r})"
    return f"memory.namespace(Namespace.parse({entry.namespace!r}))"


def _handle(window: Window, entry: EntryKey) -> Program[str]:
    """The call that opens a region."""
    terms, _ = yield from window.terms(entry)
    is_channel = terms is not None and isinstance(terms.rule, SingleWriter)
    return f"{_scope(entry)}.{'channel' if is_channel else 'block'}({entry.region!r})"
