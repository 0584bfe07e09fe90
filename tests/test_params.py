"""params.yaml, the fields of Params and the params in dvc.yaml are the same; a typo is an error."""

from pathlib import Path
from typing import Any

import pytest

from pipeline.modalities.images.encode.settings import Flip, Translate
from pipeline.params import load_params
from pipeline.runtime.errors import SettingsError
from pipeline.runtime.settings import read_yaml
from tests.support.repository import ROOT

PARAMS = """\
dataset: digits
modality: images
target: classes
seed: 0
model: resnet
optimizer: adam
lr: 0.001
batch_size: 32
epochs: 10
ingest:
  max_megapixels: 100
  max_file_mb: 64
  purpose: training
  pseudonymise: false
validate:
  max_quarantined_fraction: 0.01
  max_drift: 0.1
  min_examples_per_class: 20
clean:
  folds: 3
  epochs: 8
  transforms:
  - name: translate
    fraction: 0.0625
  action: flag
  remove_outliers: false
augment:
  copies: 5
  balance: none
  transforms:
    - name: translate
      fraction: 0.125
    - name: flip
  resize: squash
  shard_mb: 32
  engine: local
train:
  device: auto
  precision: auto
  schedule: cosine
  weight_decay: 0.0
  label_smoothing: 0.0
  processes: 1
  patience: 10
  weights: none
  finetune: all
  layer_decay: 0.75
  transforms: []
  progressive:
  - until: 0.5
    scale: 0.75
  views: original
  memory_mb: 4000
export:
  precision: fp32
  max_accuracy_drop: 0.005
evaluate:
  corrupted_examples: 1000
report:
  num_mistakes: 36
"""


def load(folder: Path, before: str = "", after: str = "") -> Any:
    """The parameters above, with one piece of the file replaced."""
    assert before in PARAMS
    path = folder / "params.yaml"
    path.write_text(PARAMS.replace(before, after, 1))
    return load_params(path)


def test_params_yaml_of_this_repository_has_every_field():
    """The file sets every key itself; only transforms may leave theirs to a default."""
    params = load_params(ROOT / "params.yaml").model_dump(by_alias=True)
    written = read_yaml(ROOT / "params.yaml")
    params["augment"].pop("transforms")
    written["augment"].pop("transforms")
    assert params == written


RECIPES = sorted((ROOT / "recipes").glob("*-*.yaml"))


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda path: path.stem)
def test_recipes_are_whole(recipe):
    """With the keys that have a default too, or `groundwork use` would take them away."""
    written = read_yaml(recipe)
    params = load_params(recipe).model_dump(by_alias=True, exclude_none=True)
    for name, section in params.items():
        if isinstance(section, dict):
            assert set(section) <= set(written[name]), name


def test_every_param_stands_under_a_stage_of_dvc_yaml():
    stages = read_yaml(ROOT / "dvc.yaml")["stages"]
    declared = {p for s in stages.values() for p in s["params"] if isinstance(p, str)}
    assert declared == set(read_yaml(ROOT / "params.yaml"))


def test_values_are_typed(tmp_path):
    params = load(tmp_path)
    assert (params.lr, params.batch_size, params.validation.min_examples_per_class) == (
        0.001,
        32,
        20,
    )
    assert params.augment.transforms == [
        Translate(name="translate", fraction=0.125),
        Flip(name="flip", probability=0.5),
    ]


@pytest.mark.parametrize(("text", "value"), [("1e-05", 0.00001), ("5E-4", 0.0005), ("1", 1.0)])
def test_a_number_is_a_number_however_it_is_written(tmp_path, text, value):
    lr = load(tmp_path, "0.001", text).lr
    assert isinstance(lr, float)
    assert lr == value


