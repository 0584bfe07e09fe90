"""Labels of a source become classes: by name, or by index where the entry names classes."""

import numpy as np
import pyarrow as pa
import pytest

from pipeline.runtime.errors import SourceError
from pipeline.targets.opening import open_labels
from tests.support.entries import Entry

LABELS = open_labels("classes")
INDEX = {"classes": ["cat", "dog"]}


def entry(classes: list[str] | None = None) -> Entry:
    return Entry(uri="x", license="x", classes=classes)


def test_the_entry_says_what_classes_there_are_or_the_source_does():
    assert LABELS.index_of(entry(), {"10", "b", "9", "a"}) == {"classes": ["a", "b", "9", "10"]}
    assert LABELS.index_of(entry(), ["b", "a"]) == {"classes": ["b", "a"]}
    assert LABELS.index_of(entry(["x", "y"]), ["b", "a"]) == {"classes": ["x", "y"]}
    assert (LABELS.names_in(entry()), LABELS.names_in(entry(["x", "y"]))) == (None, ["x", "y"])


def test_a_name_of_thousands_of_digits_is_one_like_others():
    long = "9" * 5000
    found = LABELS.index_of(entry(), {long, "10", "9", "007", "-1", "0"})
    assert found == {"classes": ["0", "007", "9", "10", long]}
    assert LABELS.index_of(entry(), {long, "-1", "7"}) == {"classes": ["-1", "7", long]}


def test_a_text_is_a_name_or_an_index():
    names = {"cat", "fish"}
    assert list(map(LABELS.namer(names, entry(["cat", "dog"]), "here"), names)) == list(names)
    indices = LABELS.namer({"1", "-1", "7"}, entry(["cat", "dog"]), "here")
    assert [indices(text) for text in ("1", "-1", "7")] == ["dog", None, "7"]
    with pytest.raises(SourceError, match="has no label that the entry's classes name"):
        LABELS.namer({"7", "fish"}, entry(["cat", "dog"]), "here")
    assert LABELS.named(["1", "0", "x"], INDEX) == ["dog", "cat", None]
    assert LABELS.named(["cat", "0"], INDEX) == ["cat", None]


@pytest.mark.parametrize(
    ("labels", "classes"),
    [
        ({"-1", "0", "1"}, ["0", "1"]),
        ({"-1", "1", "2", "3"}, ["1", "2", "3"]),
        ({"-1", "1"}, ["-1", "1"]),
        ({"-1", "5", "6"}, ["-1", "5", "6"]),
        ({"-1", "cat", "dog"}, ["-1", "cat", "dog"]),
    ],
)
def test_minus_one_among_codes_is_no_class(labels, classes):
    index = LABELS.index_of(entry(), labels)
    assert index == {"classes": classes}
    assert LABELS.is_missing("-1", index) == ("-1" not in classes)
    assert not LABELS.is_missing("7", index)
    assert not LABELS.is_missing("-1", LABELS.index_of(entry(["-1", "0"]), labels))


@pytest.mark.parametrize(
    ("classes", "labels", "message"),
    [
        (
            ["cats", "dogs"],
            {"dog", "cat"},
            "here has the labels cat, dog; classes: in the catalog entry has cats, dogs | fix: "
            "correct classes: in the catalog entry, or leave it out",
        ),
        (
            None,
            {"cat"},
            "here has one class, cat; a classifier needs two | fix: sort its examples into a "
            "folder for each class, or list them with their labels in a table",
        ),
        (
            None,
            set(),
            "no example of here has a label | fix: give labels to some of them, in folders, a "
            "table or annotations:",
        ),
    ],
)
def test_labels_that_cannot_be_learnt_are_refused(classes, labels, message):
    with pytest.raises(SourceError) as caught:
        LABELS.refuse_unfit(entry(classes), labels, "here")
    assert str(caught.value) == f"ERROR {message}"


def test_labels_that_can_be_learnt_are_not():
    LABELS.refuse_unfit(entry(), {"cat", "dog"}, "here")
    LABELS.refuse_unfit(entry(["cat", "dog"]), {"cat"}, "here")
    LABELS.refuse_unfit(entry(["cat", "dog"]), ["cat", "dog"], "here")
    LABELS.refuse_unfit(entry(["cat", "dog"]), set(), "here")


def test_what_is_no_class_is_a_problem_where_the_entry_names_classes():
    assert LABELS.problem_of("fish", entry()) is None
    assert LABELS.problem_of("cat", entry(["cat", "dog"])) is None
    assert LABELS.problem_of("fish", entry(["cat", "dog"])) == "label fish is none of the classes"


def test_classes_as_a_column_and_as_numbers():
    column = LABELS.column(["dog", None, "fish", "cat"], INDEX)
    assert (column.to_pylist(), column.type) == (["dog", None, None, "cat"], LABELS.column_type())
    assert column.dictionary.to_pylist() == ["cat", "dog"]
    codes = LABELS.encode(pa.chunked_array([column.drop_null(), column[:1]]), INDEX)
    assert (codes.tolist(), codes.dtype) == ([1, 0, 1], np.int32)
    assert LABELS.num_outputs(INDEX) == 2


def test_an_entry_grows_at_its_end():
    assert LABELS.without_names(entry()) is None
    known = entry(["dog", "cat"])
    assert LABELS.without_names(known) == entry()
    more = {"classes": ["bird", "cat", "dog"]}
    assert LABELS.names_more(known, more)
    assert not LABELS.names_more(known, {"classes": ["cat"]})
    assert not LABELS.names_more(known, {"classes": ["0", "1"]})
    assert LABELS.grow(known, more) == ({"classes": ["dog", "cat", "bird"]}, ["bird"])
    assert LABELS.grow(entry(), more) == (more, [])


def test_an_answer_for_people_and_as_json():
    row = np.array([0.25, 0.75])
    assert LABELS.answer_words(row, INDEX) == ["dog", "0.7500"]
    assert LABELS.answer(row, INDEX) == {
        "class": "dog",
        "probability": 0.75,
        "probabilities": {"cat": 0.25, "dog": 0.75},
    }
