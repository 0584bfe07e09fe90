"""Boosted trees answer from arrays as scikit-learn answers from its own."""

from pathlib import Path

import numpy as np
import pytest
import torch

from pipeline.dataset.shards.column import ShardColumn
from pipeline.export.graph_file import as_bytes, make_graph
from pipeline.export.served import ServedNetwork
from pipeline.modalities.tables.modules import boosting
from pipeline.modalities.tables.modules.boosting import below
from pipeline.modalities.tables.modules.trees import Trees
from pipeline.serving.graph import ask, open_session
from pipeline.targets.opening import open_loss
from tests.support.table_rows import PREPARATION, Reader, some_inputs


def losses_of(target: str):
    loss = open_loss(target)
    return lambda outputs, y: loss.losses(outputs, y, None)


def as_tensors(inputs):
    return {name: torch.from_numpy(values.copy()) for name, values in inputs.items()}


@pytest.fixture
def models(monkeypatch) -> list:
    """The models of scikit-learn that are fitted, of one size."""
    made = []
    make_model = boosting.make_model

    def remember(*arguments):
        made.append(make_model(*arguments))
        return made[-1]

    monkeypatch.setattr(boosting, "LEAVES", (8,))
    monkeypatch.setattr(boosting, "make_model", remember)
    return made


@pytest.mark.parametrize(("kind", "labels"), [("index", 2), ("index", 3), ("number", 1)])
def test_answers_are_those_of_scikit_learn(models, kind, labels):
    target = "classes" if kind == "index" else "numbers"
    reader = Reader(600, kind, labels)
    network = Trees(PREPARATION, labels if kind == "index" else 1)
    network.fit(reader, losses_of(target), 0)
    inputs = some_inputs(200, 5)
    inputs["numbers"][:4] = np.nan
    inputs["categories"][:4] = [[0, 0], [1, 1], [99, 9999], [-5, 2]]
    with torch.inference_mode():
        outputs = network(as_tensors(inputs)).numpy()
    x = network.columns(as_tensors(inputs)).numpy()
    [model] = models
    if kind == "index":
        found = torch.from_numpy(outputs).softmax(1).numpy()
        np.testing.assert_allclose(found, model.predict_proba(x), atol=1e-5)
    else:
        offset = outputs[:, 0] - model.predict(x)
        np.testing.assert_allclose(offset, offset.mean(), atol=1e-4)
    again = Trees(PREPARATION, labels if kind == "index" else 1)
    again.load_state_dict(network.state_dict())
    assert torch.equal(again(as_tensors(inputs)), network(as_tensors(inputs)))


def test_labels_that_train_has_not_are_hardly_said():
    reader = Reader(300, "index", 3)
    only = reader.rows["train"]
    reader.rows["train"] = only._replace(y=np.where(only.y == 1, 0, only.y))
    network = Trees(PREPARATION, 3)
    network.fit(reader, losses_of("classes"), 0)
    outputs = network(as_tensors(some_inputs(50)))
    assert torch.isfinite(outputs).all()
    assert (outputs.softmax(1)[:, 1] < 1e-6).all()


def test_one_label_alone_is_always_said():
    reader = Reader(100, "index", 2)
    reader.rows["train"] = reader.rows["train"]._replace(y=np.ones(100, np.int32))
    network = Trees(PREPARATION, 2)
    network.fit(reader, losses_of("classes"), 0)
    assert (network(as_tensors(some_inputs(20))).argmax(1) == 1).all()


@pytest.mark.parametrize("labels", [1, 3])
def test_a_graph_answers_odd_rows_as_the_network_does(labels):
    """Also where train has one label alone, so that there is no tree."""
    reader = Reader(100, "index", 3)
    rows = reader.rows["train"]
    reader.rows["train"] = rows._replace(y=rows.y % labels)
    network = Trees(PREPARATION, 3)
    network.fit(reader, losses_of("classes"), 0)
    inputs = some_inputs(7)
    inputs["numbers"][:3] = [[np.inf], [-np.inf], [np.nan]]
    inputs["categories"][3:5] = [[10**6, -3], [0, 1]]
    columns = [ShardColumn(n, str(v.dtype), v.shape[1:]) for n, v in inputs.items()]
    served = ServedNetwork(network, [column.name for column in columns])
    session = open_session(as_bytes(make_graph(served, columns)), Path("model.onnx"))
    answers, _ = ask(session, inputs, network.rows_at_once)
    with torch.inference_mode():
        expected = network(as_tensors(inputs)).numpy()
    np.testing.assert_allclose(answers, expected, atol=1e-5)


def test_thresholds_in_float32_part_the_same_numbers():
    random = np.random.default_rng(0)
    numbers = random.normal(0, 1, 1000).astype(np.float32)
    thresholds = np.concatenate([numbers.astype(np.float64), random.normal(0, 1, 1000), [1e300]])
    same = numbers[:, None] <= below(thresholds)
    assert np.array_equal(same, numbers[:, None].astype(np.float64) <= thresholds)


def test_the_same_seed_gives_the_same_trees():
    reader = Reader(200, "index")
    states = []
    for _ in range(2):
        network = Trees(PREPARATION, 2)
        network.fit(reader, losses_of("classes"), 1)
        states.append(network.state_dict())
    assert all(torch.equal(states[0][name], states[1][name]) for name in states[0])
