"""What columns are, found by looking at all of their rows."""

import decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.runtime.errors import SourceError
from tests.support.table_sources import open_table_source, read_table, write_table

HEADER = "x,y,label"


def table(tmp_path, cells, name="a.csv"):
    """Rows with `cells` in a column x, and another number beside it."""
    lines = [f"{cell},{n % 7},{'ab'[n % 2]}" for n, cell in enumerate(cells)]
    return write_table(tmp_path / name, HEADER, *lines)


def kind(read, name="x"):
    return read.kinds.get(name)


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (["1", "2.5", "", "-3"], "number"),
        (["01", "02", "03", "04"], "category"),
        (["1E5", "2E5", "3E5", "3E5"], "category"),
        (["1e-05", "2.5", "3", "4"], "number"),
        (["yes", "no", "no", "yes"], "boolean"),
        (["0", "1", "1", "0"], "number"),
        (["2024-01-31", "2024-02-01", "2023-05-05", "2024-01-31"], "date"),
        (["900719925474099301", "900719925474099302"] * 2, "category"),
        (["a", "b", "a", "c"], "category"),
        (["1.2.3", "1.2.4", "1.2.3", "1.2.3"], "category"),
        (["10:30", "11:00", "10:30", "9:00"], "category"),
    ],
)
def test_kinds(tmp_path, cells, expected):
    assert kind(read_table(table(tmp_path, cells * 3))) == expected


def test_a_told_kind_wins_and_must_fit(tmp_path):
    path = table(tmp_path, ["1", "2", "3", "3"] * 3)
    assert kind(read_table(path, types={"x": "category"})) == "category"
    path = table(tmp_path, ["a", "2", "3", "3"] * 3)
    with pytest.raises(SourceError, match=r"column x is no number, .* it has a"):
        read_table(path, types={"x": "number"})


def test_a_word_among_numbers_is_named_and_its_rows_cannot_be_used_until_told(tmp_path):
    path = table(tmp_path, [str(n) for n in range(40)] + ["?", "?"])
    read = read_table(path)
    assert "column x: 2 rows have ?, which is no number" in read.said
    assert 'missing: {x: ["?"]}' in read.said
    assert read.rows["problem"].notna().sum() == 2
    assert "column x: '?' is no number" in read.rows["problem"].dropna().iloc[0]
    assert read_table(path, missing={"x": ["?"]}).rows["problem"].isna().all()


def test_orders_of_dates_that_differ_by_row_are_refused(tmp_path):
    path = table(tmp_path, ["13/01/2024", "01/14/2024", "02/03/2024"] * 4)
    with pytest.raises(SourceError, match="dates in different orders"):
        open_table_source(path)


def test_a_row_number_a_constant_and_an_identifier_are_no_inputs(tmp_path):
    lines = [f"{n},7,K{n * 37 % 101},{n % 5},{'ab'[n % 2]}" for n in range(50)]
    read = read_table(write_table(tmp_path / "a.csv", "number,seven,key,y,label", *lines))
    assert read.inputs == {"y"}
    assert "column number is a row number: no input" in read.said
    assert "column seven is '7' in all rows: no input" in read.said
    assert "column key is another text in each row" in read.said
    assert "ignore: [number, seven, key]" in read.said


def test_ids_stay_when_other_rows_come_or_go(tmp_path):
    lines = [f"{n / 7:.3f},{n % 3},{'ab'[n % 2]}" for n in range(40)]
    before = read_table(write_table(tmp_path / "a.csv", HEADER, *lines)).rows["id"]
    after = read_table(write_table(tmp_path / "b.csv", HEADER, *lines[::-1][5:])).rows["id"]
    assert set(after) <= set(before)
    assert before.is_unique
    twice = read_table(write_table(tmp_path / "c.csv", HEADER, *lines, lines[3])).rows["id"]
    assert set(twice) - set(before) == {f"{before[3]}-2"}


def test_an_id_column_must_tell_rows_apart(tmp_path):
    lines = [f"{n % 30},{n % 3},{'ab'[n % 2]}" for n in range(40)]
    path = write_table(tmp_path / "a.csv", HEADER, *lines)
    with pytest.raises(SourceError, match=r"column x has '0' in 2 rows, but ids are there once"):
        open_table_source(path, columns={"id": "x"})


def test_json_lines_and_csv_of_the_same_rows_are_the_same(tmp_path):
    lines = [f"{n / 4},{'uvw'[n % 3]},{'ab'[n % 2]}" for n in range(30)]
    csv = read_table(write_table(tmp_path / "a.csv", HEADER, *lines)).rows
    objects = [
        f'{{"x": {n / 4}, "y": "{"uvw"[n % 3]}", "label": "{"ab"[n % 2]}"}}' for n in range(30)
    ]
    found = read_table(write_table(tmp_path / "a.jsonl", *objects)).rows
    assert csv["row"].tolist() == found["row"].tolist()
    assert csv["sha256"].tolist() == found["sha256"].tolist()


