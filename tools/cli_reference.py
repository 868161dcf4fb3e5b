"""Write docs/reference/cli.md from the commands' own help; with `--check`, only compare."""

import inspect
import sys
from collections.abc import Iterator
from pathlib import Path

import click

from commonplace._lazy import lazy_import
from commonplace.cli import exits, main
from commonplace.cli.commands import SECTIONS, Listed
from commonplace.cli.meanings import FIELDS, OBJECTS

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "reference" / "cli.md"

HEAD = """# Command line

Written by `tools/cli_reference.py` from the commands' help; do not edit.

Which memory: `--memory PATH` (`-m`) behind the command, or before it, or else
`COMMONPLACE_MEMORY`. In the same way `--as ACTOR` or `COMMONPLACE_ACTOR` says who you are (or else
the operating system's user, with the identity `host`), and `--tenant NAME` or
`COMMONPLACE_TENANT` which tenant (or else `default`). `--in NAMESPACE` or
`COMMONPLACE_NAMESPACE` is the namespace of references that name none, as citations do. Only
`create` and `import` ever make a memory or a tenant.

Results go to standard output, remarks and errors to standard error. Every reference that is
printed pastes into every command. Control characters in what agents wrote are printed as
escapes; `show --raw` gives the text as it is, into files and pipes only.
"""


def page() -> str:
    """The whole page."""
    parts = [HEAD, "## Exit codes\n", _exit_table(), _command("commonplace", main)]
    for title, listed in SECTIONS.items():
        parts.append(f"## {title}\n")
        parts += (_command(f"commonplace {each.name}", _load(each)) for each in listed)
    return "\n".join([*parts, "\n".join(_json_tables())])


def _load(listed: Listed) -> click.Command:
    command: click.Command = getattr(lazy_import(listed.module), listed.attribute)
    return command


def _exit_table() -> str:
    codes: dict[int, list[str]] = {}
    for code, number in exits.EXIT_OF.items():
        codes.setdefault(number, []).append(f"`{code}`")
    rows = [
        f"| {number} | {meaning} | {', '.join(codes.get(number, []))} |"
        for number, meaning in exits.MEANINGS.items()
    ]
    return "\n".join(["| code | meaning | errors |", "| --- | --- | --- |", *rows, ""])


def _command(path: str, command: click.Command) -> str:
    """One command: its usage, its help, its options. From what we wrote, not from click's words,
    which change between its versions.
    """
    arguments = [p for p in command.params if isinstance(p, click.Argument)]
    usage = " ".join([path, "[OPTIONS]", *map(_metavar, arguments)])
    parts = [f"### {path}\n", f"`{usage}`\n"]
    for paragraph in inspect.cleandoc(command.help or "").split("\n\n"):
        marked = paragraph.removeprefix("\b\n")
        parts.append(f"```text\n{marked}\n```\n" if marked != paragraph else f"{paragraph}\n")
    shared = [] if command is main else [option.name for option in main.params]
    options = [p for p in command.params if isinstance(p, click.Option) and p.name not in shared]
    if options:
        rows = [f"| `{_flags(option)}` | {option.help} |" for option in options]
        parts += ["| option | meaning |\n| --- | --- |", *rows, ""]
    return "\n".join(parts)


def _metavar(parameter: click.Parameter) -> str:
    if isinstance(parameter.type, click.Choice) and not parameter.metavar:
        return "|".join(map(str, parameter.type.choices))
    name = parameter.metavar or str(parameter.name).rstrip("_").upper()
    is_bare = parameter.required or isinstance(parameter, click.Option) or name.startswith("[")
    return name if is_bare else f"[{name}]"


def _flags(option: click.Option) -> str:
    return ", ".join(option.opts) + ("" if option.is_flag else f" {_metavar(option)}")


def _json_tables() -> Iterator[str]:
    yield "## What --json prints\n"
    yield "One object per line, in ASCII. `type` says which; the names below are stable.\n"
    yield "| type | what | fields |\n| --- | --- | --- |"
    for name, meaning in OBJECTS.items():
        fields = ", ".join(f"`{each}`" for each in meaning.fields)
        yield f"| `{name}` | {meaning.about} | {fields} |"
    yield "\n| field | meaning |\n| --- | --- |"
    for name, text in FIELDS.items():
        yield f"| `{name}` | {text} |"
    yield ""


def run(arguments: list[str]) -> int:
    """Write the page, or with `--check` fail if it is not up to date."""
    if arguments not in ([], ["--check"]):
        print(f"usage: {Path(__file__).name} [--check]", file=sys.stderr)
        return 2
    due = page()
    if PAGE.exists() and PAGE.read_text("utf-8") == due:
        return 0
    if arguments:
        print(f"{PAGE.relative_to(ROOT)} is out of date: run tools/cli_reference.py")
        return 1
    PAGE.write_text(due, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
