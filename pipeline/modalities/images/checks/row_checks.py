"""Rules about each image by itself: images with nothing to learn are set aside."""

from typing import Any

import numpy as np

from pipeline.dataset.expectations.rules import set_aside

MIN_CONTRAST = 0.005  # a grey level or so
MIN_BRIGHTNESS = 0.005
MAX_ASPECT_RATIO = 10

ROW_RULES = [
    set_aside("no image is blank", "blank", False, "blank"),
    set_aside(
        "no image is all black or all white", "black_or_white", False, reason="black or white"
    ),
    set_aside("no image is ten times as long as wide", "strip", False, reason="a strip"),
]


def add_row_checks(rows: Any) -> None:
    """Add blank, black_or_white and strip, which are truth values, and aspect_ratio.

    Rules about the image hold for rows without one.
    """
    ratio = (rows["width"] / rows["height"]).to_numpy(np.float64)
    brightness = rows["brightness"].to_numpy(np.float64)
    rows["aspect_ratio"] = ratio
    rows["blank"] = (rows["contrast"] < MIN_CONTRAST).to_numpy()
    rows["black_or_white"] = (brightness < MIN_BRIGHTNESS) | (brightness > 1 - MIN_BRIGHTNESS)
    rows["strip"] = (ratio > MAX_ASPECT_RATIO) | (ratio < 1 / MAX_ASPECT_RATIO)
