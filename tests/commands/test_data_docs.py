"""Great Expectations' own pages of the dataset, on request."""

import re
from pathlib import Path


def test_the_pages_have_each_expectation(built):
    printed = built.run("python -m pipeline.commands.data_docs")
    address = re.fullmatch(r"data docs: file://(.*/local_site/index\.html)\n", printed)
    assert address is not None, printed
    index = Path(address[1])
    assert index.is_relative_to(built.path / ".groundwork/data_docs")
    pages = list((index.parent / "validations").rglob("*.html"))
    assert {page.relative_to(index.parent / "validations").parts[0] for page in pages} >= {
        "columns",
        "examples",
        "examples 2",
        "classes",
        "splits",
    }
    assert any("blank" in page.read_text() for page in pages)
    assert not built.run("git status --porcelain")
