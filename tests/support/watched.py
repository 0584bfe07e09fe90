"""A served model of each modality and target, with a reference, and traffic that is like it or not.

Networks are small graphs with weights drawn at random, so that nothing has to be trained.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import onnx
import pyarrow as pa
from onnx import TensorProto, helper, numpy_helper

from pipeline.dataset.rankings.listed import CODE_UNIT
from pipeline.dataset.shards.column import ShardColumn
from pipeline.export.probes import describe_probes, mixed
from pipeline.export.reference import make_reference, write_reference
from pipeline.modalities.opening import (
    modality_fields,
    open_encode,
    open_fit,
    open_prepare,
    open_stress,
)
from pipeline.serving.folder import MODEL_ONNX, REFERENCE_NPZ, write_about
from pipeline.serving.graph import ask, open_session
from pipeline.serving.model import Model, open_model
from pipeline.targets.opening import open_answers
from tests.support.hostile_images import encode as encode_image
from tests.support.photos import photos
from tests.support.samples import SAMPLES

NUM_REFERENCE, NUM_USERS, WIDTH, NUM_LISTED = 800, 50, 8, 3
ITEMS = [f"item {number}" for number in range(12)]
WORDS = ["parcel", "invoice", "late", "never", "again", "please", "answer", "order", "broken"]


class TrafficState(NamedTuple):
    """A kind of data and of label."""

    modality: str
    target: str

    @property
    def labels(self) -> list[str]:
        """Labels that a person could give."""
        return {"classes": ["good", "bad"], "numbers": ["1.5", "-2"], "ranking": ITEMS}[self.target]


KINDS = [
    TrafficState("images", "classes"),
    TrafficState("images", "numbers"),
    TrafficState("tables", "classes"),
    TrafficState("tables", "numbers"),
    TrafficState("text", "classes"),
    TrafficState("text", "numbers"),
    TrafficState("interactions", "ranking"),
]


def contents_of(modality: str, num: int, seed: int, *, drifted: bool = False) -> list[bytes]:
    """Contents of requests, all different."""
    random = np.random.default_rng(seed)
    return CONTENTS[modality](num, random, drifted)


def _images(num: int, random: np.random.Generator, drifted: bool) -> list[bytes]:
    values = photos(num, seed=int(random.integers(1 << 30)), side=8)
    return [encode_image(image // 2 if drifted else image, "PNG") for image in values]


def _rows(num: int, random: np.random.Generator, drifted: bool) -> list[bytes]:
    """Patients; drifted ones are older, and half of their doses are missing."""
    rows = [
        {
            "age": round(float(random.normal(70 if drifted else 50, 10)), 1),
            "dose": None if random.random() < (0.5 if drifted else 0.05) else random.random(),
            "ward": str(random.choice(["A", "B", "C"])),
        }
        for _ in range(num)
    ]
    return [json.dumps(row).encode() for row in rows]


def _texts(num: int, random: np.random.Generator, drifted: bool) -> list[bytes]:
    """Sentences; drifted ones are cut."""
    sentences = [" ".join(random.choice(WORDS, random.integers(8, 20))) for _ in range(num)]
    ends = [f"{text} {place}" for place, text in enumerate(sentences)]
    return [text[-12:].encode() if drifted else text.encode() for text in ends]


def _events(num: int, random: np.random.Generator, drifted: bool) -> list[bytes]:
    """Histories; drifted ones are of a few items alone."""
    known = ITEMS[:2] if drifted else ITEMS
    return [
        json.dumps(
            {
                "user": f"u{random.integers(NUM_USERS)}",
                "history": list(random.choice(known, random.integers(2, 9))),
            }
        ).encode()
        for _ in range(num)
    ]


CONTENTS: Mapping[str, Callable[[int, np.random.Generator, bool], list[bytes]]] = {
    "images": _images,
    "tables": _rows,
    "text": _texts,
    "interactions": _events,
}


def write_watched(folder: Path, kind: TrafficState) -> Model:
    """A folder as `export` leaves it; its graph answers by the contents."""
    contents = contents_of(kind.modality, NUM_REFERENCE, seed=1)
    preparation = _preparation(kind.modality, contents)
    columns = open_encode(kind.modality).columns(preparation)
    columns_of, measured = _prepared(kind.modality, contents)
    inputs = open_encode(kind.modality).encode(columns_of, preparation)
    folder.mkdir(parents=True)
    path = folder / MODEL_ONNX
    content = _graph(columns, kind.target).SerializeToString()
    if kind.target == "classes":  # each label is as frequent as the other
        bias = -np.median(ask(open_session(content, path), inputs, 1000)[0], 0)
        content = _graph(columns, kind.target, bias).SerializeToString()
    path.write_bytes(content)
    session = open_session(content, path)
    probes = mixed(inputs)
    outputs, embedding = ask(session, inputs, 1000)
    answers = open_answers(kind.target).outputs.probabilities(outputs)
    names = list(open_stress(kind.modality).SLICED_BY)
    arrays = make_reference({n: measured[n] for n in names}, inputs, answers, embedding)
    write_reference(folder / REFERENCE_NPZ, arrays)
    target: dict[str, Any] = {
        "classes": {"classes": kind.labels},
        "numbers": {"scale": "standard", "mean": 10.0, "std": 4.0},
        "ranking": {"items": ITEMS},
    }[kind.target]
    about = {
        "modality": kind.modality,
        "preparation": preparation,
        "target_kind": kind.target,
        "target": target,
        "calibration": {"temperature": 1.0} if kind.target == "classes" else {},
        "inputs": [column._asdict() for column in columns],
        "outputs": list(outputs.shape[1:]),
        "embedding": list(embedding.shape[1:]),
        "rows_at_once": 1000,
        "precision": "fp32",
        "probes": describe_probes(probes, ask(session, probes, 1000)[0], "fp32"),
        "versions": {},
    }
    write_about(folder, about)
    return open_model(folder)


def settings_of(modality: str, part: str, name: str, section: str) -> Any:
    """What a modality adds to a section of params.yaml."""
    fields = modality_fields(modality, part, name)
    return fields.model_validate(SAMPLES[modality].settings.get(section, {}))


def _prepared(modality: str, contents: Sequence[bytes]) -> tuple[dict[str, Any], dict[str, Any]]:
    prepare = open_prepare(modality)
    found = prepare.prepare(contents, settings_of(modality, "prepare", "IngestFields", "ingest"))
    assert not any(found.problems)
    encode = open_encode(modality)
    measured = {name: np.array(values, np.float64) for name, values in found.measured.items()}
    return {name: found.content[name] for name in encode.CONTENT}, measured


def _preparation(modality: str, contents: Sequence[bytes]) -> Any:
    prepare, encode, fit = open_prepare(modality), open_encode(modality), open_fit(modality)
    settings = settings_of(modality, "prepare", "IngestFields", "ingest")
    found = prepare.prepare(contents, settings)
    columns = {
        name: pa.array(found.content[name], pa.type_for_alias(kind))
        for name, kind in prepare.CONTENT.items()
    }
    columns |= {
        m.name: pa.array(found.measured[m.name], pa.type_for_alias(m.type))
        for m in prepare.MEASUREMENTS
    }
    columns |= {name: pa.array(found.words[name], pa.string()) for name in prepare.WORDS}
    tally = prepare.new_tally()
    splits = pa.array(["train"] * len(contents))
    table = pa.table(columns)
    tally.add(table.drop_columns(list(prepare.CONTENT)).append_column("split", splits))
    index = {
        "modality": modality,
        "content": tally.index(modality_fields(modality, "prepare", "EntryFields")()),
    }
    augment = settings_of(modality, "encode", "AugmentFields", "augment")
    learnt = fit.fit(index, lambda: [table.select(list(encode.CONTENT))], augment)
    inputs = encode.encode({n: found.content[n] for n in encode.CONTENT}, learnt)
    return fit.finish(learnt, fit.sums(inputs))


def _graph(columns: Sequence[ShardColumn], target: str, bias: Any = 0.0) -> onnx.ModelProto:
    """Numbers by random weights, codes by sines of random frequencies; then the outputs."""
    random = np.random.default_rng(0)
    nodes, constants, parts = [], {}, []

    def node(kind: str, inputs: list[str], output: str, **attributes: Any) -> str:
        nodes.append(helper.make_node(kind, inputs, [output], **attributes))
        return output

    def constant(name: str, values: Any) -> str:
        constants[name] = np.asarray(values)
        return name

    for column in columns:
        name, num = column.name, int(np.prod(column.shape, dtype=np.int64))
        flat = node("Cast", [name], f"{name} number", to=TensorProto.FLOAT)
        flat = node("Reshape", [flat, constant(f"{name} shape", [-1, num])], f"{name} flat")
        if column.dtype == "int32":
            lifted = node("Unsqueeze", [flat, constant(f"{name} axis", [2])], f"{name} lifted")
            rates = random.uniform(0.1, 1, (1, 1, WIDTH)).astype(np.float32)
            waves = node("Mul", [lifted, constant(f"{name} rates", rates)], f"{name} waves")
            waves = node("Sin", [waves], f"{name} sines")
            if num == 1:  # who it is matters little
                waves = node("Mul", [waves, constant("little", np.float32(0.1))], f"{name} s")
            parts.append(node("ReduceMean", [waves, constant(f"{name} mean", [1])],
                              f"{name} part", keepdims=0))  # fmt: skip
            continue
        is_gap = node("IsNaN", [flat], f"{name} gaps")
        filled = node("Where", [is_gap, constant(f"{name} none", np.float32(0)), flat], f"{name} x")
        weights = random.normal(size=(num, WIDTH)).astype(np.float32)
        weights /= np.sqrt(num) * (100 if column.dtype == "uint8" else 20)
        parts.append(node("MatMul", [filled, constant(f"{name} w", weights)], f"{name} part"))
    embedding = node("Sum", parts, "embedding")
    num_outputs = {"classes": 2, "numbers": 1, "ranking": len(ITEMS)}[target]
    weights = random.normal(size=(WIDTH, num_outputs)).astype(np.float32)
    if target != "ranking":
        node("MatMul", [embedding, constant("w", weights * 4)], "without bias")
        node("Add", ["without bias", constant("bias", np.asarray(bias, np.float32))], "outputs")
        width = num_outputs
    else:
        node("MatMul", [embedding, constant("w", weights)], "scores")
        nodes.append(helper.make_node(
            "TopK", ["scores", constant("num", [NUM_LISTED])], ["best", "places"]))  # fmt: skip
        node("Cast", ["places"], "places as float", to=TensorProto.FLOAT)
        node("Add", ["places as float", constant("one", np.float32(1))], "codes")
        node("Mul", ["codes", constant("unit", np.float32(CODE_UNIT))], "items")
        node("Mul", ["items", constant("zero", np.float32(0))], "reasons")
        node("Concat", ["best", "items", "reasons"], "outputs", axis=1)
        width = 3 * NUM_LISTED
    value = helper.make_tensor_value_info
    types = {"uint8": TensorProto.UINT8, "int32": TensorProto.INT32, "float32": TensorProto.FLOAT}
    graph = helper.make_graph(
        nodes,
        "network",
        [value(c.name, types[c.dtype], ["rows", *c.shape]) for c in columns],
        [
            value("outputs", TensorProto.FLOAT, ["rows", width]),
            value("embedding", TensorProto.FLOAT, ["rows", WIDTH]),
        ],
        [numpy_helper.from_array(v, name) for name, v in constants.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
