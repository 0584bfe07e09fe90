"""What holds for every modality: each of its networks can be exported, and answers as before."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from pipeline.export.graph_file import as_bytes, make_graph
from pipeline.export.probes import mixed
from pipeline.export.served import ServedNetwork, answer_and_embed
from pipeline.learning.device import Device
from pipeline.modalities.opening import open_encode, open_network
from pipeline.serving.folder import MODEL_ONNX, OUTPUTS
from pipeline.serving.graph import ask, open_session
from tests.modalities.test_contract_networks import NETWORKS, ready
from tests.modalities.test_contract_networks import OUTPUTS as NUM_OUTPUTS
from tests.support.marks import slow

CPU = Device("cpu", bf16=False)
ROWS = (0, 1, 3, 17)
LARGE = {"als", "trees"}
"""Networks whose graphs have hundreds of nodes, which take seconds to write."""


class Rows:
    """What a network that fits itself reads."""

    copies = 1

    def __init__(self, inputs) -> None:
        self.inputs = inputs

    def read_rows(self, split, copy):
        rows = mixed(self.inputs, 120)
        y = (np.arange(120) % NUM_OUTPUTS).astype(np.int32)
        return rows, y, np.ones(120, np.float32)


@pytest.fixture(scope="module")
def inputs(known):
    """Rows of shards of the modality, of which several are far from each other."""
    return mixed(known.inputs, max(ROWS))


@pytest.mark.parametrize(
    ("modality", "name"),
    [slow(*each) if each[1] in LARGE else each for each in NETWORKS],
    indirect=["modality"],
)
def test_a_graph_answers_and_embeds_as_its_network(known, inputs, name, tmp_path):
    network, settings = open_network(known.name), known.settings["train"]
    built = ready(
        lambda: network.build(name, known.preparation, NUM_OUTPUTS, settings), known.inputs
    )
    if hasattr(built, "fit"):
        built.fit(Rows(known.inputs), lambda o, y: F.cross_entropy(o, y, reduction="none"), 0)
    columns = open_encode(known.name).columns(known.preparation)
    served = ServedNetwork(built, [column.name for column in columns])
    expected = answer_and_embed(served, inputs, CPU)
    with torch.inference_mode():
        batch = {n: torch.from_numpy(values) for n, values in inputs.items()}
        np.testing.assert_allclose(expected[0], built(batch).numpy(), rtol=1e-5, atol=1e-6)
    graph = make_graph(served, columns)
    assert [value.name for value in graph.graph.input] == [column.name for column in columns]
    assert graph.graph.output[0].name == OUTPUTS
    session = open_session(as_bytes(graph), tmp_path / MODEL_ONNX)
    for num in ROWS:
        found = ask(session, {n: values[:num] for n, values in inputs.items()}, 1000)
        for one, other in zip(found, expected, strict=True):
            assert one.dtype == np.float32
            assert one.ndim == 2
            scale = max(1.0, np.abs(other).max())
            np.testing.assert_allclose(one / scale, other[:num] / scale, atol=1e-5)
