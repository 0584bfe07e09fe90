"""What holds for every modality: networks take the columns of shards, and examples are compared."""

from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from pipeline.dataset.randomness import id_keys
from pipeline.dataset.table import write_index, write_part
from pipeline.learning.fitting.recipe import Recipe
from pipeline.modalities.opening import open_compare, open_label_check, open_network
from pipeline.modalities.protocols.network import Weights
from pipeline.runtime.errors import SettingsError
from tests.modalities.conftest import Known
from tests.modalities.test_contract import assert_vary
from tests.support.contract import assert_one_line, assert_same, unchanged
from tests.support.samples import SAMPLES

OUTPUTS = 3
NETWORKS = [(name, network) for name, samples in SAMPLES.items() for network in samples.networks]


each_network = pytest.mark.parametrize(("modality", "name"), NETWORKS, indirect=["modality"])


def tensors(inputs):
    return {name: torch.as_tensor(values.copy()) for name, values in inputs.items()}


def ready(build, inputs, seed=0):
    """A fresh network, which has looked at some rows, as before training."""
    torch.manual_seed(seed)
    network = build()
    if getattr(network, "num_looked_at", 0):
        network.look_at(tensors(inputs))
    return network.eval()


def embeddings(network, batch):
    """None where a network gives none: a wrapper may know only as it asks what it wraps."""
    try:
        return network.embed(batch)
    except AttributeError:
        return None


def assert_network(build, inputs):
    """Outputs of a row are finite, and depend on this row and on the weights alone."""
    network, batch = ready(build, inputs), tensors(inputs)
    before = unchanged(inputs)
    with torch.inference_mode():
        outputs = network(batch)
        num = len(next(iter(inputs.values())))
        assert outputs.shape == (num, OUTPUTS)
        assert outputs.is_floating_point()
        assert torch.isfinite(outputs).all()
        assert torch.equal(network(tensors(inputs)), outputs)
        assert_same({name: values.numpy() for name, values in batch.items()}, before)
        for row in range(num):
            alone = network({name: values[row : row + 1] for name, values in batch.items()})
            torch.testing.assert_close(alone[0], outputs[row], rtol=1e-5, atol=1e-5)
        backwards = network({name: values.flip(0) for name, values in batch.items()})
        torch.testing.assert_close(backwards.flip(0), outputs, rtol=1e-5, atol=1e-5)
        if (embedded := embeddings(network, batch)) is not None:
            assert embedded.ndim == 2
            assert len(embedded) == num
            torch.testing.assert_close(network.read_out(embedded), outputs, rtol=1e-5, atol=1e-5)
        same = ready(build, inputs)
        assert torch.equal(same(batch), outputs)  # by torch's global seed
        torch.manual_seed(1)
        other = build()
        other.load_state_dict(network.state_dict())
        assert torch.equal(other.eval()(batch), outputs)
    return network


@each_network
def test_a_network_takes_the_columns_of_a_shard(known, name):
    network, settings = open_network(known.name), known.settings["train"]

    def build():
        return network.build(name, known.preparation, OUTPUTS, settings)

    assert_network(build, known.inputs)


@each_network
def test_a_model_is_built_by_what_model_json_says(known, name):
    """Without the settings of training, or with a dictionary of them."""
    network, settings = open_network(known.name), known.settings["train"]
    trained = ready(lambda: network.build(name, known.preparation, OUTPUTS, settings), known.inputs)
    batch = tensors(known.inputs)
    for said in (None, settings.model_dump()):
        loaded = network.build(name, known.preparation, OUTPUTS, said)
        loaded.load_state_dict(trained.state_dict())
        with torch.inference_mode():
            assert torch.equal(loaded.eval()(batch), trained(batch))


@each_network
def test_a_network_learns(known, name):
    """Its weights get gradients that are finite, by the rows of a batch alone."""
    network = open_network(known.name)
    built = ready(
        lambda: network.build(name, known.preparation, OUTPUTS, known.settings["train"]),
        known.inputs,
    ).train()
    if hasattr(built, "fit"):
        pytest.skip("it fits itself")
    y = torch.arange(len(known.contents)) % OUTPUTS
    outputs = built(tensors(known.inputs))
    if outputs.ndim == 3:  # of several members
        y = y.repeat_interleave(outputs.shape[1])
    torch.nn.functional.cross_entropy(outputs.reshape(-1, OUTPUTS), y).backward()
    gradients = [p.grad for p in built.parameters() if p.requires_grad]
    assert any(g is not None and g.abs().sum() > 0 for g in gradients)
    assert all(torch.isfinite(g).all() for g in gradients if g is not None)


