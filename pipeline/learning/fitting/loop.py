"""The training loop: fit a network, keep the best epoch on validation, resume after a crash.

A run is a function of its recipe and its examples alone: the order of an epoch, and the numbers
that a network draws in a step, follow from (seed, epoch, step). On a CPU a resumed run ends in the
same bits as an uninterrupted one; with three or more processes only if it was stopped between
epochs, since DDP adds their gradients in another order in its first step.

The loop knows no network by its type. Methods that one may have besides `forward`, such as
`look_at`, `begin_epoch` and `vary`, are in modalities/protocols/network.py.
"""

import copy
import gc
import time
import weakref
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from pipeline.learning.batches import Epochs, EpochSource, Examples, InMemory, on_device
from pipeline.learning.device import Device
from pipeline.learning.fitting.checkpoint import Checkpoint
from pipeline.learning.fitting.finetuning import FineTuning
from pipeline.learning.fitting.finite import FiniteGuard
from pipeline.learning.fitting.memory import run_in_memory
from pipeline.learning.fitting.optimizers import make_optimizer
from pipeline.learning.fitting.ranks import ONE_RANK, Ranks
from pipeline.learning.fitting.recipe import Recipe, schedule
from pipeline.learning.fitting.selection import is_best, score_epoch, should_stop
from pipeline.learning.fitting.step import TrainingStep
from pipeline.modalities.protocols.network import Moment
from pipeline.targets.protocols.loss import Loss


@dataclass
class Fit:
    """The result of training, besides the weights."""

    history: list[dict[str, float]] = field(default_factory=list)
    """One row per epoch: epoch (from 1), lr, train_loss and other figures of the loss, such as
    train_accuracy, then the same of validation, such as val_loss."""
    best_epoch: int = 0
    speed: list[dict[str, float]] = field(default_factory=list)
    """One row per epoch: epoch (from 1), num_examples of all ranks, seconds of its steps; of an
    epoch that was resumed only the part since then."""
    num_examples: int = 0
    """Examples trained on since this process started, by all ranks; fewer than in the whole run if
    it was resumed."""
    seconds: float = 0.0
    """Time that this process spent in training steps."""


def fit(
    network: nn.Module,
    recipe: Recipe,
    epochs: Epochs,
    validation: Examples | None,
    loss: Loss,
    device: Device,
    *,
    settings: Any = None,
    checkpoint: Checkpoint | None = None,
    ranks: Ranks = ONE_RANK,
    on_step: Callable[[int], object] = lambda num_examples: None,
    on_epoch: Callable[[dict[str, float]], object] = lambda row: None,
) -> Fit:
    """Train `network` in place; it ends with the weights of its best epoch on `validation`.

    The best epoch is the first one of the greatest score (`Loss.score`). Without `validation` it
    is the last. `settings` are those of the loss, None for its defaults. `on_step` is called after
    every batch, `on_epoch` after every epoch, including those restored from a checkpoint.

    Several `ranks` call it with the same arguments and end with the same weights; only the first
    has a `checkpoint`, and streaming sources know their share.

    Raises:
        TrainingError: a loss, gradient or weight is no longer a finite number (finite.py), or
            memory is too small for a batch (memory.py).
    """
    run = _Run(network, recipe, loss, device, settings, ranks)
    saved = ranks.from_first(checkpoint.load("cpu") if checkpoint else None, device)
    if saved is not None:
        run.restore(saved)
        for row in run.fitted.history:
            on_epoch(row)
    first_epoch = run.epoch
    while not run.is_over:
        source = run.open(epochs(run.epoch))
        if run.epoch == first_epoch:  # progress restored from the checkpoint
            on_step(first_epoch * source.num_examples + run.examples_behind(source))
        for num in run.steps(source):
            on_step(num)
            if checkpoint is not None and run.step and checkpoint.due():
                run.guard.check_all()
                checkpoint.save(run.state())
        del source  # before those of the next epoch are read
        run.end_epoch(validation)
        if checkpoint is not None and checkpoint.due(after_epoch=True):
            checkpoint.save(run.state())
        on_epoch(run.fitted.history[-1])
    run.end()
    return run.fitted


