import os
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.fixture
def real_data():
    """The folder of real pages and proposals; the test is skipped where it is absent."""
    named = os.environ.get("COMMONPLACE_DATA")
    folder = Path(named) if named else REPOSITORY.parent / "shared" / "data"
    if not (folder / "pages").is_dir() or not (folder / "rfcs").is_dir():
        pytest.skip("no real pages and proposals here: name their folder in COMMONPLACE_DATA")
    return folder


PAGE = """\
shop{n} --- Shop number {n}
===========================

.. module:: shop{n}

.. deprecated:: 3.{n}
   The :mod:`shop{n}` module is deprecated (see :pep:`{n}` for details).

.. function:: buy(thing)

   A basket holds at most 3{n} things. The *thing* defaults to ``'egg'``.

   .. versionadded:: 3.4
      It follows :pep:`100` and :pep:`1`.

   .. versionchanged:: 3.8
      The *price* parameter was added.
"""

PROPOSAL = """\
PEP: {n}
Title: Proposal number {n}
Status: Final
Python-Version: 3.{n}

Abstract
========

It is like PEP 100 and PEP 1. The old way was removed in Python 3.10. See :mod:`shop{n}`.
"""


@pytest.fixture
def library(tmp_path):
    """Six small pages and six small proposals that speak of each other."""
    pages, rfcs = tmp_path / "pages", tmp_path / "rfcs"
    pages.mkdir()
    rfcs.mkdir()
    for n in range(1, 7):
        (pages / f"library-shop{n}.rst").write_text(PAGE.format(n=n), "utf-8")
        (rfcs / f"pep-{n:04}.rst").write_text(PROPOSAL.format(n=n), "utf-8")
    return tmp_path
