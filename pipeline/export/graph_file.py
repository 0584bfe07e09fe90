"""Writes a network as an ONNX graph, with the same bytes in any folder."""

import contextlib
import io
import logging
import warnings
from collections.abc import Sequence
from typing import Any

import onnx
import torch

from pipeline.dataset.shards.column import ShardColumn
from pipeline.export.served import ServedNetwork
from pipeline.runtime.errors import ExportError
from pipeline.serving.folder import EMBEDDING, OUTPUTS

OPSET = 20
MOST_BYTES = 2 << 30  # limit of a protobuf
OF_THE_MACHINE = ("metadata_props", "doc_string")
"""Fields of ONNX in which torch leaves stack traces with paths of this machine."""
UNIQUE = "_of_all"  # a layer may be called `embedding` too
EXAMPLES = 2
"""Rows to trace the network with; with one, their number would become a constant."""


def make_graph(served: ServedNetwork, columns: Sequence[ShardColumn]) -> onnx.ModelProto:
    """Export the network with inputs named as `columns`, for any number of rows.

    Raises:
        ExportError: torch cannot write it as ONNX.
    """
    served.cpu().eval()
    rows = torch.export.Dim("rows")
    inputs = tuple(torch.from_numpy(column.zeros(EXAMPLES)) for column in columns)
    try:
        with _quiet(), torch.no_grad():
            program: Any = torch.onnx.export(
                served,
                inputs,
                dynamo=True,
                opset_version=OPSET,
                input_names=[column.name for column in columns],
                output_names=[f"{OUTPUTS}{UNIQUE}", f"{EMBEDDING}{UNIQUE}"],
                dynamic_shapes={"values": tuple({0: rows} for _ in columns)},
                verbose=False,
            )
        model: onnx.ModelProto = program.model_proto
    except (RuntimeError, ValueError, TypeError, KeyError) as error:
        # torch adds many lines of attempts and advice.
        reason = str(error.__cause__ or error).strip().splitlines()[0]
        raise ExportError(
            f"the network cannot be written as an ONNX graph: {reason}",
            fix="set model to another network, or report it with this line",
        ) from None
    strip(model)
    _name_outputs(model)
    return model


def strip(message: Any) -> None:
    """Remove traces of the machine from a model (a protobuf message) and all inside."""
    for field, value in message.ListFields():
        if field.name in OF_THE_MACHINE:
            message.ClearField(field.name)
        elif field.message_type is not None:
            for inner in value if isinstance(value, Sequence) else [value]:
                strip(inner)


def _name_outputs(model: onnx.ModelProto) -> None:
    """Name the outputs of the graph OUTPUTS and EMBEDDING; rename inner values of these names."""
    names = {name: f"{name}_within" for name in (OUTPUTS, EMBEDDING)}
    names |= {f"{name}{UNIQUE}": name for name in (OUTPUTS, EMBEDDING)}
    graph = model.graph
    for named in (*graph.output, *graph.initializer, *graph.value_info):
        named.name = names.get(named.name, named.name)
    for node in graph.node:
        node.input[:] = [names.get(name, name) for name in node.input]
        node.output[:] = [names.get(name, name) for name in node.output]


def as_bytes(model: onnx.ModelProto) -> bytes:
    """Serialise the graph with its weights.

    Raises:
        ExportError: it is too large for one file.
    """
    num_bytes = sum(len(tensor.raw_data) for tensor in model.graph.initializer)
    if num_bytes >= MOST_BYTES:
        raise ExportError(
            f"the weights have {num_bytes:,} bytes, and a file of ONNX at most {MOST_BYTES:,}",
            fix="set model to a smaller network",
        )
    content: bytes = model.SerializeToString(deterministic=True)
    return content


@contextlib.contextmanager
def _quiet() -> Any:
    """Silence the messages of torch's exporter."""
    loggers = [logging.getLogger(name) for name in ("torch.onnx", "onnxscript", "onnx_ir")]
    levels = [logger.level for logger in loggers]
    try:
        for logger in loggers:
            logger.setLevel(logging.ERROR)
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
