from commonplace.demo.rst import (
    directives,
    first_heading,
    located_sentences,
    paragraphs,
    plain,
    sentences,
)

PAGE = """\
:mod:`!shop` --- A small shop
=============================

.. module:: shop
   :synopsis: A shop.

The shop sells *things*. It closes
at six. See :pep:`8` for manners::

   >>> this is code, and not a sentence at all, however long it is

.. function:: buy(thing, *, price=3)

   Buys a thing for at most 30 coins and takes it home.

   .. versionchanged:: 3.8
      The *price* parameter was added.
      It has a default.

   .. deprecated-removed:: 3.11 3.13

.. class:: Till

   .. method:: open()

      Opens the till, which is a thing with money in it.
""".splitlines()


def test_directives_know_their_owner_body_and_lines():
    found = {d.name: d for d in directives(PAGE)}
    changed = found["versionchanged"]
    assert changed.owner == "shop.buy"
    assert changed.body == "The *price* parameter was added.\nIt has a default."
    assert PAGE[changed.line - 1].strip() == ".. versionchanged:: 3.8"
    assert PAGE[changed.body_line - 1].strip() == "The *price* parameter was added."
    assert found["deprecated-removed"].argument == "3.11 3.13"
    assert found["deprecated-removed"].body == ""


def test_paragraphs_are_prose_under_their_owner_and_never_code():
    found = list(paragraphs(PAGE))
    assert [(p.owner, PAGE[p.line - 1].split()[0]) for p in found] == [
        ("shop", "The"),
        ("shop.buy", "Buys"),
        ("shop.buy", "The"),
        ("shop.Till.open", "Opens"),
    ]
    assert not any("this is code" in p.text for p in found)


def test_sentences_are_found_on_the_line_they_start():
    paragraph = next(iter(paragraphs(PAGE)))
    told = list(located_sentences(paragraph))
    assert [text for text, _ in told] == [
        "The shop sells things.",
        "It closes at six.",
        "See PEP 8 for manners:",
    ]
    for text, line in told:
        assert text.split()[0] in PAGE[line - 1]


def test_markup_comes_off():
    marked = "Use :func:`~os.path.join` or ``x[0]``, *not* **that**: :pep:`8#a` `here <u>`_."
    assert plain(marked) == "Use os.path.join or x[0], not that: PEP 8 here."


def test_sentences_end_before_a_capital_only():
    assert sentences("It is 3.5 at e.g. noon. Then it\n rains.") == [
        "It is 3.5 at e.g. noon.",
        "Then it rains.",
    ]


def test_first_heading():
    assert first_heading(PAGE) == ("shop --- A small shop", 1)
    assert first_heading(["no", "heading"]) is None
