"""What is searched: a file, and what it may say."""

import math
from collections import Counter

import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

from pipeline.commands.search.space import read_space, spread_out, values_in, with_values
from pipeline.runtime.errors import SettingsError
from pipeline.runtime.settings import read_yaml
from tests.support.repository import ROOT

PARAMS = read_yaml(ROOT / "params.yaml")
RECIPES = sorted((ROOT / "recipes").glob("*-*.yaml"))


def space_of(path, text, params=PARAMS):
    path = path / "space.yaml"
    path.write_text(text)
    return read_space(path, params)


def test_what_is_for_all_and_for_data_of_this_kind(tmp_path):
    text = (
        "all:\n  lr: {from: 1e-4, to: 1, log: true}\n  batch_size: {from: 16, to: 64}\n"
        "classes:\n  train:\n    label_smoothing: [0.0, 0.1]\n"
        "tables:\n  model: [linear, trees]\n"
    )
    assert space_of(tmp_path, text) == {
        "lr": FloatDistribution(1e-4, 1.0, log=True),
        "batch_size": IntDistribution(16, 64),
        "train.label_smoothing": CategoricalDistribution([0.0, 0.1]),
    }


def test_a_kind_of_data_may_leave_out_what_is_for_all(tmp_path):
    text = "all:\n  lr: [0.1, 0.2]\n  batch_size: [16, 32]\nclasses:\n  lr:\n"
    assert list(space_of(tmp_path, text)) == ["batch_size"]


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda path: path.stem)
def test_the_space_of_the_project_holds_every_recipe(recipe):
    """So that the first trial is what one has; `model: auto` stands for several."""
    params = read_yaml(recipe)
    values = values_in(params, read_space(ROOT / "recipes/search.yaml", params))
    if params["model"] == "auto":
        assert values is None
    else:
        assert values is not None
        assert with_values(params, values) == params


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("all:\n  lr: [0.1]\n", "lr is [0.1], expected two values or more"),
        ("all:\n  lr: {from: 1, to: 0.1}\n", "expected two values or more"),
        ("all:\n  lr: {from: 0, to: 0.1, log: true}\n", "expected two values or more"),
        ("all:\n  lr: {from: 0.1, to: 1, lgo: true}\n", "expected two values or more"),
        ("all:\n  lr: {from: 1, to: 1000}\n", "lr must be less than or equal to 100, found 1000"),
        ("all:\n  optimizer: [adam, adma]\n", "optimizer must be 'sgd', 'adam'"),
        ("all:\n  train:\n    wd: [1, 2]\n", "train has no key wd for such data"),
        ("all:\n  augment:\n    copies: [1, 2]\n", "augment.copies is no key that train reads"),
        ("all:\n  seed: [1, 2]\n", "seed makes no model better"),
        ("all:\n  lr: [[1], [2]]\n", "expected two values or more"),
        ("lr: [0.1, 0.2]\n", "lr is no kind of data"),
        ("all: [1]\n", "must hold keys of params.yaml, found [1]"),
        ("tables:\n  model: [linear, trees]\n", "varies nothing"),
    ],
)
def test_what_no_space_says(tmp_path, text, said):
    with pytest.raises(SettingsError) as refused:
        space_of(tmp_path, text)
    assert said in refused.value.what
    assert "space.yaml" in refused.value.what


def test_values_outside_of_the_space_are_no_trial(tmp_path):
    space = space_of(tmp_path, "all:\n  lr: {from: 0.1, to: 1}\n  epochs: {from: 1, to: 99}\n")
    assert values_in(PARAMS, space) is None
    assert values_in({**PARAMS, "lr": 1}, space) == {"lr": 1.0, "epochs": PARAMS["epochs"]}


def test_points_that_are_spread_out_have_each_value_as_often():
    space = {
        "lr": FloatDistribution(1e-4, 1.0, log=True),
        "batch_size": IntDistribution(16, 64),
        "optimizer": CategoricalDistribution(["sgd", "adam"]),
    }
    points = [spread_out(space, number, seed=3) for number in range(16)]
    for over, values in ((space[key], [p[key] for p in points]) for key in ("lr", "batch_size")):
        assert over.low <= min(values) <= max(values) <= over.high
    decades = Counter(math.floor(math.log10(values["lr"])) for values in points)
    assert decades == {-1: 4, -2: 4, -3: 4, -4: 4}
    assert sum(p["optimizer"] == "sgd" for p in points) == 8
    assert sum(p["batch_size"] < 40 for p in points) == 8
    assert spread_out(space, 5, seed=3) == points[5] != spread_out(space, 5, seed=4)
