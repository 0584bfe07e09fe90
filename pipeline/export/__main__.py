"""Export: the network as one ONNX graph that is served, if it answers as the network does.

See docs/decisions/exported-graph.md.

reads   data/shards/ (val), data/clean/ (measurements of val), models/ with adjustments/
writes  models/serving/ (model.onnx; serving.json, what it is; reference.npz, what traffic is
        compared with), reports/export.json
params  modality, target, export

Each validation example is answered by both. The graph gives outputs as the network does, and
embeddings beside them; serving/folder.py says what is in the folder.
"""

from pathlib import Path
from typing import Any

import onnx
import onnxruntime  # type: ignore[import-untyped]
import onnxscript
import pyarrow as pa
import pyarrow.compute as pc
import torch
from numpy.typing import NDArray

from pipeline.dataset.arrays import Float32
from pipeline.dataset.places import CLEAN, MODELS, SERVING, SHARDS
from pipeline.dataset.shards.files import Shard
from pipeline.dataset.shards.reader import ShardReader
from pipeline.dataset.table import read_folder
from pipeline.export.adjusting import adjust
from pipeline.export.comparing import (
    Agreement,
    Figures,
    agreement,
    refuse_less_accurate,
    refuse_other_answers,
    refuse_other_embeddings,
)
from pipeline.export.graph_file import OPSET, as_bytes, make_graph
from pipeline.export.params import ExportParams, export_params
from pipeline.export.probes import describe_probes, mixed
from pipeline.export.quantising import quantised
from pipeline.export.reference import make_reference, write_reference
from pipeline.export.served import ServedNetwork, answer_and_embed
from pipeline.learning.batches import make_examples
from pipeline.learning.device import choose_device
from pipeline.learning.inference import ROWS_AT_ONCE
from pipeline.learning.model_file import load_model
from pipeline.modalities.opening import open_stress
from pipeline.runtime.errors import MissingInput
from pipeline.runtime.process import available_cores
from pipeline.runtime.stage import Stage, run_stage
from pipeline.serving.folder import MODEL_ONNX, REFERENCE_NPZ, write_about
from pipeline.serving.graph import Graph, ask, open_session
from pipeline.targets.opening import open_judging, open_loss
from pipeline.targets.protocols.judging import Answers

OF_MODEL = ("model", "dataset", "license", "weights_sha256")
LIBRARIES = (torch, onnx, onnxscript, onnxruntime)


def main(stage: Stage[ExportParams]) -> None:
    settings = stage.params.export
    reader = ShardReader(SHARDS)
    reader.verify(["val"])
    device = choose_device("auto", "fp32", large=False)
    model = load_model(MODELS, device)
    if not reader.fits(model.about):
        raise MissingInput(
            f"{MODELS}/ was trained for other examples or labels than {SHARDS} has",
            fix="dvc repro train",
        )
    val = reader.read("val", 0)
    columns = reader.input_columns
    judging = open_judging(stage.params.target)
    rows_at_once = getattr(model.network, "rows_at_once", ROWS_AT_ONCE)

    shift = adjust(model.network, settings.adjustment, model.about["weights_sha256"])
    served = ServedNetwork(model.network, [column.name for column in columns], shift)
    outputs, embeddings = answer_and_embed(served, val.inputs, device)
    graph = make_graph(served, columns)
    answers = ask_graph(as_bytes(graph), val, rows_at_once)
    agreed = agreement(judging, outputs, answers[0])
    refuse_other_answers(agreed, len(val.ids))
    refuse_other_embeddings(embeddings, answers[1])
    if settings.precision == "int8":
        graph = quantised(graph, val.inputs)
        answers = ask_graph(as_bytes(graph), val, rows_at_once)
        agreed = agreement(judging, outputs, answers[0])
    figures = figures_of(stage.params.target, val, outputs, answers[0])
    refuse_less_accurate(figures, settings.max_accuracy_drop)

    folder = stage.output(str(SERVING))
    folder.mkdir()
    (folder / MODEL_ONNX).write_bytes(as_bytes(graph))
    write_reference(
        folder / REFERENCE_NPZ,
        make_reference(
            read_measured(reader, val),
            val.inputs,
            judging.probabilities(answers[0]),
            answers[1],
        ),
    )
    probes = mixed(val.inputs)
    probed, _ = ask_graph(as_bytes(graph), val._replace(inputs=probes), rows_at_once)
    about = {
        "modality": reader.modality,
        "preparation": model.about["preparation"],
        "target_kind": reader.target_kind,
        "target": reader.target,
        "calibration": judging.calibration(Answers(answers[0], val.y)),
        "inputs": [column._asdict() for column in columns],
        "outputs": list(answers[0].shape[1:]),
        "embedding": list(answers[1].shape[1:]),
        "rows_at_once": rows_at_once,
        "precision": settings.precision,
        "opset": OPSET,
        "probes": describe_probes(probes, probed, settings.precision),
        **{key: model.about.get(key) for key in OF_MODEL},
        "versions": {library.__name__: str(library.__version__) for library in LIBRARIES},
    }
    write_about(folder, about)
    Graph.open(folder)  # as a server will
    stage.write_report(
        "reports/export.json", report(folder, settings.precision, agreed, figures, len(val.ids))
    )
    stage.say(sentence(folder, settings.precision, agreed, figures, len(val.ids)))


