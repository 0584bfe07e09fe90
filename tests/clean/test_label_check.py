"""The label check from the ledger and images to what is suspected, on planted toy data."""

import contextlib
import shutil
from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pytest

from pipeline.clean.label_check import (
    Asked,
    ask,
    judge,
    judge_by_people,
    measure_distances,
    neighbours_of,
)
from pipeline.clean.ledger import Ledger
from pipeline.dataset.annotations import Annotations
from pipeline.learning.device import Device

NUM, NUM_TEST = 240, 60
CLASSES = ["left", "right", "top"]
WRONG = [5, 50, 100]
STRANGE = 7


@pytest.fixture(scope="module")
def problem():
    """Bright bars at one of three places, three of them mislabelled, one a chessboard."""
    random = np.random.default_rng(0)
    true = np.arange(NUM) % 3
    images = random.integers(0, 60, (NUM, 8, 8, 1))
    for row, place in enumerate(true):
        where = [np.s_[:, 1:3], np.s_[:, 5:7], np.s_[1:3, :]][place]
        images[row][where] += 150
    images[STRANGE] = (np.indices((8, 8)).sum(0) % 2 * 255)[..., None]
    given = true.copy()
    given[WRONG] = (true[WRONG] + 1) % 3
    columns = {
        "id": [f"{row:03d}" for row in range(NUM)],
        "split": ["train"] * (NUM - NUM_TEST) + ["test"] * NUM_TEST,
        "label": [CLASSES[code] for code in given],
        "group": pa.nulls(NUM, pa.string()),
    }
    return SimpleNamespace(images=images.astype(np.uint8), table=pa.table(columns), true=true)


def run(problem, folder, *, steps: list[int] | None = None, key: str = "key") -> tuple:
    rows = Ledger(problem.table, CLASSES)
    rows.remove({20: "quarantined"})

    @contextlib.contextmanager
    def progress(total: int):
        yield SimpleNamespace(update=(steps if steps is not None else []).append)

    asked = ask(
        problem.images,
        rows,
        rows.owners,
        folds=3,
        epochs=8,
        transforms=[],
        seed=0,
        device=Device("cpu", bf16=False),
        folder=folder,
        key=key,
        progress=progress,
    )
    return rows, asked


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("check")


@pytest.fixture(scope="module")
def checked(problem, folder) -> tuple[Ledger, Asked]:
    return run(problem, folder)


def test_models_are_asked_about_every_row_that_is_kept(checked):
    _, asked = checked
    assert sorted(asked.rows.tolist()) == [row for row in range(NUM) if row != 20]
    assert asked.tested.tolist() == list(range(NUM - NUM_TEST, NUM))
    assert len(asked.embeddings) == len(asked.models) == len(asked.rows)


def test_the_planted_errors_are_suspected_and_hardly_anything_else(checked):
    rows, asked = checked
    judge(rows, asked, None)
    suspected = set(np.flatnonzero(rows.suspected).tolist())
    assert suspected >= set(WRONG)
    assert len(suspected - {*WRONG, STRANGE}) <= 3
    assert np.isnan(rows.quality).nonzero()[0].tolist() == [20]
    assert 0.005 < rows.noise_rate < 0.05


def test_people_who_agree_on_the_label_acquit_it(checked):
    rows, asked = checked
    people = 4
    votes = Annotations(
        np.tile(np.arange(NUM), people),
        np.repeat(np.arange(people), NUM),
        np.tile(rows.given, people),
    )
    judge(rows, asked, votes)
    assert not rows.suspected[WRONG].any()


def test_people_alone_outvote_the_source(problem):
    """Three people, each right nine times in ten, say otherwise of what the source has wrong."""
    rows = Ledger(problem.table, CLASSES)
    random = np.random.default_rng(0)
    said = np.where(random.random((3, NUM)) < 0.9, problem.true, random.integers(0, 3, (3, NUM)))
    said[:, WRONG] = problem.true[WRONG]
    said = np.vstack([said, rows.given])  # the source counts as one more
    votes = Annotations(np.tile(np.arange(NUM), 4), np.repeat(np.arange(4), NUM), said.ravel())
    found = judge_by_people(rows, np.arange(NUM - NUM_TEST), votes)
    suspected = np.flatnonzero(rows.suspected).tolist()
    assert set(suspected) >= set(WRONG)
    assert len(suspected) <= len(WRONG) + 2
    assert (rows.proposed[WRONG] == problem.true[WRONG]).all()
    assert not np.isnan(rows.quality).any()
    assert rows.noise_rate == found.noise_rate < 0.1


def test_every_row_that_was_asked_about_has_its_distance_from_the_others(checked):
    rows, asked = checked
    measure_distances(rows, asked)
    assert np.flatnonzero(np.isnan(rows.distance)).tolist() == [20]
    assert (np.delete(rows.distance, 20) >= 0).all()


def test_neighbours_are_of_the_same_class_and_never_the_example_itself(checked, problem):
    _, asked = checked
    wanted = [0, 1, 2, 200, 20]  # the last was not asked about
    found = neighbours_of(wanted, asked)
    assert list(found) == [0, 1, 2, 200]
    for row, near in found.items():
        assert row not in near
        assert len(near) == 8
        alike = problem.true[near] == problem.true[row]
        assert alike.mean() >= 0.75


def test_the_answer_is_kept_while_nothing_changes(problem, checked, folder):
    steps: list[int] = []
    _, again = run(problem, folder, steps=steps)
    assert steps == []
    _, first = checked
    for name in ("folds", "probabilities", "embeddings", "others", "others_embeddings"):
        assert np.array_equal(getattr(first.said, name), getattr(again.said, name)), name
    assert first.said.temperature == again.said.temperature
    assert [path.name for path in folder.iterdir()] == ["answers"]


@pytest.mark.parametrize("what", ["damage", "key"])
def test_models_are_asked_again_when_the_answer_is_damaged_or_of_other_data(
    problem, checked, folder, tmp_path, what
):
    shutil.copytree(folder, tmp_path / "check")
    (file,) = (tmp_path / "check/answers").iterdir()
    if what == "damage":
        content = bytearray(file.read_bytes())
        content[len(content) // 2] ^= 1
        file.write_bytes(content)
    steps: list[int] = []
    key = "other images" if what == "key" else "key"
    _, again = run(problem, tmp_path / "check", steps=steps, key=key)
    assert steps
    assert np.array_equal(checked[1].said.probabilities, again.said.probabilities)
    assert len(list((tmp_path / "check/answers").iterdir())) == 1
