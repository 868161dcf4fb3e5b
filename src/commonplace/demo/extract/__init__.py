"""The scripted extractors: no model, only patterns, one for each kind of document."""

from collections.abc import Callable

from commonplace.demo.document import Document, Kind
from commonplace.demo.extract.distribution import read_distribution
from commonplace.demo.extract.module import read_module
from commonplace.demo.extract.page import read_page
from commonplace.demo.extract.pep import read_pep
from commonplace.demo.reading import Reading

_EXTRACTORS: dict[Kind, Callable[[Document], Reading]] = {
    "page": read_page,
    "pep": read_pep,
    "module": read_module,
    "distribution": read_distribution,
}


def extract(document: Document) -> Reading:
    """What the extractor for this kind of document finds in it; the same every time."""
    return _EXTRACTORS[document.kind](document)


__all__ = ["extract"]
