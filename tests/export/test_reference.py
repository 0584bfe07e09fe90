"""What traffic is compared with: small, without examples, the same bytes each time."""

import numpy as np
import pytest

from pipeline.export.reference import (
    MOST_VALUES,
    chosen_rows,
    make_reference,
    principal_axes,
    write_reference,
)

NUM = 300


def make(num: int = NUM, wide: int = 6) -> dict:
    random = np.random.default_rng(0)
    answers = random.dirichlet([1, 2, 3], num)
    numbers = random.normal(size=(num, 2)).astype(np.float32)
    numbers[::3, 1] = np.nan
    numbers[:, 0] += 5
    inputs = {"numbers": numbers, "x": random.integers(0, 255, (num, wide, wide)).astype(np.uint8)}
    measured = {"brightness": random.random(num), "width": np.full(num, 8, np.int32)}
    embeddings = (random.normal(size=(num, 40)) * np.linspace(5, 0, 40)).astype(np.float32)
    return make_reference(measured, inputs, answers, embeddings) | {"given": answers}


def test_moments_of_everything():
    found = make()
    answers = found.pop("given")
    assert found["measurement_names"].tolist() == ["brightness", "width"]
    assert found["measurement_mean"] == pytest.approx([0.5, 8], abs=0.05)
    assert found["measurement_std"] == pytest.approx([12**-0.5, 0], abs=0.05)
    assert found["input_numbers_mean"] == pytest.approx([5, 0], abs=0.2)
    assert found["input_numbers_std"] == pytest.approx([1, 1], abs=0.1)
    assert found["input_numbers_missing"] == pytest.approx([0, 1 / 3])
    assert found["input_x_mean"].shape == (36,)
    assert found["answer_mean"] == pytest.approx(answers.mean(0), rel=1e-6)
    assert found["answer_shares"].sum() == pytest.approx(1)
    assert found["rows_measurements"].shape == (NUM, 2)
    assert found["rows_answers"] == pytest.approx(answers, rel=1e-6)
    assert found["rows_embedding"].shape == (NUM, 32)
    assert found["rows_embedding"].mean(0) == pytest.approx(np.zeros(32), abs=1e-4)
    assert found["rows_embedding"].std(0) == pytest.approx(found["embedding_std"], rel=1e-4)
    assert all(a.dtype == np.float32 for n, a in found.items() if n != "measurement_names")


def test_wide_inputs_have_one_mean():
    assert make(wide=40)["input_x_mean"].shape == (1,)


def test_axes_are_the_widest_and_orthonormal():
    random = np.random.default_rng(1)
    values = np.zeros((500, 4), np.float32)
    values[:, 2] = random.normal(size=500) * 3
    values[:, 0] = random.normal(size=500) + 7
    mean, axes = principal_axes(values)
    assert mean == pytest.approx([7, 0, 0, 0], abs=0.3)
    assert axes == pytest.approx(np.array([[0, 0, 1, 0], [1, 0, 0, 0]]), abs=0.1)  # two vary
    assert axes @ axes.T == pytest.approx(np.eye(2), abs=1e-9)
    _, none = principal_axes(np.ones((5, 3), np.float32))
    assert none.shape == (0, 3)


@pytest.mark.parametrize("num", [1, 7, 8000, 100_000])
def test_rows_are_few_and_from_all_over(num):
    rows = chosen_rows(num, 30)
    assert len(rows) == min(num, 8000)
    assert rows[0] == 0
    assert rows[-1] in (0, num - 1)
    assert len(chosen_rows(100_000, 1000)) == MOST_VALUES // 1000


def test_the_same_bytes_and_no_pickle(tmp_path):
    found = make()
    for name in ("one.npz", "other.npz"):
        write_reference(tmp_path / name, found)
    assert (tmp_path / "one.npz").read_bytes() == (tmp_path / "other.npz").read_bytes()
    with np.load(tmp_path / "one.npz", allow_pickle=False) as read:
        assert sorted(read) == sorted(found)
        for name, values in found.items():
            np.testing.assert_array_equal(read[name], values)
