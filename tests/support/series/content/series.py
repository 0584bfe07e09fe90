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


def decode(content):
    numbers = [float(n) for n in json.loads(content)]
    if not numbers or not all(math.isfinite(n) and abs(n) < 1e30 for n in numbers):
        raise ValueError("numbers that are not finite, or none")
    return numbers
