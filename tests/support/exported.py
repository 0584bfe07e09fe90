"""A small trained network, exported into a folder as the stage does."""

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch

from pipeline.dataset.shards.column import ShardColumn
from pipeline.export.graph_file import as_bytes, make_graph
from pipeline.export.probes import describe_probes, mixed
from pipeline.export.served import ServedNetwork
from pipeline.modalities.images.network.interface import build
from pipeline.serving.folder import MODEL_ONNX, REFERENCE_NPZ, write_about
from pipeline.serving.graph import ask, open_session

SHAPE = (6, 6, 3)
COLUMNS = [ShardColumn("x", "uint8", SHAPE)]
PREPARATION = {"shape": list(SHAPE), "mean": [120.0, 90.0, 60.0], "std": [60.0, 50.0, 40.0]}
CLASSES = ["Katze", "猫", "chien"]
NUM = 40


def some_inputs(num: int = NUM, seed: int = 0) -> dict[str, np.ndarray]:
    values = np.random.default_rng(seed).integers(0, 256, (num, *SHAPE))
    return {"x": values.astype(np.uint8)}


def some_network(name: str = "resnet", views: str = "original") -> ServedNetwork:
    """Not trained, but its outputs differ by the example."""
    torch.manual_seed(0)
    network = build(name, PREPARATION, len(CLASSES), {"views": views})
    with torch.no_grad():
        for _ in range(3):
            network.train()({"x": torch.from_numpy(some_inputs(seed=1)["x"])})
    return ServedNetwork(network.eval(), ["x"])


def write_folder(folder: Path, graph: onnx.ModelProto | None = None, **changes: Any) -> Path:
    """What `export` writes, with `changes` of serving.json."""
    folder.mkdir(parents=True)
    content = as_bytes(graph or make_graph(some_network(), COLUMNS))
    (folder / MODEL_ONNX).write_bytes(content)
    np.savez(folder / REFERENCE_NPZ, nothing=np.zeros(1))
    probes = mixed(some_inputs())
    outputs, embeddings = ask(open_session(content, folder / MODEL_ONNX), probes, 1000)
    about = {
        "modality": "images",
        "preparation": PREPARATION,
        "target_kind": "classes",
        "target": {"classes": CLASSES},
        "calibration": {"temperature": 1.5},
        "inputs": [column._asdict() for column in COLUMNS],
        "outputs": list(outputs.shape[1:]),
        "embedding": list(embeddings.shape[1:]),
        "rows_at_once": 16,
        "precision": "fp32",
        "probes": describe_probes(probes, outputs, "fp32"),
        "versions": {"onnxruntime": "1.0"},
    }
    write_about(folder, about | changes)
    return folder