@each_network
def test_weights_of_the_same_data_are_taken_as_they_are(known, name):
    network = open_network(known.name)
    built = network.build(name, known.preparation, OUTPUTS, known.settings["train"])
    tensors = built.state_dict()
    weights = Weights(tensors, {"weights": "models/start/a"}, known.preparation)
    adapted = network.adapt(name, weights, known.preparation)
    assert set(adapted.tensors) == set(tensors)
    assert all(torch.equal(adapted.tensors[key], tensors[key]) for key in tensors)
    assert adapted.preparation == known.preparation
    assert adapted.remark == ""


def test_words_of_networks(known):
    network = open_network(known.name)
    for name in known.samples.networks:
        assert list(network.candidates(name)) == [name]
    assert_one_line(network.describe(known.preparation))
    assert isinstance(network.gains_by_bf16(known.preparation), bool)
    with pytest.raises(SettingsError):
        network.published(known.samples.networks[0], "nobody")


# compare, label_check


@pytest.fixture
def loaded(known: Known, here):
    """What clean holds in memory of data/raw, in which the last row has no content."""
    open_folder = here / "raw"
    open_folder.mkdir()
    table = known.table.drop_columns(["problem"])
    files = [write_part(open_folder, 0, table[:3]), write_part(open_folder, 1, table[3:])]
    write_index(open_folder, files, table.schema, **known.index)
    return open_compare(known.name).load(open_folder, known.index)


@contextmanager
def progress(total: int) -> Iterator[SimpleNamespace]:
    yield SimpleNamespace(update=lambda num: None)


def test_pairs_are_found_each_once(known, loaded):
    compare, num = open_compare(known.name), len(known.contents)
    rows, ranks = np.arange(num), np.arange(num) % 2
    pairs, num_known = compare.find_pairs(loaded, rows, ranks, progress)
    assert num_known == 0
    assert len(pairs.first) == len(pairs.second) == len(pairs.similarity)
    assert (pairs.first < pairs.second).all()
    assert np.isin([*pairs.first, *pairs.second], rows).all()
    listed = [*zip(pairs.first.tolist(), pairs.second.tolist(), strict=True)]
    assert listed == sorted(set(listed))
    assert pairs.similarity.dtype == np.float32
    assert np.isfinite(pairs.similarity).all()
    assert (pairs.similarity <= 1).all()
    again, num_known = compare.find_pairs(loaded, rows, ranks, progress)
    assert 0 <= num_known <= num
    for one, other in zip(pairs, again, strict=True):
        assert np.array_equal(one, other)
    some, _ = compare.find_pairs(loaded, rows[:2], ranks, progress)
    assert {*some.first.tolist(), *some.second.tolist()} <= {0, 1}


def test_no_example_is_infinitely_unusual(known):
    compare = open_compare(known.name)
    columns = {name: known.table[name].to_numpy() for name in compare.NEEDED}
    before = unchanged(columns)
    distances = compare.distances(columns)
    assert distances.dtype == np.float64
    assert distances.shape == (len(known.contents),)
    assert_same(columns, before)
    many = np.arange(200) % len(known.contents)
    for rows in (many, np.zeros(200, np.int64)):  # of a few alone nothing can be told
        distances = compare.distances({name: values[rows] for name, values in columns.items()})
        assert np.isfinite(distances).all()
        assert (distances >= 0).all()


def test_the_network_of_the_label_check_takes_what_was_loaded(known, loaded):
    check = open_label_check(known.name)
    rows = np.arange(len(known.contents))
    preparation = check.fit(loaded, rows[:5])
    inputs = check.inputs(loaded, rows, preparation)
    assert {len(values) for values in inputs.values()} == {len(rows)}
    part = check.inputs(loaded, rows[[4, 1]], preparation)
    assert_same(part, {name: values[[4, 1]] for name, values in inputs.items()})
    network = assert_network(lambda: check.build(preparation, OUTPUTS), inputs)
    assert embeddings(network, tensors(inputs)) is not None
    assert isinstance(check.gains_by_bf16(preparation), bool)


def test_versions_for_the_label_check(known, loaded):
    check, settings = open_label_check(known.name), known.settings["clean"]
    rows = np.arange(len(known.contents))
    inputs = check.inputs(loaded, rows, check.fit(loaded, rows))
    assert check.num_views(settings) >= 1
    assert_vary(check.vary, inputs, id_keys(known.table["id"].to_pylist()), settings)


@pytest.mark.parametrize("num", [2, 30, 5000])
def test_the_recipe_of_the_label_check_is_one(modality, num):
    quick = open_label_check(modality).recipe(num, 4)
    assert quick.epochs >= 4
    assert quick.batch_size >= 2
    assert Recipe(
        optimizer=quick.optimizer,
        lr=quick.lr,
        batch_size=quick.batch_size,
        epochs=quick.epochs,
        schedule=quick.schedule,
        weight_decay=quick.weight_decay,
        patience=1,
        seed=0,
    )
