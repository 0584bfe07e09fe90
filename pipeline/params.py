"""The parameters of a run: params.yaml, typed and frozen.

A new parameter is a field here, a line in params.yaml and a line under the stage that reads it
in dvc.yaml; tests/test_dag.py fails while one of the three is missing.
"""

from pathlib import Path, PurePosixPath
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from pipeline.modalities.images.settings import BatchTransform, Transform
from pipeline.runtime.settings import Settings, parse, read_yaml

PARAMS_FILE = Path("params.yaml")

Fraction = Annotated[float, Field(ge=0, le=1)]


def _not_one(value: int) -> int:
    if value == 1:
        raise ValueError("0 or at least 2")
    return value


def _start(value: str) -> str:
    parts = PurePosixPath(value).parts
    below = parts[:2] == ("models", "start") and len(parts) > 2 and ".." not in parts
    if value not in ("none", "torchvision") and not below:
        raise ValueError("none, torchvision or a path below models/start")
    return value


class Ingest(Settings):
    max_megapixels: Annotated[float, Field(gt=0)]
    """An image larger than this is quarantined before it is decoded (decompression bombs)."""
    max_file_mb: Annotated[float, Field(gt=0)]
    """An encoded image of more megabytes than this is quarantined before it is read."""
    purpose: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$")]
    """What this run is for; examples that may not be used for it are left out and counted."""
    pseudonymise: bool
    """Replace ids and groups by a keyed hash, whose key stays outside git."""


class Validate(Settings):
    max_quarantined_fraction: Fraction
    """More examples than this that cannot be used stop the run; fewer are set aside."""
    min_examples_per_class: Annotated[int, Field(ge=1)]
    """Fewer training examples of a class than this are a warning."""
    max_drift: Annotated[float, Field(gt=0)]
    """A larger change than this is a warning, where sampling error cannot explain it: against the
    accepted profile (data/profiles), and of val and test against train. In standard deviations of
    a measurement; of rows and of what labels have to do with images, as a share of what was."""


class Clean(Settings):
    folds: Annotated[int, Field(ge=0, le=20), AfterValidator(_not_one)]
    """Out-of-fold models for the label check; 0 leaves the check out, 1 is refused."""
    epochs: Annotated[int, Field(ge=1)]
    """Passes over the data that each out-of-fold model gets; more when the data is small."""
    transforms: list[Transform]
    """What leaves an image's class as it is, for these models to learn from: add `name: flip` where
    images may be mirrored."""
    action: Literal["keep", "flag", "drop", "relabel", "downweight"]
    """What happens to a suspected wrong label that nobody has reviewed. `keep` trains on it; `flag`
    too, but marks it in data/clean; `downweight` has it count as much as it is likely right."""
    remove_outliers: bool
    """Whether images that look like no other are removed from training; they are listed anyway."""


class Augment(Settings):
    copies: Annotated[int, Field(ge=1, le=1000)]
    """Versions of each training example in the shards; the first is the original."""
    balance: Literal["none", "sqrt", "full"]
    """Rows of each class in every copy but the first: as the data are, in proportion to the square
    root of that, or the same for all. Examples of rare classes then stand there several times, each
    time augmented differently, and those of frequent classes take turns (dataset/balance.py)."""
    transforms: list[Transform]
    """Applied in this order to every copy but the first."""
    resize: Literal["squash", "crop", "pad"]
    """How an image of another shape becomes image_size."""
    shard_mb: Annotated[float, Field(gt=0)]
    """Usual size of a shard in megabytes of pixels; most have two to four thirds of it."""
    engine: Literal["local", "ray"]
    """Who makes the shards: processes of this machine, or a Ray cluster (RAY_ADDRESS names it). The
    bytes are the same."""


class Progressive(Settings):
    until: Annotated[float, Field(gt=0, le=1)]
    """Up to this fraction of the epochs …"""
    scale: Annotated[float, Field(gt=0, lt=1)]
    """… images have this fraction of their height and width."""


