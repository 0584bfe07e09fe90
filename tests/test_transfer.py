"""The train stage starts from a model that it made itself, which DVC or git keeps."""

import json

import numpy as np
import pytest
from dataset.sharded import provenance

from pipeline.dataset.records import write_index
from pipeline.dataset.shards import write_shard
from repository import Repository

TRAIN = "python -m pipeline.train"


@pytest.fixture
def trained(quick_clone: Repository) -> Repository:
    """A clone whose train stage has run alone, on 40 images of three classes."""
    quick_clone.set_params({"batch_size": 8})
    write_shards(quick_clone, ["cat", "dog", "hen"])
    quick_clone.run(TRAIN)
    return quick_clone


def write_shards(clone: Repository, classes: list[str]) -> None:
    folder = clone.path / "data/shards"
    folder.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(len(classes))
    entries = []
    for split, copy, num in (("train", 0, 40), ("train", 1, 40), ("val", 0, 20)):
        labels = (np.arange(num) % len(classes)).astype(np.int32)
        images = random.integers(0, 60, (num, 8, 8, 1)) + 60 * labels[:, None, None, None]
        name, ids = f"{split}-{copy:05d}.parquet", [f"{split}-{n}" for n in range(num)]
        digest = write_shard(
            folder / name,
            images.astype(np.uint8),
            labels,
            np.ones(num, np.float32),
            ids,
            copy,
            provenance(num),
        )
        entry = {"name": name, "split": split, "copy": copy, "rows": num}
        entries.append(entry | {"sha256": digest})
    write_index(
        folder,
        entries,
        shape=[8, 8, 1],
        classes=classes,
        copies=2,
        dataset="pets",
        license="CC0-1.0",
        resize="squash",
        mean=[float(50 * len(classes))],
        std=[40.0],
    )


def test_a_model_of_our_own_is_fine_tuned_and_named(trained):
    first = json.loads((trained.path / "models/model.json").read_text())
    assert "start" not in first
    trained.run("mkdir models/start/pets && cp models/model.* models/start/pets")
    write_shards(trained, ["ant", "bee"])
    trained.set_params({"train": {"weights": "models/start/pets", "finetune": "gradual"}})
    told = trained.run(TRAIN)
    assert "train: starts from models/start/pets: 4 of 6 tensors, new head of 2 classes\n" in told
    second = json.loads((trained.path / "models/model.json").read_text())
    assert second["start"] == {
        "weights": "models/start/pets",
        "sha256": first["weights_sha256"],
        "dataset": "pets",
        "license": "CC0-1.0",
    }
    assert second["mean"] == first["mean"] == [150.0]  # of these two classes it is 100
    assert (second["recipe"]["finetune"], second["classes"]) == ("gradual", ["ant", "bee"])
    before = trained.digests("models/model.safetensors", "models/model.json")
    assert trained.run(TRAIN)
    assert trained.digests("models/model.safetensors", "models/model.json") == before
    trained.set_params({"train": {"weights": "none"}})
    assert trained.run(TRAIN, expect=1).splitlines()[-1] == (
        "ERROR params.yaml: train.finetune is gradual, but train.weights is none, so that frozen "
        "or slow layers would have learnt nothing | fix: set train.weights, or train.finetune: all"
    )
    assert trained.digests("models/model.safetensors", "models/model.json") == before


def test_dvc_keeps_it_and_train_depends_on_it(trained):
    trained.run("mkdir models/start/pets && cp models/model.* models/start/pets")
    trained.run("dvc add -q models/start/pets")
    assert "models/start/pets" not in trained.run("git status --porcelain -uall").split()
    trained.commit("a model to start from")
    trained.run("dvc commit -q -f train")
    assert "models/start" not in trained.run("dvc status train models/start/pets.dvc")
    with (trained.path / "models/start/pets/model.json").open("a") as file:
        file.write(" ")
    told = trained.run("dvc status train")
    assert "modified:           models/start\n" in told
    trained.run("rm -r models/start/pets && dvc checkout -q models/start/pets.dvc")
    assert "models/start\n" not in trained.run("dvc status train")
