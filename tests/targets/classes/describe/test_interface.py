"""What people read of classes, and what they may decide."""

import pyarrow as pa
import pytest

from pipeline.dataset.table import words
from pipeline.targets.classes.describe import interface
from pipeline.targets.classes.describe.suspected import confusions

CLASSES = ["cat", "dog", "bird"]
INDEX = {"classes": CLASSES}
COUNTS = {"relabelled": 1, "decisions": 2}
OF_MODELS = {"out_of_fold_accuracy": 0.7575, "guessing_accuracy": 0.5, "suspects_wrong": 0.0421}


def test_what_could_not_be_judged_has_no_line():
    assert list(interface.label_check(COUNTS)) == [
        "- given another label: 1",
        "- decided by people: 2",
    ]


def test_the_card_says_how_far_models_can_be_relied_on():
    known = COUNTS | OF_MODELS | {"label_issues": 155, "estimated_noise_rate": 0.0421}
    assert list(interface.label_check(known | {"label_check_trusted": True})) == [
        "- suspected wrong labels: 155",
        "- given another label: 1",
        "- decided by people: 2",
        "- estimated share of wrong labels: 4.2%",
        "- models are right on 75.8% of labels that they have not seen; always naming the largest "
        "class is right on 50.0%",
        "- of the suspected labels some 4% are wrong",
    ]
    assert list(interface.label_check(known | {"label_check_trusted": False}))[-1] == (
        "- suspected labels that several people do not confirm count as they are: what models "
        "suspect here may be mistakes of their own"
    )
    none = known | {"label_check_trusted": False, "label_issues": 0}
    assert len(list(interface.label_check(none))) == 5


@pytest.mark.parametrize("num", [40, 400])
def test_the_sheet_shows_training_examples_of_each_class_whatever_their_order(num):
    table = pa.table(
        {
            "id": [f"{i}.jpg" for i in range(num)],
            "label": words([CLASSES[i % 2] for i in range(num)], CLASSES),
            "split": [["train", "train", "val", "test"][i // 2 % 4] for i in range(num)],
        }
    )
    chosen = interface.sheet(table, INDEX)
    assert list(chosen) == ["cat", "dog"]
    of_id = {row["id"]: (row["label"], row["split"]) for row in table.to_pylist()}
    for name, ids in chosen.items():
        assert len(set(ids)) == 10
        assert {of_id[id] for id in ids} == {(name, "train")}
    assert interface.sheet(table.take(list(reversed(range(num)))), INDEX) == chosen


def test_pairs_of_classes_come_in_the_order_of_the_classes():
    pairs = [("bird", "cat"), ("dog", "cat"), ("cat", "dog"), ("dog", "bird"), ("dog", "cat")]
    given, proposed = (words([pair[place] for pair in pairs], CLASSES) for place in (0, 1))
    assert confusions(pa.table({"given": given, "proposed": proposed}), CLASSES).to_pylist() == [
        {"given": "cat", "proposed": "dog", "count": 1},
        {"given": "dog", "proposed": "cat", "count": 2},
        {"given": "dog", "proposed": "bird", "count": 1},
        {"given": "bird", "proposed": "cat", "count": 1},
    ]


def test_labels_in_words():
    assert interface.of_shard(2, INDEX) == "bird"
    assert interface.in_words("cat") == "cat"
    assert interface.summary(INDEX) == "3 classes"
    assert interface.keywords({"classes": [str(n) for n in range(99)]}) == [
        str(n) for n in range(50)
    ]
    assert interface.doubt({"given": "cat", "proposed": "dog"}) == "given cat\nlooks like dog"
