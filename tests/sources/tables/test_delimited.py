"""Delimited text of people and their programs: cells exactly as written, every line accounted."""

import random

import pytest

from pipeline.sources.tables import delimited, limits, records
from tests.support.delimited import content, refusal, text_of

SIZES = [1, 7, 8 << 20]  # of blocks, so that records are cut anywhere


@pytest.fixture(params=SIZES)
def block_bytes(request, monkeypatch):
    """Blocks of records and of bytes are so large; those of pyarrow hold a row at least."""
    for module in (records, limits):
        monkeypatch.setattr(module, "BLOCK_BYTES", request.param)
    monkeypatch.setattr(delimited, "BLOCK_BYTES", max(request.param, 200))


@pytest.mark.parametrize(
    ("data", "found"),
    [
        ("a,b;c,d\n1,2,3\n", {"a": ["1"], "b;c": ["2"], "d": ["3"]}),
        ("\ufeffa;b;c,d\r\n1;2;3\r\n", {"a": ["1"], "b": ["2"], "c,d": ["3"]}),
        ("a\tb\n1\t2", {"a": ["1"], "b": ["2"]}),
        ("a|b\n1|2\n", {"a": ["1"], "b": ["2"]}),
        ("a;b\n1,5;x\n2,5;y\n", {"a": ["1,5", "2,5"], "b": ["x", "y"]}),
        ("a\n1\n2\n", {"a": ["1", "2"]}),
        ('"a\nb",c\n1,2\n', {"a\nb": ["1"], "c": ["2"]}),
        ("\n\na,b\n\n1,2\n\n", {"a": ["1"], "b": ["2"]}),
        ("a,b\r1,2\r3,4\r", {"a": ["1", "3"], "b": ["2", "4"]}),
        ("a,b\r\n1,2\n3,4\r", {"a": ["1", "3"], "b": ["2", "4"]}),
        ("a,b\n", {"a": [], "b": []}),
        ("", {}),
        ("sep=;\na;b\n1;2\n", {"a": ["1"], "b": ["2"]}),
        ("a,,b\n1,x,2\n", {"a": ["1"], "b": ["2"]}),
        ("a,b\n1,2,\n3,4,\n", {"a": ["1", "3"], "b": ["2", "4"]}),
        ('a,b\n1,""\n2,"x"\n', {"a": ["1", "2"], "b": [None, "x"]}),
        (' a , b\n1,"x, ""y"""\n', {"a": ["1"], "b": ['x, "y"']}),
        ('a, b\n1, "x, y"\n"2" , "z"\n', {"a": ["1", "2 "], "b": ["x, y", "z"]}),
        ('a,b\n1,"x \\"y\\", z"\n', {"a": ["1"], "b": ['x "y", z']}),
        ('a,b\n1,"x', {"a": ["1"], "b": ['"x']}),
        ('a\tb\n1\t"x\n2\t5" y\n', {"a": ["1", "2"], "b": ['"x', '5" y']}),
        ("a,b\nx\0y,2\n", {"a": ["x\0y"], "b": ["2"]}),
    ],
)
@pytest.mark.usefixtures("block_bytes")
def test_cells_are_as_they_are_written(data, found):
    assert content(text_of(data)) == found


WORDS = ["null", "None", "NA", "N/A", "nan", "#N/A", "<NA>", "-nan", "007", "1e5", "True"]
WORDS += ["12.50", "2024-01-02", "9007199254740993"]


def test_only_what_is_empty_is_missing():
    assert content(text_of("a,b\n" + "".join(f"{word},\n" for word in WORDS))) == {
        "a": WORDS,
        "b": [None] * len(WORDS),
    }


def test_what_is_said_of_a_file():
    data = "# station 7\n# a, b\ntime;t;flag\n;°C;\n" + "".join(
        f"2024-01-0{day};{day},5;check #2;\n" for day in range(1, 6)
    )
    text = text_of(data.replace("\nt", "\r\nt", 1))
    assert content(text) == {
        "time": [f"2024-01-0{day}" for day in range(1, 6)],
        "t": [f"{day},5" for day in range(1, 6)],
        "flag": ["check #2"] * 5,
    }
    assert text.notes == [
        "line 1 is no row: # station 7",
        "line 2 is no row: # a, b",
        "line 4 has units and is no row: °C",
        "each row ends with a delimiter: its value 4 is empty and left out",
        "values are separated by semicolons",
    ]
    assert text_of('a,b\n1,"x\ny"\n').notes == ["1 rows span several lines, in quotes"]
    assert text_of("a,,b\n1,x,2\n").notes == ["columns without a name are left out: 2"]
    assert text_of('a, b\n1, "x"\n').notes == ["blanks before quotes are left out"]
    assert text_of("a,b\n1,2\n").notes == []


