"""The names of modalities/protocols/network.py, for texts."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from torch import nn

from pipeline.modalities.protocols.encode import Preparation
from pipeline.modalities.protocols.network import Adapted, Weights
from pipeline.modalities.text.encode.pieces import PIECES
from pipeline.modalities.text.modules.bags import NGRAMS
from pipeline.modalities.text.modules.embedded import Embedded
from pipeline.modalities.text.modules.encoder import TRANSFORMER, Encoder
from pipeline.modalities.text.modules.linear import Linear
from pipeline.modalities.text.network.folder import read_folder
from pipeline.runtime.errors import SettingsError

PUBLISHERS: Sequence[str] = ()
NETWORKS = {"linear": Linear, "ngrams": Embedded, TRANSFORMER: Encoder}
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


def foreign(name: str, folder: Path) -> Weights:
    """An encoder as Hugging Face lays it out, for `transformer`.

    Raises:
        SettingsError: it is for another network.
        MissingInput: the files are not there or damaged.
    """
    if name != TRANSFORMER:
        raise SettingsError(
            f"{folder} has no model.json, which weights for {name} have",
            fix=f"set model: {TRANSFORMER}, or name a folder that the stage train wrote",
        )
    return read_folder(folder)


def adapt(name: str, weights: Weights, preparation: Preparation) -> Adapted:
    """Weights of texts that were hashed into as many buckets, or that have the same pieces.

    Raises:
        SettingsError: they are of others.
    """
    if weights.preparation is None:
        return Adapted(weights.tensors, preparation, "")
    if name == TRANSFORMER:
        return _adapt_encoder(weights, weights.preparation, preparation)
    then, now = (said.get(NGRAMS, {}).get("buckets") for said in (weights.preparation, preparation))
    if then != now:
        raise SettingsError(
            f"{weights.about['weights']} is for {then} buckets of n-grams, these data have {now}",
            fix="take weights of data of this size, or train.weights: none",
        )
    return Adapted(weights.tensors, preparation, "")


def _adapt_encoder(weights: Weights, of_them: Preparation, preparation: Preparation) -> Adapted:
    now = preparation.get(PIECES, {}).get("tokenizer")
    if now is not None and now != of_them[PIECES]["tokenizer"]:
        raise SettingsError(
            f"{weights.about['weights']} has another tokenizer than the shards",
            fix="set augment.tokenizer to the folder that train.weights names",
        )
    return Adapted(weights.tensors, {**preparation, TRANSFORMER: of_them[TRANSFORMER]}, "")


def gains_by_bf16(preparation: Preparation) -> bool:
    return False


def describe(preparation: Preparation) -> str:
    parts = []
    if said := preparation.get(NGRAMS):
        parts.append(f"up to {said['length']} n-grams, hashed into {said['buckets']:,} buckets")
    if said := preparation.get(PIECES):
        parts.append(f"up to {said['length']} pieces out of {said['vocabulary']:,}")
    return f"texts as {' and '.join(parts)}"
