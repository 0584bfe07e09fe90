"""A project in which the stage `report` can run, and what it writes there."""

import shutil
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pytest

from pipeline.dataset.tables import write_tables
from pipeline.evaluate.baselines import SCHEMA as BASELINES
from pipeline.evaluate.contributions import DEPENDENCE, IMPORTANCE
from pipeline.learning.description import write_description
from pipeline.targets.classes.judging.tables import COLUMNS
from pipeline.targets.gaps import SCHEMA as GAPS
from pipeline.train.history import write_history, write_speed
from tests.report.test_modelcard import ABOUT
from tests.support.evaluations import EVALUATION
from tests.support.repository import ROOT
from tests.support.shards import shard, write_shards

NUM = 5
SCHEMAS = {name: pa.schema(columns.items()) for name, columns in COLUMNS.items()} | {
    "baselines": BASELINES,
    "gaps": GAPS,
    "importance": IMPORTANCE,
    "dependence": DEPENDENCE,
}
HISTORY = [
    {
        "epoch": epoch,
        "lr": 0.001 / epoch,
        "train_loss": 1 / epoch,
        "train_accuracy": 1 - 0.5 / epoch,
        "val_loss": 1.2 / epoch,
        "val_accuracy": 1 - 0.6 / epoch,
    }
    for epoch in (1, 2, 3)
]
SPEED = [{"epoch": epoch, "num_examples": 1200, "seconds": 3.0} for epoch in (1, 2, 3)]


def write_inputs(folder: Path) -> None:
    """All that dvc.yaml says the stage reads."""
    shutil.copy(ROOT / "dvc.yaml", folder)
    shutil.copy(ROOT / "params.yaml", folder)
    (folder / "pipeline").symlink_to(ROOT / "pipeline")
    for name in ("models", "reports", "data/shards"):
        (folder / name).mkdir(parents=True)
    about = ABOUT | {"weights_sha256": "0" * 64}
    write_description(folder / "models/model.json", about)
    write_history(folder / "models/training.parquet", HISTORY)
    write_speed(folder / "models/speed.parquet", SPEED)
    rows = shard(0, NUM)._replace(ids=[f"test {row}" for row in range(NUM)])
    write_shards(folder / "data/shards", ("test", 0, rows))
    write_tables(
        folder / "data/evaluation",
        {
            name: pa.Table.from_pylist(list(rows), schema=SCHEMAS[name])
            for name, rows in EVALUATION.tables.items()
        },
        **EVALUATION.summary,
    )


def run_report(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pipeline.report"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    write_inputs(tmp_path)
    return tmp_path


@pytest.fixture(scope="session")
def written_report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project after the stage; only to be read."""
    folder = tmp_path_factory.mktemp("report")
    write_inputs(folder)
    result = run_report(folder)
    assert result.returncode == 0, result.stderr
    assert result.stdout == "report: reports/modelcard.md, and 10 tables in reports/model\n"
    return folder
