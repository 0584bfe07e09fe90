"""How long do boosted trees take to answer, as an exported graph, beside scikit-learn's own answer?

    GROUNDWORK_TABLES=DIR python benchmarks/table_graph.py [--rounds 9]

`trees` fit adults of the census (numbers and categories) and breast cancers (numbers alone). The
peer is the model of scikit-learn that they were made of, asked for the same rows. One thread each,
in turn; CPU seconds. skl2onnx 1.20 cannot write these trees (categories; NumPy's integers).
"""

import argparse
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest.mock import patch

os.environ["OMP_NUM_THREADS"] = "1"
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np
import torch
from results import Figure, middle_and_range, save, spread
from table_data import TABLES, split
from table_networks import InMemoryReader

from pipeline.dataset.shards.column import ShardColumn
from pipeline.export.graph_file import as_bytes, make_graph
from pipeline.export.served import ServedNetwork
from pipeline.modalities.tables.modules import boosting
from pipeline.modalities.tables.modules.trees import Trees
from pipeline.serving.graph import ask, open_session
from pipeline.targets.opening import open_loss

COMMAND = "GROUNDWORK_TABLES=DIR python benchmarks/table_graph.py"
NAMES = ("adult", "breast_cancer")
PEER = "scikit-learn"
ROWS = (1, 100, 1000)
LEAST_SECONDS = 0.05

Answer = Callable[[int], object]
"""Answers that many rows."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=9)
    rounds = parser.parse_args().rounds
    names = NAMES if "GROUNDWORK_TABLES" in os.environ else NAMES[1:]
    figures = [figure for name in names for figure in measure(name, rounds)]
    save("table_graph", figures, COMMAND, part=len(names) < len(NAMES))


def measure(name: str, rounds: int) -> list[Figure]:
    network, model, inputs = fitted(name)
    x = network.columns({n: torch.from_numpy(values) for n, values in inputs.items()}).numpy()
    answers: dict[str, Answer] = {
        "ours": graph_of(network, inputs),
        PEER: lambda num: model.predict_proba(x[:num]),
    }
    print(f"{name}: {int(network.size[0])} trees")
    figures = []
    for rows in ROWS:
        taken: dict[str, list[float]] = {who: [] for who in answers}
        for _ in range(rounds):
            for who, answer in answers.items():
                taken[who].append(1e6 * seconds(answer, rows) / rows)
        ours, theirs = (spread(values, 1, " µs") for values in taken.values())
        print(f"  {rows:5} rows at a time: {ours}; {PEER} {theirs} a row", flush=True)
        ratios = [their / our for our, their in zip(*taken.values(), strict=True)]
        figures.append(
            Figure(
                topic="serve",
                what=f"CPU time a row of boosted trees, {name.replace('_', ' ')}, {rows} at a time",
                ours=ours,
                n=rounds,
                peer=f"{PEER} {theirs}",
                ratio=middle_and_range(ratios),
            )
        )
    return figures


def fitted(name: str) -> tuple[Trees, Any, dict[str, np.ndarray]]:
    """Our network, the model of scikit-learn that it was made of, and the rows of test."""
    table = TABLES[name](0)
    reader = InMemoryReader(table, split(len(table.y), 0), table.y.astype(np.int32))
    loss, made = open_loss("classes"), []
    make_model = boosting.make_model

    def remember(*arguments: Any) -> Any:
        made.append(make_model(*arguments))
        return made[-1]

    with patch.object(boosting, "make_model", remember), patch.object(boosting, "LEAVES", (31,)):
        network = Trees(reader.preparation, 2)
        network.fit(reader, lambda outputs, y: loss.losses(outputs, y, None), 0)
    rows = reader.read_rows("test", 0).inputs
    inputs = {n: np.resize(values, (max(ROWS), values.shape[1])) for n, values in rows.items()}
    return network, made[0], {n: values for n, values in inputs.items() if values.shape[1]}


def graph_of(network: Trees, inputs: dict[str, np.ndarray]) -> Answer:
    columns = [ShardColumn(n, str(values.dtype), values.shape[1:]) for n, values in inputs.items()]
    served = ServedNetwork(network, [column.name for column in columns])
    session = open_session(as_bytes(make_graph(served, columns)), Path("model.onnx"))
    at_once = network.rows_at_once
    return lambda num: ask(session, {n: values[:num] for n, values in inputs.items()}, at_once)


def seconds(answer: Answer, rows: int) -> float:
    """CPU seconds of one answer, the mean over enough of them to be measured."""
    answer(rows)
    started, num = time.process_time(), 0
    while (taken := time.process_time() - started) < LEAST_SECONDS:
        answer(rows)
        num += 1
    return taken / num


if __name__ == "__main__":
    main()
