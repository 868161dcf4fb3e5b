"""Mutants: memories broken on purpose, which the suite must catch.

A suite that nothing fails proves nothing. Each mutant breaks one promise, and names the tests
of the suite that must notice. Most are broken engines (`broken.py`); the others replace one
function of the core or of the storage by a wrong one. They hold in this process only, while
`applied` is entered; a worker process applies the mutant its job names.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import Any

from commonplace._sync.account import Account
from commonplace._sync.queue import Queue
from commonplace.core import access, decide, digest, exchange, fold, text
from commonplace.core.access import OWNS, Reach, Tier
from commonplace.core.decide import Accept, Decision
from commonplace.core.state import EntryState, State
from commonplace.model.channel import Dispatch
from commonplace.model.entry import EntryKey, Line
from commonplace.model.record import Record
from commonplace.model.write import WriteGroup
from commonplace.storage import registry
from commonplace.storage.address import open_engine
from commonplace.storage.cache import StateCache
from commonplace.storage.programs import commit, deriving, listing, reading, turning
from commonplace.storage.programs.taking_back import retracting
from commonplace.storage.programs.taking_back.cascade import _Cascade
from commonplace.storage.programs.taking_back.lines import Lines
from commonplace.storage.rows import record_of
from commonplace.storage.selection import Selection
from commonplace.storage.serving import Serving
from commonplace.storage.sqlite import opening
from commonplace.testing import broken, wrong, wrong_postgres
from commonplace.testing.broken import Broken, is_users

Break = Callable[[], AbstractContextManager[None]]


@dataclass(frozen=True, slots=True)
class Mutant:
    """One broken promise: what is wrong, how it is broken, and the tests that must fail.

    `processes`: it takes a memory that others open too; `engine`: the one it breaks, "" for all.
    """

    name: str
    wrong: str
    breaks: tuple[Break, ...]
    caught_by: tuple[str, ...]
    processes: bool = False
    engine: str = ""

    @contextmanager
    def applied(self) -> Iterator[None]:
        """Everything opened inside is broken."""
        with ExitStack() as stack:
            for each in self.breaks:
                stack.enter_context(each())
            yield


def _instead(owner: Any, name: str, wrong: Any) -> Break:
    """Replace an attribute that is there."""

    @contextmanager
    def swapped() -> Iterator[None]:
        right = getattr(owner, name)
        setattr(owner, name, wrong)
        try:
            yield
        finally:
            setattr(owner, name, right)

    return swapped


def _operation(name: str, wrong: Callable[..., Any]) -> Break:
    """Replace what one operation does to a value."""

    @contextmanager
    def swapped() -> Iterator[None]:
        operations: Any = fold.OPERATIONS
        right = operations[name]
        operations[name] = replace(right, apply=wrong)
        try:
            yield
        finally:
            operations[name] = right

    return swapped


def _engine(kind: type[Broken]) -> Break:
    """Open every engine inside a broken one."""
    right = open_engine

    def wrong(address: str) -> Any:
        return kind(right(address))

    return _instead(registry, "open_engine", wrong)


def _with_gaps(state: State, group: WriteGroup, now_us: int) -> Decision:
    if is_users(group) and state.revision % 3 == 0:
        state.revision += 1
    return decide.decide(state, group, now_us)


def _without_last(state: State, group: WriteGroup, now_us: int) -> Decision:
    decision = decide.decide(state, group, now_us)
    if isinstance(decision, Accept) and len(decision.effects) > 1 and is_users(group):
        return Accept(decision.effects[:-1], decision.outcomes)
    return decision


def _unlinked(previous: bytes, record: Record) -> bytes:
    return digest.link(b"", record)


def _condensed_all(value: Any, arguments: Mapping[str, Any], version: int) -> Any:
    return tuple(
        Line(version, number, line) for number, line in enumerate(arguments["text"].split("\n"))
    )


def _with_all_history(grants: Any, right: Callable[[Any], Reach] = access.reach) -> Reach:
    return right(grants)._replace(since=0)


def _anybody(*asked: Any, **more: Any) -> Any:
    """A judge of access that lets everybody pass, as a program without steps."""
    yield from ()
    return OWNS


def _head_judged_now(
    reader: Any, revision: int, key: Any, at: int | None = None, right: Any = reading.require_read
) -> Any:
    """A judge that looks at grants for the present only."""
    return _anybody() if at is not None else right(reader, revision, key)


def _remembered(cache: Any, tenant: str, key: EntryKey, row: EntryState) -> EntryState | None:
    held: EntryState | None = cache._values.get((tenant, key))
    return None if held is None else replace(row, value=held.value)


def _remembered_access(cache: Any, tenant: str, revision: int) -> Any:
    known = cache._access.get(tenant, (revision, {}))[1]
    standing = {key: entry for key, entry in known.items() if entry.exists}
    cache._access[tenant] = (revision, standing)
    return standing


def _engines() -> Iterator[Mutant]:
    """One mutant for each broken engine."""
    for kind in broken.wrappers():
        what = (kind.__doc__ or "").partition("\n")[0]
        yield Mutant(_snake(kind.__name__), what, (_engine(kind),), ENGINES_CAUGHT_BY[kind])


def _snake(name: str) -> str:
    return "".join(f"_{c.lower()}" if c.isupper() else c for c in name).lstrip("_")


ENGINES_CAUGHT_BY: Mapping[type[Broken], tuple[str, ...]] = {
    broken.ComparesInAnEarlierRead: ("test_of_writers_with_one_expected_version_one_lands",),
    broken.ComparesTexts: ("test_a_text_that_came_back_is_still_another_version",),
    broken.RestartsVersions: ("test_versions_go_on_through_delete_and_recreate",),
    broken.RepeatsRevisions: ("test_every_receipt_has_the_digest_of_its_place",),
    broken.AcknowledgesFirst: ("test_session_reads_its_own_writes",),
    broken.BreaksGroups: ("test_group_lands_as_one_revision", "test_nobody_sees_half_a_group"),
    broken.LeavesRowsOfTheRefused: ("test_refused_write_takes_its_whole_group_along",),
    broken.IgnoresKeys: ("test_retry_returns_the_first_receipt_and_writes_nothing",),
    broken.AnswersAnyBody: ("test_key_with_another_body_is_refused",),
    broken.ReexecutesExpired: ("test_retry_older_than_keys_live_is_refused",),
    broken.IgnoresGuards: ("test_guard_that_no_longer_holds_refuses_the_commit",
                           "test_write_skew_is_refused"),
    broken.SwallowsConflicts: ("test_late_update_overwrites_nothing",),
    broken.ReportsCommitsAsRefused: ("test_concurrent_history_is_linearizable",),
    broken.ReadsOneBehind: ("test_session_reads_its_own_writes",),
    broken.PinsTheHead: ("test_snapshot_reads_the_same_for_ever",),
    broken.MixesTenants: ("test_tenants_do_not_see_each_other",),
    broken.SkipsWhatCameMeanwhile: ("test_watch_delivers_every_commit_in_order_and_once",),
    broken.DeliversTwice: ("test_watch_delivers_every_commit_in_order_and_once",),
    broken.DeliversOutOfOrder: ("test_watch_delivers_every_commit_in_order_and_once",),
    broken.DeliversHalves: ("test_watch_delivers_a_group_whole",),
}  # fmt: skip

_OTHERS = (
    Mutant(
        "compares_nothing",
        "A write that names a version lands on any.",
        (_instead(decide, "expectation", lambda attempt: None),),
        ("test_of_writers_with_one_expected_version_one_lands",
         "test_random_operations_agree_with_the_oracle"),
    ),
    Mutant(
        "leaves_gaps",
        "Revisions are given out and not used.",
        (_instead(commit, "decide", _with_gaps),),
        ("test_watch_delivers_every_commit_in_order_and_once",),
    ),
    Mutant(
        "drops_a_record",
        "The last record of a group is acknowledged and not stored.",
        (_instead(commit, "decide", _without_last),),
        ("test_group_lands_as_one_revision",),
    ),
    Mutant(
        "links_nothing",
        "A record's digest does not depend on the records before it.",
        (_instead(commit, "link", _unlinked),),
        ("test_audit_accepts_what_was_written",),
    ),
    Mutant(
        "condenses_everything",
        "An owner's condensation also removes what was written after the version it read.",
        (_operation("condense", _condensed_all),),
        ("test_condense_keeps_what_came_after",),
    ),
    Mutant(
        "replaces_touched_lines",
        "A replacement lands though its lines were changed since they were read.",
        (_instead(text, "touched", lambda lines, first, last, base: None),),
        ("test_replace_lands_while_its_lines_are_untouched",),
    ),
    Mutant(
        "shows_history_to_all",
        "Whoever may read the present may read all of the past.",
        (_instead(access, "reach", _with_all_history),),
        ("test_grant_without_history_hides_what_came_before",),
    ),
    Mutant(
        "judges_no_history",
        "History and blame are given without a look at the grants.",
        (_instead(listing, "require_read", _anybody),),
        ("test_stranger_reads_nothing",),
    ),
    Mutant(
        "judges_no_watch",
        "A watch delivers what its reader may not read.",
        (_instead(Selection, "_sees", lambda self, record: True),),
        ("test_watch_hides_and_counts_what_is_not_shared",),
    ),
    Mutant(
        "judges_no_past",
        "A read of the past is given to whoever asks.",
        (_instead(reading, "require_read", _head_judged_now),),
        ("test_revocation_ends_every_way_to_read",),
    ),
    Mutant(
        "allows_everybody",
        "Everybody owns everything.",
        (_instead(access, "reach", lambda grants: OWNS),),
        ("test_stranger_reads_nothing", "test_stranger_writes_nothing"),
    ),
    Mutant(
        "remembers_entries",
        "An entry that was seen once is taken to stand, whatever others did to it.",
        (_instead(StateCache, "value", _remembered),),
        ("test_what_another_process_wrote_shows_at_once",),
        processes=True,
    ),
    Mutant(
        "remembers_grants",
        "Grants that were seen once hold, whatever was changed since.",
        (_instead(StateCache, "access", _remembered_access),),
        ("test_revocation_ends_every_way_to_read",),
    ),
    Mutant(
        "queues_nobody",
        "Updates of one entry all think at once.",
        (_instead(Queue, "_is_first", lambda self, key, number: True),),
        ("test_updates_are_called_one_at_a_time_in_order_of_arrival",),
    ),
    Mutant(
        "turns_read_the_head",
        "A turn reads what stands, whatever it pinned.",
        (_instead(turning, "turn_entry", wrong.head),),
        ("test_turn_reads_one_revision_whatever_others_write",),
    ),
    Mutant(
        "turns_fight_themselves",
        "What a turn wrote itself counts as another's.",
        (_instead(Serving, "wrote", lambda self, key, receipt: None),),
        ("test_turn_does_not_conflict_with_itself", "test_turn_sees_its_own_writes_and_marks_them"),
    ),
    Mutant(
        "turns_tell_nothing",
        "What a turn was served is not recorded.",
        (_instead(deriving, "_served", lambda tenant, record: iter(())),),
        ("test_what_a_turn_was_served_is_recorded_with_its_first_write",
         "test_what_a_turn_was_served_is_recorded_at_a_fence_and_at_its_end"),
    ),
    Mutant(
        "fences_nothing",
        "A fence holds whatever happened to what was served.",
        (_instead(turning, "changed_since", wrong.nothing_changed),),
        ("test_fence_raises_when_what_was_served_has_changed",),
    ),
    Mutant(
        "depends_on_nothing",
        "A commit lands though what its turn was served has changed.",
        (_instead(Account, "guards", lambda self, session: []),),
        ("test_commit_unless_changed_depends_on_all_that_was_served",),
    ),
    Mutant(
        "lets_anybody_reply",
        "A reply is accepted from whoever sends one.",
        (_instead(exchange, "_replying", lambda attempt, channel: None),),
        ("test_only_who_it_went_to_replies",),
    ),
    Mutant(
        "answers_what_was_superseded",
        "A dispatch takes replies after another took its place.",
        (_instead(exchange, "_closed", lambda attempt, channel: None),),
        ("test_superseded_dispatch_takes_no_reply",),
    ),
    Mutant(
        "shares_writing",
        "Sharing a channel makes a second writer of it.",
        (_instead(decide._Ruling, "_second_writer", lambda self, write: None),),
        ("test_channel_is_shared_without_a_second_writer",),
    ),
    Mutant(
        "marks_nothing_stale",
        "A reply is taken for fresh, whatever was published since.",
        (_instead(Dispatch, "stale", False),),
        ("test_reply_built_on_a_superseded_version_is_marked",),
    ),
    Mutant(
        "publishes_over_others",
        "A commit replaces whatever stands, not what its writer saw.",
        (_instead(decide, "expectation", lambda attempt: None),
         _instead(exchange, "_moved", lambda channel, version: None)),
        ("test_commit_that_was_decided_on_another_version_is_refused_whole",),
    ),
    Mutant(
        "keeps_what_was_wrong",
        "A retraction is recorded, and what was wrong stands on.",
        (_operation("retract", lambda value, arguments, version: value),),
        ("test_retraction_takes_out_the_line_and_puts_the_correction_there",),
    ),
    Mutant(
        "lets_strangers_retract",
        "Whoever may write may say that others were wrong.",
        (_instead(retracting, "require_author", _anybody),
         _instead(decide._Ruling, "_taking", lambda self, write, operation: Tier.CONTRIBUTOR)),
        ("test_retraction_by_a_stranger_is_refused",),
    ),
    Mutant(
        "infers_nothing",
        "What a turn wrote is not suspect, whatever it had been shown.",
        (_instead(_Cascade, "_inferred", wrong.none_built),),
        ("test_cascade_infers_from_what_turns_were_served",),
    ),
    Mutant(
        "suspects_whole_entries",
        "Lines beside the one that was wrong are taken for it.",
        (_instead(Lines, "held", wrong.always_held),),
        ("test_cascade_follows_what_records_declare",
         "test_turn_that_saw_it_only_before_or_after_is_not_told"),
    ),
    Mutant(
        "loses_notices",
        "A retraction is recorded, and nobody is told of it.",
        (_instead(deriving, "_taken_back", wrong.told_nobody),),
        ("test_whoever_was_shown_it_is_told_at_the_next_turn_until_it_is_settled",),
    ),
    Mutant(
        "tells_records_whole",
        "The record of a retraction names what its readers may not read.",
        (_instead(listing, "record_view", record_of),),
        ("test_cascade_names_nothing_that_its_author_may_not_read",),
    ),
    Mutant(
        "misses_what_lands_meanwhile",
        "The cascade is what it was a moment before its record.",
        (_instead(retracting, "_reach", wrong.found_before),),
        ("test_nothing_built_meanwhile_escapes",),
    ),
    Mutant(
        "locks_and_compares_at_once",
        "What is compared was read before the wait for the right to write.",
        (wrong_postgres.one_statement,),
        ("test_of_processes_with_one_expected_version_one_lands",), engine="postgres",
    ),
    Mutant(
        "syncs_nothing",
        "A commit is acknowledged before it is on the disk.",
        (_instead(opening, "_FULL", 0),),
        (),  # only a power cut shows it: the suite's own test of that runs it
    ),
)  # fmt: skip

MUTANTS: Mapping[str, Mutant] = {mutant.name: mutant for mutant in (*_engines(), *_OTHERS)}
"""Every mutant by its name."""
