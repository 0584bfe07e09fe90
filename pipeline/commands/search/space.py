"""What is searched: keys of params.yaml, and the values that each may have.

See recipes/search.yaml for how it is written.
"""

import copy
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.trial import Trial
from torch.quasirandom import SobolEngine

from pipeline.modalities.opening import MODALITIES
from pipeline.runtime.errors import SettingsError
from pipeline.runtime.settings import PARAMS_FILE, parse, read_yaml
from pipeline.targets.opening import TARGETS
from pipeline.train.params import TrainParams, train_params

ALL = "all"
SAME_FOR_ALL = {
    "seed",
    "modality",
    "target",
    "train.device",
    "train.processes",
    "train.memory_mb",
    "train.leave_out",
}
"""What says nothing of how good a model is, or what it is of."""
Space = Mapping[str, BaseDistribution]
"""Distributions by the key in params.yaml, such as `train.weight_decay`."""


def read_space(path: Path, params: Mapping[str, Any]) -> dict[str, BaseDistribution]:
    """The space for data of the kind that params.yaml names.

    Raises:
        SettingsError: a key is none that train reads, or one of its values cannot be.
    """
    sections = read_yaml(path)
    known = {ALL, *MODALITIES, *TARGETS}
    if strange := [name for name in sections if name not in known]:
        raise SettingsError(
            f"{path}: {strange[0]} is no kind of data",
            fix=f"put the keys of params.yaml below one of {', '.join(sorted(known))}",
        )
    space: dict[str, BaseDistribution] = {}
    for kind in (ALL, params["modality"], params["target"]):
        for key, described in _leaves(sections.get(kind) or {}, f"{path}: {kind}"):
            if described is None:
                space.pop(key, None)
                continue
            _refuse_other_keys(path, key, params)
            space[key] = _distribution(path, key, described)
            _check_values(path, key, space[key], params)
    if not space:
        raise SettingsError(f"{path} varies nothing", fix=f"name keys of {PARAMS_FILE} below all:")
    return space


def suggest(trial: Trial, space: Space) -> dict[str, Any]:
    """Values of the keys for a trial."""
    values: dict[str, Any] = {}
    for key, over in space.items():
        match over:
            case CategoricalDistribution():
                values[key] = trial.suggest_categorical(key, over.choices)
            case IntDistribution():
                values[key] = trial.suggest_int(key, over.low, over.high, log=over.log)
            case FloatDistribution():
                values[key] = trial.suggest_float(key, over.low, over.high, log=over.log)
    return values


def spread_out(space: Space, number: int, seed: int) -> dict[str, Any]:
    """The values at a point of a scrambled Sobol sequence, which fills a space more evenly than
    random points do (Owen 1998)."""
    points = SobolEngine(len(space), scramble=True, seed=seed).draw(number + 1)[number].tolist()
    return {
        key: _value_at(share, over)
        for share, (key, over) in zip(points, space.items(), strict=True)
    }


def _value_at(share: float, over: BaseDistribution) -> Any:
    """The value below which so large a share of a distribution lies."""
    if isinstance(over, CategoricalDistribution):
        return over.choices[min(int(share * len(over.choices)), len(over.choices) - 1)]
    assert isinstance(over, IntDistribution | FloatDistribution)
    if over.log:
        value = over.low * (over.high / over.low) ** share
    else:
        value = over.low + share * (over.high - over.low)
    value = min(max(value, over.low), over.high)  # rounding may pass an end
    return round(value) if isinstance(over, IntDistribution) else value


def with_values(params: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """The content of params.yaml with other values."""
    content: dict[str, Any] = copy.deepcopy(dict(params))
    for key, value in values.items():
        *outer, name = key.split(".")
        section = content
        for part in outer:
            section = section[part]
        section[name] = value
    return content


def values_in(params: Mapping[str, Any], space: Space) -> dict[str, Any] | None:
    """The values that params.yaml has itself; None where one lies outside of the space."""
    values = {}
    for key, over in space.items():
        value: Any = params
        for part in key.split("."):
            value = value[part]
        if isinstance(over, FloatDistribution) and isinstance(value, int):
            value = float(value)
        if not _is_inside(value, over):
            return None
        values[key] = value
    return values


def train_settings(params: Mapping[str, Any], path: Path = PARAMS_FILE) -> TrainParams:
    """What train reads of the content of a params file."""
    model = train_params(params["modality"], params["target"])
    return parse(model, {key: params[key] for key in model.model_fields if key in params}, path)


def _is_inside(value: Any, over: BaseDistribution) -> bool:
    if isinstance(over, CategoricalDistribution):
        return value in over.choices
    assert isinstance(over, IntDistribution | FloatDistribution)
    return isinstance(value, int | float) and over.low <= value <= over.high


def _leaves(section: Any, where: str, above: str = "") -> Iterator[tuple[str, Any]]:
    """Keys such as `train.weight_decay`, and what is said of them."""
    if not isinstance(section, Mapping):
        raise SettingsError(
            f"{where} must hold keys of {PARAMS_FILE}, found {section!r}",
            fix="see recipes/search.yaml",
        )
    for name, value in section.items():
        key = f"{above}{name}"
        if isinstance(value, Mapping) and not {"from", "to"} & value.keys():
            yield from _leaves(value, f"{where}.{name}", f"{key}.")
        else:
            yield key, value


def _refuse_other_keys(path: Path, key: str, params: Mapping[str, Any]) -> None:
    fields = train_params(params["modality"], params["target"]).model_fields
    section, _, name = key.partition(".")
    if key in SAME_FOR_ALL:
        raise SettingsError(f"{path}: {key} makes no model better", fix=f"take it out of {path}")
    if section not in fields:
        fix = f"dvc exp run -S {key}=..., or set it in {PARAMS_FILE} and search again"
        raise SettingsError(f"{path}: {key} is no key that train reads", fix=fix)
    if name and name not in params[section]:
        known = ", ".join(params[section])
        raise SettingsError(
            f"{path}: {section} has no key {name} for such data", fix=f"known keys: {known}"
        )


def _distribution(path: Path, key: str, described: Any) -> BaseDistribution:
    match described:
        case [_, _, *_] if all(_is_plain(value) for value in described):
            return CategoricalDistribution(described)
        case {"from": int(low), "to": int(high), **rest} if low < high:
            if rest.keys() <= {"log"} and not (rest.get("log") and low < 1):
                return IntDistribution(low, high, log=bool(rest.get("log")))
        case {"from": int(low) | float(low), "to": int(high) | float(high), **rest} if low < high:
            if rest.keys() <= {"log"} and not (rest.get("log") and low <= 0):
                return FloatDistribution(float(low), float(high), log=bool(rest.get("log")))
    raise SettingsError(
        f"{path}: {key} is {described!r}, expected two values or more in a list, or "
        "{from: least, to: greatest, log: true}",
        fix="a range has from below to, and above 0 where it is log",
    )


def _is_plain(value: Any) -> bool:
    return value is None or isinstance(value, bool | int | float | str)


def _check_values(path: Path, key: str, over: BaseDistribution, params: Mapping[str, Any]) -> None:
    """Raises SettingsError where train would refuse a value."""
    if isinstance(over, CategoricalDistribution):
        tried = over.choices
    elif isinstance(over, IntDistribution | FloatDistribution):
        tried = (over.low, over.high)
    for value in tried:
        train_settings(with_values(params, {key: value}), path)
