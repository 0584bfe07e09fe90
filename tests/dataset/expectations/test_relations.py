"""Rows that repeat a value, and those whose value is in another split too."""

import numpy as np
import pandas as pd

from pipeline.dataset.expectations.relations import add_repeats, in_several_splits, split_codes


def test_repeats_and_leaks():
    table = pd.DataFrame({"split": pd.Categorical(["train", "train", "test", "val", "test"])})
    assert split_codes(table).tolist() == [0, 0, 2, 1, 2]
    add_repeats(table, "text_", pd.Series(["a", "a", "b", "a", "b"]))
    assert table["text_repeated"].tolist() == [False, True, False, True, True]
    assert table["text_leaked"].tolist() == [True, True, False, True, False]


def test_what_has_no_group_is_in_no_other_split():
    codes, splits = np.array([-1, -1, 0, 0]), np.array([0, 1, 0, 1])
    assert in_several_splits(codes, splits).tolist() == [False, False, True, True]
