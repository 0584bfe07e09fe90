"""The names of modalities/protocols/stress.py, for images."""

from pipeline.dataset.arrays import Keys
from pipeline.modalities.images.stress import corruptions
from pipeline.modalities.images.stress.corruptions import CORRUPTIONS, STRENGTHS
from pipeline.modalities.images.stress.settings import EvaluateFields
from pipeline.modalities.images.stress.slices import SLICED_BY, slice_values
from pipeline.modalities.protocols.encode import Inputs

__all__ = ["SLICED_BY", "VARIANTS", "corrupt", "num_examples", "slice_values"]

VARIANTS = [(name, strength) for name in CORRUPTIONS for strength in STRENGTHS]


def num_examples(settings: EvaluateFields) -> int:
    return settings.corrupted_examples


def corrupt(inputs: Inputs, keys: Keys, name: str, strength: int) -> Inputs:
    return inputs | {"x": corruptions.corrupt(inputs["x"], keys, name, strength)}
