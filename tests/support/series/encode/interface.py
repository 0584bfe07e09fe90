import numpy as np

from pipeline.dataset.randomness import uniform
from pipeline.dataset.shards.column import ShardColumn
from pipeline.modalities.series.content.series import decode

CONTENT = ("series",)


def columns(preparation):
    return [ShardColumn("x", "float32", (preparation["length"],))]


def problem_in(preparation):
    return None if preparation.get("length", 0) > 0 else "length should be positive"


def encode(contents, preparation):
    length = preparation["length"]
    x = np.zeros((len(contents["series"]), length), np.float32)
    for row, text in zip(x, contents["series"], strict=True):
        numbers = decode(text or "[0]")[:length]
        row[: len(numbers)] = numbers
    return {"x": x}


def vary(inputs, keys, copy, settings, seed):
    drawn = uniform(keys, seed, f"shift {copy}").astype(np.float32) - np.float32(0.5)
    return {"x": inputs["x"] + np.float32(settings.noise * (copy > 0)) * drawn[:, None]}
