"""Out-of-fold outputs and embeddings: by networks that have not seen the examples."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import torch
from numpy.typing import NDArray
from torch import nn

from pipeline.clean.folds import NO_FOLD, Folds
from pipeline.dataset.annotations import Codes
from pipeline.dataset.arrays import Keys, Rows
from pipeline.dataset.columns import binary_column, numbers_of
from pipeline.learning.batches import Examples, as_tensors, make_examples
from pipeline.learning.device import Device
from pipeline.learning.fitting.checkpoint import Checkpoint
from pipeline.learning.fitting.loop import fit
from pipeline.learning.fitting.recipe import Recipe
from pipeline.learning.inference import predict_and_embed
from pipeline.modalities.protocols.encode import Inputs
from pipeline.runtime.errors import BrokenDataset
from pipeline.targets.protocols.loss import Loss

NUM_OTHERS = b"num_others"  # in the metadata of a table


@dataclass(frozen=True)
class QuickNetwork:
    """A network of a modality: how it is built, its inputs, and its loss."""

    build: Callable[[], nn.Module]
    inputs: Callable[[Rows], Inputs]
    """Gives the inputs of some examples, by their rows."""
    vary: Callable[[Inputs, Keys, int, int], Inputs]
    """Gives an augmented version of inputs, by keys, the number of the copy and a seed."""
    num_views: int
    """Number of versions of an example that each network predicts."""
    loss: Loss
    loss_settings: Any


@dataclass(frozen=True)
class OutOfFold:
    """Outputs for N examples by networks that have not seen them, and for M others by all F."""

    folds: Rows
    """The fold in which each example was held out, `(N,)`."""
    outputs: NDArray[np.float32]
    """`(N, K)`."""
    embeddings: NDArray[np.float16]
    """`(N, D)`; comparable only within a fold, since each fold has its own network."""
    others: NDArray[np.float32]
    """`(F, M, K)`."""
    others_embeddings: NDArray[np.float16]
    """Embeddings by the network of the first fold, `(M, D)`."""

    def table(self) -> pa.Table:
        """Convert to a table, which `OutOfFold.of` reads back.

        The N examples come first, then the M others, once for each network.
        """
        num_networks, num_others, num_outputs = self.others.shape
        folds = np.concatenate([self.folds, np.full(num_networks * num_others, NO_FOLD)])
        outputs = np.concatenate([self.outputs, self.others.reshape(-1, num_outputs)])
        seen = [self.embeddings, self.others_embeddings]
        embedded = binary_column(np.concatenate([part for part in seen if len(part)]))
        nothing = pa.nulls(len(folds) - len(embedded), embedded.type)
        columns = {
            "fold": pa.array(folds),
            "output": binary_column(outputs),
            "embedding": pa.chunked_array([embedded, nothing]),
        }
        return pa.table(columns).replace_schema_metadata({NUM_OTHERS: str(num_others)})

    @classmethod
    def of(cls, table: pa.Table) -> "OutOfFold":
        folds = table["fold"].to_numpy()
        outputs = numbers_of(table["output"], np.dtype(np.float32))
        num = int((folds != NO_FOLD).sum())
        num_others = int(table.schema.metadata[NUM_OTHERS])
        embedded = table["embedding"].slice(0, num + num_others)
        embeddings = numbers_of(embedded, np.dtype(np.float16))
        num_networks = len(np.unique(folds[:num]))
        return cls(
            folds[:num],
            outputs[:num],
            embeddings[:num],
            outputs[num:].reshape(num_networks, num_others, -1)
            if num_others
            else np.zeros((num_networks, 0, outputs.shape[1]), np.float32),
            embeddings[num:],
        )


def out_of_fold(
    quick: QuickNetwork,
    learnt: Rows,
    labels: Codes,
    keys: Keys,
    folds: Folds,
    others: Rows,
    *,
    recipe: Recipe,
    device: Device,
    checkpoints: Path | None = None,
    checkpoint_key: str = "",
    on_step: Callable[[int], object] = lambda num_examples: None,
    on_epoch: Callable[[str], object] = lambda which: None,
) -> OutOfFold:
    """Train one network for each fold, on the rest, each epoch on newly varied examples.

    The result has the examples that are predicted, in order.

    Args:
        learnt: rows of the N examples that networks learn from.
        labels: in the form of the column `y` of shards, `(N, ...)`.
        keys: keys of the ids, shape `(N,)`; see `id_keys`.
        others: rows of the M examples outside all folds.
        checkpoints: the folder of the state from which a stopped run resumes; `checkpoint_key`
            names all that the result depends on.
        on_step: called with every batch trained on.
        on_epoch: called when an epoch begins, with `fold 2 of 3, epoch 4 of 8`.
    """
    _refuse_too_few(folds)
    other_keys = np.arange(len(others), dtype=np.uint64)
    collected = _Collected(len(learnt))
    of_others = []
    others_embeddings = np.zeros((0, 0), np.float16)
    for number, (fold, mask) in enumerate(folds.learnt.items()):
        own = replace(recipe, seed=recipe.seed + fold)
        left_out, rest = np.flatnonzero(folds.asked == fold), np.flatnonzero(mask)
        kept = (
            Checkpoint(checkpoints / str(fold), f"{checkpoint_key} {recipe} {fold}")
            if checkpoints
            else None
        )
        torch.manual_seed(own.seed)
        network = quick.build()
        callbacks = FoldCallbacks(on_step, on_epoch, f"fold {number + 1} of {len(folds.learnt)}")
        train(network, quick, learnt[rest], labels[rest], keys[rest], own, device, kept, callbacks)
        collected.enter(
            left_out, *ask(network, quick, learnt[left_out], keys[left_out], recipe, device)
        )
        if len(others):
            outputs, embedded = ask(network, quick, others, other_keys, recipe, device)
            of_others.append(outputs)
            others_embeddings = embedded if number == 0 else others_embeddings
    nothing = np.zeros((len(folds.learnt), 0, collected.outputs.shape[1]), np.float32)
    answered = folds.asked != NO_FOLD
    return OutOfFold(
        folds.asked[answered],
        collected.outputs[answered],
        collected.embeddings[answered],
        np.stack(of_others) if of_others else nothing,
        others_embeddings,
    )


def _refuse_too_few(folds: Folds) -> None:
    """Raises BrokenDataset if a network would have nothing to learn from, or to predict."""
    fix = "bring more groups, or set clean.folds: 0"
    if not folds.learnt or any(not mask.any() for mask in folds.learnt.values()):
        raise BrokenDataset(
            "all examples fall into one fold of the label check: they are of one group or time, or "
            "too few",
            fix=fix,
        )
    if any(mask.sum() < 2 for mask in folds.learnt.values()):  # batch norm needs two examples
        raise BrokenDataset(
            "a fold of the label check leaves one example to train on: all others are of one "
            "group, or they are too few",
            fix=fix,
        )


@dataclass(frozen=True)
class FoldCallbacks:
    """Callbacks for the training of a fold."""

    on_step: Callable[[int], object]
    on_epoch: Callable[[str], object]
    fold: str


class _Collected:
    """Collects outputs and embeddings of N examples, fold by fold."""

    def __init__(self, num: int) -> None:
        self.num = num
        self.outputs = np.zeros((0, 0), np.float32)
        self.embeddings = np.zeros((0, 0), np.float16)

    def enter(self, rows: Rows, outputs: NDArray, embeddings: NDArray) -> None:
        if not self.outputs.size:
            self.outputs = np.zeros((self.num, outputs.shape[1]), np.float32)
            self.embeddings = np.zeros((self.num, embeddings.shape[1]), np.float16)
        self.outputs[rows], self.embeddings[rows] = outputs, embeddings


def train(
    network: nn.Module,
    quick: QuickNetwork,
    rows: Rows,
    labels: Codes,
    keys: Keys,
    recipe: Recipe,
    device: Device,
    checkpoint: Checkpoint | None,
    callbacks: FoldCallbacks,
) -> None:
    """Train a network on some rows; one that fits itself does so."""
    fit_itself = getattr(network, "fit", None)
    if fit_itself is not None:
        fit_itself(quick.inputs(rows), labels)
        callbacks.on_step(len(rows) * recipe.epochs)
        return

    def epoch_of(epoch: int) -> Examples:
        callbacks.on_epoch(f"{callbacks.fold}, epoch {epoch + 1} of {recipe.epochs}")
        seen = quick.vary(quick.inputs(rows), keys, epoch + 1, recipe.seed)
        return make_examples(seen, labels, np.ones(len(rows)))

    fit(
        network,
        recipe,
        epoch_of,
        None,
        quick.loss,
        device,
        settings=quick.loss_settings,
        checkpoint=checkpoint,
        on_step=callbacks.on_step,
    )


def ask(
    network: Any, quick: QuickNetwork, rows: Rows, keys: Keys, recipe: Recipe, device: Device
) -> tuple[NDArray[np.float32], NDArray[np.float16]]:
    """Mean outputs over views of some examples, and the embeddings of the originals."""
    seen = quick.inputs(rows)
    total, embedded = predict_and_embed(network, as_tensors(seen), device)
    for copy in range(1, quick.num_views):
        view = quick.vary(seen, keys, copy, recipe.seed)
        total += predict_and_embed(network, as_tensors(view), device)[0]
    total /= quick.num_views
    return total, embedded
