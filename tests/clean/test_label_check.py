"""The label check from the ledger and images to what is suspected, on planted toy data."""

import contextlib
import shutil
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pytest

from pipeline.clean.folds import assign_folds, folds_of
from pipeline.clean.label_check import (
    NAME,
    Checkable,
    OutOfFoldAnswers,
    ask_models,
    check_labels,
    measure_distances,
    neighbours_of,
)
from pipeline.clean.ledger import Ledger, Removal
from pipeline.dataset.annotations import Annotations
from pipeline.runtime.cache import CACHE
from pipeline.targets.opening import open_noise

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


def ledger_of(problem) -> Ledger:
    return Ledger(problem.table, open_noise("classes"), {"classes": CLASSES})


def run(
    problem, *, steps: list[int] | None = None, heard: list[str] | None = None, **changes
) -> tuple[Ledger, OutOfFoldAnswers]:
    rows = ledger_of(problem)
    rows.remove({20: Removal("unusable", "blank")})

    @contextlib.contextmanager
    def progress(total: int):
        yield SimpleNamespace(
            update=(steps if steps is not None else []).append,
            describe=(heard if heard is not None else []).append,
        )

    settings = SimpleNamespace(**{"folds": 3, "epochs": 8, "transforms": []} | changes)
    answers = ask_models(
        Checkable(problem.images, "images", "classes", len(CLASSES), settings),
        rows,
        lambda some: folds_of(assign_folds([rows.owners[row] for row in some], 0, settings.folds)),
        seed=0,
        folder=Path("check"),
        progress=progress,
    )
    return rows, answers


@pytest.fixture(scope="module")
def first_folder(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("first")


@pytest.fixture(scope="module")
def checked(problem, first_folder) -> tuple[Ledger, OutOfFoldAnswers]:
    """Of a run in `first_folder`."""
    with contextlib.chdir(first_folder):
        return run(problem)


def test_models_are_asked_about_every_row_that_is_kept(checked):
    _, answers = checked
    assert sorted(answers.rows.tolist()) == [row for row in range(NUM) if row != 20]
    assert answers.tested.tolist() == list(range(NUM - NUM_TEST, NUM))
    assert len(answers.embeddings) == len(answers.model_of) == len(answers.rows)


def test_the_planted_errors_are_suspected_and_hardly_anything_else(checked):
    rows, answers = checked
    check_labels(rows, answers.learnt, answers, None)
    suspected = set(np.flatnonzero(rows.suspected).tolist())
    assert suspected >= set(WRONG)
    assert len(suspected - {*WRONG, STRANGE}) <= 3
    assert np.isnan(rows.quality).nonzero()[0].tolist() == [20]
    assert 0.005 < rows.noise_rate < 0.05


def test_people_who_agree_on_the_label_acquit_it(checked):
    rows, answers = checked
    people = 4
    votes = Annotations(
        np.tile(np.arange(NUM), people),
        np.repeat(np.arange(people), NUM),
        np.tile(rows.given, people),
    )
    check_labels(rows, answers.learnt, answers, votes)
    assert not rows.suspected[WRONG].any()


def test_people_alone_outvote_the_source(problem):
    """Three people, each right nine times in ten, say otherwise of what the source has wrong."""
    rows = ledger_of(problem)
    random = np.random.default_rng(0)
    said = np.where(random.random((3, NUM)) < 0.9, problem.true, random.integers(0, 3, (3, NUM)))
    said[:, WRONG] = problem.true[WRONG]
    said = np.vstack([said, rows.given])  # the source counts as one more
    votes = Annotations(np.tile(np.arange(NUM), 4), np.repeat(np.arange(4), NUM), said.ravel())
    found = check_labels(rows, np.arange(NUM - NUM_TEST), None, votes)
    suspected = np.flatnonzero(rows.suspected).tolist()
    assert set(suspected) >= set(WRONG)
    assert len(suspected) <= len(WRONG) + 2
    assert (rows.proposed[WRONG] == problem.true[WRONG]).all()
    assert not np.isnan(rows.quality).any()
    assert rows.noise_rate == found.noise_rate < 0.1


def test_every_row_that_was_asked_about_has_its_distance_from_the_others(checked):
    rows, answers = checked
    measure_distances(rows, answers)
    assert np.flatnonzero(np.isnan(rows.distance)).tolist() == [20]
    assert (np.delete(rows.distance, 20) >= 0).all()


def test_neighbours_are_of_the_same_class_and_never_the_example_itself(checked, problem):
    _, answers = checked
    wanted = [0, 1, 2, 200, 20]  # the last was not asked about
    found = neighbours_of(wanted, answers)
    assert list(found) == [0, 1, 2, 200]
    for row, near in found.items():
        assert row not in near
        assert len(near) == 8
        alike = problem.true[near] == problem.true[row]
        assert alike.mean() >= 0.75


@pytest.fixture
def folder(checked, first_folder, tmp_path, monkeypatch) -> Path:
    """The current folder, with what the first run kept."""
    shutil.copytree(first_folder, tmp_path / "here")
    monkeypatch.chdir(tmp_path / "here")
    return tmp_path / "here"


def kept() -> list[Path]:
    return list((CACHE / NAME).iterdir())


def test_the_answer_is_kept_while_nothing_changes(problem, checked, folder):
    steps: list[int] = []
    _, again = run(problem, steps=steps)
    assert steps == []
    _, first = checked
    for name in ("folds", "outputs", "embeddings", "others", "others_embeddings"):
        assert np.array_equal(getattr(first.models, name), getattr(again.models, name)), name
    assert len(kept()) == 1
    assert not Path("check").exists()  # what a stopped run would go on from


@pytest.mark.slow
def test_models_are_asked_again_when_the_answer_is_damaged(problem, checked, folder):
    [file] = kept()
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    steps: list[int] = []
    heard: list[str] = []
    _, again = run(problem, steps=steps, heard=heard)
    assert steps
    assert heard[0] == "fold 1 of 3, epoch 1 of 15"
    assert heard[-1] == "fold 3 of 3, epoch 15 of 15"
    assert np.array_equal(checked[1].models.outputs, again.models.outputs)
    assert len(kept()) == 1


@pytest.mark.slow
def test_models_are_asked_again_about_other_content(problem, folder):
    images = problem.images.copy()
    images[-1, 0, 0] ^= 1  # of a test example, which no model learns from
    [before] = kept()
    steps: list[int] = []
    run(SimpleNamespace(**vars(problem) | {"images": images}), steps=steps)
    assert steps
    assert kept() != [before]
    assert len(kept()) == 1


def test_a_row_that_is_removed_may_have_any_content(problem, folder):
    images = problem.images.copy()
    images[20] ^= 1
    steps: list[int] = []
    run(SimpleNamespace(**vars(problem) | {"images": images}), steps=steps)
    assert steps == []


def test_what_is_done_about_suspected_labels_changes_no_answer(problem, folder):
    steps: list[int] = []
    run(problem, steps=steps, action="relabel", remove_outliers=True)
    assert steps == []


@pytest.mark.parametrize(
    "changes", [{"folds": 2}, pytest.param({"epochs": 16}, marks=pytest.mark.slow)]
)
def test_models_are_asked_again_with_other_settings(problem, folder, changes):
    steps: list[int] = []
    run(problem, steps=steps, **changes)
    assert steps
