"""What clean found of the labels of classes, as tables of data/findings and figures."""

import numpy as np
import pyarrow as pa
import pytest

from pipeline.dataset.annotations import Annotations
from pipeline.targets.classes.noise.labels import LabelCheck, check_labels
from pipeline.targets.classes.noise.schemas import SCHEMAS
from pipeline.targets.classes.noise.tables import noise_table, summary, tables

CLASSES = ["cat", "dog"]
TARGET = {"classes": CLASSES}
IDS, SPLITS = list("abcdef"), ["train", "train", "val", "test", "train", "train"]
GIVEN = np.array([0, 1, 0, 1, -1, 0])
LEARNT = np.array([0, 1, 2])


def found(votes: Annotations | None, check: LabelCheck | None) -> dict[str, pa.Table]:
    made = tables(IDS, SPLITS, GIVEN, LEARNT, votes, check, TARGET)
    assert {name: table.schema for name, table in made.items()} == SCHEMAS
    return made


def test_the_tables_of_the_contract():
    assert {name: schema.names for name, schema in SCHEMAS.items()} == {
        "noise": ["true", "given", "share"],
        "annotators": [
            *["annotator", "labels", "agreement", "accuracy", "kappa"],
            *["worst_class", "worst_class_recall"],
        ],
        "agreement": ["class", "alpha"],
        "relabel_queue": [
            *["id", "split", "given", "consensus", "confidence", "num_labels", "gain"]
        ],
    }


def test_shares_of_labels_but_for_the_least():
    nothing = np.zeros(0)
    noise = np.array([[0.9995, 0.0005], [0.25, 0.75]])
    check = LabelCheck(nothing, nothing > 0, nothing.astype(int), 0.0, noise, nothing)
    assert [tuple(row.values()) for row in noise_table(check, CLASSES).to_pylist()] == [
        ("cat", "cat", 0.9995),
        ("dog", "cat", 0.25),
        ("dog", "dog", 0.75),
    ]


def test_what_there_is_to_say_of_people():
    votes = Annotations(
        np.array([0, 0, 1, 1, 3, 3]),
        np.array([0, 1, 0, 1, 0, 1]),
        np.array([0, 1, 1, 1, 1, 1]),
        ("ada", "bo"),
    )
    check = check_labels(GIVEN[LEARNT], np.full((3, 2), 0.5), votes.of(LEARNT))
    made = found(votes, check)
    # `source` has what nobody else has labelled; the test example d is agreed on, not learnt.
    assert made["annotators"]["annotator"].to_pylist() == ["ada", "bo", "source"]
    assert made["annotators"]["labels"].to_pylist() == [2, 2, 1]
    assert made["agreement"]["class"].to_pylist() == CLASSES
    assert set(made["relabel_queue"]["id"].to_pylist()) <= set("abc")
    assert made["relabel_queue"]["id"][0].as_py() == "a"


@pytest.mark.parametrize(
    ("has_votes", "has_check", "sizes"),
    [
        (False, False, (0, 0, 0)),
        (False, True, (4, 0, 0)),
        (True, False, (0, 0, 2)),
        (True, True, (4, 2, 2)),
    ],
)
def test_without_people_or_a_check_there_is_less_to_say(has_votes, has_check, sizes):
    votes = Annotations(*[np.array([0, 0])] * 3, ("ada",)) if has_votes else None
    check = check_labels(GIVEN[LEARNT], np.full((3, 2), 0.5)) if has_check else None
    made = found(votes, check)
    assert tuple(made[name].num_rows for name in ("noise", "annotators", "agreement")) == sizes


def test_figures_of_people_where_there_are_any():
    assert summary(None, TARGET) == {}
    votes = Annotations(np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1]), np.array([0, 1, 1, 0]))
    assert summary(votes, TARGET) == {"annotators": 2, "annotations": 4, "agreement_alpha": -0.5}
    alone = Annotations(np.array([0]), np.array([0]), np.array([0]))
    assert summary(alone, TARGET) == {"annotators": 1, "annotations": 1}
