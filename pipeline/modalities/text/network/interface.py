"""The names of modalities/protocols/network.py, for texts."""

from collections.abc import Sequence
from typing import Any

from torch import nn

from pipeline.modalities.protocols.encode import Preparation
from pipeline.modalities.protocols.network import Adapted, Weights
from pipeline.modalities.text.modules.bags import NGRAMS
from pipeline.modalities.text.modules.embedded import Embedded
from pipeline.modalities.text.modules.linear import Linear
from pipeline.runtime.errors import SettingsError

PUBLISHERS: Sequence[str] = ()
NETWORKS = {"linear": Linear, "ngrams": Embedded}
AUTO, TRIED = "auto", ("linear", "ngrams")


def candidates(name: str) -> Sequence[str]:
    return TRIED if name == AUTO else [name]


def build(name: str, preparation: Preparation, outputs: int, settings: Any) -> nn.Module:
    if name not in NETWORKS:
        raise SettingsError(
            f"params.yaml: model must be {', '.join(NETWORKS)} or {AUTO}, found {name!r}",
            fix="name one of these",
        )
    return NETWORKS[name](preparation, outputs)


def published(name: str, weights: str) -> Weights:
    raise SettingsError(
        f"nobody publishes weights called {weights} for texts",
        fix="set train.weights: none, or a folder below models/start",
    )


def adapt(name: str, weights: Weights, preparation: Preparation) -> Adapted:
    """Weights of texts that were hashed into as many buckets.

    Raises:
        SettingsError: they are of another number of buckets.
    """
    if weights.preparation is None:
        return Adapted(weights.tensors, preparation, "")
    then, now = (said.get(NGRAMS, {}).get("buckets") for said in (weights.preparation, preparation))
    if then != now:
        raise SettingsError(
            f"{weights.about['weights']} is for {then} buckets of n-grams, these data have {now}",
            fix="take weights of data of this size, or train.weights: none",
        )
    return Adapted(weights.tensors, preparation, "")


def gains_by_bf16(preparation: Preparation) -> bool:
    return False


def describe(preparation: Preparation) -> str:
    said = preparation[NGRAMS]
    return f"texts as up to {said['length']} n-grams, hashed into {said['buckets']:,} buckets"
