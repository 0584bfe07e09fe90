"""The Open Inference Protocol v2 with Triton's binary extension, as bytes and arrays.

A request names one input: the content as people have it (BYTES, one for each example), or the
columns of a shard. https://github.com/kserve/open-inference-protocol;
https://github.com/triton-inference-server/server/blob/main/docs/protocol/extension_binary_data.md
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pipeline.modalities.protocols.encode import Inputs
from pipeline.serving.batcher import EXAMPLES_AT_ONCE
from pipeline.serving.http.tensors import BYTES, DATATYPES, pack, read_tensor
from pipeline.serving.model import Model, ServedAnswer

HEADER_LENGTH = "inference-header-content-length"
LABEL, PROBABILITIES, VALUES, ID = "label", "probabilities", "values", "id"


class Request(NamedTuple):
    """What is asked."""

    id: str | None
    contents: list[bytes] | None
    inputs: Inputs | None
    """Columns of a shard, `(N, ...)` each, where there are no contents."""
    num: int
    """The number of examples."""
    outputs: list[str]
    binary: frozenset[str]
    """Outputs that are wanted as bytes behind the JSON."""


def metadata(model: Model, name: str) -> dict[str, Any]:
    """What the model takes and gives."""
    content = {"name": model.requests.CONTENT, "datatype": BYTES, "shape": [-1]}
    columns = [
        {"name": c.name, "datatype": DATATYPES[c.dtype], "shape": [-1, *c.shape]}
        for c in model.columns
    ]
    shapes = {LABEL: (BYTES, [-1]), ID: (BYTES, [-1])}
    shapes[numbers_of(model)] = ("FP32", [-1, model.num_outputs])
    return {
        "name": name,
        "versions": [model.version],
        "platform": "onnxruntime_onnx",
        "inputs": [content, *columns],
        "outputs": [
            {"name": output, "datatype": datatype, "shape": shape}
            for output, (datatype, shape) in shapes.items()
        ],
    }


def numbers_of(model: Model) -> str:
    """The output that has numbers: only labels with names have probabilities."""
    return PROBABILITIES if model.labels else VALUES


def parse(body: bytes, header_length: str | None, model: Model) -> Request:
    """A request from its body.

    Raises:
        ValueError: it is none of this protocol, or not for this model; says why.
    """
    text, rest = _split(body, header_length)
    try:
        values = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"the request is no JSON: {error}") from None
    if not isinstance(values, dict):
        raise ValueError("the request should be a JSON object")
    tensors: dict[str, Any] = {}
    for described in _objects(values, "inputs"):
        name, value, rest = read_tensor(described, rest)
        tensors[name] = value
    if rest:
        raise ValueError(f"{len(rest)} bytes behind the last input")
    contents, inputs, num = _examples(tensors, model)
    request_id = values.get("id")
    if request_id is not None and not isinstance(request_id, str):
        raise ValueError("id should be a text")
    outputs, binary = _wanted(values, model)
    return Request(request_id, contents, inputs, num, outputs, binary)


def answer(
    request: Request, answers: Sequence[ServedAnswer], ids: Sequence[str], model: Model, name: str
) -> tuple[bytes, int | None]:
    """The body of an answer, and the length of its JSON where bytes follow."""
    values: dict[str, NDArray | list[bytes]] = {
        LABEL: [str(one.label).encode() for one in answers],
        ID: [id.encode() for id in ids],
        numbers_of(model): np.array([one.probabilities for one in answers], "<f4"),
    }
    described: list[dict[str, Any]] = []
    parts: list[bytes] = []
    for output in request.outputs:
        value = values[output]
        datatype = BYTES if isinstance(value, list) else "FP32"
        shape = [len(value)] if isinstance(value, list) else list(value.shape)
        entry: dict[str, Any] = {
            "name": output,
            "datatype": datatype,
            "shape": shape,
        }
        if output in request.binary:
            part = pack(value) if isinstance(value, list) else value.tobytes()
            parts.append(part)
            entry["parameters"] = {"binary_data_size": len(part)}
        elif isinstance(value, list):
            entry["data"] = [text.decode() for text in value]
        else:
            entry["data"] = value.ravel().tolist()
        described.append(entry)
    about: dict[str, Any] = {"model_name": name, "model_version": model.version}
    about |= {"id": request.id} if request.id is not None else {}
    text = json.dumps(about | {"outputs": described}, allow_nan=False).encode()
    return b"".join([text, *parts]), len(text) if parts else None


def _split(body: bytes, header_length: str | None) -> tuple[bytes, bytes]:
    if header_length is None:
        return body, b""
    if not (header_length.isascii() and header_length.isdigit() and len(header_length) < 10):
        raise ValueError(f"{HEADER_LENGTH} should be a number")
    if (length := int(header_length)) > len(body):
        raise ValueError(f"{HEADER_LENGTH} is {length}, the body has {len(body)} bytes")
    return body[:length], body[length:]


def _objects(values: Mapping[str, Any], key: str) -> list[dict[str, Any]]:
    found = values.get(key, [])
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise ValueError(f"{key} should be a list of objects")
    return found


def _examples(
    tensors: Mapping[str, Any], model: Model
) -> tuple[list[bytes] | None, Inputs | None, int]:
    content = model.requests.CONTENT
    columns = {column.name: column for column in model.columns}
    if list(tensors) == [content] and isinstance(tensors[content], list):
        contents = [_content(value, model) for value in tensors[content]]
        return contents, None, _checked(len(contents))
    if set(tensors) != set(columns):
        names = " or ".join([content, " and ".join(columns)])
        raise ValueError(f"inputs should be {names}, found {', '.join(tensors) or 'none'}")
    inputs: Inputs = {}
    for name, column in columns.items():
        value = tensors[name]
        datatype, shape = DATATYPES[column.dtype], [-1, *column.shape]
        if isinstance(value, list) or value.dtype != column.dtype:
            raise ValueError(f"{name} should be {datatype}")
        if value.ndim != len(shape) or value.shape[1:] != column.shape:
            raise ValueError(f"{name} should have shape {shape}, found {list(value.shape)}")
        inputs[name] = value
    if len({len(value) for value in inputs.values()}) > 1:
        raise ValueError("inputs differ in their number of examples")
    return None, inputs, _checked(len(next(iter(inputs.values()))))


def _content(value: Any, model: Model) -> bytes:
    if isinstance(value, bytes):
        return value
    if not isinstance(value, str):
        raise ValueError(f"{model.requests.CONTENT} should be texts")
    return model.requests.from_text(value)


def _checked(num: int) -> int:
    if not 0 < num <= EXAMPLES_AT_ONCE:
        raise ValueError(f"a request has 1 to {EXAMPLES_AT_ONCE} examples, found {num}")
    return num


def _wanted(values: Mapping[str, Any], model: Model) -> tuple[list[str], frozenset[str]]:
    known = [LABEL, ID, numbers_of(model)]
    parameters = values.get("parameters") or {}
    all_binary = isinstance(parameters, dict) and parameters.get("binary_data_output") is True
    wanted = _objects(values, "outputs")
    if not wanted:
        return known, frozenset(known if all_binary else ())
    names, binary = [], set()
    for described in wanted:
        name, own = described.get("name"), described.get("parameters") or {}
        if name not in known:
            raise ValueError(f"outputs are {', '.join(known)}")
        if name in names:
            raise ValueError(f"output {name} stands there twice")
        if not isinstance(own, dict) or "classification" in own:
            raise ValueError(f"parameters of output {name} are not known")
        names.append(name)
        if own.get("binary_data", all_binary) is True:
            binary.add(name)
    return names, frozenset(binary)
