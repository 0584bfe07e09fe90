"""Probes are nobody's, and reach what a column may have."""

import numpy as np

from pipeline.export.probes import NUM_PROBES, describe_probes, mixed
from pipeline.serving.folder import unpacked


def test_each_value_is_of_some_row_at_its_place():
    random = np.random.default_rng(0)
    inputs = {
        "x": random.integers(0, 256, (50, 4, 3)).astype(np.uint8),
        "numbers": random.normal(size=(50, 5)).astype(np.float32),
        "code": np.arange(50, dtype=np.int32),
    }
    probes = mixed(inputs)
    assert list(probes) == list(inputs)
    for name, values in inputs.items():
        probe = probes[name]
        assert probe.dtype == values.dtype
        assert probe.shape == (NUM_PROBES, *values.shape[1:])
        flat, drawn = values.reshape(50, -1), probe.reshape(NUM_PROBES, -1)
        for place in range(flat.shape[1]):
            assert np.isin(drawn[:, place], flat[:, place]).all()
    for row in probes["numbers"]:  # nobody's
        assert (inputs["numbers"] == row).sum(1).max() < 4  # of 5 values
    again = mixed(inputs)
    assert all(np.array_equal(again[name], probes[name]) for name in probes)


def test_of_one_example_there_are_ten_probes():
    assert mixed({"x": np.ones((1, 2), np.uint8)})["x"].tolist() == [[1, 1]] * NUM_PROBES


def test_how_far_an_output_may_be_off():
    outputs = np.array([[-20.0, 3.0]], np.float32)
    described = describe_probes({"x": np.zeros((1, 2), np.uint8)}, outputs, "fp32")
    assert described["tolerance"] == 0.02
    assert unpacked(described["outputs"]).tolist() == [[-20.0, 3.0]]
    assert describe_probes({}, outputs / 40, "int8")["tolerance"] == 0.05
