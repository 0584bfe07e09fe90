"""Networks for tables learn what there is to learn, of labels and of numbers."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from pipeline.learning.batches import make_examples
from pipeline.learning.device import Device
from pipeline.learning.fitting.loop import fit
from pipeline.learning.fitting.recipe import Recipe
from pipeline.learning.inference import predict
from pipeline.modalities.protocols.network import Weights
from pipeline.modalities.tables.network.interface import (
    NETWORKS,
    adapt,
    build,
    candidates,
    describe,
)
from pipeline.runtime.errors import SettingsError
from pipeline.targets.opening import open_loss
from pipeline.train.alone import fit_itself, fits_itself
from tests.support.table_rows import PREPARATION, Reader, chances, some_inputs

CPU = Device("cpu", bf16=False)
RECIPE = Recipe("adamw", 0.005, 64, 12, "cosine", 0.0, patience=12, seed=0)
LEAST = {"linear": 0.6, "mlp": 0.75, "tabm": 0.8, "trees": 0.85}
"""Squared correlation with what there is to learn; a line sees no bends."""


def trained(name: str, kind: str, settings: SimpleNamespace | None = None) -> torch.nn.Module:
    target = "classes" if kind == "index" else "numbers"
    loss, reader = open_loss(target), Reader(700, kind)
    torch.manual_seed(0)
    network = build(name, PREPARATION, 2 if kind == "index" else 1, settings)
    if fits_itself(network):
        fit_itself(network, reader, loss, settings, CPU, 0)  # type: ignore[arg-type]
    else:
        train, val = (make_examples(*reader.read_rows(s, 0)) for s in ("train", "val"))
        fit(network, RECIPE, lambda epoch: train, val, loss, CPU, settings=settings)
    return network


def correlation(network: torch.nn.Module, inputs: dict[str, np.ndarray]) -> float:
    outputs = predict(network, inputs, CPU)
    answers = outputs[:, -1] - (outputs[:, 0] if outputs.shape[1] == 2 else 0)
    return float(np.corrcoef(answers, chances(inputs))[0, 1] ** 2)


@pytest.mark.parametrize("name", NETWORKS)
def test_numbers_are_learnt(name):
    inputs = some_inputs(500, 7)
    assert correlation(trained(name, "number"), inputs) > LEAST[name] - 0.25 * (name == "linear")


@pytest.mark.parametrize("name", NETWORKS)
def test_labels_are_learnt_and_missing_values_answered(name):
    network = trained(name, "index")
    inputs = some_inputs(500, 7)
    assert correlation(network, inputs) > LEAST[name] - 0.3
    nothing = {
        "numbers": np.array([[np.nan] * 4, [np.inf] * 4, [-np.inf] * 4], np.float32),
        "categories": np.array([[0, 1], [99, -1], [2**31 - 1, -(2**31)]], np.int32),
    }
    assert np.isfinite(predict(network, nothing, CPU)).all()


@pytest.mark.parametrize("name", NETWORKS)
def test_a_row_is_answered_by_itself_and_embedded(name):
    torch.manual_seed(0)
    network = build(name, PREPARATION, 3, None).eval()
    batch = {n: torch.from_numpy(values) for n, values in some_inputs(9).items()}
    with torch.inference_mode():
        outputs = network(batch)
        assert outputs.shape == (9, 3)
        for row in range(9):
            alone = network({n: values[row : row + 1] for n, values in batch.items()})
            torch.testing.assert_close(alone[0], outputs[row])
        embedded = network.embed(batch)
        assert embedded.shape[0] == 9
        assert embedded.ndim == 2
        torch.testing.assert_close(network.read_out(embedded), outputs)


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("key", ["numbers", "categories"])
def test_a_kind_of_columns_may_be_left_out(name, key):
    other = {"numbers": "categories", "categories": "numbers"}[key]
    network = build(name, {**PREPARATION, other: []}, 2, None).eval()
    inputs = {key: torch.from_numpy(some_inputs(5)[key])}
    assert network(inputs).shape == (5, 2)


@pytest.mark.slow  # 10 s
def test_quantiles_are_learnt_by_trees_and_by_tabm():
    settings = SimpleNamespace(loss="quantile", quantile=0.9)
    reader = Reader(700, "number")
    test = reader.read_rows("test", 0)
    for name in ("linear", "tabm", "trees"):
        below = test.y <= predict(trained(name, "number", settings), test.inputs, CPU)[:, 0]
        assert 0.8 < below.mean() < 0.97, name


def test_auto_names_what_is_tried():
    assert candidates("auto") == ("linear", "trees", "tabm")
    assert candidates("mlp") == ["mlp"]
    with pytest.raises(SettingsError, match="model must be linear, mlp, tabm, trees or auto"):
        build("resnet", PREPARATION, 2, None)


def test_weights_of_another_table_are_refused():
    weights = Weights({}, {"weights": "models/start/a"}, PREPARATION)
    assert adapt("tabm", weights, PREPARATION).preparation == PREPARATION
    other = {**PREPARATION, "categories": [{"name": "site", "values": ["south", "north"]}]}
    with pytest.raises(SettingsError, match="other columns, or other values"):
        adapt("tabm", weights, other)


def test_words():
    assert describe(PREPARATION) == "rows of 4 numbers and 2 categories"
    one = {"numbers": [], "categories": PREPARATION["categories"][:1]}
    assert describe(one) == "rows of 1 category"
