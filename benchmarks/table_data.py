"""Tables of the benchmarks, and the rows that each seed tests on.

GROUNDWORK_TABLES is a folder with heart_disease, german_credit, adult, credit_default, wine_quality
and others, a folder each, with the files that UCI has.
"""

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.datasets import load_breast_cancer, load_diabetes

MISSING = ["?", " ?", "-9", "-9.0", ""]
ROWS = 5000


class Table(NamedTuple):
    """N rows and what is said of each."""

    rows: pd.DataFrame
    """Numbers, and texts for categories; None or NaN for missing."""
    y: NDArray
    """Whole numbers for labels, others to be estimated."""

    @property
    def is_classified(self) -> bool:
        return bool(np.issubdtype(self.y.dtype, np.integer))


def folder() -> Path:
    return Path(os.environ["GROUNDWORK_TABLES"])


def table_of(frame: pd.DataFrame, label: Any, positive: Any = None) -> Table:
    """Columns of texts are categories; `positive` says which label is 1."""
    y = frame.pop(label)
    frame.columns = [str(name) for name in frame.columns]
    labels = (y == positive).to_numpy(np.int64) if positive is not None else y.to_numpy(np.float64)
    return Table(frame, labels)


def breast_cancer(seed: int) -> Table:
    frame, y = load_breast_cancer(return_X_y=True, as_frame=True)
    return Table(frame, y.to_numpy(np.int64))


def diabetes(seed: int) -> Table:
    frame, y = load_diabetes(return_X_y=True, as_frame=True)
    return Table(frame, y.to_numpy(np.float64))


def heart_of(sites: Mapping[str, str]) -> Table:
    parts = []
    for site, file in sites.items():
        path = folder() / "heart_disease" / f"processed.{file}.data"
        part = pd.read_csv(path, na_values=MISSING, skipinitialspace=True)
        parts.append(part.set_axis(range(14), axis=1).assign(site=site))
    frame = pd.concat(parts, ignore_index=True)
    frame = frame if len(sites) > 1 else frame.drop(columns="site")
    for column in (2, 6, 10, 12):  # codes: chest pain, ECG, slope, thal
        frame[column] = frame[column].map("c{:g}".format, na_action="ignore")
    frame[13] = (frame[13] > 0).astype(int)
    return table_of(frame, 13, positive=1)


def heart(seed: int) -> Table:
    return heart_of({"cleveland": "cleveland"})


def heart_sites(seed: int) -> Table:
    names = ("cleveland", "hungarian", "switzerland", "va")
    return heart_of({name: name for name in names})


def german(seed: int) -> Table:
    frame = pd.read_csv(folder() / "german_credit/german.csv", header=None)
    return table_of(frame, frame.columns[-1], positive=2)


def adult(seed: int) -> Table:
    path = folder() / "adult/adult-train.csv"
    frame = pd.read_csv(path, header=None, na_values=MISSING, skipinitialspace=True)
    return table_of(drawn(frame, seed), frame.columns[-1], positive=">50K")


def credit(seed: int) -> Table:
    frame = pd.read_csv(folder() / "credit_default/UCI_Credit_Card.csv").drop(columns="ID")
    for column in ("SEX", "EDUCATION", "MARRIAGE"):
        frame[column] = frame[column].map("c{}".format)
    return table_of(drawn(frame, seed), "default.payment.next.month", positive=1)


def wine(seed: int) -> Table:
    """White wines, each once: a fifth of the rows repeat another, which trees would look up."""
    frame = pd.read_csv(folder() / "wine_quality/white.csv", header=None)
    return table_of(frame.drop_duplicates().reset_index(drop=True), 11)


def drawn(frame: pd.DataFrame, seed: int) -> pd.DataFrame:
    return frame.sample(ROWS, random_state=seed).reset_index(drop=True)


TABLES: dict[str, Callable[[int], Table]] = {
    "breast_cancer": breast_cancer,
    "heart": heart,
    "heart_sites": heart_sites,
    "german": german,
    "adult": adult,
    "credit": credit,
    "diabetes": diabetes,
    "wine": wine,
}


class Splits(NamedTuple):
    """Numbers of rows."""

    train: NDArray[np.int64]
    val: NDArray[np.int64]
    test: NDArray[np.int64]


def split(num: int, seed: int) -> Splits:
    order = np.random.default_rng(seed).permutation(num)
    num_test = round(0.2 * num)
    num_val = round(0.15 * (num - num_test))
    test, val, train = np.split(order, [num_test, num_test + num_val])
    return Splits(train, val, test)
