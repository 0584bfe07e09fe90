"""A training in a process of its own, which dies when it is told to."""

import os
import resource
import signal
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn

from pipeline.learning.fitting.checkpoint import Checkpoint
from pipeline.learning.model_file import save_model
from pipeline.modalities.images.encode.settings import Flip, Translate
from pipeline.modalities.images.network.networks import build_network
from pipeline.modalities.images.network.settings import Progressive
from tests.support.dying.sitecustomize import die_at
from tests.support.toy import Toy
from tests.support.training import every_epoch

EPOCHS, STEPS_PER_EPOCH, BATCH_SIZE = 5, 12, 4
STEPS = EPOCHS * STEPS_PER_EPOCH
LIMIT_BYTES = 5_000  # less than a checkpoint has

Death = Callable[[int], None]
"""Hears the number of each step, from 1, when it is done and a checkpoint may be next."""


def small_network() -> nn.Module:
    """Batch norm has a state of its own, and dropout draws in every step."""
    return nn.Sequential(
        nn.Conv2d(1, 6, 3),
        nn.BatchNorm2d(6),
        nn.ReLU(),
        nn.AdaptiveAvgPool2d(2),
        nn.Flatten(),
        nn.Dropout(0.2),
        nn.Linear(24, 4),
    )


@dataclass(frozen=True)
class Training:
    """What is trained, and after how many steps a checkpoint is written."""

    model: str
    optimizer: str
    lr: float
    saved_after: int

    def run(self, folder: Path, death: Death | None = None) -> None:
        """Write model.safetensors and model.json, with the history, unless it dies before.

        The file `steps` has the numbers of all steps done, after the one from which it went on;
        a line is written at once, so it is there after a death too.
        """
        toy = Toy()
        examples = toy.examples(STEPS_PER_EPOCH * BATCH_SIZE)
        large = examples.inputs["x"].repeat_interleave(2, 1).repeat_interleave(2, 2)
        examples = examples._replace(inputs={"x": large})
        every_seconds = 0 if self.saved_after == 1 else 1000
        torch.manual_seed(0)
        small = self.model == "small"
        network = small_network() if small else build_network(self.model, (8, 8, 1), 4)
        seen = 0
        with (folder / "steps").open("w", buffering=1) as steps:

            def on_step(num_examples: int) -> None:
                nonlocal seen
                seen += num_examples
                steps.write(f"{seen // BATCH_SIZE}\n")
                if death is not None:
                    death(seen // BATCH_SIZE)

            fitted = toy.fit(
                network,
                toy.recipe(
                    optimizer=self.optimizer,
                    lr=self.lr,
                    batch_size=BATCH_SIZE,
                    epochs=EPOCHS,
                ),
                every_epoch(examples),
                examples,
                seeing={
                    "transforms": (Flip(name="flip"), Translate(name="translate", fraction=0.25)),
                    "progressive": (Progressive(until=0.4, scale=0.5),),
                },
                checkpoint=Checkpoint(folder / "checkpoints", "key", every_seconds),
                on_step=on_step,
            )
        save_model(
            network,
            folder / "model.safetensors",
            folder / "model.json",
            {"history": fitted.history, "best_epoch": fitted.best_epoch},
        )


@dataclass(frozen=True)
class Kill:
    """SIGKILL after a step, or when a function is called for the first time after it."""

    step: int
    function: str = ""

    def __call__(self, step: int) -> None:
        if step == self.step and self.function:
            die_at(self.function)
        elif step == self.step:
            os.kill(os.getpid(), signal.SIGKILL)


@dataclass(frozen=True)
class KillWithinWrite:
    """The kernel ends the process when a file that it writes after a step comes to LIMIT_BYTES."""

    step: int

    def __call__(self, step: int) -> None:
        if step == self.step:
            signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
            resource.setrlimit(resource.RLIMIT_FSIZE, (LIMIT_BYTES, LIMIT_BYTES))
