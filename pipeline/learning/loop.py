"""The training loop: fit a network, keep the best epoch on validation, resume after a crash.

A run is a function of its recipe and its examples alone: the order of an epoch, and whatever a
network draws in a step, follow from (seed, epoch, step). On a CPU a resumed run ends in the
same bits as one that was never disturbed.
"""

import copy
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from pipeline.learning.batches import (
    Epochs,
    Examples,
    InMemory,
    Normalizer,
    on_device,
)
from pipeline.learning.checkpoint import Checkpoint
from pipeline.learning.device import Device
from pipeline.learning.device_augment import augment_batch
from pipeline.learning.distributed import ONE_RANK, Ranks
from pipeline.learning.finetuning import FineTuning
from pipeline.learning.finite import FiniteGuard
from pipeline.learning.memory import run_in_memory
from pipeline.learning.optimizers import make_optimizer
from pipeline.learning.progressive import scale_at, shrink
from pipeline.learning.selection import is_best, should_stop, validate
from pipeline.learning.training_step import TrainingStep
from pipeline.learning.whitened import WhitenedCNN

WARMUP_FRACTION = 0.05  # of all steps, in which the learning rate rises from zero
WHITENED_FROM = 5000  # images that show how pixels vary


@dataclass(frozen=True)
class Recipe:
    """How to train; see pipeline/runtime/params.py for the meaning of each value."""

    optimizer: str
    lr: float
    batch_size: int
    epochs: int
    schedule: str
    weight_decay: float
    label_smoothing: float
    patience: int
    seed: int
    transforms: Sequence[Any] = ()
    """What happens to each batch on the device; see device_augment.py."""
    progressive: Sequence[Any] = ()
    """Which epochs see smaller images; see progressive.py."""
    views: str = "original"
    """How images are seen when they are classified; see inference.py."""
    finetune: str = "all"
    """What of the network is trained; see finetuning.py."""
    layer_decay: float = 1.0
    deterministic: bool = False
    """Whether a GPU must give the same bits every time, which costs speed; a CPU always does."""


@dataclass
class Fit:
    """What came of training."""

    history: list[dict[str, float]] = field(default_factory=list)
    """One row per epoch: epoch (from 1), lr, train_loss, train_accuracy, val_loss, val_accuracy."""
    best_epoch: int = 0
    num_images: int = 0
    """Images trained on since this process started, by all ranks; fewer than the run's when it was
    resumed."""
    seconds: float = 0.0
    """Time that this process spent in training steps."""


