"""Tables of measurements as data/raw has them, without images: good ones, for tests to break."""

import hashlib
from typing import Any

import numpy as np
import pyarrow as pa

from tests.support.image_schema import RAW_SCHEMA

CLASSES = ["cat", "dog"]
INDEX = {  # of data/raw
    "modality": "images",
    "target_kind": "classes",
    "target": {"classes": CLASSES},
    "content": {"image_size": [24, 32], "channels": 3},
}
SCHEMA = pa.schema([field for field in RAW_SCHEMA if field.name != "image"])


def good_columns(num: int = 100, seed: int = 0) -> dict[str, list[Any]]:
    """Of every ten examples seven are in train, one in val, two in test; classes alternate.

    Cats are darker than dogs, and their images get darker to the right. The last ten are two
    bursts of five, in test.
    """
    random = np.random.default_rng(seed)
    dogs = np.arange(num) // 10 % 2
    brightness = random.normal(0.4 + 0.1 * dogs, 0.05).clip(0.05, 0.95)
    likely = np.where(dogs[:, None] == (np.arange(64) < 32), 0.7, 0.3)
    bits = random.random((num, 64)) < likely
    columns: dict[str, list[Any]] = {name: [None] * num for name in SCHEMA.names}
    columns |= {
        "id": [f"e{i:04d}" for i in range(num)],
        "label": [CLASSES[dog] for dog in dogs],
        "split": [("train " * 7 + "val test test").split()[i % 10] for i in range(num)],
        "sha256": [hashlib.sha256(f"{seed} {i}".encode()).hexdigest() for i in range(num)],
        "source": ["here"] * num,
        "license": ["CC0-1.0"] * num,
        "width": [32] * num,
        "height": [24] * num,
        "channels": [3] * num,
        "mode": ["RGB"] * num,
        "brightness": brightness.tolist(),
        "contrast": random.uniform(0.1, 0.3, num).tolist(),
        "sharpness": random.uniform(0.5, 1.5, num).tolist(),
        "red": (brightness + 0.02).tolist(),
        "green": brightness.tolist(),
        "blue": (brightness - random.uniform(0, 0.02, num)).tolist(),
        "dhash": np.packbits(bits, axis=1).view(">u8").ravel().tolist(),
        "metadata_removed": [""] * num,
    }
    columns["group"] = [None] * (num - 10) + ["burst 1"] * 5 + ["burst 2"] * 5
    columns["split"][-10:] = ["test"] * 10
    return columns


def table_of(columns: dict[str, list[Any]]) -> pa.Table:
    return pa.table(columns, schema=SCHEMA)
