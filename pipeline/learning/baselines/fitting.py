"""Baselines of a model: fitted to a sample of train, kept beside it, asked as it is asked."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load, save

from pipeline.dataset.arrays import Float32, Rows
from pipeline.dataset.shards.reader import Block, ShardReader
from pipeline.learning.baselines.bags import BAG, BagFeatures
from pipeline.learning.baselines.features import Features, Inputs
from pipeline.learning.baselines.timeline import Timeline, pasts
from pipeline.runtime.errors import MissingInput
from pipeline.targets.opening import open_baseline
from pipeline.targets.protocols.baseline import Arrays, Baseline, BaselineInputs, Past

FILE = "baselines.safetensors"
MAX_ROWS = 20_000
MAX_BYTES = 256 << 20
FEATURES = "features"
"""Begins the names of arrays by which inputs become features; others begin with a baseline's."""


class Sample(NamedTuple):
    """Examples of a split, all where they are few."""

    rows: Rows
    """Rows of the split, `(M,)`."""
    inputs: dict[str, NDArray]
    y: NDArray
    weights: NDArray[np.float32]


def read_sample(reader: ShardReader, split: str) -> Sample:
    """Up to MAX_ROWS examples of MAX_BYTES, in whole blocks from all over a split."""
    blocks = reader.blocks(split, 0)
    most = min(MAX_ROWS, max(1, MAX_BYTES // reader.row_bytes))
    starts = np.concatenate([[0], np.cumsum([block.rows for block in blocks])]).astype(np.int64)
    wanted = max(1, int(len(blocks) * min(1.0, most / max(int(starts[-1]), 1))))
    chosen = np.unique(np.linspace(0, len(blocks) - 1, wanted).round().astype(int))
    return _read([blocks[number] for number in chosen], starts[chosen], reader)


def _read(blocks: Sequence[Block], starts: Rows, reader: ShardReader) -> Sample:
    into = reader.empty_rows(sum(block.rows for block in blocks))
    at, rows = 0, []
    for block, start in zip(blocks, starts.tolist(), strict=True):
        reader.read_block(block, into, at)
        at += block.rows
        rows.append(np.arange(start, start + block.rows))
    return Sample(np.concatenate(rows), into.inputs, into.y, into.weights)


def fit_baselines(reader: ShardReader, timeline: Timeline | None) -> dict[str, NDArray]:
    """Fit all baselines of the target; arrays by `<baseline>.<name>`, as they are kept.

    Args:
        timeline: of train and val.
    """
    target = open_baseline(reader.target_kind)
    if takes_whole(reader.target_kind):
        return _fit_whole(target, reader)
    train, val = read_sample(reader, "train"), read_sample(reader, "val")
    features = features_of(train.inputs)
    past = pasts(timeline, reader) if timeline else {}

    def known(sample: Sample, split: str) -> BaselineInputs:
        return BaselineInputs(features(sample.inputs), _some(past.get(split), sample.rows))

    fitted = target.fit(
        reader.target,
        known(train, "train"),
        train.y,
        train.weights,
        known(val, "val"),
        val.y,
    )
    kept = {f"{FEATURES}.{name}": values for name, values in features.arrays().items()}
    return _named(kept, fitted)


def takes_whole(target_kind: str) -> bool:
    """Whether its baselines take all of train; see protocols/baseline.py."""
    return bool(getattr(open_baseline(target_kind), "WHOLE", False))


def _fit_whole(target: Baseline, reader: ShardReader) -> dict[str, NDArray]:
    train, val = reader.read_rows("train", 0), reader.read_rows("val", 0)
    fitted = target.fit(
        reader.target, _whole(train.inputs), train.y, train.weights, _whole(val.inputs), val.y
    )
    return _named({}, fitted)


def _whole(inputs: Inputs) -> BaselineInputs:
    return BaselineInputs(np.zeros((len(next(iter(inputs.values()))), 0)), None, inputs)


def _named(kept: dict[str, NDArray], fitted: Mapping[str, Arrays]) -> dict[str, NDArray]:
    for name, arrays in fitted.items():
        kept |= {f"{name}.{key}": values for key, values in arrays.items()}
    return {name: np.ascontiguousarray(values) for name, values in kept.items()}


def features_of(inputs: Inputs) -> Features | BagFeatures:
    """Learn to make features from the inputs of training examples."""
    return BagFeatures.of(inputs) if BAG in inputs else Features.of(inputs)


def _some(past: Past | None, rows: Rows) -> Past | None:
    return None if past is None else Past(*(values[rows] for values in past))


def write_baselines(path: Path, kept: Mapping[str, NDArray]) -> None:
    path.write_bytes(save(dict(kept)))


class Baselines:
    """The baselines of a model."""

    def __init__(self, folder: Path, target_kind: str) -> None:
        """Read what train kept in a folder.

        Raises:
            MissingInput: it is not there, or damaged.
        """
        path = folder / FILE
        self._target = open_baseline(target_kind)
        self._features: Features | BagFeatures | None = None
        try:
            kept = load(path.read_bytes())
            if not takes_whole(target_kind):
                arrays = _of(kept, FEATURES)
                kind = BagFeatures if "idf" in arrays else Features
                self._features = kind.from_arrays(arrays)
        except (OSError, KeyError, ValueError, SafetensorError) as error:
            raise MissingInput(
                f"{path} is missing or damaged: {error}", fix="dvc repro train"
            ) from None
        names = dict.fromkeys(name.partition(".")[0] for name in kept)
        self._arrays: dict[str, Arrays] = {
            name: _of(kept, name) for name in names if name != FEATURES
        }

    @property
    def names(self) -> list[str]:
        return list(self._arrays)

    def answer(self, name: str, inputs: Inputs, past: Past | None) -> Float32:
        """Outputs of a baseline as those of a network, `(N, K)`."""
        known = BaselineInputs(self._features(inputs), past) if self._features else _whole(inputs)
        return self._target.answer(name, self._arrays[name], known)


def _of(kept: Mapping[str, NDArray], start: str) -> dict[str, NDArray]:
    start += "."
    return {n.removeprefix(start): values for n, values in kept.items() if n.startswith(start)}
