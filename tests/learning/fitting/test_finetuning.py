"""Strategies of fine-tuning: which block of a network is trained when, and how fast."""

import pytest
import torch
from torch import nn

from pipeline.learning.fitting import checkpoint as checkpoint_module
from pipeline.learning.fitting.checkpoint import Checkpoint
from pipeline.learning.fitting.finetuning import FineTuning, find_blocks, num_trained_blocks
from pipeline.learning.fitting.optimizers import make_optimizer
from pipeline.modalities.images.network.networks import build_network
from tests.learning.fitting.test_resume import Dying, Killed
from tests.support.training import assert_same_weights, every_epoch, train

# Blocks


@pytest.mark.parametrize(
    ("name", "shape", "expected"),
    [
        ("article_cnn", (8, 8, 1), ["0", "4", "6"]),
        ("resnet", (8, 8, 1), ["stem.0", "blocks.0", "blocks.1", "blocks.2", "head"]),
        ("whitened_cnn", (8, 8, 1), ["whitening", "blocks.0", "blocks.1", "blocks.2", "head"]),
        (
            "torchvision:resnet18",
            (8, 8, 3),
            ["conv1", *(f"layer{n}.{m}" for n in range(1, 5) for m in range(2)), "fc"],
        ),
        (
            "torchvision:resnet18",  # in a wrapper for grey images
            (8, 8, 1),
            ["1.conv1", *(f"1.layer{n}.{m}" for n in range(1, 5) for m in range(2)), "1.fc"],
        ),
        (
            "torchvision:squeezenet1_1",
            (32, 32, 3),
            [*(f"features.{n}" for n in (0, 3, 4, 6, 7, 9, 10, 11, 12)), "classifier.1"],
        ),
        (
            "torchvision:mobilenet_v3_small",
            (32, 32, 3),
            [
                "features.0.0",
                *(f"features.{n}" for n in range(1, 12)),
                "features.12.0",
                "classifier.0",
                "classifier.3",
            ],
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_blocks_from_the_pixels_to_the_classes(name, shape, expected):
    assert [block.name for block in find_blocks(build_network(name, shape, 3))] == expected


def test_blocks_of_a_transformer():
    from torchvision.models import VisionTransformer

    network = VisionTransformer(8, 4, 4, 2, 32, 64, num_classes=3)
    blocks = find_blocks(network)
    layers = [f"encoder.layers.encoder_layer_{n}" for n in range(4)]
    assert [block.name for block in blocks] == ["conv_proj", *layers, "heads.head"]
    lowest = {id(parameter) for parameter in blocks[0].parameters}
    assert {id(network.class_token), id(network.encoder.pos_embedding)} < lowest


@pytest.mark.parametrize(
    "name", ["article_cnn", "resnet", "whitened_cnn", "torchvision:shufflenet_v2_x0_5"]
)
def test_each_parameter_is_in_one_block_and_the_head_alone_depends_on_the_classes(name):
    three, five = (build_network(name, (16, 16, 3), num) for num in (3, 5))
    inside = [id(parameter) for block in find_blocks(three) for parameter in block.parameters]
    assert sorted(inside) == sorted(id(parameter) for parameter in three.parameters())
    other = five.state_dict()
    differ = {n for n, tensor in three.state_dict().items() if tensor.shape != other[n].shape}
    head = find_blocks(three)[-1]
    assert differ == {f"{head.name}.{n}" for n, _ in head.modules[0].named_parameters()}


# What moves


def moved(toy, strategy: str, epochs: int, **changes) -> dict[str, bool]:
    """Whether each tensor of the toy network is another after training."""
    network = toy.network()
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    recipe = toy.recipe(finetune=strategy, epochs=epochs, **changes)
    examples = every_epoch(toy.examples(33))
    toy.fit(network, recipe, examples, None)
    after = network.state_dict()
    return {name: not torch.equal(after[name], tensor) for name, tensor in before.items()}


@pytest.mark.parametrize("optimizer", ["sgd", "adam", "adamw", "muon"])
@pytest.mark.parametrize(("strategy", "epochs"), [("all", 1), ("layerwise", 1), ("gradual", 2)])
def test_all_of_it_is_trained(toy, optimizer, strategy, epochs):
    found = moved(toy, strategy, epochs, optimizer=optimizer, layer_decay=0.5)
    # The norm after it takes away what this bias would do, and so its gradient.
    assert {name for name, is_new in found.items() if not is_new} <= {"0.bias"}


@pytest.mark.parametrize("optimizer", ["sgd", "adam", "adamw", "muon"])
def test_the_head_alone_is_trained_and_norms_below_keep_their_statistics(toy, optimizer):
    found = moved(toy, "head", 2, optimizer=optimizer, weight_decay=0.3)
    assert {name for name, is_new in found.items() if is_new} == {"5.weight", "5.bias"}


def test_a_whitening_bias_below_the_head_stays_as_it_is(toy):
    examples = toy.examples(33)
    network = build_network("whitened_cnn", tuple(examples.inputs["x"].shape[1:]), toy.num_classes)
    network.is_whitened = True
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    recipe = toy.recipe(finetune="head", epochs=10, optimizer="muon")
    toy.fit(network, recipe, every_epoch(examples), None)
    after = network.state_dict()
    moved = [name for name, tensor in before.items() if not torch.equal(after[name], tensor)]
    assert moved == ["head.weight"]


def test_gradual_unfreezes_from_the_top(toy):
    network = toy.network()
    tuning = FineTuning(network, "gradual", epochs=6)
    assert [block.name for block in find_blocks(network)] == ["0", "5"]
    seen = []
    for epoch in range(6):
        tuning.begin(epoch)
        trained = {name for name, p in network.named_parameters() if p.requires_grad}
        seen.append((trained == {"5.weight", "5.bias"}, network[1].training, network[4].training))
    assert seen == [(True, False, True)] * 3 + [(False, True, True)] * 3


@pytest.mark.parametrize(
    ("strategy", "num_blocks", "epochs", "expected"),
    [
        ("all", 5, 3, [5, 5, 5]),
        ("layerwise", 5, 3, [5, 5, 5]),
        ("head", 5, 3, [1, 1, 1]),
        ("gradual", 5, 10, [1, 1, 2, 3, 4, 5, 5, 5, 5, 5]),
        ("gradual", 5, 2, [1, 5]),
        ("gradual", 1, 2, [1, 1]),
    ],
)
def test_number_of_blocks_that_are_trained(strategy, num_blocks, epochs, expected):
    assert [num_trained_blocks(strategy, num_blocks, e, epochs) for e in range(epochs)] == expected


def test_what_the_network_itself_freezes_stays_frozen_and_all_else_is_free_afterwards():
    network = build_network("whitened_cnn", (8, 8, 1), 3)
    before = {name: p.requires_grad for name, p in network.named_parameters()}
    assert not before["whitening.weight"]
    assert before["head.weight"]
    tuning = FineTuning(network, "gradual", epochs=2)
    tuning.begin(0)
    assert [n for n, p in network.named_parameters() if p.requires_grad] == ["head.weight"]
    tuning.begin(1)
    assert {name: p.requires_grad for name, p in network.named_parameters()} == before
    tuning.begin(0)
    tuning.end()
    assert {name: p.requires_grad for name, p in network.named_parameters()} == before


# How fast


@pytest.mark.parametrize("optimizer", ["sgd", "adam", "adamw", "muon"])
def test_each_block_learns_more_slowly_than_the_one_above(optimizer):
    network = build_network("resnet", (8, 8, 1), 3)
    tuning = FineTuning(network, "layerwise", epochs=1)
    settings = {"lr": 0.1, "weight_decay": 0.3, "batch_size": 4, "fused": True}
    peaks = []
    for depths in (tuning.depths, None):
        made = make_optimizer(optimizer, network, depths=depths, layer_decay=0.5, **settings)
        peaks.append({p: g["base_lr"] for g in made.param_groups for p in g["params"]})
        assert all(group["lr"] == group["base_lr"] for group in made.param_groups)
    slow, plain = peaks
    names = {parameter: name for name, parameter in network.named_parameters()}
    shares = {names[parameter]: slow[parameter] / plain[parameter] for parameter in plain}
    assert shares.keys() == dict(network.named_parameters()).keys()
    expected = {"head": 1.0, "blocks.2": 0.5, "blocks.1": 0.25, "blocks.0": 0.125, "stem": 0.0625}
    for name, share in shares.items():
        block = next(prefix for prefix in expected if name.startswith(prefix))
        assert share == pytest.approx(expected[block]), name


def test_muon_decays_slow_heads_slowly():
    head = nn.Linear(3, 2, bias=False)
    settings = {"lr": 0.1, "weight_decay": 0.5, "batch_size": 4, "fused": True}
    before = head.weight.detach().clone()
    depths = {head.weight: 2}
    optimizer = make_optimizer("muon", head, depths=depths, layer_decay=0.5, **settings)
    head.weight.grad = torch.zeros_like(head.weight)
    optimizer.step()
    assert torch.allclose(head.weight, before * (1 - 0.1 * 0.5 * 0.25))


def test_layers_without_decay_train_as_all_does(toy):
    one, _ = train(toy, finetune="layerwise", layer_decay=1.0)
    other, _ = train(toy)
    assert_same_weights(one, other)


# Again, and after a crash


@pytest.mark.parametrize("strategy", ["head", "gradual", "layerwise"])
def test_the_same_twice(toy, strategy):
    one, first = train(toy, finetune=strategy, layer_decay=0.5)
    other, second = train(toy, finetune=strategy, layer_decay=0.5)
    assert_same_weights(one, other)
    assert first.history == second.history


@pytest.mark.parametrize("optimizer", ["sgd", "adam", "muon"])
def test_killed_while_it_unfreezes(toy, tmp_path, monkeypatch, optimizer):
    """Before, at and after the step (8) from which the optimizer knows of what was frozen."""
    monkeypatch.setattr(checkpoint_module, "SAVE_EVERY_SECONDS", -1)
    how = {"finetune": "gradual", "epochs": 4, "optimizer": optimizer}
    undisturbed, expected = train(toy, **how)
    for saves in (3, 7, 8, 9, 14):
        folder = tmp_path / str(saves)
        with pytest.raises(Killed):
            train(toy, told={"checkpoint": Dying(folder, saves)}, **how)
        network, fitted = train(toy, 99, {"checkpoint": Checkpoint(folder, "key")}, **how)
        assert_same_weights(network, undisturbed)
        assert fitted.history == expected.history
