"""Tables that other tools read wrongly in silence; each case has a script in tests/support."""

import pytest

from pipeline.runtime.errors import SourceError
from tests.support.table_sources import TableRead, make_case, open_table_source, read_table


@pytest.fixture(scope="session")
def case(tmp_path_factory):
    """Makes the files of a case, once."""
    made = {}

    def folder_of(name):
        if name not in made:
            made[name] = make_case(name, tmp_path_factory.mktemp("cases") / name)
        return made[name]

    return folder_of


def counts(read: TableRead, column: str) -> dict:
    return read.rows[column].value_counts().to_dict()


def splits(read: TableRead) -> list[int]:
    found = counts(read, "split")
    return [found.get(name, 0) for name in ("train", "val", "test")]


def test_a_decimal_comma_is_one_for_the_whole_file(case):
    path = case("semicolon_decimal_comma") / "wohnungen.csv"
    read = read_table(path, "numbers", columns={"target": "Miete", "ignore": ["Bemerkung"]})
    assert len(read.rows) == 72
    first = read.rows[(read.rows["c.Wohnfläche"] == 130) & (read.rows["target"] == 1234.5)]
    assert first["c.Einwohner"].tolist() == [12480]
    assert read.rows["c.Einwohner"].sum() == 1109620
    assert read.rows["target"].sum() == pytest.approx(59538.72)
    assert read.rows["c.Wohnfläche"].sum() == pytest.approx(6065.1)
    assert read.inputs == {"Stadtteil", "Wohnfläche", "Einwohner"}
    assert "values are separated by semicolons" in read.said
    assert "12 rows span several lines" in read.said
    assert "',' before their fraction and '.' between thousands, in all columns" in read.said
    assert "column Objekt-Nr is another text in each row, as identifiers are" in read.said


def test_what_stands_around_rows_is_no_row(case):
    path = case("preamble_units_trailing_comma") / "logger.csv"
    split = {"by": "time", "val": "2024-01-03 00:00", "test": "2024-01-03 12:00"}
    columns = {"target": "yield", "time": "time"}
    read = read_table(path, "numbers", columns=columns, split=split)
    assert read.kinds == {"temp": "number", "humidity": "number", "flag": "category"}
    assert read.rows["c.temp"].sum() == pytest.approx(495.7)
    assert read.rows["target"].sum() == pytest.approx(1366.9)
    assert counts(read, "c.flag")["check #2"] == 6
    assert splits(read) == [48, 12, 12]
    for line in ("line 1 is no row", "line 2 is no row", "line 4 has units", "left out"):
        assert line in read.said


def test_texts_that_only_look_like_numbers_or_nothing_are_texts(case):
    path = case("ids_and_the_word_na") / "accounts.csv"
    columns = {"label": "defaulted", "group": "account"}
    read = read_table(path, columns=columns, missing=[""], split={"by": "group"})
    assert len(read.rows) == 93
    assert read.rows["group"].nunique() == 45
    assert "3 rows have no group" in read.said
    assert read.rows.groupby("group")["split"].nunique().max() == 1
    assert counts(read, "c.country")["NA"] == 12
    assert read.rows["c.country"].isna().sum() == 4
    assert counts(read, "c.collateral")["None"] == 31
    assert read.rows["c.collateral"].isna().sum() == 0
    assert counts(read, "c.code") == {"12E3": 24, "120E2": 23, "7E1": 23, "70E0": 23}
    assert counts(read, "c.postcode") == {"01067": 43, "00501": 25, "80331": 25}


DAYS = {"by": "time", "val": "2023-07-01", "test": "2023-10-01"}


def test_dates_have_one_order_by_all_rows(case):
    path = case("day_first_dates") / "visits.csv"
    columns = {"label": "readmitted", "time": "visit", "ignore": ["case"]}
    read = read_table(path, columns=columns, split=DAYS)
    assert "column visit has dates with the day first, by 70 rows" in read.said
    assert str(read.rows["time"].min().date()) == "2023-01-02"
    assert str(read.rows["time"].max().date()) == "2023-12-24"
    assert splits(read) == [89, 16, 15]
    years = read.rows["c.birth"].str[:4].astype(int)
    assert [years.between(*ends).sum() for ends in [(1931, 1968), (1969, 1999), (2000, 2005)]] == [
        40
    ] * 3
    assert "column birth has years of two digits: up to 23 they are after 2000" in read.said


