"""Options: which memory, as whom, and how to print; the same for every command.

Each may stand before the command or behind it. What stands behind wins, then what stands
before, then the environment: COMMONPLACE_MEMORY, COMMONPLACE_FOLLOW, COMMONPLACE_ACTOR,
COMMONPLACE_TENANT.
"""

import functools
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Concatenate, Final, ParamSpec, TypeVar

import click

import commonplace
from commonplace._lazy import lazy_import
from commonplace.cli.output import Output

P = ParamSpec("P")
F = TypeVar("F", bound=Callable[..., Any])

MEMORY: Final = "COMMONPLACE_MEMORY"
FOLLOW: Final = "COMMONPLACE_FOLLOW"
ACTOR: Final = "COMMONPLACE_ACTOR"
TENANT: Final = "COMMONPLACE_TENANT"
NAMES: Final = ("memory_path", "follow_path", "as_actor", "tenant_name", "as_json")


@dataclass(frozen=True, slots=True)
class Settings:
    """What a command line says about the memory; None leaves it to the environment."""

    memory: str | None = None
    follow: str | None = None
    actor: str | None = None
    tenant: str | None = None
    as_json: bool = False

    @classmethod
    def of(cls, given: Mapping[str, Any], before: "Settings | None" = None) -> "Settings":
        """Options as click gives them, over those that stood before the command."""
        before = before or cls()
        return cls(
            given["memory_path"] or before.memory,
            given["follow_path"] or before.follow,
            given["as_actor"] or before.actor,
            given["tenant_name"] or before.tenant,
            given["as_json"] or before.as_json,
        )

    def address(self) -> str:
        """The memory that is named. Raises a `UsageError` when none is."""
        address = self.memory or os.environ.get(MEMORY)
        if not address:
            raise click.UsageError(
                f"Which memory? Name it: --memory FILE (or postgresql://…), or set {MEMORY}."
            )
        return address

    def opened(self, *, create: bool = False) -> "commonplace.Memory":
        """The memory, to be used in a `with` block. Without `create` nothing is ever made."""
        address = self.address()
        tenant = self.tenant or os.environ.get(TENANT) or "default"
        follow = self.follow or os.environ.get(FOLLOW) or None
        return commonplace.Memory(
            address, actor=self.who(), tenant=tenant, create=create, follow=follow
        )

    def who(self) -> "commonplace.Actor":
        """The actor: declared, or else the user that the operating system vouches for."""
        name = self.actor or os.environ.get(ACTOR)
        if name:
            return commonplace.Actor(name, commonplace.Identity.DECLARED)
        return commonplace.Actor(_system_user(), commonplace.Identity.HOST)


def _system_user() -> str:
    """The name of the effective user. Not from the environment, which anybody can set."""
    if not hasattr(os, "geteuid"):  # Windows, which has no such thing to ask
        return str(lazy_import("getpass").getuser())
    number = os.geteuid()
    try:
        return str(lazy_import("pwd").getpwuid(number).pw_name)
    except KeyError:
        return f"uid-{number}"


def memory_options(function: F) -> F:
    """Add the options that every command has."""
    for option in (
        click.option("--json", "as_json", is_flag=True, help="One JSON object per line."),
        click.option(
            "--tenant", "tenant_name", metavar="NAME", help=f"Default: {TENANT}, or 'default'."
        ),
        click.option(
            "--as",
            "as_actor",
            metavar="ACTOR",
            help=f"Who you are. Default: {ACTOR}, or the system's user.",
        ),
        click.option(
            "--follow",
            "follow_path",
            metavar="FILE",
            help=f"Read from a local copy that follows the memory. Default: {FOLLOW}.",
        ),
        click.option(
            "-m",
            "--memory",
            "memory_path",
            metavar="ADDRESS",
            help=f"The memory: a file, or postgresql://…. Default: {MEMORY}.",
        ),
    ):
        function = option(function)
    return function


def whom_to_ask(memory: "commonplace.Memory") -> str:
    """The way on for somebody who may not read what he asks for."""
    owners = memory.owners()
    named = f"The tenant's owner is {owners[0]}" if len(owners) == 1 else "The tenant's owners are "
    listed = "" if len(owners) == 1 else ", ".join(owners)
    return f"{named}{listed}. To act as another: --as NAME, or {ACTOR}."


def on_memory(
    function: Callable[Concatenate["commonplace.Memory", Output, P], int | None],
    *,
    create: bool = False,
) -> Callable[..., int | None]:
    """Make a function of an open memory and an output into one that click can call.

    It returns the exit code (None: 0). Without `create` it opens what exists and makes
    neither a file nor a tenant.
    """

    @memory_options
    @click.pass_context
    @functools.wraps(function)
    def run(context: click.Context, /, *args: P.args, **kwargs: P.kwargs) -> int | None:
        given = {name: kwargs.pop(name) for name in NAMES}
        settings = Settings.of(given, context.find_object(Settings))
        with settings.opened(create=create) as memory:
            out = Output(as_json=settings.as_json)
            try:
                return function(memory, out, *args, **kwargs)
            except commonplace.AccessDenied:
                out.note(whom_to_ask(memory))
                raise

    return run
