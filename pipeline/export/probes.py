"""Probes: inputs by which a graph tests itself where it is served.

They travel with the model, so they must not be real examples: each value is drawn from another
example at the same place. Columns have real values, but rows are mixed.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.dataset.arrays import Float32
from pipeline.modalities.protocols.encode import Inputs
from pipeline.serving.folder import packed

NUM_PROBES = 10
TOLERANCES = {"fp32": 1e-3, "int8": 5e-2}
"""Allowed difference of an output on another processor, as a share of the largest; processors
without instructions for int8 saturate."""


def mixed(inputs: Mapping[str, NDArray], num: int = NUM_PROBES) -> Inputs:
    """Make `num` rows of columns `(N, ...)`, each value drawn from all rows at its place."""
    random = np.random.Generator(np.random.PCG64(0))
    found: Inputs = {}
    for name, values in inputs.items():
        flat = values.reshape(len(values), -1)
        rows = random.integers(0, len(values), (num, flat.shape[1]))
        found[name] = np.take_along_axis(flat, rows, 0).reshape(num, *values.shape[1:])
    return found


def describe_probes(inputs: Inputs, outputs: Float32, precision: str) -> dict[str, Any]:
    """Describe probes for serving.json."""
    return {
        "inputs": {name: packed(values) for name, values in inputs.items()},
        "outputs": packed(outputs),
        "tolerance": TOLERANCES[precision] * max(1.0, float(np.abs(outputs).max(initial=0))),
    }
