"""The pipeline as its users meet it: real DVC in fresh clones."""

import json
import re
import subprocess
import time
from pathlib import Path

import pytest

from tests.support.marks import slow
from tests.support.repository import Repository, environment

DATA = ["data/raw", "data/profile.json", "data/quarantine.csv", "data/clean", "data/findings"]
DATA += ["data/shards", "data/evaluation", "models"]
TIMED = ["models/speed.parquet", "reports/model/speed.csv"]
LEARNS = ["check", "train", "export", "evaluate", "report"]
REWRITES = ["check", "train", "export", "report"]  # the same network, of other code


def report(repository: Repository, name: str) -> dict:
    return json.loads((repository.path / "reports" / name).read_text())


def stages_run(output: str) -> list[str]:
    return re.findall(r"Running stage '(\w+)'", output)


def test_digits_are_learnt(built):
    assert report(built, "metrics.json")["accuracy"] >= 0.975  # one image is 0.0026


def test_report_keys_are_the_contract(built):
    assert list(report(built, "validation.json")) == [
        "success",
        "examples",
        "expectations",
        "failed_critical",
        "failed_warning",
        "quarantined",
        "could_not_judge",
    ]
    labels = report(built, "labels.json")
    assert labels.keys() >= {
        "examples",
        "duplicates",
        "leaks",
        "label_issues",
        "relabelled",
        "removed",
        "estimated_noise_rate",
    }
    assert list(report(built, "training.json")) == [
        "best_epoch",
        "val_accuracy",
        "val_loss",
        "epochs_run",
    ]
    assert list(report(built, "export.json")) == [
        "precision",
        "examples",
        "largest_change",
        "agreement",
        "val_accuracy",
        "val_accuracy_network",
        "model_bytes",
    ]
    assert list(report(built, "metrics.json")) == [
        "accuracy",
        "loss",
        "f1_macro",
        "calibration_error",
        "worst_class_accuracy",
        "worst_class",
        "accuracy_low",
        "accuracy_high",
        "accuracy_without_leaked",
        "accuracy_top5",
        "calibration_error_scaled",
        "temperature",
        "auc",
        "average_precision",
        "sensitivity",
        "brier",
        "accuracy_corrupted",
        "baseline_accuracy",
        "baseline_loss",
        "baseline_f1_macro",
        "baseline_calibration_error",
        "baseline_worst_class_accuracy",
        "baseline_auc",
        "baseline_average_precision",
        "baseline_sensitivity",
        "baseline_brier",
        "baseline",
        "against_baseline",
    ]


def test_a_second_repro_runs_nothing(built):
    output = built.run("dvc repro")
    assert stages_run(output) == []
    assert "Data and pipelines are up to date." in output
    assert built.run("git status --porcelain") == ""
    built.run("dvc status -q")


def test_nothing_of_the_machine_is_in_the_reports(built):
    for file in filter(Path.is_file, (built.path / "reports").rglob("*")):
        assert str(built.path).encode() not in file.read_bytes()


@pytest.fixture(scope="module")
def experiment(built) -> str:
    """What an experiment printed; what it made is committed on the branch `slower`."""
    built.run("git checkout -q -b slower")
    printed = built.run("dvc exp run -S lr=1e-5 -S epochs=3")
    built.commit("three epochs of small steps")
    built.run("git checkout -q main && dvc checkout -q")
    return printed


def test_an_experiment_trains_and_evaluates_only_and_the_way_back_is_cached(built, experiment):
    assert stages_run(experiment) == LEARNS
    before = built.digests("models", "reports/metrics.json")
    built.run("git checkout -q slower && dvc checkout -q")
    assert built.digests("models", "reports/metrics.json") != before
    table = built.run("dvc metrics diff main")
    assert re.search(r"reports/metrics.json +accuracy +[01]\.\d+ +[01]\.\d+ +-?[01]\.\d+", table)
    output = built.run("dvc exp run -S lr=0.001 -S epochs=10")
    assert stages_run(output) == ["report"]  # whose files are in git, not in the cache
    assert output.count("is cached - skipping run, checking out outputs") == 4
    assert built.digests("models", "reports/metrics.json") == before
    built.run("git checkout -q --force main")
    built.restore()


def test_a_small_learning_rate_is_a_number(built, experiment):
    assert stages_run(experiment) == LEARNS
    assert "lr: 1e-05" in built.run("git show slower:params.yaml")


@pytest.mark.parametrize(
    ("setting", "line"),
    [
        ("nope=1", "To append to your config use +nope=1: Key 'nope' is not in struct"),
        ("lr=abc", "ERROR params.yaml: lr must be a valid number, found 'abc' | fix: "),
    ],
)
def test_a_wrong_setting_is_refused_in_one_line_and_loses_nothing(built, setting, line):
    before = built.digests("models")
    output = built.run(f"dvc exp run -S {setting}", expect=255)
    assert line in output
    assert "Traceback" not in output
    built.restore()
    assert built.digests("models") == before