def test_tables_of_different_columns_are_not_joined(tmp_path):
    write_table(tmp_path / "t/a.csv", "a,b,label", "1,2,x")
    write_table(tmp_path / "t/b.csv", "c,d,e", "1,2,x")
    with pytest.raises(SourceError, match=r"tables of different columns: a.csv, b.csv"):
        open_table_source(tmp_path / "t")


def test_columns_that_the_entry_names_must_be_there(tmp_path):
    path = table(tmp_path, ["1", "2"] * 5)
    for said, key in (
        ({"columns": {"group": "who"}}, "columns: group:"),
        ({"slices": ["who"]}, "slices:"),
        ({"types": {"who": "number"}}, "types:"),
    ):
        with pytest.raises(SourceError, match="has no column who; it has x, y, label") as caught:
            open_table_source(path, **said)
        assert key in caught.value.fix


def test_how_few_share_their_quasi_identifiers_is_counted(tmp_path):
    lines = [f"{n % 4},{'uv'[n % 2]},{'ab'[n % 2]}" for n in range(40)] + ["9,u,a"]
    path = write_table(tmp_path / "a.csv", HEADER, *lines)
    read = read_table(path, quasi_identifiers=["x", "y"])
    assert "quasi-identifiers x, y: k = 1 (1 rows are the only ones" in read.said


def test_slices_are_reported_on_and_no_inputs_unless_said(tmp_path):
    path = table(tmp_path, ["a", "b", "a", "A "] * 6)
    read = read_table(path, slices=["x"])
    assert read.inputs == {"y"}
    assert read.rows["slice_x"].value_counts().to_dict() == {"a": 18, "b": 6}
    assert read_table(path, slices=["x"], inputs=["x", "y"]).inputs == {"x", "y"}


NUMBERS = [str(number) for number in range(30)]


@pytest.mark.parametrize(
    ("cells", "expected", "said"),
    [
        ([f"{n + 50} kg" for n in range(30)], 50, "column x is read without kg, as written"),
        ([f"{n + 50}.00-" for n in range(30)], -50, ""),
        (
            [f"{n} cm" for n in range(15)] + [f"{n} m" for n in range(15)],
            None,
            "units differ: 30 rows with cm, 30 rows with m",
        ),
        ([*NUMBERS, "12a"], None, "though 60 of 62 rows are numbers: 2 have 12a"),
        ([*NUMBERS, *["#DIV/0!"] * 9], None, "though 60 of 78 rows are numbers: 18 have #DIV/0!"),
    ],
)
def test_units_and_signs_of_ledgers_are_read_and_mixtures_named(tmp_path, cells, expected, said):
    read = read_table(table(tmp_path, cells * 2))
    assert said in read.said
    assert kind(read) == ("number" if expected is not None else "category")
    assert read.rows["c.x"].iloc[0] == (expected if expected is not None else cells[0])


def test_one_and_zero_among_words_are_yes_and_no(tmp_path):
    read = read_table(table(tmp_path, ["true", "0", "1", "No", "Y", "f"] * 4))
    assert kind(read) == "boolean"
    assert read.rows["c.x"].tolist()[:6] == [True, False, True, False, True, False]


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        (["4.56E+12", "4.57E+12", "1.2E+13"] * 8, "24 rows have 1.2E+13, 4.56E+12, 4.57E+12, as"),
        (["TP53", "2-Sep", "1-Mar", "BRCA1"] * 6, "12 rows have 1-Mar, 2-Sep among other words"),
        (['"=""007"""', '"=""008"""'] * 9, "18 rows are written as a formula of a spreadsheet"),
        ([*["a", "b"] * 10, "Total"], "row 21 of 21 says Total: it looks like the sum"),
    ],
)
def test_traces_of_spreadsheets_are_named(tmp_path, cells, said):
    assert said in read_table(table(tmp_path, cells)).said
    assert said not in read_table(table(tmp_path, ["a", "b", "c"] * 8)).said


def test_codes_in_the_column_to_be_predicted_are_named(tmp_path):
    rows = [f"{n % 9},{-999 if n % 10 == 0 else n % 23}" for n in range(60)]
    path = write_table(tmp_path / "y.csv", "x,y", *rows)
    said = read_table(path, target="numbers", columns={"target": "y"}).said
    assert "-999 in column y, which is to be predicted, is in 6 rows and is far from" in said
    words = write_table(
        tmp_path / "l.csv", "x,label", *[f"{n % 7},{'ab?'[n % 3]}" for n in range(30)]
    )
    assert "'?' in column label, which is to be predicted, is in 10 rows" in read_table(words).said


