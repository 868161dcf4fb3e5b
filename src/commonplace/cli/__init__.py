"""The command line: reads arguments, calls the public faces, prints what they return."""

from commonplace.cli.group import main

__all__ = ["main"]
