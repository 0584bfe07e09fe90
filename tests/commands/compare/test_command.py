"""`compare` reads two runs by way of DVC, and says by its status whether one is worse."""

import numpy as np
import pyarrow.parquet as pq
import pytest

from pipeline.commands.compare import __main__ as compare
from pipeline.commands.compare.arguments import parser
from pipeline.commands.frame import run_command
from pipeline.dataset.table import write_examples
from pipeline.runtime.errors import CompareError
from pipeline.targets.classes.judging import interface as judging
from pipeline.targets.classes.judging.predictions import Predictions, predictions_table
from pipeline.targets.opening import TARGETS
from pipeline.targets.predictions import TARGET_KEY
from tests.support.repository import Repository

PREDICTIONS = "data/evaluation/predictions.parquet"
NUM = 400


def run_of(wrong: int, num: int = NUM) -> Predictions:
    """A run that is right about all but the first `wrong` examples, and as sure of all."""
    labels = np.arange(num) % 2
    answers = np.where(np.arange(num) < wrong, 1 - labels, labels)
    probabilities = np.full((num, 2), 0.1, np.float32)
    probabilities[np.arange(num), answers] = 0.9
    return Predictions(
        [f"{row}" for row in range(num)], [None] * num, ["a", "b"], labels, probabilities
    )


@pytest.fixture(scope="module")
def runs(tmp_path_factory) -> Repository:
    """Branches `main`, `worse` and `lost`, whose predictions are in no cache; `main` is out."""
    repository = Repository(tmp_path_factory.mktemp("runs"))
    repository.run("git init -q -b main && dvc init -q && mkdir -p data/evaluation")
    repository.commit("nothing yet")
    repository.run("git branch before")
    for branch, wrong in (("lost", 3), ("worse", 60), ("main", 10)):
        repository.run(f"git checkout -q -B {branch} before")
        write_examples(predictions_table(run_of(wrong)), repository.path / PREDICTIONS)
        repository.run("dvc add -q data/evaluation")
        repository.commit(branch)
        if branch == "lost":
            repository.run("rm -r .dvc/cache/files")
    return repository


