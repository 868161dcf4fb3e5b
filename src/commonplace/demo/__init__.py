"""The research crew: several processes, one memory, real documents, a brief that is checked.

Importing this loads nothing else, so that a command line can offer the demo at no cost.
"""

from typing import Any

from commonplace._lazy import lazy_import


def run(**options: Any) -> int:
    """Runs the crew on the screen and gives the exit code; takes the fields of `Options`."""
    chosen = lazy_import("commonplace.demo.options").Options(**options)
    console = lazy_import("rich.console").Console()
    code: int = lazy_import("commonplace.demo.conduct").conduct(chosen, console)
    return code


__all__ = ["run"]
