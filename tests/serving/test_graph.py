"""A folder is served as it was exported, or not at all; nothing heavy is imported for it."""

import hashlib
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest

from pipeline.export.graph_file import make_graph
from pipeline.export.served import answer_and_embed
from pipeline.learning.device import Device
from pipeline.runtime.errors import MissingInput
from pipeline.runtime.json_files import seal, write_json
from pipeline.serving.folder import OWN_DIGEST, SERVING_JSON, packed, read_about, unpacked
from pipeline.serving.graph import Graph
from tests.support.exported import (
    CLASSES,
    COLUMNS,
    some_inputs,
    some_network,
    write_folder,
)
from tests.support.repository import ROOT

COPY = "copy the whole folder again from where it was exported"


@pytest.fixture(scope="module")
def exported() -> onnx.ModelProto:
    return make_graph(some_network(), COLUMNS)


@pytest.fixture
def folder(exported, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return write_folder(Path("copy"), exported)


def refusal(folder: Path) -> str:
    with pytest.raises(MissingInput) as caught:
        Graph.open(folder)
    return str(caught.value)


def change(folder: Path, **values: object) -> None:
    """Change serving.json as one who knows how it is sealed."""
    write_json(folder / SERVING_JSON, seal(read_about(folder) | values, OWN_DIGEST))


def test_it_answers_as_the_network_for_any_number_of_rows(folder):
    graph = Graph.open(folder)
    assert graph.digest == graph.about["files"]["model.onnx"]["sha256"]
    assert graph.about["target"] == {"classes": CLASSES}
    assert graph.inputs == COLUMNS
    inputs = some_inputs()
    expected = answer_and_embed(some_network(), inputs, Device("cpu", bf16=False))
    for num in (0, 1, 3, 16, 17, 40):  # 16 at once
        found = graph.answer({"x": inputs["x"][:num], "further": np.zeros(num)})
        for one, other, width in zip(found, expected, (len(CLASSES), 128), strict=True):
            assert one.shape == (num, width)
            assert one.dtype == np.float32
            np.testing.assert_allclose(one, other[:num], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    "inputs",
    [
        {},
        {"y": np.zeros((2, 6, 6, 3), np.uint8)},
        {"x": np.zeros((2, 6, 6, 3), np.float32)},
        {"x": np.zeros((2, 6, 6, 1), np.uint8)},
        {"x": np.zeros((6, 6, 3), np.uint8)},
    ],
)
def test_other_inputs_are_refused(folder, inputs):
    with pytest.raises(ValueError, match="the inputs should be rows of"):
        Graph.open(folder).answer(inputs)


@pytest.mark.parametrize("name", ["model.onnx", "serving.json"])
def test_a_missing_file(folder, name):
    (folder / name).unlink()
    assert refusal(folder) == f"ERROR copy/{name} does not exist | fix: {COPY}"


@pytest.mark.parametrize("harm", ["a bit", "cut off", "nothing", "pipe"])
def test_a_damaged_graph(folder, harm):
    path = folder / "model.onnx"
    content = bytearray(path.read_bytes())
    if harm == "a bit":
        content[len(content) // 2] ^= 4
    path.write_bytes({"cut off": content[:-1], "nothing": b""}.get(harm, content))
    expected = "is not the file that serving.json describes"
    if harm == "pipe":
        path.unlink()
        path.mkdir()
        expected = "is no regular file"
    assert refusal(folder) == f"ERROR copy/model.onnx {expected} | fix: {COPY}"


@pytest.mark.parametrize("at", [0.1, 0.5, 0.9])
def test_a_damaged_description(folder, at):
    path = folder / "serving.json"
    content = bytearray(path.read_bytes())
    content[int(at * len(content))] ^= 1
    path.write_bytes(content)
    assert refusal(folder).startswith("ERROR copy/serving.json is damaged: ")


def test_an_older_description_in_a_project(exported, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("dvc.yaml").write_text("")
    folder = write_folder(Path("models/serving"), exported)
    about = read_about(folder)
    del about["probes"], about["calibration"]
    write_json(folder / SERVING_JSON, seal(about, OWN_DIGEST))
    assert refusal(folder) == (
        "ERROR models/serving/serving.json has no calibration, probes: it is of another version "
        "| fix: dvc repro export"
    )
    write_json(folder / SERVING_JSON, seal(about | {"probes": {}, "calibration": {}}, OWN_DIGEST))
    (folder / "model.onnx").write_bytes(b"")
    assert refusal(folder).endswith("| fix: groundwork repair --cache && dvc repro export")


def test_a_graph_that_answers_otherwise_is_refused(folder):
    """The self-test: as on a processor, or with a library, that computes something else."""
    probes = read_about(folder)["probes"]
    outputs = unpacked(probes["outputs"])
    change(folder, probes=probes | {"outputs": packed(outputs + np.float32(5e-4))})
    Graph.open(folder)
    change(folder, probes=probes | {"outputs": packed(outputs + np.float32(0.5))})
    assert refusal(folder).startswith(
        "ERROR copy/model.onnx answers other than where it was exported: an output differs by 0.5"
    )
    change(folder, probes=probes | {"outputs": packed(outputs * np.float32(np.nan))})
    assert "an output differs by nan" in refusal(folder)


@pytest.mark.parametrize(
    "changes",
    [
        {"probes": {}},
        {"probes": []},
        {"inputs": [{"name": "x"}]},
        {"inputs": [{"name": "other", "dtype": "uint8", "shape": [6, 6, 3]}]},
        {"inputs": [{"name": "x", "dtype": "float32", "shape": [6, 6, 3]}]},
        {"rows_at_once": 0},
        {"rows_at_once": "many"},
    ],
)
def test_a_foreign_description_is_refused_in_one_line(folder, changes):
    change(folder, **changes)
    message = refusal(folder)
    assert message.startswith("ERROR copy/serving.json does not fit its model.onnx: ")
    assert "\n" not in message


def test_what_is_no_graph_is_refused(folder):
    content = b"no graph"
    (folder / "model.onnx").write_bytes(content)
    digest = {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}
    change(folder, files={"model.onnx": digest})
    assert refusal(folder).startswith("ERROR copy/model.onnx cannot be run by onnxruntime ")


@pytest.mark.parametrize(
    "values",
    [
        np.arange(12, dtype=np.uint8).reshape(3, 4),
        np.array([[1.5, np.nan], [np.inf, -0.0]], np.float32),
        np.zeros((0, 3), np.int32),
        np.array(7, np.int64),
        np.arange(3, dtype=">i4"),
    ],
)
def test_arrays_come_back_from_json(values):
    found = unpacked(json.loads(json.dumps(packed(values))))
    assert found.dtype == values.dtype.newbyteorder("=")
    assert found.shape == values.shape
    np.testing.assert_array_equal(found, values)


@pytest.mark.parametrize(
    "described",
    [
        {},
        {"dtype": "object", "shape": [1], "base64": "AAAAAAAAAAA="},
        {"dtype": "uint8", "shape": [2], "base64": "AA=="},
        {"dtype": "uint8", "shape": [-1], "base64": "AA=="},
        {"dtype": "uint8", "shape": [1], "base64": "&"},
    ],
)
def test_what_is_no_array_is_refused(described):
    with pytest.raises(ValueError, match=r"no array|bytes are no|base64"):
        unpacked(described)


def test_neither_torch_nor_arrow_is_imported(folder):
    code = (
        "import sys; from pathlib import Path; from pipeline.serving.graph import Graph; "
        f"Graph.open(Path({str(folder.absolute())!r})); "
        "print(sorted({n.split('.')[0] for n in sys.modules}"
        " & {'torch', 'pyarrow', 'pandas', 'onnx', 'sklearn', 'scipy', 'PIL'}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"
