"""Graphs: what is in the file, and what is not."""

import sys

import numpy as np
import onnx
import pytest
import torch
from torch import nn

from pipeline.dataset.shards.column import ShardColumn
from pipeline.export import graph_file
from pipeline.export.graph_file import as_bytes, make_graph, strip
from pipeline.export.served import ServedNetwork, answer_and_embed
from pipeline.learning.device import Device
from pipeline.modalities.images.network.interface import build
from pipeline.runtime.errors import ExportError
from pipeline.serving.graph import ask, open_session
from tests.support.exported import COLUMNS, SHAPE, some_inputs, some_network
from tests.support.repository import ROOT

CPU = Device("cpu", bf16=False)


@pytest.fixture(scope="module")
def content() -> bytes:
    return as_bytes(make_graph(some_network(), COLUMNS))


def test_nothing_tells_of_the_machine(content):
    """torch puts stack traces into a graph: then two clones would not have the same bytes."""
    for path in (str(ROOT), sys.prefix, "site-packages", "File "):
        assert path.encode() not in content
    onnx.checker.check_model(onnx.load_from_string(content), full_check=True)


def test_the_same_network_is_the_same_file(content):
    assert as_bytes(make_graph(some_network(), COLUMNS)) == content


def test_strip_reaches_all_that_is_inside():
    inner = onnx.helper.make_graph(
        [onnx.helper.make_node("Abs", ["a"], ["b"], name="n")], "g", [], []
    )
    node = onnx.helper.make_node("If", ["c"], ["d"], then_branch=inner, else_branch=inner)
    model = onnx.helper.make_model(onnx.helper.make_graph([node], "g", [], []))
    clean = model.SerializeToString()
    for message in (model, model.graph, *model.graph.node, node.attribute[0].g.node[0]):
        message.doc_string = "/home/someone"
    entry = model.graph.node[0].attribute[0].g.node[0].metadata_props.add()
    entry.key, entry.value = "trace", "/home/someone"
    strip(model)
    assert model.SerializeToString() == clean


@pytest.mark.parametrize("views", ["mirrored", "shifted"])
def test_what_is_seen_in_several_views_is_in_the_graph(views, tmp_path):
    served = some_network("article_cnn", views)
    inputs = some_inputs()
    outputs, embeddings = answer_and_embed(served, inputs, CPU)
    plain = answer_and_embed(some_network("article_cnn"), inputs, CPU)
    assert np.abs(outputs - plain[0]).max() > 1e-3
    np.testing.assert_allclose(embeddings, plain[1], atol=1e-5)  # of images as they are
    found = ask(open_session(as_bytes(make_graph(served, COLUMNS)), tmp_path), inputs, 1000)
    np.testing.assert_allclose(found[0], outputs, atol=1e-5)
    np.testing.assert_allclose(found[1], embeddings, atol=1e-4)


@pytest.mark.parametrize(
    ("name", "width"),
    [("torchvision:shufflenet_v2_x0_5", 1024), ("torchvision:squeezenet1_1", 512)],
)
@pytest.mark.slow
def test_networks_of_torchvision(name, width, tmp_path):
    """The head of the second is a convolution."""
    columns = [ShardColumn("x", "uint8", (48, 48, 3))]
    torch.manual_seed(0)
    preparation = {"shape": [48, 48, 3], "mean": [120.0] * 3, "std": [60.0] * 3}
    served = ServedNetwork(build(name, preparation, 3, None).eval(), ["x"])
    inputs = {"x": np.random.default_rng(0).integers(0, 256, (5, 48, 48, 3)).astype(np.uint8)}
    outputs, embeddings = answer_and_embed(served, inputs, CPU)
    assert embeddings.shape == (5, width)
    found = ask(open_session(as_bytes(make_graph(served, columns)), tmp_path), inputs, 2)
    np.testing.assert_allclose(found[0], outputs, atol=1e-4)
    np.testing.assert_allclose(found[1], embeddings, atol=1e-3)


class Plain(nn.Module):
    """A network that knows of no embedding."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(int(np.prod(SHAPE)), 3)

    def forward(self, inputs):
        return self.layer(inputs["x"].flatten(1).float())


class Searching(Plain):
    """One that computes what no graph can."""

    def forward(self, inputs):
        rows = super().forward(inputs)
        return rows * len(set(rows.flatten().tolist()))


def test_a_network_without_embeddings_has_its_outputs(tmp_path):
    outputs, embeddings = answer_and_embed(ServedNetwork(Plain(), ["x"]), some_inputs(), CPU)
    np.testing.assert_array_equal(outputs, embeddings)
    found = ask(
        open_session(as_bytes(make_graph(ServedNetwork(Plain(), ["x"]), COLUMNS)), tmp_path),
        some_inputs(),
        7,
    )
    assert found[0].shape == found[1].shape == (40, 3)


def test_a_network_that_cannot_be_written_is_refused_in_one_line():
    with pytest.raises(ExportError) as caught:
        make_graph(ServedNetwork(Searching(), ["x"]), COLUMNS)
    message = str(caught.value)
    assert message.startswith("ERROR the network cannot be written as an ONNX graph: ")
    assert "\n" not in message


def test_a_graph_that_is_too_large_for_a_file(content, monkeypatch):
    monkeypatch.setattr(graph_file, "MOST_BYTES", 1_000_000)
    with pytest.raises(ExportError, match=r"the weights have 1,2\d\d,\d\d\d bytes, and a file of"):
        as_bytes(onnx.load_from_string(content))
