"""How good annotators are and which labels to buy, against planted truth and plain definitions."""

from collections import Counter

import numpy as np
import pytest

from pipeline.clean.annotators import (
    ANNOTATOR_COLUMNS,
    QUEUE_COLUMNS,
    agreement_with_others,
    annotator_rows,
    expected_gain,
    relabel_queue,
)
from pipeline.clean.labels import infer_true_labels
from pipeline.dataset.annotations import Annotations, with_given_labels

CLASSES = ["cat", "dog", "bird"]


def annotations(*said: tuple[int, int, int], names: tuple[str, ...]) -> Annotations:
    return Annotations(*np.array(said, np.int64).reshape(-1, 3).T, names)


def crowd(num: int, skills: dict[str, float], seed: int = 0) -> tuple[Annotations, np.ndarray]:
    """Annotators each right as often as their skill says, and the truth."""
    random = np.random.default_rng(seed)
    truth = random.integers(0, 3, num)
    rows = np.tile(np.arange(num), len(skills))
    people = np.repeat(np.arange(len(skills)), num)
    right = random.random(len(rows)) < np.array(list(skills.values()))[people]
    wrong = (truth[rows] + random.integers(1, 3, len(rows))) % 3
    return Annotations(rows, people, np.where(right, truth[rows], wrong), tuple(skills)), truth


def test_skills_and_weaknesses_are_found():
    said, truth = crowd(3000, {"ada": 0.95, "bo": 0.7, "cy": 1.0})
    is_bird = (said.annotators == 2) & (truth[said.rows] == 2)
    said.labels[is_bird] = 0  # cy calls every bird a cat
    header, *rows = annotator_rows(said, np.eye(3)[truth], CLASSES)
    assert header == ANNOTATOR_COLUMNS
    assert [row[:2] for row in rows] == [["ada", "3000"], ["bo", "3000"], ["cy", "3000"]]
    numbers = np.array([[float(cell) for cell in row[3:5]] for row in rows])
    np.testing.assert_allclose(numbers[:, 0], [0.95, 0.7, 2 / 3], atol=0.03)
    np.testing.assert_allclose(numbers[:, 1], [0.925, 0.55, 0.5], atol=0.04)
    assert rows[2][5] == "bird"
    assert float(rows[2][6]) < 0.05


def test_one_of_many_labels_proves_nothing_and_who_said_nothing_is_not_listed():
    said, truth = crowd(400, {"ada": 0.9, "bo": 0.0, "cy": 0.9})
    kept = (said.annotators != 1) | (said.rows < 1)
    said = Annotations(
        said.rows[kept], said.annotators[kept], said.labels[kept], (*said.names, "x")
    )
    _, *rows = annotator_rows(said, np.eye(3)[truth], CLASSES)
    assert [row[0] for row in rows] == ["ada", "bo", "cy"]
    assert rows[1][1] == "1"
    assert float(rows[1][3]) == 0.0
    assert float(rows[1][6]) > 0.7  # of his worst class: hardly below that of all


def test_with_a_label_for_each_example_nobody_can_agree():
    truth = np.arange(30) % 3
    said = with_given_labels(None, truth)
    _, row = annotator_rows(said, np.eye(3)[truth], CLASSES)
    assert row == ["source", "30", "", "1.000000", "1.000000", "cat", "1.000000"]


def test_agreement_with_the_majority_of_the_others():
    said = annotations(
        *[(0, 0, 0), (0, 1, 0), (0, 2, 1)],  # ada and bo each meet cat and dog: half
        *[(1, 0, 2), (1, 1, 2), (1, 2, 2)],  # all alike
        *[(2, 0, 1), (2, 1, 0)],  # apart
        *[(3, 2, 1)],  # alone
        names=("ada", "bo", "cy", "nobody"),
    )
    found = agreement_with_others(said, 3)
    np.testing.assert_allclose(found, [1.5 / 3, 1.5 / 3, 1 / 2, np.nan])


def test_agreement_with_the_others_is_that_of_counting():
    random = np.random.default_rng(0)
    pairs = sorted({(int(r), int(a)) for r, a in random.integers(0, (60, 9), (300, 2))})
    said = annotations(*((r, a, random.integers(0, 4)) for r, a in pairs), names=tuple("abcdefghi"))
    found = agreement_with_others(said, 4)
    for who in range(9):
        shares = []
        for row, label in zip(
            said.rows[said.annotators == who], said.labels[said.annotators == who], strict=True
        ):
            others = said.labels[(said.rows == row) & (said.annotators != who)].tolist()
            votes = Counter(others)
            top = [code for code, number in votes.items() if number == max(votes.values())]
            shares += [(label in top) / len(top)] if others else []
        assert found[who] == pytest.approx(np.mean(shares))