def test_times_in_several_units_are_refused(tmp_path):
    path = table(tmp_path, [f"{1704067200 + n}{'000' * (n % 2)}" for n in range(20)])
    with pytest.raises(SourceError, match=r"10 in seconds \(1704067200\), 10 in milliseconds"):
        read_table(path, columns={"label": "label", "time": "x"}, split={"by": "time"})


def test_dates_that_stand_for_none_are_named_with_the_way_out(tmp_path):
    days = [f"2024-01-{n % 28 + 1:02d}" for n in range(40)]
    path = table(tmp_path, [*days, "9999-12-31", "9999-12-31"])
    roles = {"label": "label", "time": "x"}
    rule = {"by": "time", "val": "2024-01-15", "test": "2024-01-20"}
    said = read_table(path, columns=roles, split=rule).said
    assert "9999-12-31 in column x is in 2 rows and far from the others, 2024-01-01" in said
    told = read_table(path, columns=roles, split=rule, missing={"x": ["9999-12-31"]})
    assert "9999-12-31" not in told.said
    usual = read_table(table(tmp_path, ["1970-01-01", *days]), columns=roles, split=rule)
    assert "1970-01-01 in column x" in usual.said
    old = [f"{year}-01-01" for year in range(1950, 1990)]
    rule = {"by": "time", "val": "1970-01-01", "test": "1980-01-01"}
    assert "far from" not in read_table(table(tmp_path, old), columns=roles, split=rule).said


def test_words_among_numbers_are_listed_so_that_yaml_reads_them(tmp_path):
    read = read_table(table(tmp_path, [*[str(n) for n in range(30)] * 2, *["#N/A"] * 20]))
    assert "say missing: {x: ['#N/A']}" in read.said


def test_times_of_half_days_and_of_japan(tmp_path):
    half = ["01/02/2024 12:30 AM", "01/31/2024 01:05 PM"] * 8
    assert kind(read_table(table(tmp_path, half))) == "date"
    japan = read_table(table(tmp_path, ["2024年1月31日", "2024年12月01日"] * 8))
    assert japan.rows["c.x"].tolist()[:2] == ["2024-01-31", "2024-12-01"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is empty"),
        ("x:y:label\n1:2:a\n", "one column, called x:y:label: another sign separates its values"),
        ("<html><body>\n<p>\n", "is HTML or XML, expected a table"),
    ],
)
def test_what_is_no_table_is_refused(tmp_path, text, said):
    (tmp_path / "a.csv").write_text(text)
    with pytest.raises(SourceError, match=said):
        read_table(tmp_path / "a.csv", columns={"label": "label"})


def test_dates_beyond_the_years_of_python_count_as_missing(tmp_path):
    times = pa.array(
        [253402300800000000 + (n > 2) for n in range(4)] + [0] * 20, pa.timestamp("us")
    )
    rows = pa.table({"t": times, "n": list(range(5, 29)), "label": ["a", "b"] * 12})
    pq.write_table(rows, tmp_path / "a.parquet")
    said = read_table(tmp_path / "a.parquet").said
    assert "column t: 4 dates lie outside the years 1 to 9999: they count as missing" in said


def test_whole_decimals_of_many_digits_stay_exact(tmp_path):
    keys = pa.array([decimal.Decimal(10**30 + n % 3) for n in range(24)], pa.decimal128(38, 0))
    rows = pa.table({"key": keys, "n": list(range(5, 29)), "label": ["a", "b"] * 12})
    pq.write_table(rows, tmp_path / "a.parquet")
    assert read_table(tmp_path / "a.parquet").rows["c.key"].iloc[1] == str(10**30 + 1)


def test_a_column_of_parquet_without_a_name_is_left_out(tmp_path):
    rows = pa.table({"": list(range(24)), "n": list(range(5, 29)), "label": ["a", "b"] * 12})
    pq.write_table(rows, tmp_path / "a.parquet")
    read = read_table(tmp_path / "a.parquet")
    assert "a column without a name is left out" in read.said
    assert read.inputs == {"n"}


def test_a_label_of_objects_is_refused_by_name(tmp_path):
    (tmp_path / "a.jsonl").write_text('{"x": 1, "label": {"name": "a"}}\n' * 3)
    with pytest.raises(SourceError, match="column label has lists, objects or bytes"):
        read_table(tmp_path / "a.jsonl", columns={"label": "label"})
