"""Leave-one-out over the values of a column: a model is trained without each, and judged on it.

A hospital that the model has not seen predicts the next hospital better than a random sample does.
Each model learns only from the original training examples of the other values, chooses its epoch by
their validation examples, and is judged on train and validation of the value left out; the test
split stays closed.
"""

from collections.abc import Callable
from functools import partial
from math import isfinite
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import torch
from numpy.typing import NDArray
from torch import nn

from pipeline.dataset.places import CLEAN
from pipeline.dataset.shards.files import ShardRows
from pipeline.dataset.shards.reader import ShardReader
from pipeline.dataset.table import SLICE, read_folder, read_schema
from pipeline.learning.batches import make_examples
from pipeline.learning.device import Device, choose_device
from pipeline.learning.fitting.loop import fit
from pipeline.learning.fitting.recipe import Recipe
from pipeline.learning.inference import predict
from pipeline.modalities.opening import open_network
from pipeline.runtime.errors import SettingsError
from pipeline.runtime.stage import Stage
from pipeline.targets.opening import open_labels, open_loss
from pipeline.targets.protocols.loss import Loss
from pipeline.train.alone import fits_itself
from pipeline.train.params import TrainParams

MAX_SITES = 20
MIN_EXAMPLES = 2
SPLITS = ("train", "val")


class Site(NamedTuple):
    """Figures of a model on a value that it has not seen."""

    value: str
    num: int
    figure: float
    """The main figure of the loss, such as `accuracy`; NaN if too few other examples remain."""


def without_each_site(
    stage: Stage[TrainParams], name: str, reader: ShardReader, recipe: Recipe
) -> dict[str, float]:
    """Train without each value of `train.leave_out` if that names a column; returns keys for the
    report, which names no value, since a group may be a person."""
    params = stage.params
    if params.train.leave_out is None:
        return {}
    networks, loss = open_network(params.modality), open_loss(params.target)
    num_outputs = open_labels(params.target).num_outputs(reader.target)
    large = networks.gains_by_bf16(reader.preparation)
    sites = leave_each_out(
        params.train.leave_out,
        reader,
        partial(networks.build, name, reader.preparation, num_outputs, params.train),
        recipe,
        loss,
        params.train,
        choose_device(params.train.device, params.train.precision, large),
    )
    figure = loss.SHOWN.removeprefix("val_")
    for site in sites:
        there = f"{site.figure:.4f}" if isfinite(site.figure) else "not judged: few others"
        stage.say(
            f"trained without {params.train.leave_out} {site.value}: {figure} there {there} "
            f"({site.num} examples)"
        )
    figures = [site.figure for site in sites if isfinite(site.figure)]
    if not figures:
        return {}
    worst = min(figures) if loss.MORE_IS_BETTER else max(figures)
    mean = sum(figures) / len(figures)
    return {f"left_out_{figure}": mean, f"left_out_worst_{figure}": worst}


def leave_each_out(
    column: str,
    reader: ShardReader,
    build: Callable[[], nn.Module],
    recipe: Recipe,
    loss: Loss,
    settings: Any,
    device: Device,
) -> list[Site]:
    """Train without each value of a column in turn.

    Args:
        column: `group`, or one of `slices` of the entry.
        build: makes a freshly initialised network; one that fits itself does so.

    Raises:
        SettingsError: there is no such column, or it has too many values, or only one.
    """
    values = {split: read_values(column, split) for split in SPLITS}
    sites = sorted({value for found in values.values() for value in found if value is not None})
    if not 2 <= len(sites) <= MAX_SITES:
        raise SettingsError(
            f"train.leave_out: {column} has {len(sites)} values, expected 2 to {MAX_SITES}: one "
            "more model is trained for each",
            fix="name a column of few values, such as the site, or leave it out",
        )
    rows = {split: reader.read_rows(split, 0) for split in SPLITS}
    found = []
    for site in sites:
        is_there = {split: np.array(values[split], object) == site for split in SPLITS}
        others = {split: _some(rows[split], ~is_there[split]) for split in SPLITS}
        there = [_some(rows[split], is_there[split]) for split in SPLITS]
        if any(len(part.y) < MIN_EXAMPLES for part in others.values()):
            found.append(Site(site, int(sum(mask.sum() for mask in is_there.values())), np.nan))
            continue
        network = _trained(build, reader, others, recipe, loss, settings, device)
        inputs, y, _ = make_examples(*_joined(there))
        outputs = torch.from_numpy(predict(network, inputs, device))
        figures = loss.validate(outputs, y, settings)
        found.append(Site(site, len(y), figures[loss.SHOWN.removeprefix("val_")]))
    return found


def read_values(column: str, split: str) -> list[str | None]:
    """Read the values of a column for the examples of a split, in the order of shards.

    Raises:
        SettingsError: data/clean has no such column.
    """
    there = read_schema(CLEAN).names
    name = column if column == "group" else SLICE + column
    if name not in there:
        slices = [each.removeprefix(SLICE) for each in there if each.startswith(SLICE)]
        raise SettingsError(
            f"train.leave_out: {column} is no column of the data; there are group"
            + "".join(f", {each}" for each in slices),
            fix="name one of them, or add the column to slices: in the catalog entry",
        )
    table = read_folder(CLEAN, ["split", name])
    table = table.filter(pc.equal(table["split"].cast(pa.string()), split))
    values: list[str | None] = table[name].cast(pa.string()).to_pylist()
    return values


class _Others:
    """A reader of a part of the examples, for networks that fit themselves."""

    def __init__(self, reader: ShardReader, rows: dict[str, ShardRows]) -> None:
        self._reader, self._rows = reader, rows

    def read_rows(self, split: str, copy: int) -> ShardRows:
        return self._rows[split]

    def num_examples(self, split: str) -> int:
        return len(self._rows[split].y)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._reader, name)


def _trained(
    build: Callable[[], nn.Module],
    reader: ShardReader,
    rows: dict[str, ShardRows],
    recipe: Recipe,
    loss: Loss,
    settings: Any,
    device: Device,
) -> nn.Module:
    torch.manual_seed(recipe.seed)
    network: Any = build()
    if fits_itself(network):
        network.fit(
            _Others(reader, rows), lambda out, y: loss.losses(out, y, settings), recipe.seed
        )
        network.to(device.kind)
    else:
        train, val = (make_examples(*rows[split]) for split in SPLITS)
        fit(network, recipe, lambda epoch: train, val, loss, device, settings=settings)
    trained: nn.Module = network
    return trained


def _some(rows: ShardRows, mask: NDArray[np.bool_]) -> ShardRows:
    inputs = {name: column[mask] for name, column in rows.inputs.items()}
    return ShardRows(inputs, rows.y[mask], rows.weights[mask])


def _joined(parts: list[ShardRows]) -> ShardRows:
    names = parts[0].inputs
    return ShardRows(
        {name: np.concatenate([part.inputs[name] for part in parts]) for name in names},
        np.concatenate([part.y for part in parts]),
        np.concatenate([part.weights for part in parts]),
    )
