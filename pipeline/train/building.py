"""A network that is ready for its training."""

from dataclasses import replace
from typing import Any, NamedTuple

import torch

from pipeline.dataset.shards.reader import ShardReader
from pipeline.modalities.opening import open_network
from pipeline.targets.opening import open_labels
from pipeline.train.params import TrainParams
from pipeline.train.transfer import Start, find_start, take_over


class Built(NamedTuple):
    """A network before its first step."""

    network: Any
    start: Start
    """Without its tensors, which take memory."""
    message: str
    """What it starts from, for people; empty for nothing."""


def build_network(params: TrainParams, name: str, reader: ShardReader) -> Built:
    """Build the network of that name for the shards, with the weights that it starts from.

    Raises:
        SettingsError, MissingInput: those weights are not there, or do not fit.
    """
    networks, weights = open_network(params.modality), params.train.weights
    num_outputs = open_labels(params.target).num_outputs(reader.target)
    start = find_start(
        weights, model=name, modality=params.modality, preparation=reader.preparation
    )
    torch.manual_seed(params.seed)
    network = networks.build(name, start.preparation, num_outputs, params.train)
    message = take_over(
        network, start, weights, model=name, target=reader.target, num_outputs=num_outputs
    )
    return Built(network, replace(start, tensors={}), message)
