"""The train stage alone: from a model that it made itself, and in a repository without commits."""

import json

import pyarrow.parquet as pq
import pytest

from tests.support.repository import make_clone
from tests.support.shards import write_learnable

TRAIN = "python -m pipeline.train"
SAME_EVERY_TIME = (
    "models/model.safetensors",
    "models/model.json",
    "models/training.parquet",
    "reports/training.json",
)


@pytest.mark.slow  # 20 s
def test_a_model_of_our_own_is_fine_tuned_and_named(quick_clone):
    trained = quick_clone
    trained.set_params({"batch_size": 8})
    write_learnable(trained.path / "data/shards", ["cat", "dog", "hen"])
    trained.run(TRAIN)
    first = json.loads((trained.path / "models/model.json").read_text())
    assert "start" not in first
    trained.run("mkdir models/start/pets && cp models/model.* models/start/pets")
    write_learnable(trained.path / "data/shards", ["ant", "bee"])
    trained.set_params({"train": {"weights": "models/start/pets", "finetune": "gradual"}})
    told = trained.run(TRAIN)
    assert "train: starts from models/start/pets: 4 of 6 tensors, new head of 2 outputs\n" in told
    second = json.loads((trained.path / "models/model.json").read_text())
    assert second["start"] == {
        "weights": "models/start/pets",
        "sha256": first["weights_sha256"],
        "dataset": "pets",
        "license": "CC0-1.0",
    }
    means = [model["preparation"]["mean"] for model in (first, second)]
    assert means == [[150.0]] * 2  # of these two classes it is 100
    assert second["recipe"]["finetune"] == "gradual"
    assert second["target"] == {"classes": ["ant", "bee"]}
    before = trained.digests(*SAME_EVERY_TIME)
    assert trained.run(TRAIN)
    assert trained.digests(*SAME_EVERY_TIME) == before
    training = json.loads((trained.path / "reports/training.json").read_text())
    assert list(training) == ["best_epoch", "val_accuracy", "val_loss", "epochs_run"]
    for name in ("training", "speed"):
        rows = pq.read_table(trained.path / f"models/{name}.parquet")
        assert rows["epoch"].to_pylist() == [1, 2]
    trained.set_params({"train": {"weights": "none"}})
    assert trained.run(TRAIN, expect=1).splitlines()[-1] == (
        "ERROR params.yaml: train.finetune is gradual, but train.weights is none, so that frozen "
        "or slow layers would have learnt nothing | fix: set train.weights, or train.finetune: all"
    )
    assert trained.digests(*SAME_EVERY_TIME) == before


def test_dvc_keeps_it_and_train_depends_on_it(quick_clone):
    write_learnable(quick_clone.path / "data/shards", ["cat", "dog"])
    quick_clone.run("mkdir models/start/pets && touch models/start/pets/model.safetensors")
    quick_clone.run("touch models/model.safetensors models/model.json")
    quick_clone.run(
        "touch models/training.parquet models/speed.parquet models/baselines.safetensors"
    )
    quick_clone.run("dvc add -q models/start/pets")
    assert "models/start/pets" not in quick_clone.run("git status --porcelain -uall").split()
    quick_clone.run("dvc commit -q -f train")
    assert "models/start\n" not in quick_clone.run("dvc status train")
    quick_clone.run("rm models/start/pets/* && touch models/start/pets/model.json")
    assert "modified:           models/start\n" in quick_clone.run("dvc status train")
    quick_clone.run("dvc checkout -q --force models/start/pets.dvc")
    assert "models/start\n" not in quick_clone.run("dvc status train")


@pytest.fixture(scope="module")
def learnable(tmp_path_factory):
    """A clone with shards, which no test changes for good."""
    clone = make_clone(tmp_path_factory.mktemp("learnable") / "clone")
    write_learnable(clone.path / "data/shards", ["cat", "dog"])
    clone.run("cp -r data/clean clean")
    return clone


@pytest.mark.parametrize(
    ("harm", "error"),
    [
        ("rm -r data/clean", "does not exist; train reads it | fix: make it: dvc repro clean\n"),
        (
            "rm data/clean/index.json",
            "has no index.json, so it was only half written | fix: make it again: "
            "dvc repro --force --single-item clean\n",
        ),
        (
            "echo { > data/clean/index.json",
            "/index.json is missing or broken | fix: groundwork repair --cache && dvc repro\n",
        ),
    ],
)
def test_what_is_missing_is_said_before_training(learnable, harm, error):
    learnable.run("rm -rf data/clean && cp -r clean data/clean")
    learnable.run(harm)
    (said,) = learnable.run(TRAIN, expect=1).splitlines(keepends=True)
    assert said.startswith("ERROR data/clean")
    assert said.endswith(error)


@pytest.mark.slow
def test_training_needs_a_first_commit(quick_clone):
    write_learnable(quick_clone.path / "data/shards", ["cat", "dog"])
    quick_clone.run("rm -rf .git && git init -q")
    assert quick_clone.run(TRAIN, expect=1).splitlines()[-1] == (
        "ERROR git does not say which commit this is, and DVCLive looks for it: Empty git repo "
        "| fix: if there is none yet, make it: git add -A && git commit -m 'Groundwork'"
    )
