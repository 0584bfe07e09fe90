"""Quantises a graph to 8-bit integers: static, per channel, calibrated on validation."""

import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnxruntime.quantization import (  # type: ignore[import-untyped]
    CalibrationDataReader,
    QuantFormat,
    QuantType,
    quantize_static,
)
from onnxruntime.quantization.shape_inference import (  # type: ignore[import-untyped]
    quant_pre_process,
)

from pipeline.export.graph_file import strip

NUM_EXAMPLES = 512
ROWS_AT_ONCE = 64


def quantised(model: onnx.ModelProto, inputs: Mapping[str, NDArray]) -> onnx.ModelProto:
    """Quantise weights and activations to 8 bits, with ranges from up to 512 examples."""
    some = choose(inputs)
    with tempfile.TemporaryDirectory() as folder:
        whole, prepared, small = (Path(folder) / f"{n}.onnx" for n in ("whole", "prepared", "int8"))
        onnx.save(model, whole)
        quant_pre_process(str(whole), str(prepared), skip_symbolic_shape=True)
        quantize_static(
            str(prepared),
            str(small),
            _Batches(some),
            quant_format=QuantFormat.QDQ,
            per_channel=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
        )
        result = onnx.load(small)
    strip(result)
    return result


def choose(inputs: Mapping[str, NDArray]) -> dict[str, NDArray]:
    """Choose up to NUM_EXAMPLES rows evenly, since their order may carry meaning."""
    num = len(next(iter(inputs.values())))
    rows = np.unique(np.linspace(0, num - 1, min(num, NUM_EXAMPLES)).astype(np.int64))
    return {name: values[rows] for name, values in inputs.items()}


class _Batches(CalibrationDataReader):  # type: ignore[misc]
    """Gives rows in batches, in the interface of onnxruntime."""

    def __init__(self, inputs: Mapping[str, NDArray]) -> None:
        self._batches: Iterator[dict[str, NDArray]] = self._split(inputs)

    def _split(self, inputs: Mapping[str, NDArray]) -> Iterator[dict[str, NDArray]]:
        num = len(next(iter(inputs.values())))
        for start in range(0, num, ROWS_AT_ONCE):
            yield {n: values[start : start + ROWS_AT_ONCE] for n, values in inputs.items()}

    def get_next(self) -> Any:
        return next(self._batches, None)
