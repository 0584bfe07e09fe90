"""A confusion matrix is a PNG: the same bytes for the same numbers, whatever its classes are."""

import numpy as np
import pytest

from pipeline.targets.classes.drawing.confusion import confusion
from tests.support.pictures import Draw, assert_same_picture, drawn

MATRIX = np.array([[5, 1, 0], [0, 7, 0], [2, 0, 0]])

DRAWINGS: dict[str, Draw] = {
    "confusion": lambda path: confusion(MATRIX, ["a", "b", "c"], path, title="some"),
    "confusion of one class": lambda path: confusion(MATRIX[:1, :1], ["a"], path, title="some"),
    "confusion of many classes": lambda path: confusion(
        np.eye(60, dtype=np.int64), [str(number) for number in range(60)], path, title="some"
    ),
}


@pytest.mark.parametrize("name", DRAWINGS)
def test_a_figure_is_a_png_of_the_same_bytes_every_time(tmp_path, name):
    assert_same_picture(
        DRAWINGS[name], lambda path: confusion(MATRIX.T, list("xyz"), path, title="some"), tmp_path
    )


def test_other_numbers_are_another_picture(tmp_path):
    other = MATRIX.copy()
    other[2, 2] = 1
    pictures = {
        drawn(lambda path: confusion(MATRIX, ["a", "b", "c"], path, title="some"), tmp_path),
        drawn(lambda path: confusion(other, ["a", "b", "c"], path, title="some"), tmp_path),
        drawn(lambda path: confusion(MATRIX, ["a", "b", "d"], path, title="some"), tmp_path),
    }
    assert len(pictures) == 3


@pytest.mark.parametrize("name", ["$x^2$", r"$\frac$", "100% $", "a_b", "<b>", "two\nlines", ""])
def test_any_name_of_a_class_can_be_drawn(tmp_path, name):
    path = tmp_path / "figure.png"
    confusion(MATRIX, [name, "b", "c"], path, title="some")
    assert path.stat().st_size > 0