WRONG_VALUES = [
    ("lr: 0.001", "lr: abc", "lr must be a valid number, found 'abc'"),
    ("lr: 0.001", "lr: -1", "lr must be greater than 0, found -1"),
    ("lr: 0.001", "lr: 101", "lr must be less than or equal to 100, found 101"),
    ("lr: 0.001", "lr: .nan", "lr must be a finite number, found nan"),
    ("lr: 0.001", "lr: .inf", "lr must be a finite number, found inf"),
    ("lr: 0.001", "lr:", "lr must be a valid number, found None"),
    ("lr: 0.001", "lr: true", "lr must be a valid number, found True"),
    ("batch_size: 32", "batch_size: 3.5", "batch_size must be a valid integer, found 3.5"),
    ("folds: 3", "folds: 1", "clean.folds must be 0 or at least 2, found 1"),
    (
        "balance: none",
        "balance: all",
        "augment.balance must be 'none', 'sqrt' or 'full', found 'all'",
    ),
    ("scale: 0.75", "scale: 1", "train.progressive.0.scale must be less than 1, found 1"),
    (
        "scale: 0.75",
        "scale: 0.75\n  - until: 0.2\n    scale: 0.9",
        "train.progressive must be in ascending order of `until`, found "
        "[{'until': 0.5, 'scale': 0.75}, {'until': 0.2, 'scale': 0...",
    ),
    (
        "views: original",
        "views: flipped",
        "train.views must be 'original', 'mirrored', 'shifted' or 'mirrored_and_shifted', "
        "found 'flipped'",
    ),
    ("copies: 5", "copies: 0", "augment.copies must be greater than or equal to 1, found 0"),
    (
        "action: flag",
        "action: delete",
        "clean.action must be 'keep', 'flag', 'drop', 'relabel' or 'downweight', found 'delete'",
    ),
    (
        "dataset: digits",
        "dataset: ../digits",
        "dataset must match pattern '^[A-Za-z0-9][A-Za-z0-9_-]*$', found '../digits'",
    ),
    (
        "evaluate:\n  corrupted_examples: 1000",
        "evaluate: 36",
        "evaluate must be a section of `key: value` lines, found 36",
    ),
    ("layer_decay: 0.75", "layer_decay: 0", "train.layer_decay must be greater than 0, found 0"),
    (
        "finetune: all",
        "finetune: top",
        "train.finetune must be 'all', 'head', 'gradual', 'layerwise' or 'auto', found 'top'",
    ),
    *(
        (
            "weights: none",
            f"weights: {path}",
            f"train.weights must be none, torchvision or a path below models/start, found {path!r}",
        )
        for path in (
            "resnet18",
            "models/model.safetensors",
            "models/start",
            "models/start/../model.safetensors",
            "/models/start/pets",
        )
    ),
    (
        "fraction: 0.125",
        "fraction: 2",
        "augment.transforms.0.fraction must be less than 1, found 2",
    ),
]
WRONG_KEYS = [
    ("  patience: 10\n", "", "key train.patience is missing", "add `train.patience:`"),
    ("seed: 0", "seed: 0\nbatchsize: 64", "unknown key batchsize", "did you mean batch_size?"),
    ("seed: 0", "seed: 0\nvalidte: 1", "unknown key validte", "did you mean validate?"),
    # A misspelt key is also a missing one; the misspelling is what a person looks for.
    ("lr: 0.001", "l_r: 0.001", "unknown key l_r (and 1 more)", "did you mean lr?"),
    (
        "patience: 10",
        "patince: 10",
        "unknown key train.patince (and 1 more)",
        "did you mean patience?",
    ),
    (
        "seed: 0",
        "seed: 0\nzzz: 1",
        "unknown key zzz",
        "known keys: modality, target, dataset, seed, ingest, validate, clean, augment, model, "
        "optimizer, lr, "
        "batch_size, epochs, train, export, evaluate, report",
    ),
    (
        "min_examples_per_class: 20",
        "min_examples_per_class: 20\n  zzz: 1",
        "unknown key validate.zzz",
        "known keys: max_quarantined_fraction, max_drift, min_examples_per_class",
    ),
]


@pytest.mark.parametrize(
    ("before", "after", "what"), WRONG_VALUES, ids=[after for _, after, _ in WRONG_VALUES]
)
def test_a_wrong_value_is_refused_in_one_line(tmp_path, before, after, what):
    with pytest.raises(SettingsError) as caught:
        load(tmp_path, before, after)
    path, key = tmp_path / "params.yaml", what.split()[0]
    assert str(caught.value) == (f"ERROR {path}: {what} | fix: set {key} to such a value in {path}")


@pytest.mark.parametrize(
    ("before", "after", "what", "fix"), WRONG_KEYS, ids=[what for _, _, what, _ in WRONG_KEYS]
)
def test_a_wrong_key_is_refused_in_one_line(tmp_path, before, after, what, fix):
    with pytest.raises(SettingsError) as caught:
        load(tmp_path, before, after)
    assert str(caught.value) == f"ERROR {tmp_path / 'params.yaml'}: {what} | fix: {fix}"


@pytest.mark.parametrize("name", ["digits", "cifar-10", "my_pets", "2024"])
def test_names_of_datasets(tmp_path, name):
    assert load(tmp_path, "dataset: digits", f"dataset: '{name}'").dataset == name


@pytest.mark.parametrize("name", ["", ".hidden", "a/b", "a b", "-S", "é", r"a\n"])
def test_names_of_datasets_are_plain_file_names(tmp_path, name):
    with pytest.raises(SettingsError, match=r"dataset must .* found"):
        load(tmp_path, "dataset: digits", f'dataset: "{name}"')
