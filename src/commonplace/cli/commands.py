"""Commands: every command by name, with where it lives and one line on what it is for.

`commonplace --help` prints this table and imports none of them, which is why it is quick.
A test holds each line against the command's own help.
"""

from typing import Final, NamedTuple


class Listed(NamedTuple):
    """A command that is imported when it is run: `module` holds it as `attribute`."""

    name: str
    module: str
    attribute: str
    help: str


SECTIONS: Final[dict[str, tuple[Listed, ...]]] = {
    "Ask": (
        Listed(
            "why",
            "commonplace.cli.why",
            "why",
            "Who wrote a sentence, from what, and what came of it.",
        ),
        Listed("log", "commonplace.cli.log", "log", "What was written, newest first."),
        Listed("show", "commonplace.cli.show", "show", "One entry, or one commit."),
        Listed("diff", "commonplace.cli.diff", "diff", "What changed between two versions."),
        Listed("blame", "commonplace.cli.blame", "blame", "Who wrote each line, when and why."),
        Listed(
            "timeline",
            "commonplace.cli.timeline",
            "timeline",
            "Who wrote, read and was refused what, a lane each.",
        ),
        Listed("bisect", "commonplace.cli.bisect", "bisect", "Find the change that made it bad."),
        Listed("verify", "commonplace.cli.verify", "verify", "Check the citations of a report."),
        Listed("advise", "commonplace.cli.advise", "advise", "What to change in how a team works."),
        Listed("watch", "commonplace.cli.watch", "watch", "Changes as they come."),
        Listed("describe", "commonplace.cli.describe", "describe", "What a region promises."),
        Listed(
            "namespaces",
            "commonplace.cli.namespaces",
            "namespaces",
            "The namespaces that you may read.",
        ),
    ),
    "Write": (
        Listed("create", "commonplace.cli.writing", "create", "Make a namespace or a block."),
        Listed("append", "commonplace.cli.writing", "append", "Add lines to a block."),
        Listed("retract", "commonplace.cli.retract", "retract", "Say that something was wrong."),
        Listed(
            "supersede",
            "commonplace.cli.retract",
            "supersede",
            "Put something newer in its place.",
        ),
        Listed("share", "commonplace.cli.sharing", "share", "Give others access."),
        Listed("unshare", "commonplace.cli.sharing", "unshare", "Take access back."),
    ),
    "Lead": (
        Listed("inbox", "commonplace.cli.inbox", "inbox", "What waits for you in a channel."),
        Listed("publish", "commonplace.cli.channel", "publish", "Publish a channel's value."),
        Listed("dispatch", "commonplace.cli.channel", "dispatch", "Send work to an actor."),
        Listed("reply", "commonplace.cli.channel", "reply", "Answer a dispatch."),
        Listed("commit", "commonplace.cli.channel", "commit", "Accept a reply, and publish it."),
        Listed(
            "redispatch",
            "commonplace.cli.channel",
            "redispatch",
            "Send work again, with what changed.",
        ),
        Listed("demote", "commonplace.cli.channel", "demote", "Leave a region to one writer."),
    ),
    "Keep": (
        Listed("position", "commonplace.cli.audit", "position", "Where the log stands."),
        Listed("audit", "commonplace.cli.audit", "audit", "Check that nothing was tampered with."),
        Listed("reindex", "commonplace.cli.reindex", "reindex", "Make the index of texts anew."),
        Listed("export", "commonplace.cli.transfer", "export", "Copy the log to a file."),
        Listed("import", "commonplace.cli.transfer", "import_", "Restore a log from a file."),
        Listed("copy", "commonplace.cli.copy", "copy", "Copy a tenant to another memory."),
        Listed("migrate", "commonplace.cli.migrate", "migrate", "Bring the schema up to date."),
        Listed("compact", "commonplace.cli.retention", "compact", "Drop what was superseded."),
        Listed("forget", "commonplace.cli.retention", "forget", "Forget what turns were served."),
        Listed("archive", "commonplace.cli.retention", "archive", "Move old records to a file."),
        Listed("erase", "commonplace.cli.retention", "erase", "Destroy bytes, for privacy."),
    ),
    "Try": (
        Listed("demo", "commonplace.demo.command", "demo", "A research crew on one memory."),
        Listed("bench", "commonplace.bench.command", "bench", "Measure this machine."),
        Listed(
            "study",
            "commonplace.study.command",
            "study",
            "Ask about recorded conversations, and check.",
        ),
    ),
}

COMMANDS: Final = {listed.name: listed for each in SECTIONS.values() for listed in each}
