"""Adjustments: they change what they name, belong to their weights, and are in the graph."""

import numpy as np
import pytest
import torch
from torch import nn

from pipeline.dataset.places import ADJUSTMENTS
from pipeline.export.adjusting import adjust, write_adjustment
from pipeline.export.graph_file import as_bytes, make_graph
from pipeline.export.served import ServedNetwork
from pipeline.runtime.errors import MissingInput, SettingsError
from pipeline.serving.graph import ask, open_session
from tests.support.exported import COLUMNS, some_inputs, some_network


@pytest.fixture(autouse=True)
def folder(here):
    ADJUSTMENTS.mkdir(parents=True)
    return ADJUSTMENTS


def network() -> nn.Module:
    return some_network().network


def norms(net: nn.Module) -> dict[str, torch.Tensor]:
    return {name: value for name, value in net.named_buffers() if name.endswith("running_mean")}


def test_what_is_written_is_what_the_network_gets():
    net = network()
    shifted = {name: value + 1 for name, value in norms(net).items()}
    shift = torch.tensor([1.0, 0.0, -1.0])
    write_adjustment("night", shifted, shift, "abc")
    found = adjust(net, "night", "abc")
    assert torch.equal(found, shift)
    assert all(torch.equal(value, shifted[name]) for name, value in norms(net).items())


def test_none_changes_nothing():
    net = network()
    before = {name: value.clone() for name, value in net.state_dict().items()}
    assert adjust(net, "none", "abc") is None
    assert all(torch.equal(value, before[name]) for name, value in net.state_dict().items())


def test_the_graph_has_the_shift(tmp_path):
    net, shift = network(), torch.tensor([0.5, 0.0, -2.0])
    inputs = some_inputs(8)
    plain, shifted = (
        ask(open_session(as_bytes(make_graph(ServedNetwork(net, ["x"], s), COLUMNS)), tmp_path),
            inputs, 8)[0]
        for s in (None, shift)
    )  # fmt: skip
    np.testing.assert_allclose(shifted, plain + shift.numpy(), atol=1e-5)


def test_what_is_refused():
    net = network()
    with pytest.raises(SettingsError, match=r"night\.safetensors does not exist; there are: none"):
        adjust(net, "night", "abc")
    path = write_adjustment("night", norms(net), None, "abc")
    with pytest.raises(SettingsError, match="made for other weights"):
        adjust(net, "night", "abd")
    write_adjustment("night", {"network.gone": torch.zeros(2)}, None, "abc")
    with pytest.raises(SettingsError, match=r"has network\.gone, which the network has not"):
        adjust(net, "night", "abc")
    path.write_bytes(path.read_bytes()[:-3])
    with pytest.raises(MissingInput, match="is no whole safetensors file"):
        adjust(net, "night", "abc")
