import pytest

from commonplace.demo.document import Document
from commonplace.demo.extract import extract
from commonplace.demo.finding import Finding, parse_finding, quoted, version_order


def document(kind, name, subject, text):
    return Document(kind, name, subject, tuple(text.splitlines()))


PAGE = document(
    "page",
    "library-shop.rst",
    "shop",
    """\
shop --- A small shop
=====================

.. module:: shop

.. deprecated-removed:: 3.11 3.13
   The :mod:`shop` module is deprecated
   (see :pep:`594` for details).

.. function:: buy(thing)

   A basket holds at most 30 things. The *thing* defaults to ``'egg'``.

   .. versionadded:: 3.4
   .. versionchanged:: 3.8
      The *price* parameter.
""",
)

PEP = document(
    "pep",
    "pep-0563.rst",
    "PEP 563",
    """\
PEP: 563
Title: Postponed Evaluation
Status: Superseded
Python-Version: 3.7
Superseded-By: 649, 749

Abstract
========

It is like PEP 484. The old way was removed in Python 3.10. It uses the :mod:`shop` module.
""",
)

MODULE = document(
    "module",
    "shop.py",
    "shop",
    '''\
"""A small shop.

It follows PEP 8 closely.
"""
import warnings

MAX_EGGS = 12

warnings._deprecated(__name__, remove=(3, 13))


def buy(thing, price=300):
    """Buy a thing.

    Deprecated since Python 3.10, use sell() instead.
    """


def _hidden():
    """Deprecated, but nobody sees it from outside."""
''',
)

DISTRIBUTION = document(
    "distribution",
    "shop-1.2.dist-info/METADATA",
    "shop",
    """\
Metadata-Version: 2.1
Name: shop
Version: 1.2
Summary: A small shop.
Requires-Python: >=3.9
Requires-Dist: egg_basket>=2
Requires-Dist: pytest; extra == "test"

The shop uses `sqlite3` underneath, as everybody does these days.
""",
)


def lines(reading):
    return [str(finding) for finding in reading.findings]


def test_page():
    reading = extract(PAGE)
    assert lines(reading) == [
        '[deprecated 3.11] shop: removed in 3.13: "The shop module is deprecated '
        '(see PEP 594 for details)." (library-shop.rst:7)',
        '[added 3.4] shop.buy: ".. versionadded:: 3.4" (library-shop.rst:14)',
        '[changed 3.8] shop.buy: "The price parameter." (library-shop.rst:16)',
        '[limit] shop.buy: "A basket holds at most 30 things." (library-shop.rst:12)',
        "[default] shop.buy: \"The thing defaults to 'egg'.\" (library-shop.rst:12)",
    ]
    assert [mention.about for mention in reading.mentions] == ["pep:594"]
    assert reading.answers == (("mod:shop", "shop --- A small shop", "library-shop.rst:1"),)


def test_pep():
    reading = extract(PEP)
    assert lines(reading) == [
        '[status 3.7] PEP 563: Superseded, superseded by PEP 649, 749: "Postponed Evaluation" '
        "(pep-0563.rst:2)",
        '[deprecated 3.10] PEP 563: "The old way was removed in Python 3.10." (pep-0563.rst:10)',
    ]
    assert [mention.about for mention in reading.mentions] == ["pep:484", "mod:shop"]
    (answer,) = reading.answers
    assert answer.about == "pep:563"
    assert answer.text == (
        "Superseded, superseded by PEP 649, 749 for Python 3.7, Postponed Evaluation"
    )


def test_module_is_parsed_and_not_run():
    reading = extract(MODULE)
    assert lines(reading) == [
        '[about] shop: "A small shop." (shop.py:1)',
        '[deprecated] shop: removed in 3.13: "warnings._deprecated(__name__, remove=(3, 13))" '
        "(shop.py:9)",
        '[limit] shop: "MAX_EGGS = 12" (shop.py:7)',
        '[deprecated 3.10] shop.buy: "Deprecated since Python 3.10, use sell() instead." '
        "(shop.py:15)",
        '[default] shop.buy: price is 300: "def buy(thing, price=300):" (shop.py:12)',
    ]
    assert [mention.about for mention in reading.mentions] == ["pep:8", "mod:warnings"]


def test_module_that_does_not_parse_gives_nothing():
    reading = extract(document("module", "bad.py", "bad", "def ("))
    assert (reading.findings, reading.mentions, reading.answers) == ((), (), ())


def test_distribution():
    reading = extract(DISTRIBUTION)
    assert lines(reading) == [
        '[about] shop: "A small shop." (shop-1.2.dist-info/METADATA:4)',
        '[requires 3.9] shop: "Requires-Python: >=3.9" (shop-1.2.dist-info/METADATA:5)',
        '[requires] shop: "Requires-Dist: egg_basket>=2" (shop-1.2.dist-info/METADATA:6)',
    ]
    assert [mention.about for mention in reading.mentions] == ["dist:egg-basket", "mod:sqlite3"]
    assert reading.answers[0][:2] == ("dist:shop", "installed in version 1.2")


@pytest.mark.parametrize("source", [PAGE, PEP, MODULE, DISTRIBUTION])
def test_extracting_twice_gives_the_same_and_every_line_parses_back(source):
    first = extract(source)
    assert first == extract(source)
    for finding in first.findings:
        assert parse_finding(str(finding)) == finding


def test_what_is_no_finding_does_not_parse():
    assert parse_finding('[gossip] shop: "It is said." (a.rst:1)') is None
    assert parse_finding("just a line") is None


def test_a_quotation_can_hold_neither_quotes_nor_a_citation():
    assert quoted('He said "go"\n to [findings@1#L1].') == "He said 'go' to (findings@1#L1)."
    assert len(quoted("word " * 100)) <= 220


def test_versions_sort_as_versions():
    assert sorted(["3.11", "3.9", "", "2.7"], key=version_order) == ["", "2.7", "3.9", "3.11"]


def test_a_finding_is_one_line():
    finding = Finding("added", "3.8", "shop", "", quoted("a\nb"), "a.rst", 3)
    assert str(finding) == '[added 3.8] shop: "a b" (a.rst:3)'
