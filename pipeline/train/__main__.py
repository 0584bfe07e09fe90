"""Train: fit a network to the shards; the best epoch on validation becomes the model.

reads   data/shards/ (train and val), models/start/ or what torchvision publishes
writes  models/model.safetensors and model.json, models/training.parquet (a row per epoch),
        models/speed.parquet (times of epochs, the only output that differs from run to run),
        reports/training.json; live curves in dvclive/ meanwhile
params  seed, model, optimizer, lr, batch_size, epochs, train

Several processes train one network where `train.processes` says so, or where torchrun starts them:
`torchrun --nproc-per-node=N -m pipeline.train`. The first of them alone writes.
"""

from dataclasses import asdict
from typing import Any

import torch

from pipeline.dataset.places import SHARDS
from pipeline.dataset.shard_reader import ShardReader
from pipeline.learning.batches import make_examples
from pipeline.learning.device import choose_device
from pipeline.learning.fitting.checkpoint import Checkpoint
from pipeline.learning.fitting.loop import Fit, fit
from pipeline.learning.fitting.ranks import join_ranks
from pipeline.learning.fitting.recipe import Recipe
from pipeline.learning.model_file import save_model
from pipeline.modalities.images.network.networks import build_network, check_image_shape
from pipeline.modalities.images.network.on_device import Normalizer, scaled_size
from pipeline.runtime.errors import SettingsError, TrainingError
from pipeline.runtime.process import world
from pipeline.runtime.stage import WORK_DIR, Stage, run_stage
from pipeline.train.history import write_history, write_speed
from pipeline.train.launch import launch_ranks
from pipeline.train.live import live_curves
from pipeline.train.params import TrainParams, recipe_of, train_params
from pipeline.train.streaming import training_epochs
from pipeline.train.transfer import Start, check_strategy, start_training


def main(stage: Stage[TrainParams]) -> None:
    params = stage.params
    check_strategy(params.train.weights, params.train.finetune, params.epochs)
    if params.train.processes > 1 and world().size == 1:
        launch_ranks("train", params.train.processes)
    reader = ShardReader(SHARDS)
    device = choose_device(params.train.device, params.train.precision, reader.shape)
    torch.manual_seed(params.seed)
    network = build_network(params.model, reader.shape, len(reader.classes))
    if world().local_rank == 0:
        reader.verify(["train", "val"])
    start = start_training(
        network,
        params.train.weights,
        model=params.model,
        shape=reader.shape,
        classes=reader.classes,
        mean=reader.index["mean"],
        std=reader.index["std"],
    )
    recipe = recipe_of(params, params.seed)
    check_numbers(reader, recipe)
    for smaller in recipe.progressive:
        height, width = scaled_size(*reader.shape[:2], smaller.scale)
        check_image_shape(network, params.model, (height, width, reader.shape[2]))
    num_parameters = sum(p.numel() for p in network.parameters())
    num_train = reader.num_examples("train")
    where = f"{device}, {world().size} processes" if world().size > 1 else f"{device}"
    stage.say(f"{params.model}, {num_parameters:,} parameters, {num_train} images, on {where}")
    if start.message:
        stage.say(start.message)

    checkpoint = None
    if stage.writes:
        key = f"{stage.inputs_digest()} {start.about} {torch.__version__} {where}"
        checkpoint = Checkpoint(WORK_DIR / "train", key)
        if checkpoint.path.exists():
            stage.say("goes on where an earlier run was stopped")
    with (
        join_ranks(device) as ranks,
        live_curves(stage, recipe.epochs) as log,
        stage.progress_bar(num_train * recipe.epochs, "image") as bar,
    ):
        fitted = fit(
            network,
            recipe,
            training_epochs(reader, params.train.memory_mb * 1e6, ranks.share, recipe.epochs),
            make_examples(*reader.read_rows("val", 0)),
            Normalizer(start.mean, start.std, device.kind),
            device,
            checkpoint=checkpoint,
            ranks=ranks,
            on_step=bar.update,
            on_epoch=lambda row: bar.set_postfix_str(log(row)),
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
            "each needs two images",
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
    best = fitted.history[fitted.best_epoch - 1]
    description = describe(stage, reader, recipe, start) | {
        "best_epoch": fitted.best_epoch,
        "val_accuracy": round(best["val_accuracy"], 6),
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
            "val_accuracy": best["val_accuracy"],
            "val_loss": best["val_loss"],
            "epochs_run": len(fitted.history),
        },
    )
    stage.say(
        f"best epoch {fitted.best_epoch} of {len(fitted.history)}, "
        f"validation accuracy {best['val_accuracy']:.4f}"
    )


def describe(
    stage: Stage[TrainParams], reader: ShardReader, recipe: Recipe, start: Start
) -> dict[str, Any]:
    """The part of model.json that is known before training."""
    settings = {
        "transforms": [transform.model_dump() for transform in recipe.transforms],
        "progressive": [smaller.model_dump() for smaller in recipe.progressive],
    }
    return {
        "dataset": reader.index["dataset"],
        "license": reader.index["license"],
        "model": stage.params.model,
        "recipe": asdict(recipe) | settings,
        "processes": world().size,
        "shape": reader.shape,
        "resize": reader.index["resize"],
        "classes": reader.classes,
        "mean": start.mean,
        "std": start.std,
        **start.about,
    }


if __name__ == "__main__":
    run_stage("train", main, train_params, distributed=True)
