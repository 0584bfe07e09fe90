"""Parameters of train, and the recipe made of them."""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from pipeline.learning.fitting.recipe import Recipe
from pipeline.modalities.opening import modality_fields
from pipeline.modalities.start import starts_from
from pipeline.runtime.settings import Kind, Seed, Settings, with_fields
from pipeline.targets.opening import target_fields


class Train(Settings):
    device: Literal["auto", "cpu", "cuda", "mps"]
    precision: Literal["auto", "fp32", "bf16"]
    """`auto` is bf16 on hardware that computes in it, for examples large enough to gain by it."""
    schedule: Literal["constant", "cosine", "linear"]
    """The learning rate after its warm-up: kept, or brought to zero along that curve."""
    weight_decay: Annotated[float, Field(ge=0)]
    memory_mb: Annotated[float, Field(ge=64)]
    """Megabytes of training examples to hold in memory, of each process. A copy that is larger is
    streamed, shuffled in windows of half as much: the order of examples depends on it, so the
    machine does not decide it."""
    processes: Annotated[int, Field(ge=1)]
    """How many share each batch, on a GPU each or on parts of the CPU. It is a parameter since the
    result depends on it (batch norm sees a part of a batch). Under torchrun its number counts."""
    patience: Annotated[int, Field(ge=1)]
    """Epochs without a better one on validation after which training stops."""
    weights: Annotated[str, AfterValidator(starts_from())]
    """What training starts from. `none`: nothing. `models/start/<name>`: a folder with a
    model.safetensors and model.json as this stage writes them, or a `.safetensors` file with the
    tensors of such a network. The modality may know who publishes weights."""
    finetune: Literal["all", "head", "gradual", "layerwise", "auto"]
    """What of a network that starts from weights is trained: all at one learning rate; its last
    layer alone; that first and one block after the other, from the top, until half of the epochs
    are over; all, but each block more slowly than the one above it (see finetuning.py). `auto` is
    `head` below 50 training examples for each output, else `all`."""
    layer_decay: Annotated[float, Field(gt=0, le=1)]
    """Learning rate of a block as a share of that of the block above it, with `layerwise`."""
    leave_out: str | None = None
    """A column, `group` or one of `slices` of the entry: one more model is trained without each of
    its values, a site say, and how good it is there is said. Off where it is not given."""


class TrainParams(Kind):
    seed: Seed
    model: str
    """The modality says which networks there are."""
    optimizer: Literal["sgd", "adam", "adamw", "muon"]
    lr: Annotated[float, Field(gt=0, le=100)]
    batch_size: Annotated[int, Field(ge=2)]
    """Batch norm needs two."""
    epochs: Annotated[int, Field(ge=1)]
    train: Train


def train_params(modality: str, target: str) -> type[TrainParams]:
    """All that train reads."""
    return with_fields(
        TrainParams,
        modality_fields(modality, "network", "NetworkFields"),
        train=(
            modality_fields(modality, "network", "TrainFields"),
            target_fields(target, "loss", "TrainFields"),
        ),
    )


def recipe_of(params: TrainParams, seed: int) -> Recipe:
    """The hyperparameters as a recipe, with another seed."""
    return Recipe(
        optimizer=params.optimizer,
        lr=params.lr,
        batch_size=params.batch_size,
        epochs=params.epochs,
        schedule=params.train.schedule,
        weight_decay=params.train.weight_decay,
        patience=params.train.patience,
        seed=seed,
        finetune=params.train.finetune,
        layer_decay=params.train.layer_decay,
    )


def added_settings(params: TrainParams) -> dict[str, Any]:
    """What the modality and the target add to the section `train`, as JSON."""
    content = modality_fields(params.modality, "network", "TrainFields")
    loss = target_fields(params.target, "loss", "TrainFields")
    added = {*content.model_fields, *loss.model_fields} - {*Train.model_fields}
    return params.train.model_dump(include=added)
