"""Texts of a user with splits of their own go through all stages; a signature is a warning."""

import json
import re
from collections import Counter
from typing import NamedTuple

import pyarrow.dataset as ds
import pytest

from tests.support import text_cases
from tests.support.repository import Repository, make_clone

pytestmark = pytest.mark.slow


class Ran(NamedTuple):
    """A clone in which all stages ran, and what they said."""

    clone: Repository
    said: str

    def report(self, name: str) -> dict:
        return json.loads((self.clone.path / "reports" / name).read_text())


@pytest.fixture(scope="module")
def tickets(tmp_path_factory) -> Ran:
    """Of tickets, of which eval repeats train and dev."""
    home = tmp_path_factory.mktemp("tickets")
    text_cases.make_dev_and_eval(home / "tickets")
    clone = make_clone(home / "clone")
    clone.run("groundwork use sms_spam")  # so that texts are looked for
    clone.run("groundwork add tickets ../tickets --license CC0-1.0")
    clone.run("groundwork use tickets")
    clone.commit("tickets")
    said = clone.run("dvc repro", env={"COLUMNS": "300"})
    clone.commit("results")
    return Ran(clone, said)


def test_no_text_stands_in_two_splits_afterwards(tickets):
    rows = ds.dataset(sorted((tickets.clone.path / "data/clean").glob("*.parquet")))
    splits = rows.to_table(columns=["split"])["split"].to_pylist()
    assert tickets.report("ingest.json")["examples"] == 180
    assert tickets.report("labels.json")["leaks"] == 20
    assert Counter(splits) == {"train": 102, "val": 28, "test": 30}


def test_it_is_said_what_is_wrong_and_no_text_is_shown(tickets):
    for line in (
        "ingest: 180 examples of 2 classes: 120 train, 30 val, 30 test",
        "no example is in two splits +40 of 180 examples",
        "no text has two labels +4 of 180 examples",
    ):
        assert re.search(line, tickets.said), line
    assert tickets.report("metrics.json")["accuracy_without_leaked"] >= 0.8
    reports = [p.read_text() for p in (tickets.clone.path / "reports").rglob("*.md")]
    assert any("runs of 2 to 5 characters" in report for report in reports)
    assert not any("parcel" in report for report in reports)  # a noun of the texts


def test_it_answers_texts_of_a_file(tickets):
    path = tickets.clone.path.parent / "new.csv"
    path.write_text("text\nthe courier left the parcel at the depot\nthe invoice has a fee\n")
    output = tickets.clone.run("groundwork predict ../new.csv")
    assert "new.csv row 1  logistics" in output
    assert "new.csv row 2  finance" in output


def test_a_line_that_only_one_label_has_is_a_warning(tickets):
    text_cases.make_header_names_the_class(tickets.clone.path.parent / "forum")
    tickets.clone.run("groundwork add forum ../forum --license CC0-1.0")
    tickets.clone.run("groundwork use forum")
    said = tickets.clone.run("dvc repro validate", env={"COLUMNS": "300"})
    assert "2 of 2 labels (90 of 90 texts): gardens in 45 of 45, screens in 45 of 45" in said
    assert f"gardens: {text_cases.SIGNATURE} (in 40 of 45)" in said
    assert "Lines:" not in said
    assert "Subject:" not in said
