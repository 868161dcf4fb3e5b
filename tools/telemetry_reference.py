"""Write docs/reference/telemetry.md from the tables of names; with `--check`, only compare."""

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from commonplace.telemetry.names import (
    ATTRIBUTES,
    CONVENTIONS,
    EVENTS,
    METRICS,
    SPANS,
    Metric,
)

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "reference" / "telemetry.md"

HEAD = f"""# Telemetry

Written by `tools/telemetry_reference.py` from the tables in `telemetry/names.py`; do not edit. How
to use it is in [trace writes](../how-to/trace.md).

Names under `gen_ai.` and `error.` are those of the OpenTelemetry semantic conventions for
generative AI, for operations on a memory: version {CONVENTIONS} of their registry, in which these
are under development. Ours stand under `commonplace.`.
"""


def page() -> str:
    """The whole page."""
    return "\n".join(
        (
            HEAD,
            _table("Spans", ("span", "when"), SPANS.items()),
            "A delivery's span is of the kind consumer, every other of the kind internal.\n",
            _table("Events", ("event of a write's span", "when"), EVENTS.items()),
            _table("Attributes", ("attribute", "meaning"), ATTRIBUTES.items()),
            "An attribute that has no value, or not the same for all writes of a commit, is left "
            "out.\n",
            _table("Metrics", ("metric", "kind", "unit", "attributes", "what"), _metrics(METRICS)),
        )
    )


def _metrics(metrics: Iterable[Metric]) -> Iterator[tuple[str, ...]]:
    for metric in metrics:
        attributes = ", ".join(f"`{name}`" for name in metric.attributes)
        yield metric.name, metric.kind, f"`{metric.unit}`", attributes, metric.about


def _table(title: str, columns: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [
        f"## {title}\n",
        f"| {' | '.join(columns)} |",
        f"| {' | '.join('---' for _ in columns)} |",
    ]
    lines += (f"| `{name}` | {' | '.join(rest)} |" for name, *rest in rows)
    return "\n".join([*lines, ""])


def main() -> int:
    """Write the page, or with `--check` fail if it is not what would be written."""
    text = page()
    if "--check" in sys.argv[1:]:
        if not PAGE.exists() or PAGE.read_text(encoding="utf-8") != text:
            print(f"{PAGE.relative_to(ROOT)} is out of date: run tools/telemetry_reference.py")
            return 1
        return 0
    PAGE.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
