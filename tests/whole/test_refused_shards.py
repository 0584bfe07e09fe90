"""Stages refuse shards that are not those of the index, before they do anything."""

import random
import shutil
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from pipeline.dataset.places import FINDINGS, SHARDS
from pipeline.dataset.shards.files import write_shard
from pipeline.dataset.shards.reader import ShardReader
from pipeline.dataset.table import MEND, write_index
from pipeline.evaluate import __main__ as evaluate
from pipeline.evaluate.params import evaluate_params
from pipeline.export import __main__ as export
from pipeline.export.params import export_params
from pipeline.runtime.errors import MissingInput
from pipeline.runtime.stage import Stage
from pipeline.train import __main__ as train
from pipeline.train.params import train_params
from tests.support.findings import write_found
from tests.support.repository import ROOT
from tests.support.shards import FIX, provenance, shard, write_shards

MAIN = {"train": train.main, "export": export.main, "evaluate": evaluate.main}
PARAMS = {
    of: params("images", "classes")
    for of, params in {
        "train": train_params,
        "export": export_params,
        "evaluate": evaluate_params,
    }.items()
}
OF_STAGE = {
    "train": "train-00001.parquet",
    "export": "val-00004.parquet",
    "evaluate": "test-00005.parquet",
}
"""One that it reads; train and evaluate also read val."""
OTHER_DIGEST = "its digest is not the one in index.json"

NAMES = ("model.json", "model.safetensors", "serving/model.onnx", "serving/serving.json")


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A repository with shards; nothing else that stages read is more than there."""
    monkeypatch.chdir(tmp_path)
    Path("pipeline").symlink_to(ROOT / "pipeline")
    for name in ("dvc.yaml", "params.yaml"):
        shutil.copy(ROOT / name, name)
    for folder in (SHARDS, Path("data/clean"), Path("models/start"), Path("reports")):
        folder.mkdir(parents=True)
    write_index(Path("data/clean"), [])
    Path("models/serving").mkdir()
    Path("models/adjustments").mkdir()
    for name in (*NAMES, "baselines.safetensors"):
        Path("models", name).write_text("")
    write_found(FINDINGS)
    write_shards(
        SHARDS,
        ("train", 0, shard(10, 4)),
        ("train", 0, shard(20, 4)),
        ("train", 1, shard(30, 4)),
        ("train", 1, shard(40, 4)),
        ("val", 0, shard(50, 4)),
        ("test", 0, shard(60, 4)),
        ("test", 0, shard(70, 4)),
        ("val", 0, shard(80, 4)),
    )


def replace(path: Path, content: bytes) -> None:
    assert content != path.read_bytes()
    path.write_bytes(content)


def flip_a_bit(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[random.Random(0).randrange(len(content))] ^= 4
    replace(path, bytes(content))


def cut_off(path: Path) -> None:
    replace(path, path.read_bytes()[:-1])


def empty(path: Path) -> None:
    replace(path, b"")


def put_another_dataset(path: Path) -> None:
    write_shard(path, *shard(99, 4), 0, provenance(4))


def swap_with_the_next(path: Path) -> None:
    """Of the same split; both are whole shards of this dataset."""
    names = sorted(p.name for p in SHARDS.glob(f"{path.name.split('-')[0]}-*"))
    other = SHARDS / names[(names.index(path.name) + 1) % len(names)]
    content = path.read_bytes()
    replace(path, other.read_bytes())
    replace(other, content)


def put_another_split(path: Path) -> None:
    other = "test-00006" if path.name.startswith("val") else "val-00004"
    replace(path, (SHARDS / f"{other}.parquet").read_bytes())


HARMS = [flip_a_bit, cut_off, empty, put_another_dataset, swap_with_the_next, put_another_split]


def refusal(stage: str) -> str:
    """What the stage says; it has written nothing by then."""
    before = sorted(Path().rglob("*"))
    with closing(Stage(stage, PARAMS[stage])) as opened, pytest.raises(MissingInput) as caught:
        MAIN[stage](opened)
    assert sorted(Path().rglob("*")) == before
    return str(caught.value)


@pytest.mark.parametrize("stage", MAIN)
@pytest.mark.parametrize("harm", HARMS)
def test_a_shard_that_is_not_the_one(stage: str, harm: Callable[[Path], None]):
    path = SHARDS / OF_STAGE[stage]
    harm(path)
    assert refusal(stage) == f"ERROR shard {path} is damaged: {OTHER_DIGEST} | fix: {FIX}"


@pytest.mark.parametrize("stage", MAIN)
@pytest.mark.parametrize("split", ["own", "val"])
def test_a_missing_shard(stage: str, split: str):
    path = SHARDS / (OF_STAGE[stage] if split == "own" else "val-00004.parquet")
    path.unlink()
    assert refusal(stage) == f"ERROR shard {path} is damaged: it is missing | fix: {FIX}"


@pytest.mark.parametrize("stage", MAIN)
@pytest.mark.parametrize("name", ["train-00007.parquet", "test-00007.parquet", "notes.txt", "old"])
def test_a_file_too_many(stage: str, name: str):
    path = SHARDS / name
    path.mkdir() if name == "old" else shutil.copy(SHARDS / "train-00000.parquet", path)
    fix = f"rm -r {path}" if name == "old" else f"rm {path}"
    assert refusal(stage) == f"ERROR {path} is not in data/shards/index.json | fix: {fix}"


@pytest.mark.parametrize("stage", MAIN)
def test_an_index_of_other_shards(stage: str, tmp_path: Path):
    other = tmp_path / "other"
    other.mkdir()
    write_shards(
        other, ("train", 0, shard(0, 4)), ("val", 0, shard(1, 4)), ("test", 0, shard(2, 4))
    )
    shutil.copy(other / "index.json", SHARDS)
    shutil.rmtree(other)
    path = SHARDS / "test-00005.parquet"  # the first by name that the other dataset lacks
    assert refusal(stage) == f"ERROR {path} is not in data/shards/index.json | fix: rm {path}"


@pytest.mark.parametrize("stage", MAIN)
def test_a_damaged_index(stage: str):
    flip_a_bit(SHARDS / "index.json")
    expected = f"ERROR data/shards/index.json is missing or broken | fix: {MEND}"
    assert refusal(stage) == expected


def test_whole_shards_are_let_through():
    """The others go on to the model, which is none here; that train goes on tests/ shows often."""
    ShardReader(SHARDS).verify(["train", "val"])
    assert refusal("export").startswith("ERROR models/model.json is damaged: ")
    assert refusal("evaluate").startswith("ERROR models/serving/serving.json is damaged: ")
