"""The label check: models are asked about examples that they have not seen."""

import hashlib
import shutil
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.clean.labels import LabelCheck, check_labels
from pipeline.clean.ledger import Ledger
from pipeline.clean.out_of_fold import OutOfFold, assign_folds, make_recipe, out_of_fold
from pipeline.clean.outliers import find_neighbours, outlier_scores
from pipeline.dataset.annotations import Annotations
from pipeline.dataset.arrays import Rows
from pipeline.dataset.randomness import id_keys
from pipeline.dataset.review_queue import MAX_NEIGHBOURS
from pipeline.learning.device import Device
from pipeline.modalities.images.arrays import Images
from pipeline.runtime.cache import key_of, read_cache, write_cache

NAME = "label_check"  # of the cache
OUT_OF_FOLD = "pipeline.clean.out_of_fold"
"""The module whose code decides what the models say."""
ROWS_AT_ONCE = 4096


@dataclass(frozen=True)
class OutOfFoldAnswers:
    """What models say of rows of the ledger."""

    learnt: Rows
    """Rows that models learnt from; each is asked about by the one that did not."""
    tested: Rows
    """Rows of the test split, which all models are asked about."""
    models: OutOfFold

    @property
    def rows(self) -> Rows:
        """All of them."""
        return np.concatenate([self.learnt, self.tested])

    @property
    def embeddings(self) -> NDArray[np.float16]:
        """Of `rows`, `(N, D)`."""
        parts = [self.models.embeddings, self.models.others_embeddings]
        return np.concatenate([part for part in parts if len(part)])

    @property
    def model_of(self) -> Rows:
        """Number of the model that made each embedding, `(N,)`."""
        first = np.full(len(self.tested), self.models.folds.min())
        return np.concatenate([self.models.folds, first])


def ask_models(
    images: Images,
    rows: Ledger,
    owners: Sequence[str],
    *,
    folds: int,
    epochs: int,
    transforms: Sequence[Any],
    seed: int,
    device: Device,
    folder: Path,
    progress: Callable[[int], AbstractContextManager[Any]],
) -> OutOfFoldAnswers:
    """Ask models about all rows that are kept, or read what the same models said before.

    Args:
        images: of all rows, `(N, H, W, C)`.
        owners: what must not be in several folds has the same one; of all rows.
        folder: for what a run that is stopped leaves to the next.
        progress: a bar for so many images.

    Raises:
        BrokenDataset: there is too little to train on.
    """
    in_test = rows.split_of("test")
    learnt, tested = np.flatnonzero(rows.kept & ~in_test), np.flatnonzero(rows.kept & in_test)
    recipe = make_recipe(len(learnt) * (folds - 1) // folds, epochs, seed)
    keys = id_keys(rows.ids[row] for row in learnt.tolist())
    fold_of = assign_folds([owners[row] for row in learnt.tolist()], seed, folds)
    key = key_of(
        OUT_OF_FOLD,
        pixels=[digest_of(images, some) for some in (learnt, tested)],
        examples=[digest_of(values) for values in (rows.given[learnt], keys, fold_of)],
        how=(len(rows.classes), recipe, list(transforms), str(device)),
    )
    if (kept := read_cache(NAME, key)) is not None:
        return OutOfFoldAnswers(learnt, tested, OutOfFold.of(kept))
    with progress(len(learnt) * (folds - 1) * recipe.epochs) as bar:
        answers = out_of_fold(
            images[learnt],
            rows.given[learnt],
            keys,
            fold_of,
            images[tested],
            num_classes=len(rows.classes),
            recipe=recipe,
            transforms=transforms,
            device=device,
            checkpoints=folder,
            checkpoint_key=key,
            on_step=bar.update,
        )
    with suppress(OSError):  # a full disk: the next run asks again
        write_cache(NAME, key, answers.table())
    shutil.rmtree(folder, ignore_errors=True)
    return OutOfFoldAnswers(learnt, tested, answers)


def digest_of(values: NDArray[Any], rows: Rows | None = None) -> str:
    """Hex digest of the numbers of an array, or of some of its rows, block by block."""
    digest = hashlib.sha256()
    rows = np.arange(len(values)) if rows is None else rows
    for start in range(0, len(rows), ROWS_AT_ONCE):
        digest.update(np.ascontiguousarray(values[rows[start : start + ROWS_AT_ONCE]]).tobytes())
    return digest.hexdigest()


def check_with_models(
    rows: Ledger, answers: OutOfFoldAnswers, annotations: Annotations | None
) -> LabelCheck:
    """Enter into the ledger how likely each label is right; returns the check of `learnt`."""
    learnt, tested, models = answers.learnt, answers.tested, answers.models
    check = check_labels(
        rows.given[learnt],
        models.probabilities,
        annotations.of(learnt) if annotations else None,
        models.trust,
    )
    rows.suspect(learnt, check)
    rows.noise_rate = check.noise_rate
    if len(tested):
        of_tested = annotations.of(tested) if annotations else None
        of_test = check_labels(rows.given[tested], models.others, of_tested, models.trust)
        rows.suspect(tested, of_test)
    return check


def check_with_people(rows: Ledger, learnt: Rows, annotations: Annotations) -> LabelCheck:
    """`check_with_models` by the labels of several people alone (Dawid & Skene's method)."""
    in_test = np.flatnonzero(rows.kept & rows.split_of("test"))
    checks = []
    for where in (learnt, in_test):
        nothing = np.full((len(where), len(rows.classes)), 1 / len(rows.classes))
        checks.append(check_labels(rows.given[where], nothing, annotations.of(where)))
        rows.suspect(where, checks[-1])
    rows.noise_rate = checks[0].noise_rate
    return checks[0]


def measure_distances(rows: Ledger, answers: OutOfFoldAnswers) -> None:
    """Enter into the ledger how far each image lies from all others, as models see them."""
    rows.distance[answers.rows] = outlier_scores(answers.embeddings, answers.model_of)


def neighbours_of(wanted: Sequence[int], answers: OutOfFoldAnswers) -> dict[int, list[int]]:
    """The rows whose images models see as most like each of the `wanted`, the nearest first."""
    places = {int(row): place for place, row in enumerate(answers.rows)}
    there = [row for row in wanted if row in places]
    queries = np.array([places[row] for row in there], np.int64)
    found = find_neighbours(answers.embeddings, queries, MAX_NEIGHBOURS, answers.model_of)
    return {
        row: answers.rows[near[near >= 0]].tolist()
        for row, near in zip(there, found.rows, strict=True)
    }
