"""The frame of a stage, run as DVC runs it: a process of its own in a repository of its own."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

DVC_YAML = """\
stages:
  ingest:
    cmd: exec python -m pipeline.ingest
    outs:
      - data/raw
  train:
    cmd: exec python train.py
    params:
      - lr
      - train
      - data/catalog/${dataset}.yaml:
    deps:
      - data/raw
      - notes.txt
    outs:
      - models
    metrics:
      - reports/training.json: {cache: false}
"""
INPUTS = {
    "data/catalog/digits.yaml": "license: CC0-1.0\n",
    "data/raw/index.json": "{}\n",
    "data/raw/train.csv": "1,2\n",
    "notes.txt": "hello\n",
}
OLD_OUTPUTS = {
    "models/index.json": "old\n",
    "models/old.bin": "old\n",
    "reports/training.json": "old\n",
}
NEW_OUTPUTS = {
    "models/index.json": "new\n",
    "models/weights.bin": "new\n",
    "reports/training.json": '{\n  "loss": 0.333333,\n  "epochs": 3\n}\n',
}
WRITE_OUTPUTS = """\
models = stage.output("models")
models.mkdir()
(models / "weights.bin").write_text("new\\n")
(models / "index.json").write_text("new\\n")
stage.write_report("reports/training.json", {"loss": 1 / 3, "epochs": 3})
"""
# Half of the outputs, then a wait that only a signal ends.
WRITE_HALF_AND_WAIT = """\
stage.output("models").mkdir()
(stage.output("models") / "half.bin").write_text("half")
stage.output("reports/training.json").write_text("half")
print("waiting", flush=True)
while True:
    signal.pause()
