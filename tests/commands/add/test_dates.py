"""`groundwork add` turns shares of a split in time into dates, and writes them down."""

import datetime

import pytest
from ruamel.yaml import YAML

from tests.commands.add.test_command import ADD, paint
from tests.support.manifests import write_csv
from tests.support.repository import Repository, make_clone

ENTRY = """\
uri: {uri}
license: CC0-1.0  # asked for
columns: {{time: day}}
split: {{by: time, val: 0.2, test: 0.1, horizon: 1d}}
"""


@pytest.fixture
def repository(tmp_path) -> Repository:
    return make_clone(tmp_path / "clone")


def test_shares_become_dates_that_stay(repository, tmp_path):
    rows = [
        {"file": f"{n:02d}.png", "label": "cat" if n % 2 else "dog", "day": f"2013-01-{n + 1:02d}"}
        for n in range(30)
    ]
    pets = tmp_path / "pets"
    for number, row in enumerate(rows):
        paint(pets / row["file"], number)
    write_csv(pets / "labels.csv", rows)
    entry = repository.path / "data/catalog/pets.yaml"
    entry.write_text(ENTRY.format(uri=pets))
    printed = repository.run(f"{ADD} pets")
    assert "val begins at 2013-01-22, test at 2013-01-28" in printed
    text = entry.read_text()
    assert "license: CC0-1.0  # asked for" in text
    assert "split: {by: time, val: 2013-01-22, test: 2013-01-28, horizon: 1d}" in text
    written = YAML(typ="safe").load(text)
    assert written["split"]["val"] == datetime.date(2013, 1, 22)
    assert "is of these data already" in repository.run(f"{ADD} pets")
    assert entry.read_text() == text
