"""What is refused before a training begins."""

from collections.abc import Sequence

from pipeline.dataset.places import SHARDS
from pipeline.dataset.shards.reader import ShardReader
from pipeline.learning.fitting.recipe import Recipe
from pipeline.runtime.errors import SettingsError, TrainingError
from pipeline.runtime.process import world
from pipeline.targets.protocols.loss import Loss
from pipeline.train.params import TrainParams


def check_loss(loss: Loss, reader: ShardReader, params: TrainParams) -> None:
    """Raises SettingsError where the settings of the loss do not fit the labels."""
    if problem := loss.problem_in(reader.target, params.train):
        raise SettingsError(f"params.yaml: {problem}", fix="change either, and dvc repro")


def check_candidates(names: Sequence[str], params: TrainParams) -> None:
    """Raises SettingsError where several networks are to start from the weights of one."""
    if len(names) > 1 and params.train.weights != "none":
        raise SettingsError(
            f"params.yaml: model {params.model} tries {', '.join(names)}, but train.weights is "
            f"{params.train.weights}, which is of one network",
            fix="set model to the network that the weights are of, or train.weights: none",
        )


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
