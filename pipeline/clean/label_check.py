"""The label check: networks predict the labels of examples that they have not seen."""

import hashlib
import shutil
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.clean.folds import NO_FOLD, Folds
from pipeline.clean.ledger import Ledger
from pipeline.clean.out_of_fold import OutOfFold, QuickNetwork, out_of_fold
from pipeline.clean.outliers import find_neighbours, outlier_scores
from pipeline.dataset.annotations import Annotations
from pipeline.dataset.arrays import Rows
from pipeline.dataset.randomness import id_keys
from pipeline.dataset.review.queue import MAX_NEIGHBOURS
from pipeline.learning.device import choose_device
from pipeline.learning.fitting.recipe import Recipe
from pipeline.modalities.opening import modality_fields, modality_interface, open_label_check
from pipeline.modalities.protocols.encode import Inputs
from pipeline.runtime.cache import key_of, read_cache, write_cache
from pipeline.runtime.progress import Work
from pipeline.targets.opening import open_loss, target_interface
from pipeline.targets.protocols.noise import Checked, Evidence

NAME = "label_check"  # of the cache
OUT_OF_FOLD = "pipeline.clean.out_of_fold"
"""The module whose code decides the outputs of the networks."""
ROWS_AT_ONCE = 4096


@dataclass(frozen=True)
class Checkable:
    """The input of the label check, with its modality and target."""

    loaded: Any
    """All rows of the ledger, loaded by `load` of the modality's `compare`."""
    modality: str
    target: str
    outputs: int
    """Width of a network's last layer."""
    settings: Any
    """The section `clean`."""


@dataclass(frozen=True)
class OutOfFoldAnswers:
    """Outputs of networks for rows of the ledger."""

    learnt: Rows
    """Rows predicted by the network that did not learn from them, while others did."""
    tested: Rows
    """Rows of the test split, which all networks predict."""
    models: OutOfFold

    @property
    def rows(self) -> Rows:
        """All rows."""
        return np.concatenate([self.learnt, self.tested])

    @property
    def embeddings(self) -> NDArray[np.float16]:
        """Embeddings of `rows`, `(N, D)`."""
        parts = [self.models.embeddings, self.models.others_embeddings]
        return np.concatenate([part for part in parts if len(part)])

    @property
    def model_of(self) -> Rows:
        """Number of the network that made each embedding, `(N,)`."""
        first = np.full(len(self.tested), self.models.folds.min())
        return np.concatenate([self.models.folds, first])


def ask_models(
    examples: Checkable,
    rows: Ledger,
    fold: Callable[[Rows], Folds],
    *,
    seed: int,
    folder: Path,
    progress: Callable[[int], Work],
) -> OutOfFoldAnswers:
    """Predict all rows that are kept, or read the cached outputs of the same networks.

    Args:
        fold: the folds of the rows that networks learn from.
        folder: for the state of a run that is stopped, from which the next goes on.
        progress: makes a bar for a number of examples.

    Raises:
        BrokenDataset: there is too little to train on.
    """
    check, settings = open_label_check(examples.modality), examples.settings
    in_test = rows.split_of("test")
    learnt, tested = np.flatnonzero(rows.kept & ~in_test), np.flatnonzero(rows.kept & in_test)
    preparation = check.fit(examples.loaded, learnt)
    device = choose_device("auto", "auto", check.gains_by_bf16(preparation))
    folds = fold(learnt)
    num_trained_on = folds.num_learnt // max(len(folds.learnt), 1)
    quick_recipe = check.recipe(num_trained_on, settings.epochs)
    recipe = Recipe(
        **quick_recipe._asdict(),
        patience=quick_recipe.epochs,
        seed=seed,
        deterministic=True,  # the outputs become part of the data
    )
    quick = QuickNetwork(
        build=partial(check.build, preparation, examples.outputs),
        inputs=partial(check.inputs, examples.loaded, preparation=preparation),
        vary=lambda inputs, keys, copy, seed: check.vary(inputs, keys, copy, settings, seed),
        num_views=check.num_views(settings),
        loss=open_loss(examples.target),
        loss_settings=rows.noise.LOSS,
    )
    keys = id_keys(rows.ids[row] for row in learnt.tolist())
    fields = modality_fields(examples.modality, "label_check", "CleanFields").model_fields
    own = {name: getattr(settings, name) for name in fields}  # other errors will show later
    key = key_of(
        OUT_OF_FOLD,
        modality_interface(examples.modality, "label_check"),
        target_interface(examples.target, "loss"),
        inputs=[digest_of_inputs(quick.inputs, some) for some in (learnt, tested)],
        examples=[
            digest_of(values)
            for values in (rows.given[learnt], keys, folds.asked, *folds.learnt.values())
        ],
        how=(preparation, examples.outputs, recipe, own, quick.loss_settings, str(device)),
    )
    predicted = learnt[folds.asked != NO_FOLD]
    if (kept := read_cache(NAME, key)) is not None:
        return OutOfFoldAnswers(predicted, tested, OutOfFold.of(kept))
    with progress(folds.num_learnt * recipe.epochs) as bar:
        answers = out_of_fold(
            quick,
            learnt,
            rows.noise.as_y(rows.given[learnt]),
            keys,
            folds,
            tested,
            recipe=recipe,
            device=device,
            checkpoints=folder,
            checkpoint_key=key,
            on_step=bar.update,
            on_epoch=bar.describe,
        )
    with suppress(OSError):  # a full disk: the next run predicts again
        write_cache(NAME, key, answers.table())
    shutil.rmtree(folder, ignore_errors=True)
    return OutOfFoldAnswers(predicted, tested, answers)


