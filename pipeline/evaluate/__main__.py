"""Evaluate: how good the model is, where it is weak, how sure. No other stage opens the test split.

reads   data/shards/ (test; val for calibration), data/clean/ (measurements; contents, if the
        modality corrupts contents), models/ (serving/, baselines), data/findings/ (duplicates of
        test)
writes  data/evaluation/ (predictions, mistakes and what decided in them, intervals, slices,
        baselines and further tables of the target, at full precision), reports/metrics.json
params  modality, target, evaluate

It evaluates the graph of the stage `export`, which is what is served, not the network.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.dataset.arrays import Float32, Keys, Rows
from pipeline.dataset.places import CLEAN, EVALUATION, FINDINGS, MODELS, SERVING, SHARDS
from pipeline.dataset.shards.files import Shard
from pipeline.dataset.shards.reader import ShardReader
from pipeline.dataset.table import SLICE, read_folder, read_schema
from pipeline.dataset.tables import read_table, write_tables
from pipeline.evaluate.baselines import against_baselines
from pipeline.evaluate.contributions import contribution_tables
from pipeline.evaluate.deciding import DECIDED, decided_table
from pipeline.evaluate.params import EvaluateParams, evaluate_params
from pipeline.evaluate.variants import Corrupt, stress_model
from pipeline.learning.baselines.fitting import Baselines
from pipeline.learning.baselines.timeline import Timeline, pasts, read_timeline
from pipeline.modalities.opening import open_encode, open_stress
from pipeline.modalities.protocols.encode import Inputs
from pipeline.modalities.protocols.stress import Stress
from pipeline.runtime.errors import BrokenDataset, MissingInput
from pipeline.runtime.process import available_cores
from pipeline.runtime.stage import Stage, run_stage
from pipeline.serving.graph import Graph
from pipeline.targets.gaps import SCHEMA as GAPS
from pipeline.targets.opening import open_judging, open_labels, open_loss
from pipeline.targets.protocols.judging import Answers, TestSplit, TestTimes


def main(stage: Stage[EvaluateParams]) -> None:
    params = stage.params
    reader = ShardReader(SHARDS)
    reader.verify(["val", "test"])
    graph = Graph.open(SERVING, available_cores())
    if not reader.fits(graph.about):
        raise MissingInput(
            f"{SERVING}/ is for other examples or labels than {SHARDS} has",
            fix="dvc repro export",
        )

    def answer(inputs: Inputs) -> Float32:
        return graph.answer(inputs)[0]

    stress, judging = open_stress(params.modality), open_judging(params.target)
    shard, val = read_test_shard(reader), reader.read("val", 0)
    by_groups = getattr(judging, "GROUPS_DECIDE", False)
    timeline = None if by_groups else read_timeline(["train", "val", "test"])
    test = read_test(shard, stress, timeline)
    stressed = stress_model(
        answer,
        stress,
        shard.inputs,
        shard.ids,
        stress.num_examples(params.evaluate),
        corrupter(stress, reader),
    )
    answers, known = answer(shard.inputs), Answers(answer(val.inputs), val.y)
    evaluation = judging.evaluate(reader.target, test, answers, known, stressed)
    beside = answers_of_baselines(reader, shard, val, timeline)
    against = against_baselines(judging, reader.target, test, evaluation, beside)
    stage.write_report("reports/metrics.json", {**evaluation.metrics, **against.metrics})
    encode, decided = open_encode(params.modality), DECIDED.empty_table()
    if parts_of := getattr(encode, "parts_left_out", None):
        decided = decided_table(
            lambda some: judging.probabilities(answer(encode.encode(some, reader.preparation))),
            parts_of,
            shard.ids,
            test_contents(encode.CONTENT),
            evaluation.tables["mistakes"],
        )
    about = {key: graph.about[key] for key in ("modality", "target_kind", "target")}
    tables = {
        "examples": parts_table(test),
        "gaps": GAPS.empty_table(),
        **evaluation.tables,
        "baselines": against.table,
        "decided": decided,
        **contribution_tables(
            answer,
            judging.probabilities,
            reader.preparation,
            shard,
            open_loss(params.target),
            open_labels(params.target).label_names(reader.target),
        ),
    }
    write_tables(stage.output(str(EVALUATION)), tables, **about, **evaluation.summary)
    stage.say(evaluation.sentence)
    stage.say(against.sentence)


def answers_of_baselines(
    reader: ShardReader, test: Shard, val: Shard, timeline: Timeline | None
) -> dict[str, tuple[Float32, Answers]]:
    """What each baseline says of the test split, and of the validation split."""
    baselines = Baselines(MODELS, reader.target_kind)
    past = pasts(timeline, reader) if timeline else {}
    return {
        name: (
            baselines.answer(name, test.inputs, past.get("test")),
            Answers(baselines.answer(name, val.inputs, past.get("val")), val.y),
        )
        for name in baselines.names
    }


def read_test_shard(reader: ShardReader) -> Shard:
    """Read the examples of the test split.

    Raises:
        BrokenDataset: there is none.
    """
    shard = reader.read("test", 0)
    if not shard.ids:
        raise BrokenDataset(
            f"{SHARDS} has no test examples", fix="see `split` in the catalog entry"
        )
    return shard


def corrupter(stress: Stress, reader: ShardReader) -> Corrupt | None:
    """Return the function that corrupts contents of test and encodes them again; None if the
    modality corrupts inputs instead."""
    corrupt = getattr(stress, "corrupt_contents", None)
    if corrupt is None:
        return None
    encode = open_encode(reader.modality)
    contents = test_contents(encode.CONTENT)

    def encoded(rows: Rows, keys: Keys, name: str, strength: int) -> Inputs:
        some = {column: [values[row] for row in rows] for column, values in contents.items()}
        return encode.encode(corrupt(some, keys, name, strength), reader.preparation)

    return encoded


def test_contents(names: Sequence[str]) -> dict[str, list[Any]]:
    """Columns of content of the test examples in data/clean."""
    table = read_folder(CLEAN, ["split", *names])
    table = table.filter(pc.equal(table["split"].cast(pa.string()), "test"))
    return {name: table[name].to_pylist() for name in names}


def read_test(shard: Shard, stress: Stress, timeline: Timeline | None = None) -> TestSplit:
    """Read the test split, with its rows of data/clean and of data/findings.

    Raises:
        MissingInput: the shards are of another data/clean.
    """
    slices = [name for name in read_schema(CLEAN).names if name.startswith(SLICE)]
    table = read_folder(CLEAN, ["id", "split", "group", *stress.SLICED_BY, *slices])
    table = table.filter(pc.equal(table["split"].cast(pa.string()), "test"))
    if table["id"].to_pylist() != shard.ids:
        raise MissingInput(f"{SHARDS} was not made from this {CLEAN}", fix="dvc repro augment")
    duplicates = read_table(FINDINGS, "duplicates", ["split", "of", "of_split"]).to_pylist()
    leaked = [  # clean removed the example of the other split
        row["of"] for row in duplicates if row["of_split"] == "test" and row["split"] != "test"
    ]
    return TestSplit(
        ids=shard.ids,
        y=shard.y,
        groups=table["group"].to_pylist(),
        measurements=stress.slice_values(table),
        leaked=np.isin(shard.ids, leaked),
        times=None
        if timeline is None
        else TestTimes(timeline.times[timeline.of("test")], timeline.horizon),
        values={name.removeprefix(SLICE): table[name].to_pylist() for name in slices},
    )


def parts_table(test: TestSplit) -> pa.Table:
    """Return the table `examples`: ids with the columns that slices are made by."""
    values = {f"{SLICE}{name}": pa.array(v, pa.string()) for name, v in test.values.items()}
    measured = {name: pa.array(v, pa.float64()) for name, v in test.measurements.items()}
    return pa.table({"id": pa.array(test.ids, pa.string()), **measured, **values})


if __name__ == "__main__":
    run_stage("evaluate", main, evaluate_params)
