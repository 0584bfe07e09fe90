"""The names of modalities/protocols/network.py, for tables."""

from collections.abc import Sequence
from typing import Any

from torch import nn

from pipeline.modalities.protocols.encode import Preparation
from pipeline.modalities.protocols.network import Adapted, Weights
from pipeline.modalities.tables.modules.ensemble import Ensemble
from pipeline.modalities.tables.modules.inputs import CATEGORIES, NUMBERS
from pipeline.modalities.tables.modules.linear import Linear
from pipeline.modalities.tables.modules.perceptron import Perceptron
from pipeline.modalities.tables.modules.trees import Trees
from pipeline.runtime.errors import SettingsError

PUBLISHERS: Sequence[str] = ()
NETWORKS = {"linear": Linear, "mlp": Perceptron, "tabm": Ensemble, "trees": Trees}
AUTO, TRIED = "auto", ("linear", "trees", "tabm")


def candidates(name: str) -> Sequence[str]:
    return TRIED if name == AUTO else [name]


def build(name: str, preparation: Preparation, outputs: int, settings: Any) -> nn.Module:
    if name not in NETWORKS:
        raise SettingsError(
            f"params.yaml: model must be {', '.join(NETWORKS)} or {AUTO}, found {name!r}",
            fix="name one of these",
        )
    if name == "trees":  # for labels that are numbers, `train` has the loss
        return Trees(preparation, outputs, settings)
    return NETWORKS[name](preparation, outputs)


def published(name: str, weights: str) -> Weights:
    raise SettingsError(
        f"nobody publishes weights called {weights} for tables", fix="set train.weights: none"
    )


def adapt(name: str, weights: Weights, preparation: Preparation) -> Adapted:
    """Use weights of a table with the same columns; numbers are scaled as they were for them.

    Raises:
        SettingsError: columns or the values of a category differ.
    """
    if weights.preparation is None:
        return Adapted(weights.tensors, preparation, "numbers are scaled by these data")
    columns = (NUMBERS, CATEGORIES)
    then, now = (
        {key: content[key] for key in columns} for content in (weights.preparation, preparation)
    )
    names = [[column["name"] for column in content[NUMBERS]] for content in (then, now)]
    if names[0] != names[1] or then[CATEGORIES] != now[CATEGORIES]:
        raise SettingsError(
            f"{weights.about['weights']} was trained on other columns, or other values of them",
            fix="take weights of the same table, or train.weights: none",
        )
    return Adapted(weights.tensors, {**preparation, **then}, "")


def gains_by_bf16(preparation: Preparation) -> bool:
    return False


def describe(preparation: Preparation) -> str:
    parts = [
        f"{len(preparation[key])} {key if len(preparation[key]) > 1 else word}"
        for key, word in ((NUMBERS, "number"), (CATEGORIES, "category"))
        if preparation[key]
    ]
    return f"rows of {' and '.join(parts)}"