class _Run:
    """A training run in progress; `state` is what a checkpoint must keep of it."""

    def __init__(
        self,
        network: nn.Module,
        recipe: Recipe,
        loss: Loss,
        device: Device,
        settings: Any,
        ranks: Ranks,
    ) -> None:
        torch.backends.cudnn.benchmark = not recipe.deterministic
        torch.use_deterministic_algorithms(recipe.deterministic, warn_only=True)
        torch.set_float32_matmul_precision("high")
        network.to(device.kind, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.network, self.recipe = network, recipe
        self.loss, self.settings = loss, settings
        self.device, self.ranks = device, ranks
        self.tuning = FineTuning(network, recipe.finetune, recipe.epochs)
        self.optimizer = make_optimizer(
            recipe.optimizer,
            network,
            depths=self.tuning.depths,
            layer_decay=recipe.layer_decay if recipe.finetune == "layerwise" else 1.0,
            lr=recipe.lr,
            weight_decay=recipe.weight_decay,
            batch_size=recipe.batch_size,
            fused=device.kind in ("cpu", "cuda"),
            bf16=device.bf16,
        )
        self.guard = FiniteGuard(network, device, lr=recipe.lr, optimizer=recipe.optimizer)
        self.guard.protect(self.optimizer)
        self.totals = torch.zeros(2 + len(loss.COUNTED), device=device.kind)
        self.fitted = Fit()
        self.best: dict[str, Tensor] = {}
        self.moved: tuple[weakref.ref[Tensor], Examples] | None = None
        """The examples last moved to the GPU, and their copy there."""
        self.epoch = self.step = 0
        """The next epoch and step; both count from 0."""
        self.lr_factor = 0.0
        self.train_step = TrainingStep(
            network,
            self.optimizer,
            loss,
            settings,
            device,
            self.guard,
            self.totals,
            ranks,
        )
        self.trial = self.train_step.single_rank_copy(network)

    def state(self) -> dict[str, Any]:
        return {
            "network": self.network.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "best": self.best,
            "totals": self.totals,
            "history": self.fitted.history,
            "speed": self.fitted.speed,
            "best_epoch": self.fitted.best_epoch,
            "epoch": self.epoch,
            "step": self.step,
        }

    def restore(self, saved: dict[str, Any]) -> None:
        self.network.load_state_dict(saved["network"])
        self.optimizer.load_state_dict(saved["optimizer"])
        self.best = saved["best"]
        self.totals.copy_(saved["totals"])
        self.fitted.history, self.fitted.best_epoch = saved["history"], saved["best_epoch"]
        self.fitted.speed = saved["speed"]
        self.epoch, self.step = saved["epoch"], saved["step"]

    @property
    def is_over(self) -> bool:
        return self.epoch >= self.recipe.epochs or should_stop(
            self.fitted.history, self.fitted.best_epoch, self.recipe.patience
        )

    def open(self, source: Examples | EpochSource) -> EpochSource:
        """The source of an epoch; before the first step the network may look at a sample of it."""
        if isinstance(source, Examples):
            source = InMemory(self.on_device(source), self.ranks.share)
        num_looked_at = getattr(self.network, "num_looked_at", 0)
        if num_looked_at and self.epoch == self.step == 0:
            sample = source.sample(num_looked_at)
            look_at: Any = self.network.look_at
            look_at({name: values.to(self.device.kind) for name, values in sample.items()})
            self.ranks.copy_first(self.network)
        return source

    def on_device(self, examples: Examples) -> Examples:
        """Move examples to the GPU, if they fit; unchanged ones are copied once."""
        known_by = next(iter(examples.inputs.values()))
        if self.moved is None or self.moved[0]() is not known_by:
            self.moved = None  # free the old copy first
            there = on_device(examples, self.device)
            if there is not examples:
                self.moved = weakref.ref(known_by), there
            return there
        return self.moved[1]

    def examples_behind(self, source: EpochSource) -> int:
        """Number of examples in the earlier steps of this epoch."""
        return self.batches(source)[self.step][0]

    def batches(self, source: EpochSource) -> list[tuple[int, int]]:
        return self.ranks.share.batches(source.num_examples, self.recipe.batch_size)

    def steps(self, source: EpochSource) -> Iterator[int]:
        """Take the remaining steps of the epoch; yields the examples of each, over all ranks."""
        recipe, batches = self.recipe, self.batches(source)
        epoch, total = self.epoch, recipe.epochs * len(batches)
        started, num_before = time.perf_counter(), self.fitted.num_examples
        self.tuning.begin(epoch)
        if begin_epoch := getattr(self.network, "begin_epoch", None):
            begin_epoch(epoch / recipe.epochs)
        # Wrap again each epoch: fine-tuning may have changed which weights are trained.
        self.train_step.network = self.ranks.parallel(self.network, self.device)
        self.guard.begin(epoch, self.step)
        vary = getattr(self.network, "vary", None)
        for batch in source.batches(recipe.seed, epoch, recipe.batch_size, self.device, self.step):
            step, (begin, end) = self.step, batches[self.step]
            self.set_lr((epoch * len(batches) + step) / total, 1 / total)
            if vary:
                part = (*self.ranks.share.part(0, end - begin), end - begin)
                moment = Moment(recipe.seed, epoch, step, epoch / recipe.epochs, part)
                batch = batch._replace(inputs=vary(batch.inputs, moment))
            # Random numbers of a network differ between ranks, as they do between examples.
            drawn = (self.ranks.share.rank << 56) + (recipe.seed << 32)
            self.device.seed((drawn + epoch * len(batches) + step) % 2**64)
            run_in_memory(self.train_step, batch, self.try_batch, self.ranks.num)
            self.fitted.num_examples += end - begin
            self.step = (step + 1) % len(batches)
            yield end - begin
        self.ranks.copy_first(self.network)  # the statistics of batch norm
        self.guard.check_all()
        seconds = time.perf_counter() - started
        self.fitted.seconds += seconds
        num = self.fitted.num_examples - num_before
        self.fitted.speed.append({"epoch": epoch + 1, "num_examples": num, "seconds": seconds})

    def try_batch(self, batch: Examples) -> None:
        """Try a step in this process alone, without the other ranks."""
        self.train_step.network = self.network
        gc.collect()  # DDP, and its hooks on the gradients with it
        self.trial(batch)

    def set_lr(self, done: float, one_step: float) -> None:
        self.lr_factor = schedule(self.recipe.schedule, done, one_step)
        for group in self.optimizer.param_groups:
            group["lr"] = group["base_lr"] * self.lr_factor

    def end_epoch(self, validation: Examples | None) -> None:
        """Add the epoch's row to the history, and keep its weights if it is the best."""
        loss_sum, *counted, count = self.totals.tolist()
        self.totals.zero_()
        self.epoch += 1
        row = {
            "epoch": self.epoch,
            "lr": self.recipe.lr * self.lr_factor,
            "train_loss": loss_sum / count,
        }
        for name, total in zip(self.loss.COUNTED, counted, strict=True):
            row[f"train_{name}"] = total / count
        if validation is not None:
            row |= score_epoch(
                self.network, validation, self.loss, self.settings, self.device, self.ranks
            )
            self.guard.check_validation(row["val_loss"])
        history = self.fitted.history
        history.append(row)
        if validation is None or is_best(history, self.loss):
            self.fitted.best_epoch = self.epoch
            self.best = copy.deepcopy(self.network.state_dict())

    def end(self) -> None:
        """Leave the network with the weights of its best epoch."""
        self.tuning.end()
        self.network.load_state_dict(self.best)
