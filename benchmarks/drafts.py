"""Examples as a source gives them, for benchmarks/corruptions.py to spoil."""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np
from numpy.typing import NDArray

from pipeline.modalities.images.content.decoding import decode, encode_png


@dataclass
class Draft:
    """Examples as a source gives them, to be spoilt."""

    columns: dict[str, list[Any]]
    """id, image (encoded), label, split, group and license."""
    classes: list[str]
    random: np.random.Generator
    changed: set[int]
    """Rows to be measured again."""

    def __len__(self) -> int:
        return len(self.columns["id"])

    def pick(self, share: float, where: NDArray[np.bool_] | None = None) -> list[int]:
        """Some rows at random: a share of all, or of those that a mask names; at least one."""
        rows = np.arange(len(self)) if where is None else np.flatnonzero(where)
        num = max(1, round(share * len(rows)))
        return sorted(self.random.choice(rows, min(num, len(rows)), replace=False).tolist())

    def are(self, column: str, *values: str) -> NDArray[np.bool_]:
        return np.isin(np.array(self.columns[column], dtype=str), values)

    def set(self, column: str, rows: list[int], values: list[Any]) -> None:
        for row, value in zip(rows, values, strict=True):
            self.columns[column][row] = value
        self.changed.update(rows)

    def redraw(self, rows: list[int], change: Callable[[NDArray[np.uint8]], Any]) -> None:
        """Decode images, change them and encode them again, as PNG."""
        for row in rows:
            pixels = np.clip(np.rint(change(decode(self.columns["image"][row]))), 0, 255)
            self.columns["image"][row] = encode_png(np.ascontiguousarray(pixels.astype(np.uint8)))
        self.changed.update(rows)

    def add(self, rows: list[int], suffix: str, **columns: list[Any]) -> list[int]:
        """Append copies under other ids and without groups; returns where they are."""
        start = len(self)
        copied = {name: [values[row] for row in rows] for name, values in self.columns.items()}
        copied |= {"id": [f"{id}{suffix}" for id in copied["id"]], "group": [None] * len(rows)}
        for name, values in (copied | columns).items():
            self.columns[name] += values
        added = list(range(start, start + len(rows)))
        self.changed.update(added)
        return added

    def keep(self, mask: NDArray[np.bool_]) -> None:
        rows = np.flatnonzero(mask).tolist()
        renumbered = {row: position for position, row in enumerate(rows)}
        self.columns = {n: [v[row] for row in rows] for n, v in self.columns.items()}
        self.changed = {renumbered[row] for row in self.changed if row in renumbered}
