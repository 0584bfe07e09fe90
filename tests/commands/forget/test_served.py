"""What a real server was asked is forgotten: its record, and the content that it kept."""

import pytest

from pipeline.dataset.served.tables import read_served
from tests.support.forgetting import FORGET, holders, stored
from tests.support.repository import ROOT
from tests.support.serving import serving

PLACE = ".groundwork/serving"


@pytest.mark.slow  # a minute
def test_a_served_example_leaves_records_and_contents(repository):
    """Others that were asked about in the same hour keep their contents."""
    people, place = repository.path.parent / "people", repository.path / PLACE
    (forgotten,), (other,) = (stored(repository, [f"ada/00{n}.jpg"]) for n in (3, 5))
    with serving(repository.path, "--keep-contents", "7", env={"PYTHONPATH": str(ROOT)}) as server:
        for name in ("ada/003.jpg", "ada/005.jpg"):
            status, answer = server.ask_json("POST", "/predict", (people / name).read_bytes())
            assert status == 200, answer
        assert server.end() == 0
    assert read_served(place).answers.num_rows == 2
    kept = {path.read_bytes() for path in (place / "contents").glob("*/*")}
    assert kept == {forgotten, other}, "stripped, as data/raw has them"
    assert holders(repository, [forgotten], ["ada/003.jpg"])
    said = repository.run(f"{FORGET} --ids ada/003.jpg --no-rebuild --yes")
    assert "Found: nothing." in said
    assert holders(repository, [forgotten], ["ada/003.jpg"]) == []
    assert {path.read_bytes() for path in (place / "contents").glob("*/*")} == {other}
    assert read_served(place).answers.num_rows == 0, "the file of that hour is gone"
