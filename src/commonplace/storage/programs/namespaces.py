"""Namespaces: which ones a reader may read, listed once and looked at again.

A list stays true while no grant changed and no namespace appeared, and both are cheap to ask:
founding and sharing move the access revision, and each namespace is stored with the revision
that first wrote to it. That the log is still the one the list was made from, the digest proves.
"""

from collections.abc import Generator, Sequence
from typing import Final

from commonplace import limits
from commonplace.core import access
from commonplace.core.access import Tier
from commonplace.model.namespace import Namespace, NamespacePrefix
from commonplace.storage.programs.reading import (
    Listed,
    Reader,
    access_entries,
    prefix_reach,
    reach,
    standing,
)
from commonplace.storage.step import Answer, Program, Statement, Step

MAX_LISTS_HELD: Final = 16
MAX_NAMES_HELD: Final = 65_536


def namespaces(reader: Reader, prefix: NamespacePrefix) -> Program[list[Namespace]]:
    """Namespaces below a prefix that the reader may read as a whole, in order."""
    held = reader.listed.get(prefix)
    if held is not None and (yield from _still_true(reader.tenant, held)):
        return list(held.namespaces)
    now = yield from standing(reader.tenant)
    names = yield from _list(reader, prefix, now.access_revision)
    listed = Listed(now, tuple(Namespace.parse(name) for name in names))
    if len(reader.listed) >= MAX_LISTS_HELD:
        reader.listed.clear()
    if len(names) <= MAX_NAMES_HELD:
        reader.listed[prefix] = listed
    return list(listed.namespaces)


def _still_true(tenant: str, held: Listed) -> Generator[Step, Answer, bool]:
    then = held.at
    (rows,) = yield (Statement("namespaces_since", [(tenant, then.revision)]),)
    return bool(rows) and rows[0] == (then.access_revision, then.digest, 0)


def _list(
    reader: Reader, prefix: NamespacePrefix, access_revision: int
) -> Generator[Step, Answer, list[str]]:
    """The names, page by page.

    A grant over the prefix answers for all of them; else the grants of a page are looked up
    together.
    """
    over_all = yield from prefix_reach(reader, access_revision, prefix)
    found: list[str] = []
    after, text = "", str(prefix)
    end = text[:-1] + chr(ord("/") + 1)  # every name below "task/" sorts before "task0"
    while True:
        page = [(reader.tenant, after, text, end, limits.MAX_PAGE_ROWS)]
        (rows,) = yield (Statement("namespace_page", page),)
        names = [name for (name,) in rows]
        if over_all.tier >= Tier.READER:
            found += names
        else:
            found += yield from _readable(reader, access_revision, names)
        if len(rows) < limits.MAX_PAGE_ROWS:
            return found
        after = names[-1]


def _readable(
    reader: Reader, access_revision: int, names: Sequence[str]
) -> Generator[Step, Answer, list[str]]:
    keys = {key for name in names for key in access.grant_keys(reader.actor, name)}
    yield from access_entries(reader, access_revision, tuple(keys))
    readable = []
    for name in names:
        has = yield from reach(reader, access_revision, name, "")
        if has.tier >= Tier.READER:
            readable.append(name)
    return readable
