"""Entries of MovieLens say where the data are and under which terms; what they name is not here."""

import pytest

from pipeline.entry import read_entry
from tests.support.repository import ROOT


@pytest.mark.parametrize("name", ["movielens-100k", "movielens-latest-small"])
def test_an_entry_of_movielens_is_whole(name, monkeypatch):
    monkeypatch.chdir(ROOT)
    entry = read_entry(name, "interactions", "ranking")
    assert entry.uri.startswith("https://files.grouplens.org/")
    assert "GroupLens" in entry.license
    assert entry.split.by == "last"
    assert entry.items is not None
    assert None not in (entry.columns.user, entry.columns.item, entry.columns.time)