def test_dates_that_could_be_either_way_round_are_refused_until_told(case):
    path = case("day_first_dates") / "ambiguous.csv"
    columns = {"label": "readmitted", "time": "visit", "ignore": ["case"]}
    with pytest.raises(SourceError, match=r"could be either way round.*day or month") as caught:
        read_table(path, columns=columns, split=DAYS)
    assert "dates: {order: day}" in caught.value.fix
    told = read_table(path, columns=columns, split=DAYS, dates={"order": "day"})
    assert len(told.rows) == 72


def test_values_typed_by_hand_have_one_meaning(case):
    path = case("typed_by_hand") / "loans.csv"
    read = read_table(path, columns={"label": "default"}, slices=["city"])
    assert counts(read, "label") == {"no": 56, "yes": 44}
    assert counts(read, "c.employed") == {True: 60, False: 40}
    assert sorted(counts(read, "slice_city").values()) == [33, 33, 34]
    assert "spellings are of 3 values" in read.said
    assert "city" not in read.inputs
    assert read.rows["c.amount"].sum() == 591125
    assert read.rows["c.balance"].sum() == -1255
    assert (read.rows["c.balance"] < 0).sum() == 49
    assert read.rows["c.rate"].sum() == 1095
    assert "column rate is read without %" in read.said
    assert read.rows["c.limit"].isna().sum() == 2
    assert "column limit: 2 rows are not finite" in read.said
    assert "column old_code is empty in all rows" in read.said


def test_codes_for_missing_are_values_and_counted(case):
    path = case("codes_for_missing") / "heart.csv"
    read = read_table(path, columns={"label": "disease"}, missing=["?", "-9", "999"])
    assert read.rows["c.bp"].isna().sum() == 10
    assert read.rows["c.vessels"].isna().sum() == 20
    assert read.rows["c.wait_days"].isna().sum() == 25
    assert read.rows["c.bp"].min() == 100
    assert read.rows["c.bp"].mean() == pytest.approx(142.907, abs=5e-4)
    assert read.rows["c.wait_days"].max() == 59
    for name, number in {"bp": 10, "vessels": 20, "wait_days": 25}.items():
        assert f"column {name}: {number} rows have what the entry calls missing" in read.said
    assert "column outdoor_c: -9 is in 6 rows and is within the range" in read.said
    assert "column chol: 0 is in 30 rows and is far from the others" in read.said
    assert "vessels: 0" not in read.said
    assert (read.rows["c.chol"] == 0).sum() == 30
    missing = {"bp": ["-9"], "vessels": ["?"], "wait_days": ["999"]}
    told = read_table(path, columns={"label": "disease"}, missing=missing)
    assert told.rows["c.outdoor_c"].isna().sum() == 0


def test_files_that_disagree_are_matched_by_name(case):
    folder = case("train_and_test_that_disagree")
    read = read_table(folder, columns={"label": "income"})
    of_file = read.rows["id"].str.startswith("test/")
    assert [(~of_file).sum(), of_file.sum()] == [120, 40]
    test = read.rows[of_file]
    assert set(test["split"]) == {"test"}
    assert [test["c.age"].min(), test["c.age"].max()] == [41, 79]
    assert test["c.age"].mean() == 58.175
    assert test["c.hours"].max() <= 39
    assert counts(read, "label").keys() == {"<=50K", ">50K"}
    assert test["label"].value_counts().to_dict() == {">50K": 22, "<=50K": 18}
    assert "labels of test.csv end with a full stop, which is taken off" in read.said
    assert (read.rows[~of_file]["c.work"] == "State").sum() > 0
    assert set(test["c.work"]) <= set(read.rows[~of_file]["c.work"])
    assert "blanks around values are taken off" in read.said
    assert "column region is missing in test.csv" in read.said
    assert "column comment is empty in all rows: no input" in read.said
    assert test["c.region"].isna().sum() == 40


HOURS = {"by": "time", "val": "2023-10-31", "test": "2023-11-03"}


