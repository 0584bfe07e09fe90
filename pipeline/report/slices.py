"""Words of the parts of the test split on which a model is measured."""

from collections.abc import Mapping
from typing import Any

from pipeline.modalities.images.show.words import TAILS


def named(row: Mapping[str, Any], min_examples: int) -> dict[str, Any]:
    """A row of the table `slices` of data/evaluation with two columns more: slice and rule."""
    kind, measurement = row["kind"], row["measurement"]
    if kind == "all":
        name, rule = "all", "every test example"
    elif kind == "group":
        name = f"group {row['rank']}"
        groups = f"{row['num_groups']} groups of at least {min_examples} examples"
        rule = f"one of {groups}, the weakest first"
    else:
        name = TAILS[measurement][kind == "high"]
        end = "at least" if kind == "high" else "at most"
        rule = f"{measurement} {end} {row['bound']:.4g}"
    return {**row, "slice": name, "rule": rule}
