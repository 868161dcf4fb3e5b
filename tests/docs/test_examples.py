"""Every example of the documentation runs, and prints what the page says it prints."""

import contextlib
import gc
import io
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from pages import Block, Page, pages

NOT_RUN = {
    "README.md": "its two command lines install the package, which `.ci/run` and users do",
    "CONTRIBUTING.md": "its commands install the package and run these tests",
}
"""Pages whose `console` blocks are not run, and why."""

DATABASE = "postgresql://localhost/team"
"""The address that pages give a database; the examples get one of their own."""

_RUN = ("python ", "commonplace ")
_TIME = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|\+00:00)")
_EXAMPLES = [
    page for page in pages() if any(each.language in {"python", "console"} for each in page.blocks)
]


@pytest.mark.parametrize("page", _EXAMPLES, ids=repr)
def test_examples_run_and_print_what_the_page_says(
    page: Page, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    names: dict[str, Any] = {"__name__": "__main__"}
    printed: str | None = None
    address = request.getfixturevalue("database") if DATABASE in page.text else DATABASE
    for each in page.blocks:
        block = each._replace(text=each.text.replace(DATABASE, address))
        if block.language == "python":
            printed = _save_or_run(page, block, names, tmp_path)
        elif block.is_output:
            assert printed is not None, f"{page}:{block.line}: nothing ran before this output"
            assert _plain(printed) == _plain(block.text), f"{page}:{block.line}"
        elif block.language == "console" and page.name not in NOT_RUN:
            _run_commands(page, block)
    gc.collect()  # what the examples left open is an error here, not in the next test


def _save_or_run(page: Page, block: Block, names: dict[str, Any], folder: Path) -> str | None:
    if block.file:
        (folder / block.file).write_text(block.text, encoding="utf-8")
        return None
    # Blank lines in front give errors the line numbers of the page.
    code = compile("\n" * block.line + block.text, page.name, "exec", dont_inherit=True)
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        exec(code, names)
    return out.getvalue()


def _run_commands(page: Page, block: Block) -> None:
    """Run each `$ ` line, and compare what it prints if the page shows that.

    A line that ends in `# exit code N` must end so, and every other with 0.
    """
    for part in re.split(r"^\$ ", block.text, flags=re.MULTILINE)[1:]:
        command, _, shown = part.partition("\n")
        if not command.startswith(_RUN):
            continue
        done = subprocess.run(
            shlex.split(command, comments=True), capture_output=True, text=True, check=False
        )
        due = int(command.rpartition("# exit code ")[2]) if "# exit code " in command else 0
        said = f"{page}:{block.line}: {command}\n{done.stdout}{done.stderr}"
        assert done.returncode == due, said
        if shown.strip():
            assert _plain(done.stdout) == _plain(shown), f"{page}:{block.line}: {command}"


def _plain(output: str) -> str:
    """Output without what differs from run to run: times."""
    return _TIME.sub("TIME", output).strip()
