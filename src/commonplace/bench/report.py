"""Report: a result in words, for a terminal and for the page."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from commonplace.bench.result import Result
from commonplace.bench.row import Row, shown, shown_aim

BEGIN: Final = "<!-- The part between these two lines is written by `commonplace bench --page`. -->"
END: Final = "<!-- End of what `commonplace bench --page` writes. -->"

_MARKS: Final = {True: "met", False: "missed", None: "-"}


def row_lines(row: Row) -> Iterator[str]:
    """A row for the terminal: the value against its aim, and what is behind it."""
    mark = {True: "ok    ", False: "MISSED", None: "      "}[row.met]
    low_high = ""
    if row.spread is not None:
        low_high = (
            f"  (rounds {shown(row.spread[0], row.unit)} to {shown(row.spread[1], row.unit)})"
        )
    yield f"{mark} {shown(row.value, row.unit):>9}  aim {shown_aim(row):<15} {row.what}{low_high}"
    for name, value in row.parts.items():
        yield f"{'':>20}{_number(value):>10}  {name}"
    if row.note:
        yield f"{'':>32}{row.note}"


def machine_line(machine: Mapping[str, Any]) -> str:
    """The machine in one sentence."""
    peer = machine["langgraph_checkpoint_sqlite"]
    return (
        f"{machine['cores']} cores ({machine['processor']}), {machine['memory_gb']:g} GB, "
        f"{machine['system']}, {machine['filesystem']}, one sync {machine['sync_us']:.0f} us; "
        f"Python {machine['python']}, SQLite {machine['sqlite']} "
        f"(SqliteStore: {machine['sqlite_of_python']}), "
        + (f"langgraph-checkpoint-sqlite {peer}" if peer else "no langgraph-checkpoint-sqlite")
        + _server_words(machine)
    )


def _server_words(machine: Mapping[str, Any]) -> str:
    server, peer = machine.get("postgres"), machine.get("langgraph_checkpoint_postgres")
    if not server:
        return ""
    return f"; PostgreSQL {server['version']} ({server['settings']}), " + (
        f"langgraph-checkpoint-postgres {peer}" if peer else "no langgraph-checkpoint-postgres"
    )


def page_part(result: Result) -> str:
    """The part of the page that a run writes."""
    plan = result.plan
    lines = [
        BEGIN,
        "",
        f"Measured on {result.day} with commonplace {result.release}: "
        f"{machine_line(result.machine)}. {plan['rounds']} rounds of {plan['seconds']:g} s.",
        "",
        "| what | aim | measured | rounds | |",
        "| --- | --- | --- | --- | --- |",
    ]
    for row in result.rows:
        low_high = " to ".join(shown(each, row.unit) for each in row.spread or ())
        lines.append(
            f"| {row.what} | {shown_aim(row)} | **{shown(row.value, row.unit)}** "
            f"| {low_high or '-'} | {_MARKS[row.met]} |"
        )
    lines += ["", "What is behind them (medians):", "", "| row | | |", "| --- | ---: | --- |"]
    for row in result.rows:
        for name, value in row.parts.items():
            what, _, unit = name.rpartition(", ")
            lines.append(f"| `{row.name}` | {_number(value)} {unit} | {what} |")
        if row.note:
            lines.append(f"| `{row.name}` | | {row.note} |")
    return "\n".join([*lines, "", END])


def rewritten(page: str, result: Result) -> str:
    """The page with its measured part replaced. Raises `ValueError` if it has no such part."""
    before, begins, rest = page.partition(BEGIN)
    _, ends, after = rest.partition(END)
    if not begins or not ends:
        raise ValueError(f"the page has no part between {BEGIN} and {END}")
    return before + page_part(result) + after


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
