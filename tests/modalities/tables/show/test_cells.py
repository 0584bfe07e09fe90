"""Cells of rows as columns of SQL: DuckDB reads what Python reads."""

import json

import duckdb

from pipeline.modalities.tables.show.cells import cell_columns

CONTENT = {
    "options": {
        "columns": [
            {"name": "age", "kind": "number"},
            {"name": "we\"ird / ~na'me", "kind": "category"},
            {"name": "smoker", "kind": "boolean"},
            {"name": "seen", "kind": "date"},
            {"name": "0", "kind": "number"},
        ]
    }
}
ROWS = [
    {"age": 41.5, "we\"ird / ~na'me": "it's", "smoker": True, "seen": "2013-01-02", "0": 7},
    {"age": None, "we\"ird / ~na'me": None, "smoker": False, "seen": None, "0": None},
    {},
]


def test_cells_are_columns():
    expressions = cell_columns(CONTENT)
    assert list(expressions) == [column["name"] for column in CONTENT["options"]["columns"]]
    with duckdb.connect() as connection:
        connection.execute('create table examples ("row" text)')
        connection.executemany(
            "insert into examples values (?)", [[json.dumps(row)] for row in [*ROWS]]
        )
        found = connection.execute(
            f"select {', '.join(expressions.values())} from examples"
        ).fetchall()
    first, second, third = found
    assert first[:3] == (41.5, "it's", True)
    assert (first[3].isoformat(), first[4]) == ("2013-01-02T00:00:00", 7)
    assert second == (None, None, False, None, None)
    assert third == (None,) * 5


def test_a_table_without_columns():
    assert cell_columns({}) == {}
