"""Features of images are made of their measurements, exactly."""

import numpy as np
import pandas as pd

from pipeline.modalities.images.checks.features import add_features


def test_features():
    table = pd.DataFrame(
        {
            "red": [0.5, 0.25, 0.0],
            "green": [0.5, 0.75, 0.25],
            "blue": [0.5, 0.25, 1.0],
            "dhash": np.array([0, 0xF0F0F0F0_00000000, 0x00000000_0F0F0F03], np.uint64),
        }
    )
    add_features(table)
    assert table["warmth"].tolist() == [0, 0, -1]
    assert table["greenness"].tolist() == [0, 0.5, -0.25]
    assert table["texture_nw"].tolist() == [0, 1, 0]
    assert table["texture_ne"].tolist() == [0, 0, 0]
    assert table["texture_sw"].tolist() == [0, 0, 0]
    assert table["texture_se"].tolist() == [0, 0, 14 / 16]
