"""The text of params.yaml takes the values of another and keeps its comments and layout."""

import pytest

from pipeline.commands.use.params_text import cut, values_of, with_values
from tests.support.repository import ROOT

TEXT = """\
# what it is
dataset: digits   # ours
lr: 0.001  # as tuned

# the rest
train:
  # how
  device: cpu  # this machine
  transforms:
  - name: flip
    probability: 0.5

  # how long
  patience: 10
report:
  old: 1
"""
RECIPE = """\
# a recipe
dataset: other
lr: 1e-05
epochs: 3
train:
  device: auto
  transforms: []
  progressive:
  - until: 0.5
  patience: 10
report:
  num: 36
"""
EXPECTED = """\
# what it is
dataset: pets  # ours
lr: 1e-05  # as tuned
epochs: 3

# the rest
train:
  # how
  device: cpu  # this machine
  transforms: []
  progressive:
  - until: 0.5

  # how long
  patience: 10
report:
  num: 36
"""
KEPT = {("train", "device")}


def test_values_change_and_comments_stay():
    assert with_values(TEXT, RECIPE, {("dataset",): "pets"}, KEPT) == EXPECTED


def test_the_same_again_changes_nothing():
    assert with_values(EXPECTED, RECIPE, {("dataset",): "pets"}, KEPT) == EXPECTED


def test_a_section_on_one_line_is_written_as_the_recipe_has_it():
    text = "dataset: digits\nlr: 1\ntrain: {device: cpu, patience: 10}  # mine\nreport: {num: 1}"
    new = with_values(text, RECIPE, {}, KEPT)
    assert values_of(new) == values_of(RECIPE) | {("train", "device"): "cpu"}
    assert '  device: "cpu"\n' in new


def test_an_empty_file_becomes_the_recipe():
    assert values_of(with_values("", RECIPE, {}, KEPT)) == values_of(RECIPE)


@pytest.mark.parametrize("name", ["123", "true", "null", "1e5", "pets"])
def test_a_name_stays_a_name(name):
    new = with_values(TEXT, RECIPE, {("dataset",): name}, KEPT)
    assert values_of(new)[("dataset",)] == name


@pytest.mark.parametrize("path", [ROOT / "params.yaml", *sorted((ROOT / "recipes").iterdir())])
def test_pieces_make_the_whole(path):
    text = path.read_text()
    pieces = list(cut(text))
    assert "".join(piece.text for piece in pieces) == text
    assert {piece.key for piece in pieces if piece.key} == set(values_of(text))
