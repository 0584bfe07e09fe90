"""The frame of a stage: its outputs come all at once or not at all, and errors are one line."""

import json
import signal

import pytest

from tests.support.stage_project import (
    INPUTS,
    NEW_OUTPUTS,
    OLD_OUTPUTS,
    WRITE_HALF_AND_WAIT,
    WRITE_OUTPUTS,
    project,
)

__all__ = ["project"]  # a fixture


def test_success_publishes_every_output_in_place_of_the_old(project):
    assert project.run(WRITE_OUTPUTS + "stage.say('done')") == (0, "train: done\n", "")
    assert project.files("models", "reports") == NEW_OUTPUTS
    assert project.partials() == []
    assert project.files("data") | {"notes.txt": project.read("notes.txt")} == INPUTS


def test_no_output_has_its_name_before_main_returns(project):
    seen = "print(*sorted(str(p) for p in Path('models').iterdir()))"
    assert project.run(WRITE_OUTPUTS + seen) == (0, "models/index.json models/old.bin\n", "")


def test_outputs_of_a_fresh_clone_get_their_folders(project):
    for name in OLD_OUTPUTS:
        (project.path / name).unlink()
    (project.path / "models").rmdir()
    (project.path / "reports").rmdir()
    assert project.run() == (0, "", "")
    assert project.files("models", "reports") == NEW_OUTPUTS


def test_params_reach_main(project):
    project.write({"params.yaml": project.read("params.yaml").replace("lr: ", "lr: 0.25 #")})
    body = "print(stage.params.dataset, stage.params.lr, stage.name)\n"
    assert project.run(body + WRITE_OUTPUTS) == (0, "digits 0.25 train\n", "")


def test_a_bug_keeps_its_traceback_and_publishes_nothing(project):
    status, out, err = project.run(WRITE_OUTPUTS + "raise ZeroDivisionError('a bug')")
    assert (status, out) == (1, "")
    assert err.startswith("Traceback (most recent call last):\n")
    assert err.endswith("\nZeroDivisionError: a bug\n")
    project.assert_untouched()


def test_an_error_for_the_user_is_one_line_and_publishes_nothing(project):
    body = WRITE_OUTPUTS + "raise TrainingError('no\\ngood: \\x1b[31m', fix='try again')"
    assert project.run(body) == (1, "", "ERROR no\\ngood: \\x1b[31m | fix: try again\n")
    project.assert_untouched()


def test_an_error_in_params_is_one_line(project):
    project.write({"params.yaml": project.read("params.yaml").replace("lr: ", "lr: abc #")})
    status, out, err = project.run()
    assert (status, out) == (1, "")
    assert err.startswith("ERROR params.yaml: lr must be a valid number, found 'abc' | fix: ")
    assert err.count("\n") == 1
    project.assert_untouched()


AS_TWO = "ERROR train was started as 2 processes, and is one | fix: python -m pipeline.train\n"


@pytest.mark.parametrize("rank", ["0", pytest.param("1", marks=pytest.mark.slow)])
def test_torchrun_is_told_what_its_report_should_say(project, monkeypatch, rank):
    """Another process than the first gives that one the time to say it, since it is the same."""
    for name in ("WORLD_SIZE", "LOCAL_WORLD_SIZE"):
        monkeypatch.setenv(name, "2")
    for name in ("RANK", "LOCAL_RANK"):
        monkeypatch.setenv(name, rank)
    monkeypatch.setenv("TORCHELASTIC_RUN_ID", "run")
    monkeypatch.setenv("TORCHELASTIC_ERROR_FILE", "error.json")
    assert project.run() == (1, "", AS_TWO)
    assert json.loads(project.read("error.json"))["message"]["message"] == AS_TWO.strip()
    project.assert_untouched()


def test_an_output_that_main_forgot_is_a_bug_and_publishes_no_other(project):
    body = "stage.output('models').mkdir()"
    status, out, err = project.run(body)
    assert (status, out) == (1, "")
    assert err.endswith("AssertionError: train did not write reports/training.json\n")
    project.assert_untouched()


def test_an_output_that_dvc_yaml_does_not_name_is_a_bug(project):
    status, _, err = project.run("stage.output('models/weights.bin')")
    assert status == 1
    assert err.endswith("AssertionError: models/weights.bin is no output of train in dvc.yaml\n")
    project.assert_untouched()


@pytest.mark.parametrize("value", ["float('nan')", "float('inf')", "[float('nan')]"])
def test_a_report_holds_finite_numbers_only(project, value):
    status, _, err = project.run(f"stage.write_report('reports/training.json', {{'a': {value}}})")
    assert status == 1
    assert err.startswith("Traceback")
    project.assert_untouched()


@pytest.mark.parametrize(
    ("number", "status", "says"),
    [
        (signal.SIGTERM, 143, ""),
        (signal.SIGINT, 130, "train: interrupted; dvc repro goes on where it was\n"),
    ],
)
def test_a_signal_ends_the_stage_and_leaves_no_partial(project, number, status, says):
    with project.start(WRITE_HALF_AND_WAIT) as process:
        assert process.stdout.readline() == "waiting\n"
        assert project.partials() == ["models.partial", "reports/training.json.partial"]
        process.send_signal(number)
        assert process.communicate() == ("", says)
        assert process.returncode == status
    project.assert_untouched()


def test_what_a_killed_run_left_is_discarded(project):
    with project.start(WRITE_HALF_AND_WAIT) as process:
        assert process.stdout.readline() == "waiting\n"
        process.kill()
    assert process.returncode == -signal.SIGKILL
    assert project.files("models", "reports") == OLD_OUTPUTS | {
        "reports/training.json.partial": "half"
    }
    assert project.files("models.partial") == {"models.partial/half.bin": "half"}
    assert project.run() == (0, "", "")
    assert project.files("models", "reports") == NEW_OUTPUTS
    assert project.partials() == []


def test_reports_keep_the_order_of_their_keys_and_round_to_six_digits(project):
    values = {"z": 1e-9, "a": 0.1234567, "n": 3, "ok": True, "who": "Müller", "none": None}
    body = (
        f"stage.write_report('reports/training.json', {values!r})\nstage.output('models').mkdir()"
    )
    assert project.run(body) == (0, "", "")
    written = project.read("reports/training.json")
    assert written == (
        '{\n  "z": 0.0,\n  "a": 0.123457,\n  "n": 3,\n  "ok": true,\n'
        '  "who": "Müller",\n  "none": null\n}\n'
    )
    assert list(json.loads(written)) == list(values)


def test_help_says_what_a_stage_does_and_other_arguments_are_refused(project):
    status, out, err = project.run(WRITE_OUTPUTS, "--help")
    assert (status, err) == (0, "")
    assert out.startswith("usage: python -m pipeline.train [-h]\n")
    assert "dvc repro train runs it" in " ".join(out.split())
    project.assert_untouched()
    status, out, err = project.run(WRITE_OUTPUTS, "--epochs", "3")
    assert (status, out) == (2, "")
    assert err.endswith("error: unrecognized arguments: --epochs 3\n")
    project.assert_untouched()
