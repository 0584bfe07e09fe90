"""Transfer: training that starts from weights learnt on other data.

All tensors but the head must fit, or none is taken: a network of which only a part fits would start
from a mixture that nobody wanted. Inputs are scaled as they were for these weights.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor, nn

from pipeline.learning.fitting.finetuning import find_blocks
from pipeline.modalities.opening import open_network
from pipeline.modalities.protocols.encode import Preparation
from pipeline.runtime.errors import SettingsError
from pipeline.targets.protocols.labels import TargetIndex
from pipeline.train.pretrained import read_weights

AUTO = "auto"
ENOUGH_FOR_ALL = 50
"""Training examples for each output; with fewer a network that is trained whole forgets more than
it learns (docs/decisions/text.md)."""
COUNTER = "num_batches_tracked"  # of batch norms: old files lack it, and nothing reads it here


@dataclass(frozen=True)
class Start:
    """How training starts: the preparation to build a network for, and weights for it."""

    preparation: Preparation
    """The preparation of the data at hand, with the scaling that the weights were learnt with."""
    tensors: Mapping[str, Tensor] = field(default_factory=dict)
    """Tensors by the names that the network has for them; empty for a start from nothing."""
    target: TargetIndex | None = None
    """What labels were when the weights were learnt; None when unknown."""
    about: dict[str, Any] = field(default_factory=dict)
    """Entries for model.json on the origin of the weights; empty without one."""
    remark: str = ""
    """What people should know of it."""


def find_start(weights: str, *, model: str, modality: str, preparation: Preparation) -> Start:
    """Read the weights that `train.weights` names.

    Args:
        model: name of the network that is to be trained.
        preparation: of the training examples.

    Raises:
        SettingsError: they are for another network, or other inputs, or nothing that can be taken.
        MissingInput: the files are not there or damaged.
    """
    if weights == "none":
        return Start(preparation)
    source = read_weights(weights, model, modality)
    adapted = open_network(modality).adapt(model, source, preparation)
    about = {"start": source.about}
    return Start(adapted.preparation, adapted.tensors, source.target, about, adapted.remark)


def take_over(
    network: nn.Module,
    start: Start,
    weights: str,
    *,
    model: str,
    target: TargetIndex,
    num_outputs: int,
) -> str:
    """Load the tensors of a start into a network that was just built for it.

    The head stays new when labels could be others.

    Args:
        weights: as `train.weights` names them, for messages, like `model`.
        target: what labels may be now.
        num_outputs: width of the head.

    Returns:
        What was taken, in a line for people; empty for a start from nothing.

    Raises:
        SettingsError: anything but the head does not fit.
    """
    if not start.tensors:
        return ""
    expected = network.state_dict()
    head = _head_prefix(network)
    known = start.target is None or dict(start.target) == dict(target)
    fits = [n for n in expected if _shape(start.tensors.get(n)) == _shape(expected[n])]
    if not known or any(name.startswith(head) and name not in fits for name in expected):
        fits = [name for name in fits if not name.startswith(head)]
    problems = [
        f"{name} should be {_shape(expected.get(name))}, found {_shape(start.tensors.get(name))}"
        for name in dict.fromkeys([*expected, *start.tensors])
        if name not in fits and not name.startswith(head) and not name.endswith(COUNTER)
    ]
    if problems:
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        raise SettingsError(
            f"{weights} is not of the network that params.yaml names, {model}: {problems[0]}{more}",
            fix="set model to the network that the weights are of, or take other weights",
        )
    expected.update({name: start.tensors[name] for name in fits})
    network.load_state_dict(expected)
    message = f"starts from {weights}: {len(fits)} of {len(expected)} tensors"
    message += f", new head of {num_outputs} outputs" if len(fits) < len(expected) else ""
    return f"{message}; {start.remark}" if start.remark else message


def check_strategy(weights: str, finetune: str, epochs: int) -> None:
    """Refuse combinations of settings that would not do what they say.

    Raises:
        SettingsError: naming both settings.
    """
    if weights == "none" and finetune not in ("all", AUTO):
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


def strategy_for(finetune: str, weights: str, num_examples: int, num_outputs: int) -> str:
    """What `finetune: auto` is for so many training examples; others are as they are named."""
    if finetune != AUTO:
        return finetune
    few = num_examples < ENOUGH_FOR_ALL * num_outputs
    return "head" if few and weights != "none" else "all"


def _head_prefix(network: nn.Module) -> str:
    """What the names of the tensors of the last layer begin with in `state_dict`."""
    last = find_blocks(network)[-1].modules[0]
    inside = {id(tensor) for tensor in (*last.parameters(), *last.buffers())}
    tensors = network.state_dict(keep_vars=True)
    names = [name for name, tensor in tensors.items() if id(tensor) in inside]
    return names[0].rpartition(".")[0] + "."


def _shape(tensor: Tensor | None) -> str:
    return "nothing" if tensor is None else " x ".join(map(str, tensor.shape)) or "a number"
