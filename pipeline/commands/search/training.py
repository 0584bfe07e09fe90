"""A training for a search: what `dvc exp run` would train, without its stages, and judged alike.

Reads the splits train and val of the shards, and no other.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from pipeline.dataset.places import SHARDS
from pipeline.dataset.shards.reader import ShardReader
from pipeline.learning.batches import Epochs, Examples, make_examples
from pipeline.learning.device import Device, choose_device
from pipeline.learning.fitting.loop import fit
from pipeline.modalities.opening import open_network
from pipeline.runtime.errors import SettingsError
from pipeline.targets.opening import open_loss
from pipeline.targets.protocols.loss import Loss
from pipeline.train.alone import fit_itself, fits_itself
from pipeline.train.building import build_network
from pipeline.train.checks import check_loss, check_numbers
from pipeline.train.params import TrainParams, recipe_of
from pipeline.train.streaming import training_epochs
from pipeline.train.transfer import check_strategy

OBJECTIVE = "val_loss"
Row = dict[str, float]
"""Figures of an epoch, as in the history of a training."""


class _JudgedAlike:
    """A loss that judges validation by the same settings, whatever those of a training are."""

    def __init__(self, loss: Loss, settings: Any) -> None:
        self._loss, self._settings = loss, settings

    def __getattr__(self, name: str) -> Any:
        return getattr(self._loss, name)

    def validate(self, outputs: Tensor, y: Tensor, settings: Any) -> dict[str, float]:
        return self._loss.validate(outputs, y, self._settings)


@dataclass(frozen=True)
class Trainer:
    """Shards and a device, for any number of trainings."""

    reader: ShardReader
    device: Device
    loss: Any
    epochs: Epochs
    validation: Examples

    @classmethod
    def open(cls, params: TrainParams) -> "Trainer":
        """Read validation; `params` are those that all trainings are compared with.

        Raises:
            SettingsError: they ask for several processes.
            MissingInput: the shards are not there, or damaged.
        """
        if params.train.processes > 1:
            raise SettingsError(
                "params.yaml: train.processes is more than 1, and a search trains in one: batch "
                "norm would see another part of a batch",
                fix="set train.processes: 1, and start the search once more on each GPU",
            )
        reader = ShardReader(SHARDS)
        reader.verify(["train", "val"])
        large = open_network(params.modality).gains_by_bf16(reader.preparation)
        device = choose_device(params.train.device, params.train.precision, large)
        loss = _JudgedAlike(open_loss(params.target), params.train)
        epochs = training_epochs(reader, params.train.memory_mb * 1e6)
        return cls(reader, device, loss, epochs, make_examples(*reader.read_rows("val", 0)))

    def train(self, params: TrainParams, on_epoch: Callable[[Row], object]) -> list[Row]:
        """Train once; the history, a row per epoch.

        Raises:
            SettingsError, TrainingError: as the stage train.
        """
        check_strategy(params.train.weights, params.train.finetune, params.epochs)
        check_loss(self.loss, self.reader, params)
        recipe = recipe_of(params, params.seed)
        check_numbers(self.reader, recipe)
        (name,) = open_network(params.modality).candidates(params.model)
        network = build_network(params, name, self.reader).network
        settings = params.train
        if fits_itself(network):
            seed = params.seed
            fitted = fit_itself(network, self.reader, self.loss, settings, self.device, seed)
            on_epoch(fitted.history[0])
        else:
            fitted = fit(
                network,
                recipe,
                self.epochs,
                self.validation,
                self.loss,
                self.device,
                settings=settings,
                on_epoch=on_epoch,
            )
        return fitted.history

    def report(self, history: list[Row]) -> dict[str, float]:
        """What reports/training.json says of a training, also of one that was stopped."""
        best = max(history, key=lambda row: self.loss.score(row))  # of equals the first
        return {
            "best_epoch": int(best["epoch"]),
            self.loss.SHOWN: round(best[self.loss.SHOWN], 6),
            OBJECTIVE: round(best[OBJECTIVE], 6),
            "epochs_run": len(history),
        }


def check_model(model: str, params: TrainParams) -> None:
    """Raises SettingsError for a name that stands for several networks."""
    names = open_network(params.modality).candidates(model)
    if len(names) > 1:
        raise SettingsError(
            f"model {model} tries {', '.join(names)} in each training",
            fix=f"set model to one of them in params.yaml, or let the search choose: model: "
            f"[{', '.join(names)}] in recipes/search.yaml",
        )
