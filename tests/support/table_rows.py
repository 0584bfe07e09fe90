"""Rows of a table as shards have them: numbers and categories, some missing, some unknown."""

from typing import Any

import numpy as np

from pipeline.dataset.shards.files import ShardRows

PREPARATION: dict[str, Any] = {
    "numbers": [
        {"name": "age", "mean": 40.0, "std": 12.0, "quantiles": [18.0, 30.0, 40.0, 50.0, 80.0]},
        {"name": "dose", "mean": 0.0, "std": 1.0, "quantiles": np.linspace(-3, 3, 33).tolist()},
        {"name": "same", "mean": 7.0, "std": 0.0, "quantiles": [7.0]},
        {"name": "empty", "mean": 0.0, "std": 1.0, "quantiles": []},
    ],
    "categories": [
        {"name": "site", "values": ["north", "south", "west"]},
        {"name": "code", "values": [f"c{number}" for number in range(300)]},
    ],
}


def some_inputs(num: int, seed: int = 0) -> dict[str, np.ndarray]:
    """Rows of all kinds, a tenth of the values missing."""
    random = np.random.default_rng(seed)
    numbers = np.stack(
        [
            random.normal(40, 12, num),
            random.normal(0, 1, num),
            np.full(num, 7.0),
            np.full(num, np.nan),
        ],
        1,
    ).astype(np.float32)
    numbers[random.random(numbers.shape) < 0.1] = np.nan
    site = np.where(random.random(num) < 0.1, 1, random.integers(2, 5, num))
    code = np.where(random.random(num) < 0.1, 0, random.integers(2, 302, num))
    return {"numbers": numbers, "categories": np.stack([site, code], 1).astype(np.int32)}


def chances(inputs: dict[str, np.ndarray]) -> np.ndarray:
    """What there is to learn: a bend of a number, a step of another, a category, `(N,)`."""
    age = np.nan_to_num((inputs["numbers"][:, 0] - 40) / 12)
    dose = np.nan_to_num(inputs["numbers"][:, 1])
    south = inputs["categories"][:, 0] == 3
    found: np.ndarray = 1.5 * np.abs(age) - 2 * (dose > 0.5) + 2 * south - 1.0
    return found


class Reader:
    """What a ShardReader gives to a network that fits itself."""

    def __init__(self, num: int, kind: str, labels: int = 2) -> None:
        """`kind` is `index` for labels from 0 on, or `number`."""
        self.rows = {}
        for seed, split in enumerate(("train", "val", "test")):
            inputs = some_inputs(num, seed)
            random = np.random.default_rng(10 + seed)
            value = chances(inputs)
            if kind == "number":
                y = (value + random.normal(0, 0.3, num)).astype(np.float32)
            elif labels == 2:
                y = (random.random(num) < 1 / (1 + np.exp(-2 * value))).astype(np.int32)
            else:
                y = np.digitize(value, np.quantile(value, np.linspace(0, 1, labels + 1)[1:-1]))
                y = y.astype(np.int32)
            self.rows[split] = ShardRows(inputs, y, np.ones(num, np.float32))

    def read_rows(self, split: str, copy: int) -> ShardRows:
        return self.rows[split]

    def num_examples(self, split: str) -> int:
        return len(self.rows[split].weights)