def test_a_reviewer_sees_the_change_without_cache_or_remote(built, experiment, tmp_path):
    url = built.path.as_uri()
    reviewer = Repository(tmp_path / "reviewer")
    built.run(f"git clone -q {url} {reviewer.path}")
    reviewer.run("git fetch -q origin slower:slower && git checkout -q slower")
    assert not (reviewer.path / "data/raw").exists()
    table = reviewer.run("dvc metrics diff main")
    assert re.search(r"reports/training.json +epochs_run +10 +3 +-7", table)
    assert re.search(r"params.yaml +epochs +10 +3", reviewer.run("dvc params diff main"))
    plots = reviewer.run("dvc plots diff main -o plots").strip()
    page = Path(plots.removeprefix("file://")).read_text()
    for title in ("Loss by epoch", "Confusion matrix of the test split", "F1 by class"):
        assert title in page


@pytest.fixture(scope="module")
def plots(built) -> dict[str, list[dict]]:
    return json.loads(built.run("dvc plots show --json").strip().splitlines()[-1])["data"]


@pytest.mark.parametrize(
    ("name", "num_points"),
    [
        ("loss", 20),  # two curves of ten epochs
        ("accuracy by epoch", 20),
        ("confusion", 100),
        ("f1 by class", 10),
        ("accuracy by slice", 7),
    ],
)
def test_the_plots_hold_data(plots, name, num_points):
    (plot,) = plots[name]
    assert len(plot["content"]["data"]["values"]) == num_points


@pytest.mark.slow  # a minute
def test_two_clones_agree_to_the_byte(elsewhere, newcomer):
    """In another folder, with another hash seed, time zone, locale and number of workers."""
    ours, theirs = (clone.digests(*DATA, "reports") for clone in (elsewhere, newcomer.repository))
    for path in TIMED:
        del ours[path], theirs[path]
    assert ours == theirs


def test_an_input_edited_while_a_stage_runs_is_refused(built):
    """Else dvc.lock would say that the outputs came from the edited file (treeverse/dvc#11058)."""
    code = built.path / "pipeline/dataset/randomness.py"
    text = code.read_text()
    process = subprocess.Popen(
        ["dvc", "repro", "--force", "--single-item", "augment"],
        cwd=built.path,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    while not (built.path / "data/shards.partial").exists() and process.poll() is None:
        time.sleep(0.01)
    code.write_text(text + "# edited\n")
    output, _ = process.communicate()
    assert process.returncode == 255
    assert (
        "ERROR pipeline/dataset/randomness.py changed while augment ran: the result is of "
        "neither version | fix: run it again: dvc repro\n" in output
    )
    assert not list(built.path.rglob("*.partial"))
    built.restore()


def test_a_half_written_folder_is_refused(built):
    """`dvc commit --force` adopts whatever lies there; the next stage looks for the index."""
    (built.path / "data/shards/index.json").unlink()
    output = built.run("python -m pipeline.train", expect=1)
    assert output.splitlines()[-1] == (
        "ERROR data/shards has no index.json, so it was only half written | "
        "fix: make it again: dvc repro --force --single-item augment"
    )
    built.restore()


def test_a_damaged_shard_is_refused_before_the_first_step(built):
    shard = built.path / "data/shards/train-00003.parquet"
    content = bytearray(shard.read_bytes())
    content[len(content) // 2] ^= 1
    shard.unlink()
    shard.write_bytes(content)
    output = built.run("python -m pipeline.train", expect=1)
    assert output.splitlines()[-1] == (
        "ERROR shard data/shards/train-00003.parquet is damaged: its digest is not the one in "
        "index.json | fix: groundwork repair --cache && dvc repro"
    )
    built.restore()


def test_an_unknown_dataset_names_the_known(clone):
    output = clone.run("dvc exp run -S dataset=cats", expect=255)
    assert "data/catalog/cats.yaml" in output
    assert "Traceback" not in output


def test_an_unknown_key_is_refused_before_anything_runs(built):
    """Also where nothing else would run."""
    built.set_params({"train": {"pateince": 3}})
    output = built.run("dvc repro", expect=255)
    assert stages_run(output) == ["check"]
    assert "ERROR params.yaml: unknown key train.pateince | fix: did you mean patience?\n" in output
    built.restore()


@pytest.mark.parametrize(
    ("file", "stages"),
    [
        slow("pipeline/describe/datacard.py", ["describe"]),
        ("pipeline/report/modelcard.py", ["report"]),
        slow("pipeline/modalities/images/show/figures.py", ["describe", "report"]),
        slow("pipeline/train/params.py", REWRITES),  # models/model.json has a digest of the code
        slow("pipeline/clean/doubts.py", ["clean"]),
    ],
)
def test_an_edit_runs_what_reads_it(built, file, stages):
    """What comes after a stage does not run again where its outputs are the same."""
    code = built.path / file
    code.write_text(code.read_text() + "# edited\n")
    assert stages_run(built.run("dvc repro")) == stages
    built.restore()
