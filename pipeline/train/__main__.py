"""Train: fit a network to the shards; the best epoch on validation becomes the model.

reads   data/shards/ (train and val), models/start/ or weights that others publish
writes  models/model.safetensors and model.json, models/training.parquet (a row per epoch),
        models/speed.parquet (times of epochs, the only output that differs from run to run),
        reports/training.json; live curves in dvclive/ meanwhile
params  modality, target, seed, model, optimizer, lr, batch_size, epochs, train

Several processes train one network where `train.processes` says so, or where torchrun starts them:
`torchrun --nproc-per-node=N -m pipeline.train`. The first of them alone writes.
"""

from dataclasses import asdict, replace
from typing import Any

import torch

from pipeline.dataset.places import SHARDS
from pipeline.dataset.shards.reader import ShardReader
from pipeline.learning.batches import make_examples
from pipeline.learning.device import choose_device
from pipeline.learning.fitting.checkpoint import Checkpoint
from pipeline.learning.fitting.loop import Fit, fit
from pipeline.learning.fitting.ranks import join_ranks
from pipeline.learning.fitting.recipe import Recipe
from pipeline.learning.model_file import save_model
from pipeline.modalities.opening import open_network
from pipeline.runtime.errors import SettingsError, TrainingError
from pipeline.runtime.process import world
from pipeline.runtime.stage import WORK_DIR, Stage, run_stage
from pipeline.targets.opening import open_labels, open_loss
from pipeline.train.alone import fit_itself, fits_itself
from pipeline.train.history import write_history, write_speed
from pipeline.train.launch import launch_ranks
from pipeline.train.live import live_curves
from pipeline.train.params import TrainParams, added_settings, recipe_of, train_params
from pipeline.train.streaming import training_epochs
from pipeline.train.transfer import Start, check_strategy, find_start, take_over


def main(stage: Stage[TrainParams]) -> None:
    params = stage.params
    check_strategy(params.train.weights, params.train.finetune, params.epochs)
    if params.train.processes > 1 and world().size == 1:
        launch_ranks("train", params.train.processes)
    reader = ShardReader(SHARDS)
    networks, loss = open_network(params.modality), open_loss(params.target)
    num_outputs = open_labels(params.target).num_outputs(reader.target)
    large = networks.gains_by_bf16(reader.preparation)
    device = choose_device(params.train.device, params.train.precision, large)
    weights = params.train.weights
    start = find_start(
        weights, model=params.model, modality=params.modality, preparation=reader.preparation
    )
    torch.manual_seed(params.seed)
    network = networks.build(params.model, start.preparation, num_outputs, params.train)
    if world().local_rank == 0:
        reader.verify(["train", "val"])
    message = take_over(
        network, start, weights, model=params.model, target=reader.target, num_outputs=num_outputs
    )
    start = replace(start, tensors={})  # they take memory
    recipe = recipe_of(params, params.seed)
    check_numbers(reader, recipe)
    num_parameters = sum(p.numel() for p in network.parameters())
    num_train = reader.num_examples("train")
    where = f"{device}, {world().size} processes" if world().size > 1 else f"{device}"
    stage.say(f"{params.model}, {num_parameters:,} parameters, {num_train} examples, on {where}")
    if message:
        stage.say(message)
    if recipe.batch_size >= num_train:
        stage.say(
            f"batch_size {recipe.batch_size} is more than the {num_train} training examples: "
            f"each epoch is one step, {recipe.epochs} in all"
        )

    if fits_itself(network):
        fitted = fit_itself(network, reader, loss, device, params.seed)
        if stage.writes:
            write(stage, network, reader, recipe, fitted, start)
        return

    checkpoint = None
    if stage.writes:
        key = f"{stage.inputs_digest()} {start.about} {torch.__version__} {where}"
        checkpoint = Checkpoint(WORK_DIR / "train", key)
        if checkpoint.path.exists():
            stage.say("goes on where an earlier run was stopped")
    with (
        join_ranks(device) as ranks,
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
    if checkpoint is not None:
        write(stage, network, reader, recipe, fitted, start)
        stage.publish()  # before the checkpoint goes: killed between the two, nothing is lost
        checkpoint.clear()


def check_numbers(reader: ShardReader, recipe: Recipe) -> None:
    """Raises TrainingError or SettingsError for fewer examples than training needs."""
    num_train, num_val = reader.num_examples("train"), reader.num_examples("val")
    least = 2 * world().size  # batch norm needs two on each rank
    if num_train < least or num_val < 1:
        raise TrainingError(
            f"{SHARDS} has {num_train} training and {num_val} validation examples, "
            f"expected at least {least} and 1",
            fix="bring more data, or change `split` in the catalog entry",
        )
    if recipe.batch_size < least:
        raise SettingsError(
            f"batch_size is {recipe.batch_size}, which {world().size} processes share: "
            "each needs two examples",
            fix=f"set batch_size: {least} at least, or start fewer processes",
        )


def write(
    stage: Stage[TrainParams],
    network: torch.nn.Module,
    reader: ShardReader,
    recipe: Recipe,
    fitted: Fit,
    start: Start,
) -> None:
    """Write the model and the history of its training."""
    best, shown = fitted.history[fitted.best_epoch - 1], open_loss(stage.params.target).SHOWN
    description = describe(stage, reader, recipe, start) | {
        "best_epoch": fitted.best_epoch,
        shown: round(best[shown], 6),
        "num_train": reader.num_examples("train"),
        "inputs_sha256": stage.inputs_digest(),
    }
    weights = stage.output("models/model.safetensors")
    save_model(network, weights, stage.output("models/model.json"), description)
    write_history(stage.output("models/training.parquet"), fitted.history)
    write_speed(stage.output("models/speed.parquet"), fitted.speed)
    stage.write_report(
        "reports/training.json",
        {
            "best_epoch": fitted.best_epoch,
            shown: best[shown],
            "val_loss": best["val_loss"],
            "epochs_run": len(fitted.history),
        },
    )
    stage.say(
        f"best epoch {fitted.best_epoch} of {len(fitted.history)}, "
        f"validation {shown.removeprefix('val_').replace('_', ' ')} {best[shown]:.4f}"
    )


def describe(
    stage: Stage[TrainParams], reader: ShardReader, recipe: Recipe, start: Start
) -> dict[str, Any]:
    """The part of model.json that is known before training."""
    return {
        "dataset": reader.index["dataset"],
        "license": reader.index["license"],
        "model": stage.params.model,
        "recipe": asdict(recipe) | added_settings(stage.params),
        "processes": world().size,
        "modality": reader.modality,
        "preparation": start.preparation,
        "target_kind": reader.target_kind,
        "target": reader.target,
        **start.about,
    }


if __name__ == "__main__":
    run_stage("train", main, train_params, distributed=True)
