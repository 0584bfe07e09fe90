"""`groundwork add` of a table: what it finds by looking stands in the entry."""

import pytest

from pipeline.commands.add.entry_text import accept_text, detected_keys
from pipeline.ingest.survey import Survey
from pipeline.modalities.opening import open_prepare
from pipeline.runtime.settings import Kind
from pipeline.targets.opening import open_labels
from tests.support.table_sources import entry_of, open_table_source, write_table

HEADER = "patient,age,seen,ward,key,ill"


@pytest.fixture
def path(tmp_path):
    lines = [
        f"P{n // 2:02d},{20 + n % 50 if n % 9 else 999},2023-0{1 + n % 9}-11,{'AB'[n % 2]},"
        f"K{n:03d},{'yes' if n * 7919 % 13 > 4 else 'no'}"
        for n in range(90)
    ]
    return write_table(tmp_path / "patients.csv", HEADER, *lines)


def test_types_and_what_a_person_should_decide_are_written_down(path):
    source = open_table_source(path, columns={"label": "ill"})
    assert source.entry_lines[0] == "columns: {label: ill, ignore: [key]}"
    assert list(source.entry_lines[1:]) == [
        "types: {patient: category, age: number, seen: date, ward: category}",
        '# missing: {age: ["999"]}  # decide: are these codes for missing?',
    ]
    said = "\n".join(source.decisions)
    assert "group: patient has 45 values in 90 rows" in said
    assert "time: seen is a date" in said


def test_an_entry_that_a_person_began_gets_the_types_that_it_lacks(path):
    source = open_table_source(path, columns={"label": "ill", "group": "patient"})
    survey = Survey(Kind(modality="tables", target="classes"))
    began = b"# mine\nuri: a.csv\ncolumns: {label: ill, group: patient}\n"
    text = accept_text(began, open_labels("classes"), [], source, survey)
    assert text.startswith("# mine\nuri: a.csv\ncolumns: {label: ill, group: patient}\n")
    assert "types: {age: number, seen: date, ward: category}" in text
    told = text.replace("age: number", "age: category").encode()
    again = accept_text(told, open_labels("classes"), [], source, survey)
    assert "age: category" in again


def test_an_entry_with_all_that_was_found_reads_the_same(path):
    source = open_table_source(path, columns={"label": "ill"})
    types = dict(detected_keys(source)["types"])
    columns = {"label": "ill", "ignore": ["key"]}
    again = open_table_source(path, columns=columns, types=types)
    assert again.options == source.options
    assert entry_of(path, "classes", columns=columns, types=types).types == types
    assert open_prepare("tables").NOUN == "row"
