"""A model for each site that it has not seen, and how good it is there."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pytest
import torch
from torch import nn

from pipeline.dataset.parts import write_tables
from pipeline.dataset.shards.files import ShardRows
from pipeline.dataset.table import words, write_index
from pipeline.learning.device import choose_device
from pipeline.runtime.errors import SettingsError
from pipeline.targets.opening import open_loss
from pipeline.train.leave_out import leave_each_out, read_values, without_each_site

NUM = 60
SITES = np.array(["here", "there", "yonder"])[np.arange(NUM) % 3]
X = np.random.default_rng(0).normal(size=(NUM, 2)).astype(np.float32)
Y = (X[:, 0] > 0).astype(np.int64)
Y[SITES == "yonder"] = 1 - Y[SITES == "yonder"]  # another custom of labelling


class Reader:
    """Shards of examples in memory."""

    def read_rows(self, split: str, copy: int) -> ShardRows:
        rows = np.arange(NUM) % 5 == 4 if split == "val" else np.arange(NUM) % 5 != 4
        return ShardRows({"x": X[rows]}, Y[rows], np.ones(rows.sum(), np.float32))


class Sign(nn.Module):
    """Fits itself: which way the first number goes with the label."""

    seen: list[int] = []

    def fit(self, reader, losses, seed) -> None:
        rows = reader.read_rows("train", 0)
        Sign.seen.append(reader.num_examples("train"))
        right = ((rows.inputs["x"][:, 0] > 0) == rows.y).mean()
        self.way = 1.0 if right > 0.5 else -1.0

    def forward(self, inputs):
        first = inputs["x"][:, :1] * self.way
        return torch.cat([-first, first], 1)


@pytest.fixture(autouse=True)
def clean(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    splits = ["val" if n % 5 == 4 else "train" for n in range(NUM)]
    table = pa.table(
        {
            "id": [str(n) for n in range(NUM + 1)],
            "split": words([*splits, "test"]),
            "group": [*[f"person {n}" for n in range(NUM)], "someone"],
            "slice_site": words([*SITES.tolist(), "elsewhere"]),
        }
    )
    files = write_tables(Path("data/clean"), [table], table.schema)
    write_index(Path("data/clean"), files, table.schema)


def run(column: str):
    device = choose_device("cpu", "fp32", False)
    loss = open_loss("classes")
    return leave_each_out(column, Reader(), Sign, type("R", (), {"seed": 0}), loss, None, device)


def test_each_site_is_asked_about_by_a_model_that_has_not_seen_it():
    Sign.seen.clear()
    found = {site.value: site for site in run("site")}
    assert list(found) == ["here", "there", "yonder"]
    assert Sign.seen == [int(((s != SITES) & (np.arange(NUM) % 5 != 4)).sum()) for s in found]
    assert all(site.num == 20 for site in found.values())
    assert found["yonder"].figure == 0.0  # the others label the other way
    assert "elsewhere" not in found  # the test split stays closed


def test_people_are_told_of_each_site_and_the_report_names_none(monkeypatch):
    monkeypatch.setattr("pipeline.modalities.tables.modules.linear.PENALTIES", (0.1,))
    column = {"name": "a", "mean": 0.0, "std": 1.0, "quantiles": [-1.0, 0.0, 1.0]}

    class Numbers(Reader):
        """Rows of a table with two numbers."""

        preparation = {"numbers": [column, column | {"name": "b"}], "categories": []}
        target = {"classes": ["well", "ill"]}

        def read_rows(self, split: str, copy: int) -> ShardRows:
            inputs, y, weights = super().read_rows(split, copy)
            return ShardRows({"numbers": inputs["x"]}, y, weights)

    train = SimpleNamespace(leave_out="site", device="cpu", precision="fp32", label_smoothing=0.0)
    told: list[str] = []
    stage = SimpleNamespace(
        params=SimpleNamespace(modality="tables", target="classes", train=train), say=told.append
    )
    report = without_each_site(stage, "linear", Numbers(), SimpleNamespace(seed=0))
    assert list(report) == ["left_out_accuracy", "left_out_worst_accuracy"]
    assert report["left_out_worst_accuracy"] < 0.2  # yonder labels the other way
    assert told[2] == (
        f"trained without site yonder: accuracy there {report['left_out_worst_accuracy']:.4f} "
        "(20 examples)"
    )
    train.leave_out = None
    assert without_each_site(stage, "linear", Numbers(), SimpleNamespace(seed=0)) == {}


def test_a_site_without_which_too_little_is_left_is_not_judged(monkeypatch):
    monkeypatch.setattr("pipeline.train.leave_out.MIN_EXAMPLES", 9)
    assert all(np.isnan(site.figure) for site in run("site"))


def test_values_are_in_the_order_of_shards():
    assert read_values("site", "val") == SITES[np.arange(NUM) % 5 == 4].tolist()


@pytest.mark.parametrize(
    ("column", "message"),
    [
        ("age", "train.leave_out: age is no column of the data; there are group, site"),
        ("group", "train.leave_out: group has 60 values, expected 2 to 20"),
    ],
)
def test_columns_that_do_not_fit(column, message):
    with pytest.raises(SettingsError, match=message):
        run(column)