def test_the_hour_that_comes_twice_is_named_and_stays(case):
    folder = case("the_hour_that_comes_twice")
    columns = {"target": "load_mw", "time": "time"}
    naive = read_table(folder / "naive.csv", "numbers", columns=columns, split=HOURS)
    assert splits(naive) == [265, 72, 72]
    assert "2023-10-29 02:00 is there twice, as at the end of summer time" in naive.said
    twice = naive.rows[naive.rows["time"] == "2023-10-29 02:00"]
    assert twice["target"].tolist() == [395.6, 399.9]
    aware = read_table(folder / "aware.csv", "numbers", columns=columns, split=HOURS)
    assert len(aware.rows) == 409
    assert (aware.rows["time"].diff().dropna().dt.total_seconds() == 3600).all()
    assert splits(aware) == [266, 72, 71]
    assert "all become UTC, and splits mean UTC" in aware.said
    with pytest.raises(SourceError, match=r"300 rows without a time zone and 109 .*in row 301"):
        read_table(folder / "mixed.csv", "numbers", columns=columns, split=HOURS)


def test_figures_known_later_than_their_time_are_named(case):
    path = case("restated_figures") / "figures.csv"
    split = {"by": "time", "val": "2021-01-01", "test": "2021-07-01"}
    columns = {"label": "distress_next_year", "group": "firm", "time": "period_end"}
    read = read_table(path, columns=columns, split=split)
    assert len(read.rows) == 112
    assert splits(read) == [80, 16, 16]
    assert "16 pairs of group and time come more than once" in read.said
    assert "column published is a date 45 or 410 days after the time of its row" in read.said
    assert "published" not in read.inputs
    later = read_table(path, columns=columns | {"time": "published"}, split=split)
    assert splits(later) == [62, 18, 32]
    assert "days after" not in later.said


def test_one_person_under_several_ids_is_one(case):
    path = case("one_person_many_ids") / "voice.csv"
    columns = {"label": "status", "group": "patient"}
    read = read_table(path, columns=columns, split={"by": "group"})
    assert len(read.rows) == 120
    assert read.rows["group"].nunique() == 40
    assert "16 groups are spelled in several ways, such as" in read.said
    assert read.rows.groupby("group")["split"].nunique().max() == 1


def test_the_outcome_in_disguise_is_named(case):
    path = case("outcome_in_disguise") / "credit.csv"
    read = read_table(path, columns={"label": "outcome"})
    assert counts(read, "label") == {"paid": 100, "default": 100}
    assert "column status_code tells the label of 200 of 200 rows" in read.said
    assert "column collection_fee is above 0 in 93 rows, all of which are default" in read.said
    assert "column written_off_on has a value in 100 rows, all of which are default" in read.said
    assert "columns without a name are left out: 1" in read.said
    assert "column loan_id is another text in each row" in read.said
    for name in ("income", "age", "purpose"):
        assert f"column {name} " not in read.said
        assert name in read.inputs
    assert read.rows.groupby("split", observed=True)["label"].nunique().tolist() == [2, 2, 2]


def test_types_of_parquet_are_its_own(case):
    path = case("parquet_types") / "visits.parquet"
    split = {"by": "time", "val": "2023-03-01", "test": "2023-03-20"}
    columns = {"label": "readmitted", "group": "person", "time": "seen"}
    read = read_table(path, columns=columns, split=split)
    assert len(read.rows) == 80
    assert counts(read, "label") == {"0": 44, "1": 32}
    assert read.rows["group"].nunique() == 27
    assert read.rows["group"].str.startswith("9007199254740994").sum() == 78
    assert read.rows["c.cost"].sum() == pytest.approx(364499.96)
    assert sorted(counts(read, "c.ward").values()) == [25, 25, 26]
    assert read.rows["c.ward"].isna().sum() == 4
    assert counts(read, "c.urgent") == {False: 58, True: 20}
    assert read.rows["c.lab"].isna().sum() == 10
    assert read.kinds["born"] == "date"
    assert "__index_level_0__ is the index of pandas" in read.said
    assert "column codes is not read: it has list" in read.said
    assert "column blank is empty in all rows" in read.said
    assert read.inputs == {"cost", "ward", "born", "urgent", "lab"}


def test_a_file_without_a_column_of_labels_says_what_it_has(case):
    path = case("outcome_in_disguise") / "credit.csv"
    with pytest.raises(SourceError, match=r"no column called label.*income, age") as caught:
        open_table_source(path)
    assert "under columns: label:" in caught.value.fix
