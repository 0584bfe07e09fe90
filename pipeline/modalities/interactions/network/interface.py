"""The names of modalities/protocols/network.py, for interactions."""

from collections.abc import Sequence
from typing import Any

from torch import nn

from pipeline.modalities.interactions.modules.als import FactorRanker
from pipeline.modalities.interactions.modules.ease import Ease
from pipeline.modalities.interactions.modules.popularity import Popularity
from pipeline.modalities.interactions.modules.sasrec import SequenceRanker
from pipeline.modalities.interactions.network.settings import TrainFields
from pipeline.modalities.protocols.encode import Preparation
from pipeline.modalities.protocols.network import Adapted, Weights
from pipeline.runtime.errors import SettingsError

PUBLISHERS: Sequence[str] = ()
NETWORKS = ("popularity", "ease", "als", "sasrec")


def candidates(name: str) -> Sequence[str]:
    return [name]


def build(name: str, preparation: Preparation, outputs: int, settings: Any) -> nn.Module:
    if name not in NETWORKS:
        raise SettingsError(
            f"params.yaml: model must be {' or '.join(NETWORKS)}, found {name!r}",
            fix="name one of these",
        )
    if name == "popularity":
        return Popularity(preparation, outputs)
    if name == "ease":
        return Ease(preparation, outputs)
    factors = _said(settings, "factors")
    if name == "als":
        return FactorRanker(preparation, outputs, factors)
    return SequenceRanker(preparation, outputs, factors)


def _said(settings: Any, name: str) -> Any:
    """What training was told, by the section `train` or by what model.json keeps of it."""
    default = TrainFields.model_fields[name].default
    if settings is None:
        return default
    return settings.get(name, default) if isinstance(settings, dict) else getattr(settings, name)


def published(name: str, weights: str) -> Weights:
    raise SettingsError(
        f"nobody publishes weights called {weights} for interactions",
        fix="set train.weights: none",
    )


def adapt(name: str, weights: Weights, preparation: Preparation) -> Adapted:
    """Weights of the same users and items, as they are.

    Raises:
        SettingsError: users or items are others.
    """
    known = weights.preparation
    if known is not None and any(known[key] != preparation[key] for key in ("users", "items")):
        raise SettingsError(
            f"{weights.about['weights']} was trained on other users or items",
            fix="set train.weights: none",
        )
    return Adapted(weights.tensors, preparation, "")


def gains_by_bf16(preparation: Preparation) -> bool:
    return False


def describe(preparation: Preparation) -> str:
    return f"{len(preparation['users'])} users and {len(preparation['items'])} items"
