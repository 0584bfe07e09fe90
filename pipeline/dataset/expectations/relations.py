"""Relations between rows of a table, as truth values for rules."""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.dataset.table import SPLITS


def split_codes(table: pd.DataFrame) -> NDArray[np.integer[Any]]:
    """Each row's place in SPLITS, `(N,)`; -1 where its split is none of them."""
    codes: NDArray[np.integer[Any]] = (
        table["split"].cat.set_categories(SPLITS).cat.codes.to_numpy(np.int64)
    )
    return codes


def add_repeats(table: pd.DataFrame, prefix: str, values: Any) -> None:
    """Add the columns `<prefix>repeated` (an earlier row has the same value) and `<prefix>leaked`
    (a row in another split has it). `values` has one for each row, `(N,)`."""
    codes = pd.factorize(values)[0]
    table[f"{prefix}repeated"] = pd.Series(codes).duplicated().to_numpy()
    table[f"{prefix}leaked"] = in_several_splits(codes, split_codes(table))


def in_several_splits(
    codes: NDArray[np.integer[Any]], splits: NDArray[np.integer[Any]]
) -> NDArray[np.bool_]:
    """Mark rows that share their code with a row of another split; never those with code -1."""
    num = np.zeros(codes.max(initial=-1) + 2, np.int64)
    for split in range(len(SPLITS)):
        num += np.bincount(codes[splits == split] + 1, minlength=len(num)) > 0
    several: NDArray[np.bool_] = (num[codes + 1] > 1) & (codes >= 0)
    return several
