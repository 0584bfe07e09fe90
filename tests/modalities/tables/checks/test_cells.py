"""Cells of many rows are read block by block, with the same result."""

import json

import numpy as np
import pandas as pd
import pytest

from pipeline.modalities.tables.checks.cells import cells_of
from pipeline.modalities.tables.content.columns import CATEGORY, NUMBER, TableColumn

ROWS = [{"age": n, "site": ["here", "there", None][n % 3]} for n in range(7)]
COLUMNS = [TableColumn("age", NUMBER), TableColumn("site", CATEGORY)]


@pytest.mark.parametrize("columns", [None, COLUMNS])
@pytest.mark.parametrize("at_once", [1, 3, 7, 100])
def test_blocks_make_one_matrix(columns, at_once, monkeypatch):
    monkeypatch.setattr("pipeline.modalities.tables.checks.cells.ROWS_AT_ONCE", at_once)
    table = pd.DataFrame({"row": [json.dumps(row) for row in ROWS]})
    cells = cells_of(table[table.index != 2], columns)  # rows that were set aside leave a gap
    np.testing.assert_array_equal(cells.numbers[:, 0], [0, 1, 3, 4, 5, 6])
    assert cells.texts == [["here", "there", "here", "there", "", "here"]]
    assert (cells.number_names, cells.text_names) == (["age"], ["site"])
    assert cells.texts[0][0] is cells.texts[0][2]  # equal texts are one object


def test_no_rows_have_the_columns():
    cells = cells_of(pd.DataFrame({"row": []}), COLUMNS)
    assert cells.numbers.shape == (0, 1)
    assert cells.texts == [[]]
