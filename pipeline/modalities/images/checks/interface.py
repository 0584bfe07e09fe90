"""The names of modalities/protocols/checks.py, for images."""

import numpy as np
import pandas as pd

from pipeline.dataset.validation.rules import each, set_aside
from pipeline.dataset.validation.statistics import Features
from pipeline.modalities.images.checks.features import (
    COMPARED,
    NAMES,
    add_features,
    patterns,
)
from pipeline.modalities.protocols.checks import InSeveral

__all__ = [
    "FEATURES",
    "REPLACED",
    "ROW_RULES",
    "TABLE_RULES",
    "add_features",
    "add_relations",
    "add_row_checks",
    "patterns",
]

MIN_CONTRAST = 0.005  # a grey level or so
MIN_BRIGHTNESS = 0.005
MAX_ASPECT_RATIO = 10
USUAL_SIZE_SHARE = 0.9  # when so many images are of one size, the others are odd
LOOK_STEPS = 32  # of brightness and contrast, which an image that looks the same shares
MAX_LOOKS_REPEATED = 0.03  # of 8 x 8 digits, half a per cent look like another one
MAX_LOOKS_LEAKED = 0.03

FEATURES = Features(NAMES, COMPARED)
ROW_RULES = [
    set_aside("no image is blank", "blank", False, "blank"),
    set_aside("no image is all black or all white", "black_or_white", False, "black or white"),
    set_aside("no image is ten times as long as wide", "strip", False, "a strip"),
]
REPLACED = ("blank", "black_or_white", "strip")
TABLE_RULES = [
    each(
        "hardly an image looks like one in another split",
        "look_leaked",
        False,
        severity="warning",
        mostly=1 - MAX_LOOKS_LEAKED,
    ),
    each(
        "few images look alike",
        "look_repeated",
        False,
        severity="warning",
        mostly=1 - MAX_LOOKS_REPEATED,
    ),
    each("no image is of another size than nearly all", "odd_size", False, severity="warning"),
]


def add_row_checks(table: pd.DataFrame) -> None:
    """Add blank, black_or_white and strip, which are truth values, and aspect_ratio."""
    ratio = (table["width"] / table["height"]).to_numpy(np.float64)
    brightness = table["brightness"].to_numpy(np.float64)
    table["aspect_ratio"] = ratio
    table["blank"] = (table["contrast"] < MIN_CONTRAST).to_numpy()
    table["black_or_white"] = (brightness < MIN_BRIGHTNESS) | (brightness > 1 - MIN_BRIGHTNESS)
    table["strip"] = (ratio > MAX_ASPECT_RATIO) | (ratio < 1 / MAX_ASPECT_RATIO)


def add_relations(table: pd.DataFrame, in_several: InSeveral) -> None:
    """Add truth values: look_repeated, an earlier image looks alike (same difference hash,
    brightness and contrast); look_leaked, one in another split does; odd_size, nearly all are of
    another size.
    """
    steps = [
        (table[n].to_numpy(np.float64) * LOOK_STEPS).astype(np.uint64)
        for n in ("brightness", "contrast")
    ]
    looks = table["dhash"].to_numpy(np.uint64)
    for step in steps:
        looks = (looks ^ step) * np.uint64(0x9E3779B97F4A7C15)
    codes = pd.factorize(looks)[0]
    table["look_repeated"] = pd.Series(codes).duplicated().to_numpy()
    table["look_leaked"] = in_several(codes)
    sizes = table["height"].to_numpy(np.int64) * 2**32 + table["width"].to_numpy(np.int64)
    names, counts = np.unique(sizes, return_counts=True)
    nearly_all = counts.max() >= USUAL_SIZE_SHARE * len(table)
    table["odd_size"] = (sizes != names[counts.argmax()]) & nearly_all
