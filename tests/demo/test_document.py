import pytest

from commonplace.demo.document import (
    NoDocuments,
    choose,
    list_distributions,
    list_folder,
    list_modules,
    load,
)
from commonplace.demo.extract import extract


def test_a_folder_lists_its_pages_by_name(library):
    listed = list_folder(library / "pages", "page")
    assert [document.name for document in listed][:2] == ["library-shop1.rst", "library-shop2.rst"]
    assert load(listed[0]).subject == "shop1"


@pytest.mark.parametrize("name", ["nowhere", "rfcs"])
def test_a_folder_without_pages_is_refused(tmp_path, name):
    (tmp_path / "rfcs").mkdir()
    with pytest.raises(NoDocuments, match=name):
        list_folder(tmp_path / name, "page")


def test_the_same_seed_chooses_the_same(library):
    listed = list_folder(library / "pages", "page")
    assert choose(listed, limit=3, seed=5) == choose(listed, limit=3, seed=5)
    assert len(choose(listed, limit=3, seed=5)) == 3
    assert sorted(choose(listed, limit=None, seed=1), key=lambda d: d.name) == listed
    orders = {tuple(d.name for d in choose(listed, limit=None, seed=seed)) for seed in range(5)}
    assert len(orders) > 1


def test_text_that_is_not_utf_8_is_read_all_the_same(tmp_path):
    (tmp_path / "old.rst").write_bytes(b"caf\xe9\n")
    (listed,) = list_folder(tmp_path, "page")
    assert load(listed).lines == ("caf\ufffd", "")


def test_the_standard_library_can_be_read():
    listed = {document.name: document for document in list_modules()}
    assert "textwrap.py" in listed
    assert not any(name.startswith(("test/", "idlelib/", "_")) for name in listed)
    reading = extract(load(listed["textwrap.py"]))
    assert reading.findings[0].topic == "about"
    assert reading.answers[0].about == "mod:textwrap"


def test_the_installed_distributions_can_be_read():
    listed = [document for document in list_distributions() if document.name.startswith("click-")]
    assert listed
    document = load(listed[0])
    assert document.subject == "click"
    assert extract(document).answers[0].text.startswith("installed in version")


def test_quotations_are_in_the_real_documents_on_the_line_they_name(real_data):
    checked = 0
    for folder, kind in (("pages", "page"), ("rfcs", "pep")):
        for listed in list_folder(real_data / folder, kind):
            document = load(listed)
            for finding in extract(document).findings:
                first = finding.quote.split()[0].strip("'().,:")
                text = " ".join(document.lines[finding.line - 1 : finding.line + 1])
                assert first in text, finding
                checked += 1
    assert checked > 500
