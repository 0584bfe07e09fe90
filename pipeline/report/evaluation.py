"""The results of evaluate, read from data/evaluation."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pipeline.dataset.table import read_index
from pipeline.dataset.tables import read_table
from pipeline.targets.protocols.card import EvaluationTables

Tails = Mapping[str, tuple[str, str]]
"""Names of the lowest and the highest quarter of a measurement."""


def read_evaluation(folder: Path, names: Sequence[str], tails: Tails) -> EvaluationTables:
    """Read tables of the folder that evaluate wrote.

    Raises:
        MissingInput: it is not whole, or a table is damaged.
    """
    summary = read_index(folder)
    tables = {name: read_table(folder, name).to_pylist() for name in names}
    least = summary["min_slice_examples"]
    tables["slices"] = [named(row, least, tails) for row in tables["slices"]]
    return EvaluationTables(summary, tables)


def named(row: Mapping[str, Any], min_examples: int, tails: Tails) -> dict[str, Any]:
    """A row of the table `slices` of data/evaluation, with the columns slice and rule added."""
    kind, measurement = row["kind"], row["measurement"]
    if kind == "all":
        name, rule = "all", "every test example"
    elif kind == "group":
        name = f"group {row['rank']}"
        groups = f"{row['num_groups']} groups of at least {min_examples} examples"
        rule = f"one of {groups}, the weakest first"
    else:
        name = tails[measurement][kind == "high"]
        end = "at least" if kind == "high" else "at most"
        rule = f"{measurement} {end} {row['bound']:.4g}"
    return {**row, "slice": name, "rule": rule}
