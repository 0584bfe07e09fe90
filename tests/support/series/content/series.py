"""A tiny modality: an example is a JSON file with a list of numbers, all of one length.

The smallest that goes through all stages. Tests copy it to pipeline/modalities/series of a clone.
"""

import json
import math

from pipeline.dataset.measurement import Measurement

MEASUREMENTS = (
    Measurement("length", "int32", low=1, compared=True),
    Measurement("mean", "float32", compared=True, offset=0),
)
WORDS = ()


def decode(content: str | bytes) -> list[float]:
    """The numbers of a series.

    Raises:
        ValueError: it is no list of finite numbers.
    """
    numbers = json.loads(content)
    if not isinstance(numbers, list) or not all(type(n) in (int, float) for n in numbers):
        raise ValueError("no list of numbers")
    if not numbers or not all(math.isfinite(n) and abs(n) < 1e30 for n in numbers):
        raise ValueError("numbers that are not finite, or none")
    return [float(n) for n in numbers]
