"""Evaluate: how good the model is, where it is weak, how sure; alone in opening the test split.

reads   data/shards/ (test; val for the temperature), data/clean/ (measurements), models/,
        data/findings/ (suspected labels and duplicates of test)
writes  data/evaluation/ (predictions, mistakes, confusion, classes, calibration, intervals, slices,
        robustness, all at full precision), reports/metrics.json
params  evaluate
"""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import torch
from numpy.typing import NDArray

from pipeline.dataset.places import CLEAN, EVALUATION, FINDINGS, MODELS, SHARDS
from pipeline.dataset.shard_reader import ShardReader
from pipeline.dataset.table import read_folder
from pipeline.dataset.tables import read_table, write_tables
from pipeline.evaluate.evaluation import TestSplit, evaluate
from pipeline.evaluate.params import EvaluateParams, evaluate_params
from pipeline.evaluate.tables import tables
from pipeline.learning.device import choose_device
from pipeline.learning.inference import predict
from pipeline.learning.model_file import load_model
from pipeline.modalities.images.arrays import Images
from pipeline.modalities.images.prepare.measurements import MEASUREMENTS, slice_values
from pipeline.runtime.errors import BrokenDataset, MissingInput
from pipeline.runtime.stage import Stage, run_stage

COLUMNS = ["id", "split", "group", *(m.name for m in MEASUREMENTS if m.compared)]


def main(stage: Stage[EvaluateParams]) -> None:
    reader = ShardReader(SHARDS)
    reader.verify(["val", "test"])
    device = choose_device("auto", "fp32", reader.shape)
    model = load_model(MODELS, device)
    if model.classes != reader.classes:
        raise MissingInput("models/ knows other classes than data/shards", fix="dvc repro train")
    test, val = read_test(reader), reader.read("val", 0)

    def logits_of(images: Images) -> NDArray[np.float32]:
        return predict(
            model.network, torch.from_numpy(images), model.normalize, device, model.views
        )

    evaluation = evaluate(
        logits_of,
        model.classes,
        test,
        val.images,
        val.labels.astype(np.int64),
        corrupted_examples=stage.params.evaluate.corrupted_examples,
    )
    stage.write_report("reports/metrics.json", evaluation.metrics())
    folder = stage.output(str(EVALUATION))
    write_tables(folder, tables(evaluation, test), **evaluation.summary())
    accuracy, low, high = evaluation.intervals["accuracy"]
    worst = evaluation.worst_class
    stage.say(
        f"accuracy {accuracy:.4f} ({low:.4f} to {high:.4f}) on {len(test.ids)} test images, "
        f"worst class {worst} {evaluation.by_class[worst].accuracy:.4f}"
    )


def read_test(reader: ShardReader) -> TestSplit:
    """The test split, with its rows of data/clean and of data/findings.

    Raises:
        BrokenDataset: there is no test example.
        MissingInput: the shards are of another data/clean.
    """
    shard = reader.read("test", 0)
    if not shard.ids:
        raise BrokenDataset(
            f"{SHARDS} has no test examples", fix="see `split` in the catalog entry"
        )
    table = read_folder(CLEAN, COLUMNS)
    table = table.filter(pc.equal(table["split"].cast(pa.string()), "test"))
    if table["id"].to_pylist() != shard.ids:
        raise MissingInput(f"{SHARDS} was not made from this {CLEAN}", fix="dvc repro augment")
    suspected = read_table(FINDINGS, "suspected", ["id", "split"]).to_pylist()
    duplicates = read_table(FINDINGS, "duplicates", ["split", "of", "of_split"]).to_pylist()
    leaked = [  # clean removed the example of the other split
        row["of"] for row in duplicates if row["of_split"] == "test" and row["split"] != "test"
    ]
    return TestSplit(
        ids=shard.ids,
        images=shard.images,
        labels=shard.labels.astype(np.int64),
        groups=table["group"].to_pylist(),
        measurements=slice_values(table),
        suspected=np.isin(shard.ids, [row["id"] for row in suspected if row["split"] == "test"]),
        leaked=np.isin(shard.ids, leaked),
    )


if __name__ == "__main__":
    run_stage("evaluate", main, evaluate_params)