@pytest.fixture
def ask(runs, monkeypatch, capsys):
    """Runs the command; returns its status and what it printed on stdout and stderr."""
    monkeypatch.chdir(runs.path)

    def run(*arguments: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as caught:
            run_command(lambda: compare.main(parser().parse_args(arguments)))
        return (int(caught.value.code or 0), *capsys.readouterr())

    return run


def test_a_worse_run_fails(ask):
    status, out, _ = ask("main", "worse")
    lines = out.splitlines()
    assert lines[0] == "main -> worse, 400 test examples"
    assert lines[1].split() == ["metric", "main", "worse", "change", "interval", "p", "verdict"]
    assert [line.split()[0] for line in lines[2:6]] == [
        "accuracy",
        "f1_macro",
        "loss",
        "calibration_error",
    ]
    assert lines[2].split()[1:4] == ["0.9750", "0.8500", "-0.1250"]
    assert lines[2].endswith("FAIL")
    assert lines[6].startswith("FAIL: worse by more than 0.005: accuracy, f1_macro")
    assert lines[4].endswith("-"), "the loss is shown and not judged"
    assert status == 1


def test_the_workspace_is_the_second_unless_another_is_named(ask, runs):
    status, out, _ = ask("main")
    assert out.startswith("main -> workspace, 400 test examples\n")
    assert out.endswith("PASS: nothing got worse by more than 0.005\n")
    assert status == 0


def test_inconclusive_passes_unless_strict(ask):
    """The loss rose by 0.275, more or less."""
    for strict, expected in (([], 0), (["--strict"], 1)):
        status, out, _ = ask("main", "worse", "--metrics", "loss", "--tolerance", "0.275", *strict)
        assert "INCONCLUSIVE: too few test examples to say whether it got worse by" in out
        assert status == expected


def test_examples_that_both_have(ask, runs):
    path = runs.path / PREDICTIONS
    content = path.read_bytes()
    path.unlink()  # DVC may have made it read-only, or a link
    write_examples(predictions_table(run_of(5, num=300)), path)
    try:
        status, out, _ = ask("main")
    finally:
        path.unlink()
        path.write_bytes(content)
    assert out.startswith("main -> workspace, 300 test examples that both have, of 400 and 300\n")
    assert status == 0


def test_markdown(ask):
    _, out, _ = ask("main", "worse", "--markdown")
    lines = out.splitlines()
    assert lines[0].startswith("**FAIL: worse by more than 0.005: accuracy")
    assert lines[2] == "| metric | `main` | `worse` | change | interval | p | verdict |"
    assert lines[4].startswith("| accuracy | 0.9750 | 0.8500 | -0.1250 | ")
    assert lines[-1].startswith("`main` → `worse`, 400 test examples; 95.0% intervals")


@pytest.mark.parametrize(
    ("revision", "line"),
    [
        (
            "nope",
            "ERROR nope is no commit, branch, tag or experiment | "
            "fix: see git branch --all and dvc exp show; git fetch brings those of others",
        ),
        (
            "before",
            "ERROR before has no data/evaluation/predictions.parquet | "
            "fix: name a commit whose dvc.lock has it",
        ),
        (
            "lost",
            "ERROR data/evaluation/predictions.parquet of lost is neither in the cache nor in a "
            "remote that can be read (DataIndexDirError) | fix: dvc push it from where it was "
            "made; or git checkout lost and dvc repro",
        ),
    ],
)
def test_what_is_not_there_is_one_line(ask, revision, line):
    assert ask(revision) == (1, "", line + "\n")


def test_a_workspace_without_predictions(ask, runs):
    path = runs.path / PREDICTIONS
    aside = path.with_suffix(".aside")
    path.rename(aside)
    try:
        answer = ask("main")
    finally:
        aside.rename(path)
    assert answer == (
        1,
        "",
        "ERROR data/evaluation/predictions.parquet does not exist | fix: dvc pull "
        "data/evaluation/predictions.parquet\n",
    )


@pytest.mark.parametrize("tolerance", ["-0.1", "1", "much", "nan"])
def test_an_impossible_tolerance_is_refused(ask, tolerance):
    status, _, err = ask("main", "--tolerance", tolerance)
    assert status == 2
    assert "error: argument --tolerance: " in err


def test_an_unknown_metric_is_refused(ask):
    status, _, err = ask("main", "--metrics", "speed")
    assert status == 2
    assert "error: argument --metrics: invalid choice: 'speed' (choose from " in err
    for name in ("accuracy", "f1_macro", "loss", "calibration_error", "mae", "rmse", "r2"):
        assert repr(name) in err


def test_a_metric_of_another_target_is_refused():
    with pytest.raises(CompareError) as caught:
        compare.choose_metrics(["accuracy", "rmse"], judging)
    assert str(caught.value) == (
        "ERROR these runs have no metric rmse | "
        "fix: judge by accuracy or f1_macro or loss or calibration_error"
    )
    assert compare.choose_metrics(None, judging) == ["accuracy", "f1_macro"]
    assert compare.choose_metrics(["loss", "loss"], judging) == ["loss"]


@pytest.fixture
def relabel(runs):
    """Makes the predictions of the workspace say another target, or none."""
    path = runs.path / PREDICTIONS
    content = path.read_bytes()

    def replace(target: bytes | None) -> None:
        table = pq.read_table(path)
        metadata = dict(table.schema.metadata)
        assert metadata.pop(TARGET_KEY) == b"classes"
        more = {TARGET_KEY: target} if target else {}
        path.unlink()  # DVC may have made it read-only, or a link
        write_examples(table.replace_schema_metadata(metadata | more), path)

    yield replace
    path.unlink()
    path.write_bytes(content)


def test_predictions_of_an_unknown_target(ask, relabel):
    relabel(b"later")
    assert ask("main") == (
        1,
        "",
        "ERROR the predictions of workspace are of the target later, expected classes or numbers "
        "or ranking | fix: compare with the version of this project that made them\n",
    )


def test_runs_of_two_targets(ask, relabel, monkeypatch):
    relabel(b"later")
    monkeypatch.setitem(TARGETS, "later", TARGETS["classes"])
    assert ask("main") == (
        1,
        "",
        "ERROR the runs are of other targets: classes; and later | "
        "fix: compare runs on the same dataset\n",
    )


def test_predictions_from_before_there_were_targets(ask, relabel):
    relabel(None)
    status, out, _ = ask("main")
    assert out.endswith("PASS: nothing got worse by more than 0.005\n")
    assert status == 0