def test_the_gain_of_a_label_is_that_of_trying_every_answer():
    random = np.random.default_rng(0)
    posterior = random.dirichlet(np.ones(4) / 2, 200)
    confusion = 0.7 * np.eye(4) + 0.3 * random.dirichlet(np.ones(4), 4)
    expected = []
    for chances in posterior:
        after = 0.0
        for answer in range(4):
            both = chances * confusion[:, answer]
            after += both.sum() * (both / both.sum()).max()
        expected.append(after - chances.max())
    found = expected_gain(posterior, confusion)
    np.testing.assert_allclose(found, expected, atol=1e-12)
    assert (found >= 0).all()


def test_what_is_sure_and_what_nobody_can_tell_is_worth_no_label():
    confusion = np.array([[0.8, 0.2, 0.0], [0.2, 0.8, 0.0], [0.0, 0.0, 1.0]])
    sure, open_, lost = [0.99, 0.005, 0.005], [0.5, 0.5, 0.0], [1 / 3, 1 / 3, 1 / 3]
    found = expected_gain(np.array([sure, open_, lost]), confusion)
    assert found[0] == pytest.approx(0.005)  # only `bird` would be believed
    assert found[1] == pytest.approx(0.3)
    guess = expected_gain(np.array([open_]), np.full((3, 3), 1 / 3))
    assert guess[0] == pytest.approx(0)  # by one who guesses


def test_many_classes_are_looked_at_as_far_as_they_are_likely():
    random = np.random.default_rng(0)
    few = random.dirichlet(np.ones(3), 50)
    many = np.concatenate([few, np.zeros((50, 97))], 1)
    confusion = np.eye(100) * 0.7 + 0.003
    whole = confusion[:3, :3]
    np.testing.assert_allclose(
        expected_gain(many, confusion), expected_gain(few, whole), atol=1e-12
    )


def test_the_queue_names_the_best_first_and_none_that_is_sure():
    posterior = np.array([[1, 0, 0], [0.5, 0.5, 0], [0.1, 0.9, 0], [0.5, 0.5, 0], [0.3, 0.3, 0.4]])
    said = annotations((0, 0, 0), (1, 0, 0), (1, 1, 1), (4, 0, 2), names=("ada", "bo"))
    given = np.array([0, 1, 0, 0, 2])
    said = with_given_labels(said, given)
    confusion = 0.7 * np.eye(3) + 0.1
    splits = ["train", "train", "val", "test", "train"]
    arguments = list("abcde"), splits, given, said, posterior, confusion, CLASSES
    assert relabel_queue(*arguments, limit=9) == [
        QUEUE_COLUMNS,
        ["e", "train", "bird", "bird", "0.400000", "1", "0.400000"],
        ["b", "train", "dog", "cat", "0.500000", "2", "0.350000"],
        ["d", "test", "cat", "cat", "0.500000", "1", "0.350000"],
    ]
    assert relabel_queue(*arguments, limit=1)[1:] == relabel_queue(*arguments, limit=9)[1:2]


def test_a_label_bought_from_the_queue_repairs_more_than_one_at_random():
    said, truth = crowd(4000, {"ada": 0.8, "bo": 0.75, "cy": 0.8})
    sharp = np.random.default_rng(2).normal(0, 1, (4000, 3)) + 1.5 * np.eye(3)[truth]
    priors = np.exp(sharp) / np.exp(sharp).sum(1, keepdims=True)

    def consensus(bought: np.ndarray):
        kept = (said.annotators < 2) | np.isin(said.rows, bought)
        return infer_true_labels(priors, said.rows[kept], said.annotators[kept], said.labels[kept])

    start = consensus(np.zeros(0, int))
    gain = expected_gain(start.posterior, start.confusion)
    chosen = np.argsort(-gain, kind="stable")[:500]
    random = np.random.default_rng(1).choice(4000, 500, replace=False)
    errors = [
        (found.posterior.argmax(1) != truth).sum()
        for found in (start, consensus(chosen), consensus(random))
    ]
    assert errors[0] - errors[1] > 2 * (errors[0] - errors[2])
