"""Nearest neighbours, against the plain way to find them."""

import numpy as np
import pytest

from pipeline.modalities import neighbours
from pipeline.modalities.neighbours import nearest


@pytest.fixture(params=[(1024, 8192), (7, 10)], ids=["one block", "many blocks"])
def blocks(request, monkeypatch):
    """Also with blocks smaller than the data."""
    monkeypatch.setattr(neighbours, "QUERIES_AT_ONCE", request.param[0])
    monkeypatch.setattr(neighbours, "BASE_AT_ONCE", request.param[1])


def plainly(queries: np.ndarray, base: np.ndarray) -> np.ndarray:
    lengths = np.linalg.norm(queries, axis=1)[:, None] * np.linalg.norm(base, axis=1)
    return queries @ base.T / lengths


@pytest.mark.usefixtures("blocks")
def test_the_nearest_are_found_nearest_first_and_a_row_is_no_neighbour_of_itself():
    base = np.random.default_rng(0).normal(size=(95, 6))
    cosines = plainly(base[20:60], base)
    cosines[np.arange(40), np.arange(20, 60)] = -2
    expected = np.argsort(-cosines, axis=1)[:, :4]
    found = nearest(base[20:60], base, 4, selves=np.arange(20, 60))
    np.testing.assert_array_equal(found.rows, expected)
    np.testing.assert_allclose(
        found.similarities, np.take_along_axis(cosines, expected, 1), atol=1e-6
    )


@pytest.mark.usefixtures("blocks")
def test_only_what_is_nearer_than_asked_for_counts():
    base = np.random.default_rng(1).normal(size=(95, 6))
    cosines = plainly(base[:9], base)
    found = nearest(base[:9], base, 95, above=0.5)
    assert [set(row[row >= 0]) for row in found.rows] == [
        set(np.flatnonzero(row > 0.5)) for row in cosines
    ]
    assert np.isneginf(found.similarities[found.rows < 0]).all()


@pytest.mark.usefixtures("blocks")
def test_of_equally_near_rows_the_first_counts():
    base = np.tile(np.eye(3, dtype=np.float16), (30, 1))
    found = nearest(base[:3], base, 2)
    assert found.rows.tolist() == [[0, 3], [1, 4], [2, 5]]
