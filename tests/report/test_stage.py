"""The stage `report` writes its files from tables, and is the only one that its code concerns."""

import pytest
from PIL import Image

from pipeline.modalities.images.show.words import TAILS
from pipeline.report.evaluation import read_evaluation
from pipeline.runtime.settings import read_yaml
from tests.report.conftest import run_report
from tests.support.evaluations import EVALUATION
from tests.support.repository import ROOT
from tests.support.shards import shard, write_shards

CSV = [
    "accuracy_by_epoch",
    "baselines",
    "calibration",
    "classes",
    "confusion",
    "intervals",
    "robustness",
    "slices",
    "speed",
    "training",
]
PNG = ["calibration", "confusion", "mistakes", "robustness", "slices", "training"]


def test_what_is_written(written_report):
    folder = written_report / "reports/model"
    names = sorted(path.name for path in folder.iterdir())
    assert names == sorted([f"{name}.csv" for name in CSV] + [f"{name}.png" for name in PNG])
    assert sorted(path.name for path in folder.parent.iterdir()) == ["model", "modelcard.md"]
    for name in PNG:
        with Image.open(folder / f"{name}.png") as image:
            assert image.format == "PNG"


@pytest.mark.parametrize(
    ("name", "lines"),
    [
        (
            "training",
            [
                "epoch,lr,train_loss,train_accuracy,val_loss,val_accuracy",
                "1,0.001,1,0.5,1.2,0.4",
                "2,0.0005,0.5,0.75,0.6,0.7",
                "3,0.000333333,0.333333,0.833333,0.4,0.8",
            ],
        ),
        (
            "accuracy_by_epoch",
            ["epoch,train_accuracy,val_accuracy", "1,0.5,0.4", "2,0.75,0.7", "3,0.833333,0.8"],
        ),
        (
            "speed",
            ["epoch,num_examples,seconds,examples_per_second"]
            + [f"{epoch},1200,3,400" for epoch in (1, 2, 3)],
        ),
        (
            "calibration",
            ["confidence,accuracy,count", "0.550000,0.500000,10", "0.900000,1.000000,50"],
        ),
        (
            "intervals",
            [
                "metric,value,low,high",
                "accuracy,0.950000,0.863000,0.982900",
                "calibration_error,0.090000,0.010000,0.200000",
                "calibration_error_scaled,0.033333,0.000000,0.100000",
            ],
        ),
        (
            "classes",
            [
                "class,support,precision,recall,f1,recall_low,recall_high",
                "dark,31,0.970000,0.970000,0.970000,0.800000,1.000000",
                "b|right,29,0.900000,0.900000,0.900000,0.700000,0.950000",
                "unseen,0,0.000000,0.000000,0.000000,0.000000,1.000000",
            ],
        ),
        (
            "slices",
            [
                "slice,rule,count,accuracy,low,high",
                "all,every test example,60,0.950000,0.863000,0.982900",
                "dark,brightness at most 0.4,15,0.800000,0.600000,0.900000",
                "bright,brightness at least 0.6,15,1.000000,0.800000,1.000000",
            ],
        ),
    ],
)
def test_tables(written_report, name, lines):
    path = written_report / f"reports/model/{name}.csv"
    assert path.read_bytes().decode() == "\n".join(lines) + "\n"


def test_the_same_twice(project, written_report):
    assert run_report(project).returncode == 0
    for path in sorted((written_report / "reports").rglob("*.*")):
        assert (project / path.relative_to(written_report)).read_bytes() == path.read_bytes()


def test_what_evaluate_wrote_is_read_back(written_report):
    evaluation = read_evaluation(written_report / "data/evaluation", list(EVALUATION.tables), TAILS)
    summary = {name: evaluation.summary[name] for name in EVALUATION.summary}
    assert summary == EVALUATION.summary
    assert evaluation.tables == EVALUATION.tables
    assert evaluation.num_examples == 60


def test_shards_of_other_data_are_refused(project):
    write_shards(project / "data/shards", ("test", 0, shard(0, 3)))
    result = run_report(project)
    assert result.returncode == 1
    assert result.stderr.splitlines()[-1] == (
        "ERROR data/evaluation was not made from this data/shards | fix: dvc repro evaluate"
    )
    assert not (project / "reports/model").exists()


@pytest.mark.parametrize(
    "name", ["models/model.json", "models/training.parquet", "data/evaluation/slices.parquet"]
)
def test_a_damaged_input_is_one_line(project, name):
    (project / name).write_bytes(b"nothing")
    result = run_report(project)
    assert result.returncode == 1
    assert result.stderr.splitlines()[-1].startswith(f"ERROR {name} is damaged: ")
    assert "Traceback" not in result.stderr


STAGES = read_yaml(ROOT / "dvc.yaml")["stages"]


def paths(stage: str, *sections: str) -> list[str]:
    entries = [entry for section in sections for entry in STAGES[stage].get(section, [])]
    return [entry if isinstance(entry, str) else next(iter(entry)) for entry in entries]


def test_rewording_the_card_or_redrawing_a_picture_runs_this_stage_alone():
    """No other stage runs code of this room or of cards, and none reads what it writes."""
    for name in STAGES:
        deps = paths(name, "deps")
        mine = {dep for dep in deps if f"{dep}/".startswith("pipeline/report/")}
        assert mine == {
            "report": {"pipeline/report"},
            "check": {"pipeline/report/params.py"},  # which reads all of params.yaml
        }.get(name, set())
        assert name == "report" or not [dep for dep in deps if "/card" in dep]
        assert not [dep for dep in deps if dep.startswith(tuple(paths("report", "outs")))]


@pytest.mark.parametrize("stage", ["train", "evaluate", "report"])
def test_no_plot_is_declared_by_a_stage(stage):
    assert "plots" not in STAGES[stage]


@pytest.mark.parametrize("stage", ["train", "evaluate"])
def test_of_reports_a_stage_that_computes_writes_its_metrics_alone(stage):
    assert not [path for path in paths(stage, "outs") if path.startswith("reports/")]
    assert len(paths(stage, "metrics")) == 1
    assert not [path for path in paths(stage, "deps") if path.startswith("reports/")]
