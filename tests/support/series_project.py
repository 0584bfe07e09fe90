"""A clone with the tiny modality of tests/support/series, and a dataset of it."""

import json
import shutil
from pathlib import Path

import numpy as np
from ruamel.yaml import YAML

from tests.support.repository import ROOT, Repository

SERIES = ROOT / "tests/support/series"
IMAGES_ALONE = {
    "ingest": ["max_megapixels"],
    "clean": ["transforms"],
    "augment": ["transforms", "resize"],
    "train": ["transforms", "progressive", "views"],
    "evaluate": ["corrupted_examples"],
}
"""Keys of params.yaml that the modality of images adds."""


def add_modality(repository: Repository) -> None:
    shutil.copytree(
        SERIES,
        repository.path / "pipeline/modalities/series",
        ignore=shutil.ignore_patterns("__pycache__"),
    )
    repository.run("make --assume-old=env dag")


def write_waves(folder: Path, num: int = 60, length: int = 24) -> None:
    """Rising, falling and swinging series, in a folder each."""
    random = np.random.default_rng(0)
    time = np.linspace(0, 1, length)
    for name, shape in {"falling": -time, "rising": time, "swinging": np.sin(9 * time)}.items():
        (folder / name).mkdir(parents=True)
        for number in range(num):
            values = shape + random.normal(0, 0.1, length) + random.normal()
            (folder / name / f"{number:03d}.json").write_text(json.dumps(values.round(3).tolist()))


def use_series(repository: Repository, uri: Path) -> None:
    """Make params.yaml ready for the series at `uri`."""
    entry = f"uri: {uri}\nlicense: CC0-1.0\nmodality: series\ntarget: classes\n"
    (repository.path / "data/catalog/waves.yaml").write_text(entry)
    yaml = YAML()
    params = yaml.load((repository.path / "params.yaml").read_text())
    for section, keys in IMAGES_ALONE.items():
        for key in keys:
            del params[section][key]
    params |= {"dataset": "waves", "modality": "series", "model": "line", "lr": 0.01}
    params["clean"] |= {"folds": 2, "epochs": 1}
    params["augment"] |= {"copies": 3, "noise": 0.2}
    params["validate"]["min_examples_per_class"] = 10
    with (repository.path / "params.yaml").open("w") as file:
        yaml.dump(params, file)
