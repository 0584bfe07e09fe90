"""The label check: models are asked about examples that they have not seen."""

import shutil
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from pipeline.clean.labels import LabelCheck, check_labels
from pipeline.clean.ledger import Ledger
from pipeline.clean.out_of_fold import OutOfFold, assign_folds, check_recipe, out_of_fold
from pipeline.clean.outliers import find_neighbours, outlier_scores
from pipeline.dataset.annotations import Annotations
from pipeline.dataset.randomness import id_keys
from pipeline.dataset.review_queue import MAX_NEIGHBOURS
from pipeline.learning.device import Device
from pipeline.learning.fitting.checkpoint import Checkpoint

Images = NDArray[np.uint8]
Rows = NDArray[np.int64]


@dataclass(frozen=True)
class Asked:
    """What models say of rows of the ledger."""

    learnt: Rows
    """Rows that models learnt from; each is asked about by the one that did not."""
    tested: Rows
    """Rows of the test split, which all models are asked about."""
    said: OutOfFold

    @property
    def rows(self) -> Rows:
        """All of them."""
        return np.concatenate([self.learnt, self.tested])

    @property
    def embeddings(self) -> NDArray[np.float16]:
        """Of `rows`, `(N, D)`."""
        parts = [self.said.embeddings, self.said.others_embeddings]
        return np.concatenate([part for part in parts if len(part)])

    @property
    def models(self) -> Rows:
        """Number of the model that made each embedding, `(N,)`."""
        first = np.full(len(self.tested), self.said.folds.min())
        return np.concatenate([self.said.folds, first])


def ask(
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
    key: str,
    progress: Callable[[int], AbstractContextManager[Any]],
) -> Asked:
    """Ask models about all rows that are kept, or read what they said before under the same key.

    Args:
        images: of all rows, `(N, H, W, C)`.
        owners: what must not be in several folds has the same one; of all rows.
        folder: for what is to be kept between runs, and between a run that is stopped and the next.
        key: names all that the answer depends on, but for the arguments.
        progress: a bar for so many images.
    """
    in_test = rows.split_of("test")
    learnt, tested = np.flatnonzero(rows.kept & ~in_test), np.flatnonzero(rows.kept & in_test)
    recipe = check_recipe(len(learnt) * (folds - 1) // folds, epochs, seed)
    given = rows.given[learnt].tobytes().hex()
    key = f"{key} {torch.__version__} {device} {folds} {recipe} {list(transforms)} {given}"
    answers = Checkpoint(folder / "answers", key)
    if (saved := answers.load("cpu")) is not None:
        return Asked(learnt, tested, OutOfFold.of(saved))
    with progress(len(learnt) * (folds - 1) * recipe.epochs) as bar:
        said = out_of_fold(
            images[learnt],
            rows.given[learnt],
            id_keys(rows.ids[row] for row in learnt.tolist()),
            assign_folds([owners[row] for row in learnt.tolist()], seed, folds),
            images[tested],
            num_classes=len(rows.classes),
            recipe=recipe,
            transforms=transforms,
            device=device,
            checkpoints=folder / "folds",
            checkpoint_key=key,
            on_step=bar.update,
        )
    answers.clear()  # of other data, or other parameters
    answers.save(said.state())
    shutil.rmtree(folder / "folds", ignore_errors=True)
    return Asked(learnt, tested, said)


def judge(rows: Ledger, asked: Asked, votes: Annotations | None) -> LabelCheck:
    """Enter into the ledger how likely each label is right; returns what was found of `learnt`."""
    said = asked.said
    found = check_labels(
        rows.given[asked.learnt],
        said.probabilities,
        votes.of(asked.learnt) if votes else None,
        said.trust,
    )
    rows.suspect(asked.learnt, found)
    rows.noise_rate = found.noise_rate
    if len(asked.tested):
        of_tested = votes.of(asked.tested) if votes else None
        given = rows.given[asked.tested]
        rows.suspect(asked.tested, check_labels(given, said.others, of_tested, said.trust))
    return found


def judge_by_people(rows: Ledger, learnt: Rows, votes: Annotations) -> LabelCheck:
    """`judge` without models, by what people said alone (Dawid & Skene's method)."""
    in_test = np.flatnonzero(rows.kept & rows.split_of("test"))
    checks = []
    for where in (learnt, in_test):
        nothing = np.full((len(where), len(rows.classes)), 1 / len(rows.classes))
        checks.append(check_labels(rows.given[where], nothing, votes.of(where)))
        rows.suspect(where, checks[-1])
    rows.noise_rate = checks[0].noise_rate
    return checks[0]


def measure_distances(rows: Ledger, asked: Asked) -> None:
    """Enter into the ledger how far each image lies from all others, as models see them."""
    rows.distance[asked.rows] = outlier_scores(asked.embeddings, asked.models)


def neighbours_of(wanted: Sequence[int], asked: Asked) -> dict[int, list[int]]:
    """The rows whose images models see as most like each of the `wanted`, the nearest first."""
    places = {int(row): place for place, row in enumerate(asked.rows)}
    there = [row for row in wanted if row in places]
    queries = np.array([places[row] for row in there], np.int64)
    found = find_neighbours(asked.embeddings, queries, MAX_NEIGHBOURS, asked.models)
    return {
        row: asked.rows[near[near >= 0]].tolist()
        for row, near in zip(there, found.rows, strict=True)
    }
