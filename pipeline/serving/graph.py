"""A network as an ONNX graph: opened, tested on its probes, and asked.

Needs onnxruntime and NumPy alone: neither torch, pyarrow nor pandas.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort  # type: ignore[import-untyped]
from numpy.typing import NDArray

from pipeline.dataset.arrays import Float32
from pipeline.dataset.shards.column import ShardColumn
from pipeline.runtime.errors import MissingInput
from pipeline.serving.folder import (
    EMBEDDING,
    MODEL_ONNX,
    OUTPUTS,
    SERVING_JSON,
    how_to_make,
    read_about,
    read_file,
    unpacked,
    way_back,
)

ERRORS_ALONE = 3  # of the levels of onnxruntime's log


@dataclass(frozen=True)
class Graph:
    """A graph that has answered its probes as expected. Several threads may ask it at once."""

    about: dict[str, Any]
    """All of serving.json: see folder.py."""
    digest: str
    """Hex SHA-256 of model.onnx."""
    _session: Any

    @classmethod
    def open(cls, folder: Path, threads: int = 1) -> "Graph":
        """Open a folder that `export` wrote, verify its digests and test the graph by its probes.

        Of a file no more is read than was verified. One thread is the fastest for networks that
        answer within milliseconds.

        Raises:
            MissingInput: something is missing, damaged or of another version, or the graph does not
                answer as it did where it was exported.
        """
        about = read_about(folder)
        content = read_file(folder, about, MODEL_ONNX)
        digest = about["files"][MODEL_ONNX]["sha256"]
        graph = cls(about, digest, open_session(content, folder / MODEL_ONNX, threads))
        graph._test_itself(folder)
        return graph

    @property
    def inputs(self) -> list[ShardColumn]:
        """The inputs that `answer` takes."""
        return [ShardColumn.read(column) for column in self.about["inputs"]]

    def answer(self, inputs: Mapping[str, NDArray]) -> tuple[Float32, Float32]:
        """Outputs `(N, K)` and embeddings `(N, D)` of N examples, of which each counts alone.

        Args:
            inputs: columns of a shard by name, `(N, ...)` each; further ones are passed over.

        Raises:
            ValueError: they are of other shapes or types than `inputs` says.
        """
        columns = self.inputs
        given = {column.name: inputs[column.name] for column in columns if column.name in inputs}
        rows = {len(values) for values in given.values()}
        if (
            len(given) < len(columns)
            or len(rows) > 1
            or any(map(_misfits, columns, given.values()))
        ):
            found = {name: (str(v.dtype), v.shape) for name, v in given.items()}
            raise ValueError(f"the inputs should be rows of {columns}, found {found}")
        return ask(self._session, given, self.about["rows_at_once"])

    def _test_itself(self, folder: Path) -> None:
        """Compare answers to the probes with those that export had.

        Raises:
            MissingInput: an output differs by more than serving.json allows.
        """
        try:
            probes = self.about["probes"]
            expected, tolerance = unpacked(probes["outputs"]), float(probes["tolerance"])
            inputs = {name: unpacked(values) for name, values in probes["inputs"].items()}
            outputs, _ = self.answer(inputs)
            if outputs.shape != expected.shape:
                raise ValueError(f"outputs of shape {outputs.shape}, expected {expected.shape}")
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            what = f"{folder / SERVING_JSON} does not fit its {MODEL_ONNX}: {error}"
            raise MissingInput(what, fix=how_to_make(folder)) from None
        change = float(np.abs(outputs - expected).max(initial=0))
        if not change <= tolerance:  # nor where it is no number
            raise MissingInput(
                f"{folder / MODEL_ONNX} answers other than where it was exported: an output "
                f"differs by {change:.3g}, {tolerance:.3g} is allowed; onnxruntime is "
                f"{ort.__version__} here, was {self.about.get('versions', {}).get('onnxruntime')}",
                fix="install the versions that serving.json names, or export it on such a machine",
            )


def open_session(content: bytes, path: Path, threads: int = 1) -> Any:
    """An onnxruntime session on the CPU; `path` is for messages.

    Raises:
        MissingInput: the content is no graph that can be run.
    """
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.use_deterministic_compute = True
    options.log_severity_level = ERRORS_ALONE
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # while it waits
    try:
        return ort.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime has no class of its own for all that may be wrong
        reason = str(error).splitlines()[0]
        raise MissingInput(
            f"{path} cannot be run by onnxruntime {ort.__version__}: {reason}",
            fix=way_back(path.parent),
        ) from None


def ask(session: Any, inputs: Mapping[str, NDArray], rows_at_once: int) -> tuple[Float32, Float32]:
    """Outputs `(N, K)` and embeddings `(N, D)`; one batch at least, also of no rows."""
    num = max((len(values) for values in inputs.values()), default=0)
    parts = []
    for start in range(0, max(1, num), rows_at_once):
        some = slice(start, start + rows_at_once)
        batch = {name: np.ascontiguousarray(values[some]) for name, values in inputs.items()}
        parts.append(session.run([OUTPUTS, EMBEDDING], batch))
    outputs, embeddings = (np.concatenate(part) for part in zip(*parts, strict=True))
    return outputs, embeddings


def _misfits(column: ShardColumn, values: NDArray) -> bool:
    return values.dtype != np.dtype(column.dtype) or values.shape[1:] != column.shape
