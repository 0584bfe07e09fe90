"""A clone in which the train stage can run at once, and be killed."""

from pathlib import Path

from tests.support.repository import QUICK, ROOT, Repository, make_clone
from tests.support.shards import write_learnable

BY_DVC = "dvc repro --single-item train"
BY_TORCHRUN = "torchrun --nproc-per-node=2 -m pipeline.train"
EPOCHS = 6
TRAIN_PARAMS = {
    "model": "resnet",  # with batch norm
    "batch_size": 8,
    "epochs": EPOCHS,
}
STEPS_PER_EPOCH, STEPS = 5, 5 * EPOCHS
GOES_ON = "train: goes on where an earlier run was stopped\n"
LEARNT = ("models/model.safetensors", "models/baselines.safetensors", "models/training.parquet")
"""Of what the stage writes that which is the same however it was started, and how often."""


def make_trainable(path: Path) -> Repository:
    clone = make_clone(path)
    clone.set_params(QUICK | TRAIN_PARAMS)
    clone.set_params({"train": {"progressive": [{"until": 0.4, "scale": 0.5}]}})
    write_learnable(clone.path / "data/shards", ["cat", "dog", "hen"])
    return clone


def dying(function: str, nth: int, *, rank: int | None = None, who: str = "") -> dict[str, str]:
    """What to put into the environment of a run that is to be killed; see dying/."""
    of_rank = {} if rank is None else {"DIE_RANK": str(rank)}
    told = {"DIE_AT": f"{function} {nth}", "DIE_WHO": who}
    return told | of_rank | {"PYTHONPATH": str(ROOT / "tests/support/dying")}


def assert_nothing_half_written(repository: Repository) -> None:
    for output in (*LEARNT, "models/model.json", "models/speed.parquet", "reports/training.json"):
        assert not (repository.path / output).exists()
