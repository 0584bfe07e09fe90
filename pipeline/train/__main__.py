"""Train: fit a network to the shards; the best epoch on validation becomes the model.

reads   data/shards/ (train and val), data/clean/ (times and groups, where a split is in time),
        models/start/ or published weights
writes  models/model.safetensors and model.json, models/baselines.safetensors (compared with every
        model), models/training.parquet (a row per epoch), models/speed.parquet (times of epochs,
        the only output that differs from run to run),
        reports/training.json; live curves in dvclive/ meanwhile
params  modality, target, seed, model, optimizer, lr, batch_size, epochs, train

With `train.processes`, or `torchrun --nproc-per-node=N -m pipeline.train`, several processes train
one network; only the first of them writes.
"""

from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, NamedTuple

import torch

from pipeline.dataset.arrays import Float64
from pipeline.dataset.places import MODELS, SHARDS
from pipeline.dataset.shards.reader import ShardReader
from pipeline.learning.baselines.fitting import (
    FILE,
    fit_baselines,
    takes_whole,
    write_baselines,
)
from pipeline.learning.baselines.timeline import Timeline, read_timeline
from pipeline.learning.batches import make_examples
from pipeline.learning.device import Device, choose_device
from pipeline.learning.fitting.checkpoint import Checkpoint
from pipeline.learning.fitting.loop import Fit, fit
from pipeline.learning.fitting.ranks import Ranks, join_ranks
from pipeline.learning.fitting.recipe import Recipe
from pipeline.learning.inference import predict
from pipeline.learning.model_file import save_model
from pipeline.modalities.opening import open_network
from pipeline.runtime.process import world
from pipeline.runtime.stage import WORK_DIR, Stage, run_stage
from pipeline.targets.opening import open_labels, open_loss
from pipeline.targets.protocols.loss import Loss
from pipeline.train.alone import fit_itself, fits_itself
from pipeline.train.building import build_network
from pipeline.train.checks import check_candidates, check_loss, check_numbers
from pipeline.train.choosing import choose, why
from pipeline.train.history import write_history, write_speed
from pipeline.train.launch import launch_ranks
from pipeline.train.leave_out import without_each_site
from pipeline.train.live import live_curves
from pipeline.train.params import TrainParams, added_settings, recipe_of, train_params
from pipeline.train.streaming import training_epochs
from pipeline.train.transfer import Start, check_strategy, strategy_for


def main(stage: Stage[TrainParams]) -> None:
    params = stage.params
    check_strategy(params.train.weights, params.train.finetune, params.epochs)
    if params.train.processes > 1 and world().size == 1:
        launch_ranks("train", params.train.processes)
    reader = ShardReader(SHARDS)
    networks, loss = open_network(params.modality), open_loss(params.target)
    names = networks.candidates(params.model)
    check_loss(loss, reader, params)
    check_candidates(names, params)
    if world().local_rank == 0:
        reader.verify(["train", "val"])
    knows_past = stage.writes and not takes_whole(params.target)
    timeline = read_timeline(["train", "val"]) if knows_past else None  # hours before its use
    recipe = recipe_for(params, reader)
    check_numbers(reader, recipe)
    large = networks.gains_by_bf16(reader.preparation)
    device = choose_device(params.train.device, params.train.precision, large)
    folders = {name: WORK_DIR / "train" / (name if len(names) > 1 else "") for name in names}
    with join_ranks(device) as ranks:
        tried = {
            name: train_one(stage, name, reader, recipe, device, ranks, folders[name])
            for name in names
        }
    losses = {}
    if len(names) > 1:
        losses = {n: losses_of(t.network, reader, loss, params, device) for n, t in tried.items()}
        stage.say(why(losses))
    if stage.writes:
        best = tried[choose(losses) if losses else names[0]]
        write(stage, best, reader, recipe, losses, timeline)
        stage.publish()  # before the checkpoints go: killed between the two, nothing is lost
        Checkpoint(WORK_DIR / "train", "").clear()


def recipe_for(params: TrainParams, reader: ShardReader) -> Recipe:
    """Return the hyperparameters, with the strategy of fine-tuning chosen if it is `auto`."""
    num_outputs = open_labels(params.target).num_outputs(reader.target)
    finetune, weights = params.train.finetune, params.train.weights
    strategy = strategy_for(finetune, weights, reader.num_examples("train"), num_outputs)
    return replace(recipe_of(params, params.seed), finetune=strategy)


class Trained(NamedTuple):
    """A network after its training."""

    name: str
    network: Any
    start: Start
    fitted: Fit

    @property
    def best(self) -> dict[str, float]:
        """The row of the best epoch."""
        return self.fitted.history[self.fitted.best_epoch - 1]


