"""A project with runs to promote: real models that are served, in git and DVC."""

from pathlib import Path

import numpy as np
import pyarrow as pa

from pipeline.dataset.table import SPLITS, words, write_examples
from pipeline.evaluate.baselines import SCHEMA
from pipeline.modalities.images.content.decoding import encode_png
from pipeline.serving.model import open_model
from pipeline.targets.classes.judging.predictions import Predictions, predictions_table
from tests.support.repository import Repository
from tests.support.serving import CLASSES, SHAPE, write_model

NUM, SEED = 300, 3
DVC_YAML = """\
stages:
  clean: {cmd: "true", outs: [data/clean]}
  export: {cmd: "true", deps: [data/clean], outs: [models/serving]}
  evaluate: {cmd: "true", deps: [models/serving/model.onnx], outs: [data/evaluation]}
artifacts:
  classifier: {path: models/serving, type: model}
"""


class Project(Repository):
    """Commits of runs; the model without noise is always right."""

    def __init__(self, path: Path, num: int = NUM) -> None:
        super().__init__(path)
        random = np.random.default_rng(0)
        noise = random.integers(0, 256, (num, *SHAPE), dtype=np.uint8)
        self.contents = [encode_png(image) for image in noise]
        self.ids = [f"example {n}" for n in range(num)]
        self.run("git init -q -b main && dvc init -q && mkdir -p data models")
        (path / "dvc.yaml").write_text(DVC_YAML)
        (path / ".gitignore").write_text("/data/clean\n/data/evaluation\n/models\n/.groundwork\n")
        columns = {
            "id": pa.array(self.ids),
            "image": pa.array(self.contents, pa.binary()),
            "split": words(["test"] * num, SPLITS),
        }
        (path / "data/clean").mkdir()
        write_examples(pa.table(columns), path / "data/clean/part-00000.parquet")
        write_model(path / "truth", SEED)
        self.labels = self.answers(path / "truth").argmax(1)

    def answers(self, folder: Path) -> np.ndarray:
        """Probabilities of a model, `(N, K)`."""
        model = open_model(folder)
        rows = model.answer([model.prepare(self.contents)])[0]
        return np.array([row.probabilities for row in rows], np.float32)

    def add_run(
        self, name: str, noise: float, *, against_baseline: str = "better", seed: int = SEED
    ) -> str:
        """Commit a run, whose model differs by `noise` from the right one; returns the commit."""
        self.run("rm -rf models/serving data/evaluation")
        serving, evaluation = self.path / "models/serving", self.path / "data/evaluation"
        write_model(serving, seed, noise=noise)
        evaluation.mkdir()
        predictions = Predictions(
            self.ids, [None] * len(self.ids), CLASSES, self.labels, self.answers(serving)
        )
        write_examples(predictions_table(predictions), evaluation / "predictions.parquet")
        examples = {"id": self.ids, "brightness": np.arange(len(self.ids)) % 7 / 7.0}
        examples["slice_site"] = [f"site {n % 3}" for n in range(len(self.ids))]
        write_examples(pa.table(examples), evaluation / "examples.parquet")
        accuracy = float((predictions.probabilities.argmax(1) == self.labels).mean())
        row = {"baseline": "linear", "metric": "accuracy", "value": 0.4, "model": accuracy}
        row |= {"difference": accuracy - 0.4, "low": 0.1, "high": 0.5}
        rows = [row | {"diebold_mariano": None, "model_is": against_baseline}]
        write_examples(pa.Table.from_pylist(rows, SCHEMA), evaluation / "baselines.parquet")
        self.run("dvc commit -q -f")
        self.commit(name)
        return self.run("git rev-parse HEAD").strip()

    def tags(self) -> list[str]:
        return self.run("git for-each-ref refs/tags --format='%(refname:strip=2)'").split()