"""


class Project:
    """A repository in miniature, with a stage `train` of which the body is given."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.write({"dvc.yaml": DVC_YAML, "params.yaml": (ROOT / "params.yaml").read_text()})
        self.write(
            {"params.yaml": self.read("params.yaml").replace("dataset: ", "dataset: digits #")}
        )
        self.write(INPUTS | OLD_OUTPUTS)

    def write(self, files: dict[str, str]) -> None:
        for name, text in files.items():
            (self.path / name).parent.mkdir(parents=True, exist_ok=True)
            (self.path / name).write_text(text)

    def read(self, name: str) -> str:
        return (self.path / name).read_text()

    def files(self, *folders: str) -> dict[str, str]:
        """Every file below the folders, by its path in the project."""
        return {
            str(file.relative_to(self.path)): file.read_text()
            for folder in folders
            for file in sorted((self.path / folder).rglob("*"))
            if file.is_file()
        }

    def start(self, body: str) -> subprocess.Popen[str]:
        script = "import os, signal, sys\nfrom pathlib import Path\n"
        script += "from pipeline.runtime.errors import TrainingError\n"
        script += "from pipeline.runtime.stage import run_stage\n\ndef main(stage):\n"
        script += "".join(f"    {line}\n" for line in body.splitlines())
        script += "\nif __name__ == '__main__':\n    run_stage('train', main)\n"
        self.write({"train.py": script})
        return subprocess.Popen(
            [sys.executable, "train.py"],
            cwd=self.path,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            # As in a terminal, also when these tests run in the background of a shell.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )

    def run(self, body: str = WRITE_OUTPUTS) -> tuple[int, str, str]:
        """Exit status, standard output and standard error of the stage."""
        process = self.start(body)
        out, err = process.communicate()
        return process.returncode, out, err

    def partials(self) -> list[str]:
        return [str(p.relative_to(self.path)) for p in sorted(self.path.rglob("*.partial"))]

    def assert_untouched(self) -> None:
        assert self.files("models", "reports") == OLD_OUTPUTS
        assert self.partials() == []


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


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


@pytest.mark.parametrize(
    ("edit", "changed"),
    [
        ("Path('notes.txt').write_text('hallo')", "notes.txt"),
        ("Path('notes.txt').unlink()", "notes.txt"),
        ("Path('data/raw/train.csv').write_text('1,3')", "data/raw/train.csv"),
        ("Path('data/raw/train.csv').unlink()", "data/raw/train.csv"),
        ("Path('data/raw/more.csv').write_text('4,5')", "data/raw/more.csv"),
        ("Path('data/catalog/digits.yaml').write_text('uri: a')", "data/catalog/digits.yaml"),
        (
            "params = Path('params.yaml').read_text()\n"
            "Path('params.yaml').write_text(params.replace('lr: ', 'lr: 0.5 #'))",
            "params.yaml: lr",
        ),
        (
            "params = Path('params.yaml').read_text()\n"
            "Path('params.yaml').write_text(params.replace('patience: ', 'patience: 99 #'))",
            "params.yaml: train",
        ),
    ],
    ids=["edited", "deleted", "edited within", "deleted within", "added", "catalog", "lr", "train"],
)
def test_an_input_that_changes_meanwhile_is_refused(project, edit, changed):
    assert project.run(WRITE_OUTPUTS + edit) == (
        1,
        "",
        f"ERROR {changed} changed while train ran: the result is of neither version"
        " | fix: run it again: dvc repro\n",
    )
    project.assert_untouched()


def test_a_large_input_that_changes_meanwhile_is_refused(project):
    (project.path / "data/raw/large.bin").write_bytes(bytes(5 << 20))
    edit = "with open('data/raw/large.bin', 'r+b') as file: file.write(b'1')"
    status, _, err = project.run(WRITE_OUTPUTS + edit)
    assert status == 1
    assert err.startswith("ERROR data/raw/large.bin changed while train ran")
    project.assert_untouched()


def test_what_the_stage_does_not_read_may_change_meanwhile(project):
    edit = (
        "Path('README.md').write_text('new')\n"
        "params = Path('params.yaml').read_text()\n"
        "Path('params.yaml').write_text(params.replace('batch_size: ', 'batch_size: 7 #'))"
    )
    assert project.run(WRITE_OUTPUTS + edit) == (0, "", "")
    assert project.files("models", "reports") == NEW_OUTPUTS


def test_a_missing_input_names_the_command_that_makes_it(project):
    (project.path / "data/raw").rename(project.path / "elsewhere")
    assert project.run() == (
        1,
        "",
        "ERROR data/raw does not exist; train reads it | fix: make it: dvc repro ingest\n",
    )
    project.assert_untouched()


def test_a_missing_input_that_no_stage_makes(project):
    (project.path / "notes.txt").unlink()
    assert project.run() == (
        1,
        "",
        "ERROR notes.txt does not exist; train reads it | fix: is the checkout complete?\n",
    )
    project.assert_untouched()


def test_a_half_written_folder_is_refused(project):
    (project.path / "data/raw/index.json").unlink()
    assert project.run() == (
        1,
        "",
        "ERROR data/raw has no index.json, so it was only half written"
        " | fix: make it again: dvc repro --force --single-item ingest\n",
    )
    project.assert_untouched()


def digest(project: Project) -> str:
    status, out, err = project.run("print(stage.inputs_digest())\n" + WRITE_OUTPUTS)
    assert (status, err) == (0, "")
    assert len(bytes.fromhex(out)) == 32
    return out


def test_the_digest_of_the_inputs_follows_what_the_stage_reads_and_nothing_else(project):
    first = digest(project)
    os.utime(project.path / "notes.txt", (0, 0))
    project.write({"README.md": "new", "data/catalog/pets.yaml": "uri: b"})
    assert digest(project) == first

    seen = {first}
    params = project.read("params.yaml")
    for change in (
        {"notes.txt": "hallo"},
        {"data/raw/more.csv": "4,5"},
        {"data/catalog/digits.yaml": "uri: a"},
        {"params.yaml": params.replace("lr: ", "lr: 0.5 #")},
        {"params.yaml": params.replace("patience: ", "patience: 99 #")},
    ):
        project.write(change)
        seen.add(digest(project))
    assert len(seen) == 6


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
