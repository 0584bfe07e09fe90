"""Times and groups of the examples of shards, from data/clean."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pipeline.dataset.places import CLEAN
from pipeline.dataset.shards.reader import ShardReader
from pipeline.dataset.splits.rule import SplitRule
from pipeline.dataset.splits.times import Ordinals, duration_of, ordinals_of
from pipeline.dataset.table import read_folder, read_index
from pipeline.learning.baselines.past import past_of
from pipeline.targets.protocols.baseline import Past


class Timeline(NamedTuple):
    """Times and groups of the examples of some splits, in the order of shards."""

    splits: list[str]
    """Split of each of N examples."""
    times: Ordinals
    has_time: NDArray[np.bool_]
    groups: list[str | None]
    rule: SplitRule

    def of(self, split: str) -> NDArray[np.bool_]:
        """Mask of the examples in a split, `(N,)`."""
        inside: NDArray[np.bool_] = np.array(self.splits) == split
        return inside

    @property
    def horizon(self) -> int:
        """The horizon in steps from one distinct time to the next, rounded up."""
        horizon = self.rule.horizon
        if isinstance(horizon, int):
            return horizon
        steps = np.diff(np.unique(self.times[self.has_time]))
        return (
            int(-(-(duration_of(horizon) or 0) // max(1, int(np.median(steps)))))
            if len(steps)
            else 0
        )


def read_timeline(splits: list[str]) -> Timeline | None:
    """Read the timeline of some splits; None if the data were not split in time.

    Raises:
        MissingInput: data/clean is not whole.
    """
    index = read_index(CLEAN)
    if "split" not in index:
        return None
    table = read_folder(CLEAN, ["split", "group", "time"])
    names = table["split"].cast(pa.string())
    parts = [table.filter(pc.equal(names, split)) for split in splits]
    times, has_time = ordinals_of(pa.concat_tables(parts)["time"])
    return Timeline(
        [split for split, part in zip(splits, parts, strict=True) for _ in range(part.num_rows)],
        times,
        has_time,
        [group for part in parts for group in part["group"].to_pylist()],
        SplitRule.model_validate(index["split"]),
    )


def pasts(timeline: Timeline, reader: ShardReader) -> Mapping[str, Past]:
    """Statistics of earlier labels, for each split of a timeline; see past.py."""
    names = list(dict.fromkeys(timeline.splits))
    y = np.concatenate([reader.read_rows(name, 0).y for name in names]).astype(np.float64)
    past = past_of(y, timeline.times, timeline.has_time, timeline.groups, timeline.rule)
    return {name: Past(*(values[timeline.of(name)] for values in past)) for name in names}
