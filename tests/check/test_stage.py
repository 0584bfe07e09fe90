"""The stage `check` refuses in a moment what no stage knows, and makes nothing run again."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from pipeline.params import all_params
from pipeline.runtime.settings import read_yaml
from tests.support.repository import ROOT, Repository, make_clone

CHECK = "python -m pipeline.check"
SAID = "params.yaml and the catalog entry say nothing that a stage does not know\n"
NETWORKS = "one of article_cnn, resnet, whitened_cnn, whitened_resnet or torchvision:<name>"
TRANSFORMS = (
    "'translate', 'flip', 'alternating_flip', 'cutout', 'color', 'affine', 'trivial_augment', "
    "'rand_augment' or 'torchvision'"
)
FIELDS = all_params("images", "classes").model_fields
KEYS = ", ".join(field.alias or name for name, field in FIELDS.items())
ENTRIES = ", ".join(sorted(path.stem for path in (ROOT / "data/catalog").glob("*.yaml")))


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    return make_clone(tmp_path_factory.mktemp("check") / "clone")


@pytest.fixture
def clone(shared: Repository) -> Iterator[Repository]:
    """A clone that all tests share: params.yaml is brought back."""
    path = shared.path / "params.yaml"
    before = path.read_text()
    yield shared
    path.write_text(before)


def test_what_is_right_is_said_in_the_same_words_whatever_it_is(clone):
    checked = clone.path / "data/checked.txt"
    for lr in (0.001, 0.5):
        clone.set_params({"lr": lr})
        assert clone.run(CHECK) == ""
        assert checked.read_text() == SAID
        checked.unlink()


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        (
            {"zzz": 1},
            f"params.yaml: unknown key zzz | fix: known keys: {KEYS}",
        ),
        (
            {"learning_rate": 1, "batchsize": 1},
            f"params.yaml: unknown key learning_rate (and 1 more) | fix: known keys: {KEYS}",
        ),
        (
            {"train": {"patince": 3}},
            "params.yaml: unknown key train.patince | fix: did you mean patience?",
        ),
        (
            {"model": "resnet18"},
            f"params.yaml: model must be {NETWORKS}, found 'resnet18' | fix: set model to such a "
            "value in params.yaml",
        ),
        (
            {"model": "torchvision:nothing"},
            f"params.yaml: model must be {NETWORKS} that torchvision.models has, found "
            "'torchvision:nothing' | fix: set model to such a value in params.yaml",
        ),
        (
            {"augment": {"transforms": [{"name": "rotate"}]}},
            f"params.yaml: augment.transforms.0.name must be {TRANSFORMS}, found 'rotate' | fix: "
            "set augment.transforms.0.name to such a value in params.yaml",
        ),
        (
            {"dataset": "nothing"},
            "dataset is 'nothing', but data/catalog/nothing.yaml does not exist; there are: "
            f"{ENTRIES} | fix: write data/catalog/nothing.yaml (`uri:` and `license:` are enough)",
        ),
        pytest.param(
            {"train": {"device": "cuda"}},
            "params.yaml: train.device is cuda, which torch does not find on this machine | fix: "
            "set train.device: auto and unset GROUNDWORK_DEVICE, to take what is there",
            marks=pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU"),
        ),
    ],
    ids=["key", "two keys", "key of a section", "model", "torchvision", "transform", "data", "gpu"],
)
def test_what_no_stage_knows_is_refused_in_one_line(clone, changes, error):
    clone.set_params(changes)
    assert clone.run(CHECK, expect=1) == f"ERROR {error}\n"
    assert not list((clone.path / "data").glob("checked.txt*"))


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("license: MIT\n", "data/catalog/digits.yaml: key uri is missing | fix: add `uri:`"),
        (
            "uri: builtin:digits\nlicense: MIT\nclases: [a, b]\n",
            "data/catalog/digits.yaml: unknown key clases | fix: did you mean classes?",
        ),
        (
            "uri: builtin:digits\nlicence: MIT\n",
            "data/catalog/digits.yaml: unknown key licence | fix: did you mean license?",
        ),
        (
            "uri: builtin:digits\nlicense: MIT\nimage_size: 64\n",
            "data/catalog/digits.yaml: image_size must be a list, such as [64, 64], found 64 | "
            "fix: set image_size to such a value in data/catalog/digits.yaml",
        ),
    ],
)
def test_the_catalog_entry_is_checked_too(shared, text, error):
    path = shared.path / "data/catalog/digits.yaml"
    before = path.read_text()
    path.write_text(text)
    try:
        assert shared.run(CHECK, expect=1) == f"ERROR {error}\n"
    finally:
        path.write_text(before)


def test_a_device_of_the_environment_is_checked_too(clone):
    error = "ERROR GROUNDWORK_DEVICE must be cpu, cuda or mps, found 'gpu' | fix: unset it\n"
    assert clone.run(CHECK, expect=1, env={"GROUNDWORK_DEVICE": "gpu"}) == error
    assert clone.run(CHECK, env={"GROUNDWORK_DEVICE": "cpu"}) == ""


def lock_of(clone: Repository, stage: str) -> dict:
    return read_yaml(clone.path / "dvc.lock")["stages"][stage]


def ran(said: str) -> list[str]:
    return re.findall(r"Running stage '(\w+)'", said)


@pytest.mark.parametrize("shell", ["bash", "dash", "zsh", "fish", "tcsh"])
def test_dvc_runs_a_stage_from_any_shell(shared, shell):
    program = shutil.which(shell)
    if program is None:
        pytest.skip(f"needs {shell}")
    said = shared.run("dvc repro --force --single-item check", env={"SHELL": program})
    assert "Running stage 'check'" in said
    shared.run("git checkout -q dvc.lock")


def test_it_runs_before_all_and_no_stage_runs_for_it(tmp_path: Path):
    clone = make_clone(tmp_path / "clone")
    assert ran(clone.run("dvc repro --force ingest")) == ["check", "ingest"]
    assert ran(clone.run("dvc repro ingest")) == []
    first, ingested = lock_of(clone, "check"), lock_of(clone, "ingest")
    assert [out["path"] for out in first["outs"]] == ["data/checked.txt"]
    params = (clone.path / "params.yaml").read_text()
    locked = (clone.path / "dvc.lock").read_text()

    (clone.path / "params.yaml").write_text(params + "zzz: 1\n")
    said = clone.run("dvc repro ingest", expect=255)
    assert ran(said) == ["check"]
    assert "\nERROR params.yaml: unknown key zzz | fix: known keys: modality, target, " in said
    assert (clone.path / "dvc.lock").read_text() == locked
    (clone.path / "params.yaml").write_text(params)

    clone.set_params({"lr": 0.5})
    assert ran(clone.run("dvc repro ingest")) == ["check"]
    assert lock_of(clone, "check")["outs"] == first["outs"]
    assert lock_of(clone, "check")["params"] != first["params"]
    assert lock_of(clone, "ingest") == ingested
    assert clone.run("dvc status ingest") == "Data and pipelines are up to date.\n"