def fit(
    network: nn.Module,
    recipe: Recipe,
    epochs: Epochs,
    validation: Examples | None,
    normalize: Normalizer,
    device: Device,
    *,
    checkpoint: Checkpoint | None = None,
    ranks: Ranks = ONE_RANK,
    on_step: Callable[[int], object] = lambda num_images: None,
    on_epoch: Callable[[dict[str, float]], object] = lambda row: None,
) -> Fit:
    """Train `network` in place; it ends with the weights of its best epoch on `validation`.

    The best epoch is the most accurate, between equals the one of least loss, then the first.
    Without `validation` it is the last. `on_step` hears of every batch, `on_epoch` of every
    epoch, also of those that a checkpoint brings back.

    Several `ranks` call it with the same arguments and end with the same weights, but for
    `checkpoint`, which the first alone has, and sources that stream, which know their share.

    Raises:
        TrainingError: a loss, gradient or weight is no longer a finite number (finite.py), or
            memory is too small for a batch (memory.py).
    """
    torch.backends.cudnn.benchmark = not recipe.deterministic
    torch.use_deterministic_algorithms(recipe.deterministic, warn_only=True)
    torch.set_float32_matmul_precision("high")
    network.to(device.kind, memory_format=torch.channels_last)  # type: ignore[call-overload]
    tuning = FineTuning(network, recipe.finetune, recipe.epochs)
    optimizer = make_optimizer(
        recipe.optimizer,
        network,
        depths=tuning.depths,
        layer_decay=recipe.layer_decay if recipe.finetune == "layerwise" else 1.0,
        lr=recipe.lr,
        weight_decay=recipe.weight_decay,
        batch_size=recipe.batch_size,
        fused=device.kind in ("cpu", "cuda"),
        bf16=device.bf16,
    )
    guard = FiniteGuard(network, device, lr=recipe.lr, optimizer=recipe.optimizer)
    guard.protect(optimizer)
    totals = torch.zeros(3, device=device.kind)
    fitted, first_epoch, first_step = Fit(), 0, 0
    best: dict[str, Tensor] = {}

    def state(epoch: int, step: int) -> dict[str, Any]:
        return {
            "network": network.state_dict(),
            "optimizer": optimizer.state_dict(),
            "best": best,
            "totals": totals,
            "history": fitted.history,
            "best_epoch": fitted.best_epoch,
            "epoch": epoch,
            "step": step,
        }

    saved = ranks.from_first(checkpoint.load("cpu") if checkpoint else None, device)
    if saved is not None:
        network.load_state_dict(saved["network"])
        optimizer.load_state_dict(saved["optimizer"])
        best = saved["best"]
        totals.copy_(saved["totals"])
        fitted.history, fitted.best_epoch = saved["history"], saved["best_epoch"]
        first_epoch, first_step = saved["epoch"], saved["step"]
        for row in fitted.history:
            on_epoch(row)

    train_step = TrainingStep(
        network,
        optimizer,
        normalize,
        device,
        guard,
        recipe.label_smoothing,
        totals,
        ranks,
    )
    trial = train_step.by_itself(network)
    for epoch in range(first_epoch, recipe.epochs):
        if should_stop(fitted.history, fitted.best_epoch, recipe.patience):
            break
        source = epochs(epoch)
        if isinstance(source, Examples):
            source = InMemory(on_device(source, device), ranks.share)
        if isinstance(network, WhitenedCNN) and not network.is_whitened:
            network.whiten(normalize(source.first_images(WHITENED_FROM).to(device.kind)))
            ranks.copy_first(network)
        batches = ranks.share.batches(source.num_examples, recipe.batch_size)
        steps = len(batches)
        started = time.perf_counter()
        tuning.begin(epoch)
        if isinstance(network, WhitenedCNN):
            network.freeze_whitening(epoch / recipe.epochs)
        # Anew, since which weights have gradients may be another matter now.
        train_step.network = ranks.parallel(network, device)
        step = first_step
        scale = scale_at(recipe.progressive, epoch / recipe.epochs)
        guard.begin(epoch, step)
        if epoch == first_epoch:  # what the checkpoint brings back
            on_step(first_epoch * source.num_examples + batches[first_step][0])
        for batch in source.batches(recipe.seed, epoch, recipe.batch_size, device, first_step):
            num = batches[step][1] - batches[step][0]
            done = (epoch * steps + step) / (recipe.epochs * steps)
            factor = schedule(recipe.schedule, done, 1 / (recipe.epochs * steps))
            for group in optimizer.param_groups:
                group["lr"] = group["base_lr"] * factor
            images = augment_batch(
                batch.images,
                recipe.transforms,
                seed=recipe.seed,
                epoch=epoch,
                step=step,
                part=(*ranks.share.part(0, num), num),
            )
            batch = batch._replace(images=shrink(images, scale))
            # What a network draws differs between ranks, as it does between examples.
            drawn = (ranks.share.rank << 56) + (recipe.seed << 32) + epoch * steps + step
            torch.manual_seed(drawn % 2**64)
            run_in_memory(train_step, batch, trial, ranks.num)
            step += 1
            fitted.num_images += num
            on_step(num)
            if checkpoint is not None and step < steps and checkpoint.due():
                guard.check_all()
                checkpoint.save(state(epoch, step))
        ranks.copy_first(network)  # batch norm's statistics, which each has its own of
        guard.check_all()
        loss_sum, right, count = totals.tolist()
        fitted.seconds += time.perf_counter() - started
        del source  # before the next epoch's are read
        totals.zero_()
        first_step = 0
        row = {
            "epoch": epoch + 1,
            "lr": recipe.lr * factor,
            "train_loss": loss_sum / count,
            "train_accuracy": right / count,
        }
        if validation is not None:
            row |= validate(network, validation, normalize, device, recipe.views, ranks)
            guard.check_validation(row["val_loss"])
        fitted.history.append(row)
        if validation is None or is_best(fitted.history):
            fitted.best_epoch = epoch + 1
            best = copy.deepcopy(network.state_dict())
        if checkpoint is not None:
            checkpoint.save(state(epoch + 1, 0))
        on_epoch(row)
    tuning.end()
    network.load_state_dict(best)
    return fitted


def schedule(name: str, done: float, one_step: float) -> float:
    """Factor of the learning rate when a fraction `done` of all steps is behind, 0 to 1."""
    if done < WARMUP_FRACTION:
        return (done + one_step) / (WARMUP_FRACTION + one_step)
    after = (done - WARMUP_FRACTION) / (1 - WARMUP_FRACTION)
    if name == "cosine":
        return (1 + math.cos(math.pi * after)) / 2
    return 1 - after if name == "linear" else 1.0