def test_a_first_row_of_words_is_no_row_of_units():
    found = content(text_of("n,unit\n1,kg\n2,kg\n3,kg\n4,kg\n"))
    assert found["unit"] == ["kg"] * 4
    found = content(text_of("n,m\n?,x\n2,1\n3,1\n4,1\n"))
    assert found["n"] == ["?", "2", "3", "4"]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ("a,b\n1,2\n\n1\n", "line 4 has 1 values, expected 2 |"),
        ("a,b\n1,2\n1,2,3\n2,3,4\n1,2\n", "line 3 has 3 values, expected 2; so have 1 more |"),
        ("a,b\n1,2,3\n1,2,3\n", "line 1 has 2 names, line 2 3 values; so have 2 of 2 rows |"),
        ('"a","b"\n"1","2"\n"1","x', "line 3 opens a quote that does not close | fix: close it"),
        ("a,b\n1,2\n1,\ud83d".encode("utf-8", "surrogatepass"), "line 3 is no UTF-8, nor "),
        (b"a,b\n1,2\n1,\0\0\0\n", "has NUL bytes in line 3 |"),
        ("a,a\n1,2\n", "has 2 columns called a |"),
        ("a" + ",a" * limits.MAX_COLUMNS, f"line 1 has {limits.MAX_COLUMNS + 1} values, more "),
        ("a,b\n1," + "x" * (limits.MAX_ROW_BYTES + 1), "line 2 has a row of more than 8388608 b"),
    ],
)
@pytest.mark.parametrize("size", [1 << 20, 8 << 20])
def test_what_cannot_be_told_is_refused_with_its_line(data, said, size, monkeypatch):
    monkeypatch.setattr(records, "BLOCK_BYTES", size)
    assert said in refusal(text_of(data))


def test_quotes_that_do_not_close_take_no_row():
    rows = [f"{'spam' if n % 3 else 'ham'}\ttext number {n}" for n in range(120)]
    for n in (12, 30, 77, 78, 100, 104):
        rows[n] = f'ham\t"text number {n}'
    for n in (40, 41, 42):
        rows[n] = f'ham\ta 5" nail, number {n}'
    text = text_of("label\ttext\n" + "\n".join(rows) + "\n")
    found = content(text)
    assert text.num_rows == 120
    assert found["text"][12] == '"text number 12'
    assert not any("\n" in cell or "\t" in cell for cell in found["text"])
    assert "quotes are characters like others: some do not close" in text.notes


def test_quotes_that_may_have_swallowed_rows_are_asked_for():
    data = "a,b\n" + "1,2\n" * 20 + '3,"x\n' + "1,2\n" * 3 + '3,x"\n' + "1,2\n" * 20
    assert "line 22 opens a quote that closes lines later, or never | fix: close it, or " in (
        refusal(text_of(data))
    )
    assert content(text_of(data, quotes="none"))["b"][20] == '"x'
    assert content(text_of(data, quotes="doubled"))["b"][20] == "x\n1,2\n1,2\n1,2\n3,x"


def test_what_a_person_says_of_a_file_is_not_looked_for():
    assert content(text_of("a,b;c\n1,2;3\n", delimiter=";")) == {"a,b": ["1,2"], "c": ["3"]}
    assert content(text_of("1,2\n3,4\n", header=False)) == {"0": ["1", "3"], "1": ["2", "4"]}
    assert content(text_of('a,b\n"x,2\n', quotes="none")) == {"a": ['"x'], "b": ["2"]}
    data = "a,b\nкот,1\n".encode("cp1251")
    assert " is no UTF-8, nor does it look like " in refusal(text_of(data))
    assert content(text_of(data, encoding="windows-1251"))["a"] == ["кот"]


def test_rows_have_the_line_in_which_they_begin():
    text = text_of('# x\na,b\n1,"x\ny"\n\n\n2,z\r\n3,w')
    assert [text.line_of(row) for row in range(3)] == [3, 7, 8]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("quotes", ["doubled", "backslash"])
def test_tables_come_back_as_they_were_written(delimiter, quotes, monkeypatch):
    monkeypatch.setattr(records, "BLOCK_BYTES", 61)
    monkeypatch.setattr(delimited, "BLOCK_BYTES", 1000)
    draw = random.Random(7)
    for _ in range(40):
        rows = [
            [
                "".join(draw.choices("ab 1é" + delimiter + '"\n\\', k=draw.randint(0, 6)))
                for _ in "xyz"
            ]
            for _ in range(30)
        ]

        def written(cell: str) -> str:
            if quotes == "backslash":
                cell = cell.replace("\\", "\\\\")
            return '"' + cell.replace('"', '""' if quotes == "doubled" else '\\"') + '"'

        data = "".join(delimiter.join(map(written, row)) + "\n" for row in [["x", "y", "z"], *rows])
        found = content(text_of(data, quotes=quotes, delimiter=delimiter))
        assert [[cell or "" for cell in row] for row in zip(*found.values(), strict=True)] == rows


def test_titles_before_the_header_are_no_rows():
    text = text_of("Report of sales\nby Ann\n\na,b,c\n" + "1,2,3\n" * 4)
    assert content(text) == {"a": ["1"] * 4, "b": ["2"] * 4, "c": ["3"] * 4}
    assert text.notes == ["line 1 is no row: Report of sales", "line 2 is no row: by Ann"]


@pytest.mark.parametrize("again", ["a,b\n", "\ufeffa,b\n", " a,b\n"])
def test_names_within_a_file_are_refused_by_line(again):
    text = text_of("a,b\n1,b\n" + again + "3,4\n")
    assert "line 3 has the names of the columns again" in refusal(text)
    assert content(text_of("a,b\n1,b\na,x\n")) == {"a": ["1", "a"], "b": ["b", "x"]}


def test_names_after_two_byte_order_marks():
    assert content(text_of("\ufeff\ufeffa,b\n1,2\n")) == {"a": ["1"], "b": ["2"]}


def test_a_table_whose_columns_have_no_name_has_none():
    text = text_of(",\n,\n")
    assert (text.names, text.num_rows) == (["", ""], 1)
    assert text.read([]).column_names == []
    assert list(text.batches([])) == []
