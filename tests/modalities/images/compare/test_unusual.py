"""Broken images have unusual measurements."""

import numpy as np
import pytest

from pipeline.modalities.images.compare.interface import NEEDED, UNUSUAL, distances
from pipeline.modalities.images.content.measurements import measure
from tests.support.photos import photos


def measured(images: np.ndarray) -> dict[str, np.ndarray]:
    return {name: values for name, values in measure(images)._asdict().items() if name in NEEDED}


@pytest.mark.parametrize("channels", [1, 3])
def test_what_is_no_photo_has_unusual_measurements(channels):
    images = photos(400, channels=channels)
    images[7] = 200
    images[8] = np.random.default_rng(0).integers(0, 256, images[8].shape)
    found = distances(measured(images))
    assert set(np.flatnonzero(found > UNUSUAL)) == {7, 8}


@pytest.mark.parametrize("num", [0, 1, 2, 29])
def test_whether_few_images_are_unusual_cannot_be_told(num):
    few = {name: values[:num] for name, values in measured(photos(30)).items()}
    assert np.isnan(distances(few)).tolist() == [True] * num
    assert not np.isnan(distances(measured(photos(30)))).any()
