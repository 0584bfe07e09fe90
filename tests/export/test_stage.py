"""The stage alone: a model and shards in, a folder that can be served out."""

import json
import shutil
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import torch

from pipeline.dataset.parts import write_tables
from pipeline.dataset.places import ADJUSTMENTS, CLEAN, MODELS, SERVING, SHARDS
from pipeline.dataset.shards.reader import ShardReader
from pipeline.dataset.table import file_sha256, words, write_index
from pipeline.export import __main__ as export
from pipeline.export.params import export_params
from pipeline.export.served import ServedNetwork, answer_and_embed
from pipeline.learning.device import Device
from pipeline.learning.model_file import load_model, save_model
from pipeline.modalities.images.network.interface import build
from pipeline.runtime.errors import ExportError, MissingInput
from pipeline.runtime.stage import Stage
from pipeline.serving.graph import Graph
from tests.support.image_schema import CLEAN_SCHEMA
from tests.support.repository import ROOT, Repository
from tests.support.shards import write_learnable

CLASSES = ["cat", "dog", "hen"]
MEASURED = ["width", "height", "brightness", "contrast", "sharpness"]


def write_clean(ids: list[str]) -> None:
    shutil.rmtree("data/clean", ignore_errors=True)
    columns = {"id": pa.array(ids), "split": words(["val"] * len(ids))}
    for number, name in enumerate(MEASURED):
        values = np.arange(len(ids)) / 100 + number
        columns[name] = pa.array(values.astype(CLEAN_SCHEMA.field(name).type.to_pandas_dtype()))
    schema = pa.schema([CLEAN_SCHEMA.field(name) for name in columns])
    write_index(CLEAN, write_tables(CLEAN, [pa.table(columns, schema=schema)], schema))


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("pipeline").symlink_to(ROOT / "pipeline")
    for name in ("dvc.yaml", "params.yaml"):
        shutil.copy(ROOT / name, name)
    SHARDS.parent.mkdir()
    write_learnable(SHARDS, CLASSES)
    reader = ShardReader(SHARDS)
    write_clean(reader.read("val", 0).ids)
    torch.manual_seed(0)
    network = build("article_cnn", reader.preparation, len(CLASSES), None)
    ADJUSTMENTS.mkdir(parents=True)
    about = {
        "model": "article_cnn",
        "modality": "images",
        "preparation": reader.preparation,
        "target_kind": "classes",
        "target": {"classes": CLASSES},
        "dataset": "pets",
        "license": "CC0-1.0",
    }
    save_model(network, MODELS / "model.safetensors", MODELS / "model.json", about)
    return tmp_path


def run(**settings: object) -> dict:
    """Run the stage; returns reports/export.json."""
    Repository(Path()).set_params({"export": settings})
    stage = Stage("export", export_params("images", "classes"))
    try:
        export.main(stage)
        stage.publish()
    finally:
        stage.close()
    return json.loads(Path("reports/export.json").read_text())


def test_what_is_exported_answers_as_the_model(capsys):
    report = run()
    assert report["largest_change"] <= 1e-5
    assert (report["precision"], report["examples"], report["agreement"]) == ("fp32", 20, 1.0)
    assert [key for key in report if "sha256" in key] == [], "no figures"
    assert sorted(path.name for path in SERVING.iterdir()) == [
        "model.onnx",
        "reference.npz",
        "serving.json",
    ]
    graph, model = Graph.open(SERVING), load_model(MODELS, Device("cpu", bf16=False))
    val = ShardReader(SHARDS).read("val", 0)
    expected = answer_and_embed(
        ServedNetwork(model.network, ["x"]), val.inputs, Device("cpu", False)
    )
    for one, other in zip(graph.answer(val.inputs), expected, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-5)
    assert graph.about["target"] == {"classes": CLASSES}
    assert (graph.about["dataset"], graph.about["license"]) == ("pets", "CC0-1.0")
    assert graph.about["weights_sha256"] == model.about["weights_sha256"]
    assert graph.about["calibration"]["temperature"] > 0
    with np.load(SERVING / "reference.npz") as reference:
        assert reference["measurement_names"].tolist() == MEASURED
        assert reference["measurement_mean"][2] == pytest.approx(2.095)
        assert reference["embedding_mean"].shape == (128,)
    assert capsys.readouterr().out.startswith(
        "export: model.onnx 0.3 MB, opset 20, fp32: 20 of 20 validation answers as the network's, "
    )
    before = {path: path.read_bytes() for path in SERVING.iterdir()}
    run()
    assert {path: path.read_bytes() for path in SERVING.iterdir()} == before


def test_int8_is_smaller_and_its_agreement_is_reported():
    large = run()["model_bytes"]
    report = run(precision="int8", max_accuracy_drop=1.0)
    assert report["precision"] == "int8"
    assert report["model_bytes"] < 0.4 * large
    assert 0 < report["largest_change"] < 0.2
    assert report["agreement"] >= 0.8
    assert Graph.open(SERVING).about["precision"] == "int8"


def test_a_graph_that_answers_otherwise_stops_the_stage(monkeypatch):
    """As torch has exported some networks, without any error."""
    right = export.make_graph

    def wrong(served, columns):
        graph = right(served, columns)
        bias = next(t for t in graph.graph.initializer if list(t.dims) == [3])
        bias.raw_data = np.array([0.5, 0, 0], np.float32).tobytes()
        return graph

    run()
    before = file_sha256(SERVING / "model.onnx")
    monkeypatch.setattr(export, "make_graph", wrong)
    with pytest.raises(ExportError, match=r"does not answer as the network does: on 20 validation"):
        run()
    assert file_sha256(SERVING / "model.onnx") == before
    assert not list(MODELS.glob("*.partial"))


def test_a_model_of_other_labels_is_refused():
    shutil.rmtree(SHARDS)
    write_learnable(SHARDS, ["ant", "bee"])
    with pytest.raises(MissingInput, match=r"models/ was trained for other examples or labels"):
        run()


def test_shards_of_other_data_are_refused():
    write_clean(["val-1", "val-0"])
    with pytest.raises(MissingInput, match=r"data/shards was not made from this data/clean"):
        run()