def _ascending(stages: list[Progressive]) -> list[Progressive]:
    ends = [stage.until for stage in stages]
    if ends != sorted(set(ends)):
        raise ValueError("in ascending order of `until`")
    return stages


class Train(Settings):
    device: Literal["auto", "cpu", "cuda", "mps"]
    precision: Literal["auto", "fp32", "bf16"]
    """`auto` is bf16 on hardware that computes in it, for images large enough to gain by it."""
    schedule: Literal["constant", "cosine", "linear"]
    """The learning rate after its warm-up: kept, or brought to zero along that curve."""
    weight_decay: Annotated[float, Field(ge=0)]
    label_smoothing: Annotated[float, Field(ge=0, lt=1)]
    transforms: list[BatchTransform]
    """Applied in this order to every batch on the device, on top of the copies in the shards."""
    progressive: Annotated[list[Progressive], AfterValidator(_ascending)]
    """Smaller images in early epochs, which take less time; then full size."""
    views: Literal["original", "mirrored", "shifted", "mirrored_and_shifted"]
    """How the model sees an image that it classifies: as it is, or also mirrored, or shifted by a
    pixel, or both (2, 3 or 6 times as slow); the answers are averaged."""
    memory_mb: Annotated[float, Field(ge=64)]
    """Megabytes of training images to hold in memory, of each process. A copy that is larger is
    streamed, shuffled in windows of half as much: the order of examples depends on it, so the
    machine does not decide it."""
    processes: Annotated[int, Field(ge=1)]
    """How many share each batch, on a GPU each or on parts of the CPU. It is a parameter since the
    result depends on it (batch norm sees a part of a batch). Under torchrun its number counts."""
    patience: Annotated[int, Field(ge=1)]
    """Epochs without a better one on validation after which training stops."""
    weights: Annotated[str, AfterValidator(_start)]
    """What training starts from. `none`: nothing. `torchvision`: what torchvision publishes for a
    `torchvision:<name>`. `models/start/<name>`: a folder with a model.safetensors and model.json as
    this stage writes them, or a `.safetensors` file with the tensors of such a network."""
    finetune: Literal["all", "head", "gradual", "layerwise"]
    """What of a network that starts from weights is trained: all at one learning rate; its last
    layer alone; that first and one block after the other, from the top, until half of the epochs
    are over; all, but each block more slowly than the one above it (learning/finetuning.py)."""
    layer_decay: Annotated[float, Field(gt=0, le=1)]
    """Learning rate of a block as a share of that of the block above it, with `layerwise`."""


class Evaluate(Settings):
    num_mistakes: Annotated[int, Field(ge=1, le=400)]
    """Images in the picture of the worst mistakes."""
    corrupted_examples: Annotated[int, Field(ge=0)]
    """Test images that are evaluated with corruptions too (noise, blur …), 21 times each; 0 leaves
    that out."""


class Params(Settings):
    dataset: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$")]
    """Names data/catalog/<dataset>.yaml."""
    seed: Annotated[int, Field(ge=0, lt=2**32)]
    model: Annotated[str, Field(min_length=1)]
    """`article_cnn`, `resnet`, `whitened_cnn`, `whitened_resnet` or `torchvision:<name>`."""
    optimizer: Literal["sgd", "adam", "adamw", "muon"]
    lr: Annotated[float, Field(gt=0, le=100)]
    batch_size: Annotated[int, Field(ge=2)]
    """Batch norm needs two."""
    epochs: Annotated[int, Field(ge=1)]
    ingest: Ingest
    # `validate` is a method of pydantic's models, hence the alias.
    validation: Annotated[Validate, Field(alias="validate")]
    clean: Clean
    augment: Augment
    train: Train
    evaluate: Evaluate


def load_params(path: Path = PARAMS_FILE) -> Params:
    """Read and check every parameter, also those of other stages: a typo shows before any work.

    Raises:
        SettingsError: naming the key, what was expected and what was found.
    """
    return parse(Params, read_yaml(path), path)
