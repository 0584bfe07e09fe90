"""Out of fold: outputs of networks for examples that they have not seen, and their embeddings."""

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
    """How the network of a modality is built, what it sees, and by which loss it learns."""

    build: Callable[[], nn.Module]
    inputs: Callable[[Rows], Inputs]
    """Of some examples, by their rows."""
    vary: Callable[[Inputs, Keys, int, int], Inputs]
    """Another version of inputs by their keys, the number of the copy and a seed."""
    num_views: int
    """How many versions of an example each network is asked about."""
    loss: Loss
    loss_settings: Any


@dataclass(frozen=True)
class OutOfFold:
    """Outputs for N examples by the networks that have not seen them, and for M others by all F."""

    folds: Rows
    """The fold that each example was left out in, `(N,)`."""
    outputs: NDArray[np.float32]
    """`(N, K)`."""
    embeddings: NDArray[np.float16]
    """`(N, D)`; comparable within a fold alone, since each has a network of its own."""
    others: NDArray[np.float32]
    """`(F, M, K)`."""
    others_embeddings: NDArray[np.float16]
    """By the network of the first fold, `(M, D)`."""

    def table(self) -> pa.Table:
        """All of it as a table; `OutOfFold.of` brings it back.

        The N examples come first, then the M others as often as there are networks.
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

    The result is of the examples that a network is asked about, in order.

    Args:
        learnt: rows of the N examples that networks learn from.
        labels: as column `y` of shards, `(N, ...)`.
        keys: of the ids, shape `(N,)`; see `id_keys`.
        others: rows of the M examples outside all folds.
        checkpoints: a folder in which a run that is stopped leaves its state, to go on from there;
            `checkpoint_key` names all that the result depends on.
        on_step: hears of every batch trained on.
        on_epoch: hears which epoch begins: `fold 2 of 3, epoch 4 of 8`.
    """
    _refuse_too_few(folds)
    other_keys = np.arange(len(others), dtype=np.uint64)
    asked = _Asked(len(learnt))
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
        heard = Heard(on_step, on_epoch, f"fold {number + 1} of {len(folds.learnt)}")
        train(network, quick, learnt[rest], labels[rest], keys[rest], own, device, kept, heard)
        asked.enter(
            left_out, *ask(network, quick, learnt[left_out], keys[left_out], recipe, device)
        )
        if len(others):
            outputs, embedded = ask(network, quick, others, other_keys, recipe, device)
            of_others.append(outputs)
            others_embeddings = embedded if number == 0 else others_embeddings
    nothing = np.zeros((len(folds.learnt), 0, asked.outputs.shape[1]), np.float32)
    answered = folds.asked != NO_FOLD
    return OutOfFold(
        folds.asked[answered],
        asked.outputs[answered],
        asked.embeddings[answered],
        np.stack(of_others) if of_others else nothing,
        others_embeddings,
    )


def _refuse_too_few(folds: Folds) -> None:
    """Raises BrokenDataset where a network would have nothing to learn from, or be asked."""
    fix = "bring more groups, or set clean.folds: 0"
    if not folds.learnt or any(not mask.any() for mask in folds.learnt.values()):
        raise BrokenDataset(
            "all examples fall into one fold of the label check: they are of one group or time, or "
            "too few",
            fix=fix,
        )
    if any(mask.sum() < 2 for mask in folds.learnt.values()):  # batch norm needs two
        raise BrokenDataset(
            "a fold of the label check leaves one example to train on: all others are of one "
            "group, or they are too few",
            fix=fix,
        )


@dataclass(frozen=True)
class Heard:
    """Who hears of the training of a fold."""

    on_step: Callable[[int], object]
    on_epoch: Callable[[str], object]
    fold: str


class _Asked:
    """Outputs and embeddings of N examples, which come fold by fold."""

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
    heard: Heard,
) -> None:
    """Train a network on some rows, unless it fits itself."""
    fit_itself = getattr(network, "fit", None)
    if fit_itself is not None:
        fit_itself(quick.inputs(rows), labels)
        heard.on_step(len(rows) * recipe.epochs)
        return

    def epoch_of(epoch: int) -> Examples:
        heard.on_epoch(f"{heard.fold}, epoch {epoch + 1} of {recipe.epochs}")
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
        on_step=heard.on_step,
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
