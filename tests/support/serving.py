"""A real graph to be served, made without a training, and a real server with clients."""

import http.client
import json
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from pipeline.dataset.shards.column import INPUT, ShardColumn
from pipeline.serving.folder import MODEL_ONNX, REFERENCE_NPZ, packed, write_about
from pipeline.serving.graph import ask, open_session
from tests.support.repository import ROOT, environment

CLASSES = ["cat", "dog", "bird"]
SHAPE = (8, 8, 1)
EMBEDDING = 4


def write_model(
    folder: Path,
    seed: int = 0,
    classes: Sequence[str] = CLASSES,
    shape: tuple = SHAPE,
    noise: float = 0.0,
) -> None:
    """A linear network of images, whose outputs the seed decides, and noise of its weights."""
    num_in, random = int(np.prod(shape)), np.random.default_rng(seed)
    embed = random.normal(size=(num_in, EMBEDDING)).astype(np.float32) / num_in
    weights = random.normal(size=(EMBEDDING, len(classes))).astype(np.float32) * 4
    others = np.random.default_rng(seed + 1).normal(size=weights.shape).astype(np.float32) * 4
    weights += np.float32(noise) * others
    nodes = [
        helper.make_node("Cast", [INPUT], ["as_float"], to=TensorProto.FLOAT),
        helper.make_node("Div", ["as_float", "scale"], ["scaled"]),
        helper.make_node("Flatten", ["scaled"], ["flat"]),
        helper.make_node("MatMul", ["flat", "embed"], ["embedding"]),
        helper.make_node("MatMul", ["embedding", "weights"], ["outputs"]),
    ]
    value = helper.make_tensor_value_info
    graph = helper.make_graph(
        nodes,
        "network",
        [value(INPUT, TensorProto.UINT8, ["rows", *shape])],
        [
            value("outputs", TensorProto.FLOAT, ["rows", len(classes)]),
            value("embedding", TensorProto.FLOAT, ["rows", EMBEDDING]),
        ],
        [
            numpy_helper.from_array(np.float32(16.0), "scale"),
            numpy_helper.from_array(embed, "embed"),
            numpy_helper.from_array(weights, "weights"),
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
    content = model.SerializeToString()
    folder.mkdir(parents=True, exist_ok=True)
    (folder / MODEL_ONNX).write_bytes(content)
    np.savez(folder / REFERENCE_NPZ, nothing=np.zeros(1))
    probes = {INPUT: random.integers(0, 256, (3, *shape), dtype=np.uint8)}
    outputs, _ = ask(open_session(content, folder / MODEL_ONNX), probes, 64)
    column = ShardColumn(INPUT, "uint8", shape)
    about = {
        "modality": "images",
        "preparation": {
            "shape": list(shape),
            "resize": "squash",
            "mean": [120.0] * shape[2],
            "std": [60.0] * shape[2],
        },
        "target_kind": "classes",
        "target": {"classes": list(classes)},
        "calibration": {"temperature": 1.0},
        "inputs": [{"name": column.name, "dtype": column.dtype, "shape": list(column.shape)}],
        "outputs": [len(classes)],
        "embedding": [EMBEDDING],
        "rows_at_once": 64,
        "precision": "fp32",
        "opset": 20,
        "probes": {
            "inputs": {INPUT: packed(probes[INPUT])},
            "outputs": packed(outputs),
            "tolerance": 1e-4,
        },
        "versions": {"onnx": onnx.__version__},
    }
    write_about(folder, about)


def replace_model(folder: Path, seed: int, **options: Any) -> None:
    """Put another model in the place of a link, in one step, as a deployment does."""
    new = folder.with_name(f"{folder.name}-{seed}-{os.urandom(4).hex()}")
    write_model(new, seed, **options)
    link = folder.with_name(f"{folder.name}.link")
    link.unlink(missing_ok=True)
    link.symlink_to(new.name)
    if folder.is_dir() and not folder.is_symlink():
        folder.rename(folder.with_name(f"{folder.name}-first"))
    link.replace(folder)


class Running:
    """A server in a process of its own, and the lines that it printed."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self.process = process
        self.lines: list[str] = []
        self._changed = threading.Condition()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        url = self.wait_for(r"at (http://\S+);")[1]
        self.wait_for("serve: records in .*\n")  # the last line of the start
        self.host, _, port = url.removeprefix("http://").rpartition(":")
        self.port = int(port)

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}"

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            with self._changed:
                self.lines.append(line)
                self._changed.notify_all()
        with self._changed:
            self.lines.append("(end)\n")
            self._changed.notify_all()

    def wait_for(self, pattern: str, after: int = 0) -> re.Match[str]:
        """The first match in what was printed, from a line on; fails after a minute."""

        def find() -> re.Match[str] | None:
            return re.search(pattern, "".join(self.lines[after:]))

        with self._changed:
            self._changed.wait_for(lambda: find() or "(end)\n" in self.lines, 60)
            found = find()
        assert found, "".join(self.lines)
        return found

    def ask(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: dict[str, str] | None = None,
    ) -> tuple[int, dict[str, str], bytes]:
        """Status, headers and body of an answer."""
        connection = http.client.HTTPConnection(self.host, self.port, timeout=60)
        try:
            connection.request(method, path, body, headers or {})
            answer = connection.getresponse()
            found = {name.lower(): value for name, value in answer.getheaders()}
            return answer.status, found, answer.read()
        finally:
            connection.close()

    def ask_json(
        self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None
    ) -> tuple[int, Any]:
        """Status and values; a body that is no bytes is sent as JSON."""
        given = dict(headers or {})
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
            given["Content-Type"] = "application/json"
        status, _, content = self.ask(method, path, body, given)
        return status, json.loads(content)

    def end(self) -> int:
        """Ask it to end; its status, when all that it printed is in `lines`."""
        self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(60)
        self._reader.join(60)
        return status

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def metric(self, name: str) -> float:
        """Of /metrics, by its name with labels."""
        _, _, text = self.ask("GET", "/metrics")
        for line in text.decode().splitlines():
            if line.startswith(f"{name} "):
                return float(line.split()[-1])
        return 0.0


SERVE = [sys.executable, "-m", "pipeline.commands.serve"]


@contextmanager
def serving(
    place: Path,
    *arguments: str,
    env: dict[str, str] | None = None,
    command: Sequence[str] | None = None,
    port: int | None = 0,
) -> Iterator[Running]:
    """A server in the folder `place`, of models/serving there; killed at the end."""
    at = [] if port is None else ["--port", str(port)]
    process = subprocess.Popen(
        [*(command or SERVE), *at, *arguments],
        cwd=place,
        env=environment() | {"PYTHONPATH": str(ROOT)} | (env or {}),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        yield Running(process)
    finally:
        process.kill()
        process.wait()
