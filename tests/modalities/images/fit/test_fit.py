"""The preparation of images: the shape of data/clean, then mean and deviation of train."""

from types import SimpleNamespace

import numpy as np
import pytest

from pipeline.modalities.images.fit.interface import finish, fit, sums

INDEX = {"content": {"image_size": [8, 6], "channels": 3}}


def no_tables() -> list:
    raise AssertionError("no example need be read")


def test_the_shape_is_that_of_the_content():
    found = fit(INDEX, no_tables, SimpleNamespace(resize="crop"))
    assert found == {"shape": [8, 6, 3], "resize": "crop"}


def test_sums_over_parts_add_up_to_the_mean_and_deviation_of_all():
    images = np.random.default_rng(0).integers(0, 256, (50, 8, 6, 3), dtype=np.uint8)
    parts = [sums({"x": images[:20]}), sums({"x": images[20:]})]
    added = {name: [a + b for a, b in zip(*(part[name] for part in parts), strict=True)]
             for name in parts[0]}  # fmt: skip
    assert added == sums({"x": images})
    assert {type(value) for values in added.values() for value in values} == {int}
    found = finish({"shape": [8, 6, 3], "resize": "crop"}, added)
    assert list(found) == ["shape", "resize", "mean", "std"]
    pixels = images.reshape(-1, 3).astype(float)
    assert found["mean"] == pytest.approx(pixels.mean(0), abs=1e-6)
    assert found["std"] == pytest.approx(pixels.std(0), abs=1e-6)
    assert [round(value, 6) for value in found["mean"]] == found["mean"]
