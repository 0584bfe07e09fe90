"""Pictures of an evaluation are PNGs, the same bytes for the same numbers."""

import pytest

from pipeline.targets.classes.card import figures
from tests.support.evaluations import EVALUATION, bins, corrupted
from tests.support.pictures import Draw, assert_same_picture, drawn

BINS = bins((False, 0.55, 0.5, 2), (False, 0.9, 1.0, 8))
CORRUPTED = [corrupted("none", 0, 0.9)] + [
    corrupted(name, strength, 0.5)
    for name in ("noise", "blur", "jpeg", "contrast", "pixelate")
    for strength in (1, 3, 5)
]

DRAWINGS: dict[str, Draw] = {
    "calibration": lambda path: figures.calibration(BINS, 0.09, BINS[1:], 0.1, path),
    "slices": lambda path: figures.slices(EVALUATION.tables["slices"], path),
    "slices of all alone": lambda path: figures.slices(EVALUATION.tables["slices"][:1], path),
    "robustness": lambda path: figures.robustness(CORRUPTED, path),
    "robustness that was left out": lambda path: figures.robustness([], path),
}


@pytest.mark.parametrize("name", DRAWINGS)
def test_a_figure_is_a_png_of_the_same_bytes_every_time(tmp_path, name):
    assert_same_picture(DRAWINGS[name], DRAWINGS["calibration"], tmp_path)


def test_other_numbers_are_another_picture(tmp_path):
    pictures = [
        drawn(lambda path, row=row: figures.robustness([*CORRUPTED[:-1], row], path), tmp_path)
        for row in (CORRUPTED[-1], corrupted("pixelate", 5, 0.6))
    ]
    assert pictures[0] != pictures[1]
