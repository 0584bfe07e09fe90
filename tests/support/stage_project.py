"""A repository in miniature, whose stage `train` runs as DVC runs it: in a process of its own."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.repository import ROOT

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


SCRIPT_START = """\
import os, signal, sys
from pathlib import Path
from typing import Any
from pipeline.runtime.errors import TrainingError
from pipeline.runtime.settings import Settings
from pipeline.runtime.stage import run_stage

class TrainParams(Settings):
    dataset: str
    lr: float
    train: dict[str, Any]

def main(stage):
"""
SCRIPT_END = """
if __name__ == '__main__':
    run_stage('train', main, lambda modality, target: TrainParams)
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

    def start(self, body: str, *arguments: str) -> subprocess.Popen[str]:
        indented = "".join(f"    {line}\n" for line in body.splitlines())
        self.write({"train.py": f"{SCRIPT_START}{indented}{SCRIPT_END}"})
        return subprocess.Popen(
            [sys.executable, "train.py", *arguments],
            cwd=self.path,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            # As in a terminal, also when these tests run in the background of a shell.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )

    def run(self, body: str = WRITE_OUTPUTS, *arguments: str) -> tuple[int, str, str]:
        """Exit status, standard output and standard error of the stage."""
        process = self.start(body, *arguments)
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
