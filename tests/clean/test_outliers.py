"""Outliers in an embedding space, and neighbours for a person to look at."""

import numpy as np

from pipeline.clean import outliers
from pipeline.clean.outliers import find_neighbours, outlier_scores

OFF_TOPIC = -8 * np.eye(24)[[4, 9]]


def clouds(num: int = 600, seed: int = 0) -> np.ndarray:
    """Three classes around three directions, float16."""
    random = np.random.default_rng(seed)
    centres = np.eye(24)[:3] * 6
    return (centres[np.arange(num) % 3] + random.normal(0, 0.7, (num, 24))).astype(np.float16)


def test_what_lies_far_from_all_has_the_highest_score():
    embeddings = clouds()
    embeddings[[5, 300]] = OFF_TOPIC
    assert set(np.argsort(-outlier_scores(embeddings))[:2]) == {5, 300}


def test_rows_are_compared_within_their_fold_alone():
    """The second model's space is the first one's turned round."""
    embeddings = clouds()
    folds = (np.arange(600) // 7) % 2
    turned = embeddings.copy()
    turned[folds == 1] *= -1
    np.testing.assert_array_equal(outlier_scores(turned, folds), outlier_scores(embeddings, folds))
    found = find_neighbours(turned, np.array([1, 8, 30]), 5, folds)
    assert (folds[found.rows] == folds[[1, 8, 30]][:, None]).all()
    assert not (found.rows == np.array([[1], [8], [30]])).any()


def test_large_data_are_compared_with_a_part_of_them(monkeypatch):
    embeddings = clouds(3000)
    embeddings[[5, 300]] = OFF_TOPIC
    whole = outlier_scores(embeddings)
    monkeypatch.setattr(outliers, "MAX_COMPARED", 500)
    part = outlier_scores(embeddings)
    assert (part >= whole - 1e-6).all()
    assert not np.array_equal(part, whole)
    assert set(np.argsort(-part)[:2]) == {5, 300}


def test_neighbours_are_the_same_with_and_without_folds_when_there_is_one():
    embeddings = clouds(100)
    rows = np.array([99, 0, 41])
    plain = find_neighbours(embeddings, rows, 3)
    folded = find_neighbours(embeddings, rows, 3, np.zeros(100, np.int64))
    np.testing.assert_array_equal(plain.rows, folded.rows)
    assert (plain.rows % 3 == rows[:, None] % 3).all()


def test_a_fold_of_one_row_has_neither_score_nor_neighbours():
    embeddings, folds = clouds(5), np.array([0, 0, 1, 0, 0])
    scores = outlier_scores(embeddings, folds)
    assert np.isnan(scores).tolist() == [False, False, True, False, False]
    assert find_neighbours(embeddings, np.array([2]), 2, folds).rows.tolist() == [[-1, -1]]


def test_no_rows_no_outliers():
    none = np.empty((0, 8), np.float16)
    assert outlier_scores(none).shape == (0,)