def ask_graph(content: bytes, val: Shard, rows_at_once: int) -> tuple[Float32, Float32]:
    """Outputs and embeddings of a graph for the inputs of some examples."""
    session = open_session(content, SERVING / MODEL_ONNX, available_cores())
    return ask(session, val.inputs, rows_at_once)


def figures_of(target: str, val: Shard, outputs: Float32, served: Float32) -> Figures:
    """How good the network and the graph are on validation, by what training shows."""
    loss = open_loss(target)
    y = make_examples({}, val.y, val.weights).y
    name = loss.SHOWN.removeprefix("val_")
    one, other = (loss.validate(torch.from_numpy(o), y, None)[name] for o in (outputs, served))
    return Figures(loss.SHOWN, one, other, loss.MORE_IS_BETTER)


def read_measured(reader: ShardReader, val: Shard) -> dict[str, NDArray]:
    """Measurements of the validation examples, `(N,)` each, by the names of data/clean.

    Raises:
        MissingInput: the shards are of another data/clean.
    """
    names = list(open_stress(reader.modality).SLICED_BY)
    table = read_folder(CLEAN, ["id", "split", *names])
    table = table.filter(pc.equal(table["split"].cast(pa.string()), "val"))
    if table["id"].to_pylist() != val.ids:
        raise MissingInput(f"{SHARDS} was not made from this {CLEAN}", fix="dvc repro augment")
    return {name: table[name].to_numpy() for name in names}


def report(
    folder: Path, precision: str, agreed: Agreement, figures: Figures, num: int
) -> dict[str, Any]:
    """The content of reports/export.json: figures alone, which `dvc metrics diff` compares.
    Digests stand in serving.json."""
    return {
        "precision": precision,
        "examples": num,
        "largest_change": agreed.change,
        "agreement": agreed.same,
        figures.name: figures.served,
        f"{figures.name}_network": figures.network,
        "model_bytes": (folder / MODEL_ONNX).stat().st_size,
    }


def sentence(folder: Path, precision: str, agreed: Agreement, figures: Figures, num: int) -> str:
    size = (folder / MODEL_ONNX).stat().st_size / 1e6
    return (
        f"{MODEL_ONNX} {size:.1f} MB, opset {OPSET}, {precision}: {round(agreed.same * num)} of "
        f"{num} validation answers as the network's, largest change {agreed.change:.1g}, "
        f"{figures.name.removeprefix('val_')} {figures.served:.4f}"
    )


if __name__ == "__main__":
    run_stage("export", main, export_params)