def digest_of(values: NDArray[Any]) -> str:
    """Hex digest of the numbers of an array."""
    return hashlib.sha256(np.ascontiguousarray(values).tobytes()).hexdigest()


def digest_of_inputs(inputs: Callable[[Rows], Inputs], rows: Rows) -> str:
    """Hex digest of the inputs of some rows, block by block."""
    digest = hashlib.sha256()
    for start in range(0, len(rows), ROWS_AT_ONCE):
        for name, values in inputs(rows[start : start + ROWS_AT_ONCE]).items():
            digest.update(f"{name} {values.dtype} {values.shape}".encode())
            digest.update(np.ascontiguousarray(values).tobytes())
    return digest.hexdigest()


def check_labels(
    rows: Ledger,
    learnt: Rows,
    answers: OutOfFoldAnswers | None,
    annotations: Annotations | None,
) -> Checked:
    """Enter into the ledger how likely each label is right; returns the check of `learnt`.

    Args:
        learnt: rows that networks predicted, or would have.
        answers: outputs of networks; without them only people judge, and there must be annotations.
    """
    tested = answers.tested if answers else np.flatnonzero(rows.kept & rows.split_of("test"))
    models = answers.models if answers else None

    def evidence(where: Rows, outputs: NDArray[np.float32] | None) -> Evidence:
        of_people = annotations.of(where) if annotations else None
        return Evidence(rows.given[where], outputs, of_people)

    of_learnt, of_tested = rows.noise.check_labels(
        evidence(learnt, models.outputs if models else None),
        evidence(tested, models.others if models else None),
        rows.target,
    )
    rows.suspect(learnt, of_learnt)
    rows.noise_rate, rows.reliability = of_learnt.noise_rate, of_learnt.reliability
    if of_tested is not None:
        rows.suspect(tested, of_tested)
    return of_learnt


def measure_distances(rows: Ledger, answers: OutOfFoldAnswers) -> None:
    """Enter into the ledger the distance of each example from all others, by embeddings."""
    rows.distance[answers.rows] = outlier_scores(answers.embeddings, answers.model_of)


def neighbours_of(wanted: Sequence[int], answers: OutOfFoldAnswers) -> dict[int, list[int]]:
    """The rows most like each of the `wanted`, by embeddings, the nearest first."""
    places = {int(row): place for place, row in enumerate(answers.rows)}
    there = [row for row in wanted if row in places]
    queries = np.array([places[row] for row in there], np.int64)
    found = find_neighbours(answers.embeddings, queries, MAX_NEIGHBOURS, answers.model_of)
    return {
        row: answers.rows[near[near >= 0]].tolist()
        for row, near in zip(there, found.rows, strict=True)
    }