def train_one(
    stage: Stage[TrainParams],
    name: str,
    reader: ShardReader,
    recipe: Recipe,
    device: Device,
    ranks: Ranks,
    folder: Path,
) -> Trained:
    """Build the network `name` and train it; checkpoints are kept in `folder`."""
    params, loss = stage.params, open_loss(stage.params.target)
    network, start, message = build_network(params, name, reader)
    num_parameters = sum(p.numel() for p in network.parameters())
    size = f"{num_parameters:,} parameters, " if num_parameters else ""  # trees have none
    num_train = reader.num_examples("train")
    where = f"{device}, {world().size} processes" if world().size > 1 else f"{device}"
    stage.say(f"{name}, {size}{num_train} examples, on {where}")
    if message:
        stage.say(message)
    if fits_itself(network):
        fitted = fit_itself(network, reader, loss, params.train, device, params.seed)
        return Trained(name, network, start, fitted)
    if recipe.batch_size >= num_train:
        stage.say(
            f"batch_size {recipe.batch_size} is more than the {num_train} training examples: "
            f"each epoch is one step, {recipe.epochs} in all"
        )
    checkpoint = None
    if stage.writes:
        key = f"{stage.inputs_digest()} {name} {start.about} {torch.__version__} {where}"
        checkpoint = Checkpoint(folder, key)
        if checkpoint.path.exists():
            stage.say("goes on where an earlier run was stopped")
    with (
        live_curves(stage, recipe.epochs, loss) as log,
        stage.progress_bar(num_train * recipe.epochs, "example") as bar,
    ):
        fitted = fit(
            network,
            recipe,
            training_epochs(reader, params.train.memory_mb * 1e6, ranks.share, recipe.epochs),
            make_examples(*reader.read_rows("val", 0)),
            loss,
            device,
            settings=params.train,
            checkpoint=checkpoint,
            ranks=ranks,
            on_step=bar.update,
            on_epoch=lambda row: bar.describe(log(row)),
        )
    return Trained(name, network, start, fitted)


def losses_of(
    network: torch.nn.Module, reader: ShardReader, loss: Loss, params: TrainParams, device: Device
) -> Float64:
    """Return the loss of each validation example, `(N,)`."""
    inputs, y, _ = make_examples(*reader.read_rows("val", 0))
    outputs = torch.from_numpy(predict(network, inputs, device))
    return loss.losses(outputs, y, params.train).double().numpy()


def write(
    stage: Stage[TrainParams],
    trained: Trained,
    reader: ShardReader,
    recipe: Recipe,
    losses: Mapping[str, Float64],
    timeline: Timeline | None,
) -> None:
    """Write the model and the history of its training.

    Args:
        losses: validation losses of all candidates, by name; empty if there was one network.
        timeline: times of train and val, for baselines in time.
    """
    fitted, best, shown = trained.fitted, trained.best, open_loss(stage.params.target).SHOWN
    chosen = {}
    if losses:
        means = {name: round(float(each.mean()), 6) for name, each in losses.items()}
        chosen = {"candidates": means}
    description = describe(stage, trained, reader, recipe) | {
        "best_epoch": fitted.best_epoch,
        shown: round(best[shown], 6),
        **chosen,
        "num_train": reader.num_examples("train"),
        "inputs_sha256": stage.inputs_digest(),
    }
    weights = stage.output("models/model.safetensors")
    save_model(trained.network, weights, stage.output("models/model.json"), description)
    write_baselines(stage.output(str(MODELS / FILE)), fit_baselines(reader, timeline))
    write_history(stage.output("models/training.parquet"), fitted.history)
    write_speed(stage.output("models/speed.parquet"), fitted.speed)
    stage.write_report(
        "reports/training.json",
        {
            "best_epoch": fitted.best_epoch,
            shown: best[shown],
            "val_loss": best["val_loss"],
            "epochs_run": len(fitted.history),
            **without_each_site(stage, trained.name, reader, recipe),
        },
    )
    stage.say(
        f"best epoch {fitted.best_epoch} of {len(fitted.history)}, "
        f"validation {shown.removeprefix('val_').replace('_', ' ')} {best[shown]:.4f}"
    )


def describe(
    stage: Stage[TrainParams], trained: Trained, reader: ShardReader, recipe: Recipe
) -> dict[str, Any]:
    """Return the part of model.json that is known before training."""
    return {
        "dataset": reader.index["dataset"],
        "license": reader.index["license"],
        "model": trained.name,
        "recipe": asdict(recipe) | added_settings(stage.params),
        "processes": world().size,
        "modality": reader.modality,
        "preparation": trained.start.preparation,
        "target_kind": reader.target_kind,
        "target": reader.target,
        **trained.start.about,
    }


if __name__ == "__main__":
    run_stage("train", main, train_params, distributed=True)
