"""What the tables of an evaluation say to people, of classes."""

from dataclasses import replace

import pytest

from pipeline.targets.classes.card import interface as card
from tests.support.evaluations import CLASSES, EVALUATION


def test_an_answer_lists_ten_classes():
    two = card.answer({"classes": ["a", "b`"]})
    assert two == "It says which of 2 classes an example is of: `a`, `b'`."
    many = card.answer({"classes": [f"{number}" for number in range(12)]})
    assert many.startswith("It says which of 12 classes an example is of: `0`, `1`, ")
    assert many.endswith("`9` and 2 more.")


def test_what_the_others_read():
    assert card.confusion_matrix(EVALUATION).tolist() == [[30, 1, 0], [2, 27, 0], [0, 0, 0]]
    worst = card.worst_class(EVALUATION)
    assert worst["class"] == "b|right", "a class without examples is not the worst"
    assert card.metric(EVALUATION, "calibration_error") == 0.09
    assert [row["count"] for row in card.reliability(EVALUATION, scaled=True)] == [60]


def test_a_model_that_guesses_is_called_that_first():
    assert "guessing" not in "".join(card.notes(EVALUATION))
    rows = [row | {"value": 0.5, "low": 0.4} for row in EVALUATION.tables["intervals"][:1]]
    guessing = replace(EVALUATION, tables=EVALUATION.tables | {"intervals": rows})
    assert next(iter(card.notes(guessing))) == (
        "- **no better than guessing: always naming dark, the commonest class, is right on 0.5167**"
    )


def test_tables_for_people():
    tables = card.csv_tables(EVALUATION)
    assert list(tables) == [
        "confusion",
        "classes",
        "calibration",
        "intervals",
        "slices",
        "robustness",
    ]
    assert [len(rows) for _, rows in tables.values()] == [9, 3, 2, 3, 3, 7]
    for columns, rows in tables.values():
        assert all(column in row for column in columns for row in rows)


@pytest.mark.parametrize(
    ("most", "ids"), [(2, ["test 2", "test 0"]), (9, ["test 2", "test 0", "test 1"])]
)
def test_mistakes(most, ids):
    mistakes = card.mistakes(EVALUATION, most)
    assert mistakes.ids == ids
    assert mistakes.captions[0] == "is dark\nsaid b|right 1.00"
    assert len(mistakes.captions) == len(ids)
    assert mistakes.title == "3 mistakes in 60 test examples, the surest first"


def test_one_mistake_and_none():
    for rows, title in (
        (EVALUATION.tables["mistakes"][:1], "1 mistake in 60 test examples, the surest first"),
        ([], "0 mistakes in 60 test examples, the surest first"),
    ):
        tables = {**EVALUATION.tables, "mistakes": rows}
        assert card.mistakes(replace(EVALUATION, tables=tables), 9).title == title


def test_pictures(tmp_path):
    card.draw(EVALUATION, tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "calibration.png",
        "confusion.png",
        "robustness.png",
        "slices.png",
    ]
    assert EVALUATION.summary["target"]["classes"] == CLASSES
