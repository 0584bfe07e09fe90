"""Pictures of a training are PNGs, the same bytes for the same numbers."""

import pytest

from pipeline.report.figures import training_curves
from tests.report.conftest import HISTORY
from tests.support.pictures import Draw, assert_same_picture, drawn

LOSS_ALONE = [
    {name: value for name, value in row.items() if "accuracy" not in name} for row in HISTORY
]
DRAWINGS: dict[str, Draw] = {
    "training_curves": lambda path: training_curves(HISTORY, 2, path),
    "training_curves of one epoch": lambda path: training_curves(HISTORY[:1], 1, path),
    "training_curves of the loss alone": lambda path: training_curves(LOSS_ALONE, 1, path),
}


@pytest.mark.parametrize("name", DRAWINGS)
def test_a_figure_is_a_png_of_the_same_bytes_every_time(tmp_path, name):
    assert_same_picture(DRAWINGS[name], lambda path: training_curves(HISTORY, 3, path), tmp_path)


def test_another_best_epoch_is_another_picture(tmp_path):
    one, other = (
        drawn(lambda path, best=best: training_curves(HISTORY, best, path), tmp_path)
        for best in (1, 2)
    )
    assert one != other
