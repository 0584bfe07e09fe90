"""A folder that can be served, as the stage `export` writes it: a graph, and all to know of it.

    model.onnx      the network with its scaling, as one ONNX graph
    reference.npz   what traffic is compared with; see export/reference.py
    serving.json    what goes in, what comes out, and the digests of the others

Knows neither torch nor Arrow, and believes nothing in the folder before its digest: the folder may
come from anywhere.

serving.json has these keys:

- `modality`, `preparation`: how examples become inputs (the modality's `encode/`);
- `target_kind`, `target`: what outputs mean (the target's `labels/`);
- `calibration`: what was fitted on validation; for classes `temperature`, a divisor of outputs;
- `inputs`: name, dtype and shape of each input, but for the number of rows, as in a shard;
- `outputs`, `embedding`: shape of a row of what the graph answers, in float32;
- `rows_at_once`: how many rows to ask it at a time, at most;
- `precision`: `fp32`, or `int8` where it was quantised; `opset`: of ONNX;
- `probes`: `inputs` by name, `outputs`, and the `tolerance` by which any output may differ: a
  self-test. The inputs are mixed of many examples, value by value: they are nobody's;
- `model`, `dataset`, `license`, `weights_sha256`: of models/model.json;
- `versions`: of the libraries that made the graph;
- `files`: `sha256` and `bytes` of each file beside serving.json, by name;
- `serving_sha256`: of the text of serving.json without this key.
"""

import base64
import hashlib
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.runtime.errors import MissingInput
from pipeline.runtime.json_files import read_sealed, seal, write_json

MODEL_ONNX = "model.onnx"
REFERENCE_NPZ = "reference.npz"
SERVING_JSON = "serving.json"
OWN_DIGEST = "serving_sha256"
OUTPUTS, EMBEDDING = "outputs", "embedding"
"""Names of what the graph answers."""
NEEDED = ["modality", "preparation", "target_kind", "target", "calibration", "inputs", "outputs"]
NEEDED += ["embedding", "rows_at_once", "precision", "probes", "files"]


def write_about(folder: Path, about: Mapping[str, Any]) -> None:
    """Write serving.json, the last of the folder."""
    names = (MODEL_ONNX, REFERENCE_NPZ)
    contents = {name: (folder / name).read_bytes() for name in names}
    files = {
        name: {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}
        for name, content in contents.items()
    }
    write_json(folder / SERVING_JSON, seal({**about, "files": files}, OWN_DIGEST))


def read_about(folder: Path) -> dict[str, Any]:
    """What serving.json says.

    Raises:
        MissingInput: it is not there, or of an older version, or not what was written.
    """
    path = folder / SERVING_JSON
    try:
        about = read_sealed(path, OWN_DIGEST)
    except FileNotFoundError:
        raise MissingInput(f"{path} does not exist", fix=how_to_make(folder)) from None
    except ValueError as error:
        raise MissingInput(f"{path} is damaged: {error}", fix=way_back(folder)) from None
    if missing := [key for key in NEEDED if key not in about]:
        what = f"{path} has no {', '.join(missing)}: it is of another version"
        raise MissingInput(what, fix=how_to_make(folder))
    return about


def folder_digest(folder: Path) -> str:
    """Hex SHA-256 of serving.json, which has the digests of the other files."""
    return hashlib.sha256((folder / SERVING_JSON).read_bytes()).hexdigest()


def read_file(folder: Path, about: Mapping[str, Any], name: str) -> bytes:
    """The content of a file beside serving.json, verified.

    Raises:
        MissingInput: it is not there, or not the file that serving.json describes.
    """
    path = folder / name
    try:
        if path.exists() and not path.is_file():  # reading a pipe would never end
            raise MissingInput(f"{path} is no regular file", fix=way_back(folder))
        if path.stat().st_size != about["files"][name]["bytes"]:
            raise _differs(path)
        content = path.read_bytes()
        if hashlib.sha256(content).hexdigest() != about["files"][name]["sha256"]:
            raise _differs(path)
    except FileNotFoundError:
        raise MissingInput(f"{path} does not exist", fix=way_back(folder)) from None
    except (KeyError, TypeError):
        what = f"{folder / SERVING_JSON} has no digest of {name}"
        raise MissingInput(what, fix=how_to_make(folder)) from None
    return content


def packed(values: NDArray) -> dict[str, Any]:
    """An array as JSON."""
    plain = np.ascontiguousarray(values).astype(values.dtype.newbyteorder("<"), copy=False)
    text = base64.b64encode(plain.tobytes()).decode("ascii")
    return {"dtype": values.dtype.name, "shape": list(values.shape), "base64": text}


def unpacked(described: Mapping[str, Any]) -> NDArray:
    """The array that `packed` wrote.

    Raises:
        ValueError: it was not that which wrote it.
    """
    try:
        dtype, shape = np.dtype(str(described["dtype"])), tuple(map(int, described["shape"]))
        content = base64.b64decode(described["base64"], validate=True)
    except (KeyError, TypeError) as error:
        raise ValueError(f"no array: {error}") from None
    if dtype.kind not in "biuf" or min(shape, default=0) < 0:
        raise ValueError(f"no array of numbers: {dtype}, {shape}")
    if len(content) != math.prod(shape) * dtype.itemsize:
        raise ValueError(f"{len(content)} bytes are no {dtype} array of shape {shape}")
    values: NDArray = np.frombuffer(content, dtype.newbyteorder("<")).astype(dtype)
    return values.reshape(shape)


def is_of_project(folder: Path) -> bool:
    """Whether it is the folder of a project, not a copy of one."""
    return (folder.absolute().parent.parent / "dvc.yaml").is_file()


def how_to_make(folder: Path) -> str:
    return "dvc repro export" if is_of_project(folder) else way_back(folder)


def way_back(folder: Path) -> str:
    """How to bring back what `export` wrote."""
    if is_of_project(folder):
        return "groundwork repair --cache && dvc repro export"
    return "copy the whole folder again from where it was exported"


def _differs(path: Path) -> MissingInput:
    what = f"{path} is not the file that {SERVING_JSON} describes"
    return MissingInput(what, fix=way_back(path.parent))
