"""Transfer: training that starts from weights learnt on other data.

All tensors but the head must fit, or none is taken: a network of which only a part fits would start
from a mixture that nobody wanted. Pixels are normalised as they were for these weights.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor, nn

from pipeline.learning.fitting.finetuning import find_blocks
from pipeline.modalities.images.network.networks import without_wrapper
from pipeline.modalities.images.network.settings import TORCHVISION
from pipeline.runtime.errors import SettingsError
from pipeline.train.pretrained import Weights, read_weights

COUNTER = "num_batches_tracked"  # of batch norms: old files lack it, and nothing reads it here


@dataclass(frozen=True)
class Start:
    """How training starts: normalisation, and the origin of the weights."""

    mean: list[float]
    """By channel of the images, of pixels from 0 to 255; likewise `std`."""
    std: list[float]
    about: dict[str, Any] = field(default_factory=dict)
    """Entries for model.json on the origin of the weights; empty without one."""
    message: str = ""
    """The same for people, in a line."""


def start_training(
    network: nn.Module,
    weights: str,
    *,
    model: str,
    shape: Sequence[int],
    classes: Sequence[str],
    mean: list[float],
    std: list[float],
) -> Start:
    """Load the weights that `train.weights` names into a network that was just built.

    Args:
        network: built as `model`, for images of `shape` `(H, W, C)`.
        mean: of the training images, as `std`; used where the weights come without their own.

    Raises:
        SettingsError: they are for another network, or no weights that can be taken.
        MissingInput: the files are not there or damaged.
    """
    if weights == "none":
        return Start(mean, std)
    source = read_weights(weights, model)
    if source.shape and source.shape[2] != shape[2] and not model.startswith(TORCHVISION):
        raise SettingsError(
            f"{weights} was trained on images of {source.shape[2]} channels, these have {shape[2]}",
            fix="take weights for such images, or train.weights: none",
        )
    num_taken, num = _take_over(network, source, weights, model, classes)
    message = f"starts from {weights}: {num_taken} of {num} tensors"
    message += f", new head of {len(classes)} classes" if num_taken < num else ""
    if source.shape and list(source.shape[:2]) != list(shape[:2]):
        height, width, _ = source.shape
        message += f"; was trained on {width} x {height} pixels, these are {shape[1]} x {shape[0]}"
    if source.mean is None or source.std is None:
        message += (
            "; pixels are normalised by this data, since a lone file does not say how they were"
        )
        return Start(mean, std, {"start": source.about}, message)
    means, stds = (_for_channels(values, shape[2]) for values in (source.mean, source.std))
    return Start(means, stds, {"start": source.about}, message)


def check_strategy(weights: str, finetune: str, epochs: int) -> None:
    """Refuse combinations of settings that would not do what they say.

    Raises:
        SettingsError: naming both settings.
    """
    if weights == "none" and finetune != "all":
        raise SettingsError(
            f"params.yaml: train.finetune is {finetune}, but train.weights is none, so that "
            "frozen or slow layers would have learnt nothing",
            fix="set train.weights, or train.finetune: all",
        )
    if finetune == "gradual" and epochs < 2:
        raise SettingsError(
            f"params.yaml: train.finetune: gradual needs epochs of at least 2, found {epochs}",
            fix="set more epochs, or train.finetune: head",
        )


def _take_over(
    network: nn.Module, source: Weights, weights: str, model: str, classes: Sequence[str]
) -> tuple[int, int]:
    """Copy the tensors; returns how many of how many. The head stays new when it has other classes.

    Raises:
        SettingsError: anything but the head does not fit.
    """
    inside = without_wrapper(network)
    expected = inside.state_dict()
    head = f"{find_blocks(inside)[-1].name}."
    known = source.classes is None or list(source.classes) == list(classes)
    fits = [n for n in expected if _shape(source.tensors.get(n)) == _shape(expected[n])]
    if not known or any(name.startswith(head) and name not in fits for name in expected):
        fits = [name for name in fits if not name.startswith(head)]
    problems = [
        f"{name} should be {_shape(expected.get(name))}, found {_shape(source.tensors.get(name))}"
        for name in dict.fromkeys([*expected, *source.tensors])
        if name not in fits and not name.startswith(head) and not name.endswith(COUNTER)
    ]
    if problems:
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        raise SettingsError(
            f"{weights} is not of the network that params.yaml names, {model}: {problems[0]}{more}",
            fix="set model to the network that the weights are of, or take other weights",
        )
    expected.update({name: source.tensors[name] for name in fits})
    inside.load_state_dict(expected)
    return len(fits), len(expected)


def _shape(tensor: Tensor | None) -> str:
    return "nothing" if tensor is None else " x ".join(map(str, tensor.shape)) or "a number"


def _for_channels(values: Sequence[float], channels: int) -> list[float]:
    """Grey as the mean of the channels, and each channel as grey."""
    return list(values) if len(values) == channels else [sum(values) / len(values)] * channels
