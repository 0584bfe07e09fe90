"""Validate on small folders of measurements: what it prints, writes and stops at."""

import csv
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from pipeline.dataset.parts import write_tables
from pipeline.dataset.table import write_index
from pipeline.runtime.errors import BrokenDataset
from pipeline.runtime.stage import Stage
from pipeline.validate.__main__ import main
from pipeline.validate.params import validate_params
from tests.support.image_schema import RAW_SCHEMA
from tests.support.repository import ROOT
from tests.support.tables import INDEX, SCHEMA, good_columns

NUM = 200
ENTRY = "uri: nowhere\nlicense: CC0-1.0\n"
EXPECTATIONS_FILE = Path("data/expectations.csv.partial")
UNJUDGED = [
    ("labels have to do with the examples", "too few examples (200), or one label for all"),
    ("nothing has changed since the accepted profile", "no profile was accepted"),
    ("labels of val and test fit as those of train", "there is no label signal"),
]
"""What 200 good examples without a profile are too few for."""
QUARANTINE = Path("data/quarantine.csv.partial")  # a stage gives outputs their names at its end
PROFILE = Path("data/profile.json.partial")
EVIDENCE = Path(".groundwork/failed_validation.csv")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository whose dataset is `pets`; the code is this one."""
    monkeypatch.chdir(tmp_path)
    Path("pipeline").symlink_to(ROOT / "pipeline")
    shutil.copy(ROOT / "dvc.yaml", tmp_path)
    params = (ROOT / "params.yaml").read_text().replace("dataset: digits", "dataset: pets")
    Path("params.yaml").write_text(params)
    for name in ("catalog", "profiles"):
        Path("data", name).mkdir(parents=True)
    Path("data/catalog/pets.yaml").write_text(ENTRY)
    return tmp_path


def write_raw(columns: dict[str, list[Any]]) -> None:
    shutil.rmtree("data/raw", ignore_errors=True)
    num = len(columns["id"])
    table = pa.table(columns | {"image": [b""] * num}, schema=RAW_SCHEMA)
    files = write_tables(Path("data/raw"), [table], RAW_SCHEMA)
    write_index(Path("data/raw"), files, **INDEX)


@pytest.fixture(autouse=True)
def stages() -> Iterator[None]:
    """Close the stages of a test, which reads outputs by the names that they have till then."""
    yield
    while STAGES:
        STAGES.pop().close()


STAGES: list[Stage] = []


def run() -> dict[str, Any]:
    """The stage in this process; returns what reports/validation.json says."""
    STAGES.append(Stage("validate", validate_params("images", "classes")))
    main(STAGES[-1])
    return report("validation")


def report(name: str) -> dict[str, Any]:
    return json.loads(Path(f"reports/{name}.json.partial").read_text())


def rows_of(path: Path) -> list[list[str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.reader(file))


def test_the_tables_of_these_tests_are_those_of_ingest():
    assert set(SCHEMA.names) == set(RAW_SCHEMA.names) - {"image"}


def test_good_data(folder, capsys):
    write_raw(good_columns(NUM))
    found = run()
    num = found.pop("expectations")
    assert found == {
        "success": True,
        "examples": NUM,
        "failed_critical": 0,
        "failed_warning": 0,
        "quarantined": 0,
        "could_not_judge": "; ".join(f"{name}: {reason}" for name, reason in UNJUDGED),
    }
    assert rows_of(QUARANTINE) == [["id", "reason"]]
    head, *rows = rows_of(EXPECTATIONS_FILE)
    assert head == ["expectation", "consequence", "result", "found", "not_judged"]
    assert len(rows) == num + len(UNJUDGED)
    assert [(row[0], row[4]) for row in rows if row[2] == "not judged"] == UNJUDGED
    assert {row[2] for row in rows} == {"holds", "not judged"}
    assert not EVIDENCE.exists()
    assert capsys.readouterr().out.splitlines() == [
        *(f"could not be judged: {name} ({reason})" for name, reason in UNJUDGED),
        f"validate: {num} of {num} expectations hold, 0 examples set aside, "
        "3 expectations could not be judged",
    ]


def test_the_same_data_give_the_same_bytes(folder):
    columns = good_columns(NUM)
    columns["label"][3] = None
    columns["id"][5] = "with, comma"
    columns["contrast"][5] = 0.0
    write_raw(columns)
    written = []
    for _ in range(2):
        run()
        paths = (QUARANTINE, PROFILE, *sorted(Path("reports").glob("*.partial")))
        written.append([path.read_bytes() for path in paths])
    assert written[0] == written[1]
    assert len(written[0]) == 3


def test_rows_are_set_aside_up_to_the_limit(folder, capsys):
    columns = good_columns(NUM)
    columns["label"][3] = None
    columns["problem"][20] = "no image: JPEG or PNG expected"
    columns["sha256"][20] = None
    write_raw(columns)
    found = run()
    assert (found["success"], found["quarantined"]) == (True, 2)
    assert rows_of(QUARANTINE) == [
        ["id", "reason"],
        ["e0003", "unlabelled"],
        ["e0020", "unreadable: no image: JPEG or PNG expected"],
    ]
    assert json.loads(PROFILE.read_text())["examples"] == NUM - 2
    num = found["expectations"]
    assert capsys.readouterr().out.splitlines() == [
        "           expected                   found",
        "set aside  every example can be read  1 of 200 examples: e0020",
        "set aside  every example has a label  1 of 200 examples: e0003",
        "set aside e0003: unlabelled",
        "set aside e0020: unreadable: no image: JPEG or PNG expected",
        "could not be judged: labels have to do with the examples (too few examples (198), "
        "or one label for all)",
        *(f"could not be judged: {name} ({reason})" for name, reason in UNJUDGED[1:]),
        f"validate: {num - 2} of {num} expectations hold, 2 examples set aside, "
        "3 expectations could not be judged",
    ]


def test_more_rows_than_the_limit_stop_the_run(folder):
    columns = good_columns(NUM)
    columns["label"][:3] = [None] * 3
    write_raw(columns)
    with pytest.raises(BrokenDataset) as caught:
        run()
    assert str(caught.value) == (
        "ERROR 3 of 200 examples (1.5%) are to be set aside, at most 1.0% may be "
        "(validate.max_quarantined_fraction) | fix: mend what .groundwork/failed_validation.csv "
        "lists, or allow more"
    )
    assert report("validation")["success"] is False
    assert rows_of(EVIDENCE) == [
        ["id", "reason"],
        *(["e000" + str(row), "unlabelled"] for row in range(3)),
    ]


def test_only_some_of_many_rows_are_printed(folder, capsys):
    Path("params.yaml").write_text(
        Path("params.yaml").read_text().replace("fraction: 0.01", "fraction: 0.5", 1)
    )
    columns = good_columns(NUM)
    columns["license"][:12] = ["?"] * 12
    write_raw(columns)
    assert run()["quarantined"] == 12
    lines = capsys.readouterr().out.splitlines()
    assert len([line for line in lines if line.startswith("set aside e")]) == 10
    assert lines[-5] == "... and 2 more"


def test_a_repeated_id_stops_the_run(folder, capsys):
    columns = good_columns(NUM)
    columns["id"][4] = "e0003"
    write_raw(columns)
    with pytest.raises(BrokenDataset) as caught:
        run()
    assert str(caught.value) == (
        "ERROR dataset pets fails 1 critical expectations, first: every id is there once; found "
        "2 of 200 examples: e0003 | fix: mend the data or its catalog entry; "
        ".groundwork/failed_validation.csv lists the examples"
    )
    assert rows_of(EVIDENCE) == [["id", "reason"], ["e0003", "every id is there once"]]
    assert capsys.readouterr().out.splitlines() == [
        "           expected                found",
        "critical   every id is there once  2 of 200 examples: e0003",
    ]


def test_foreign_names_do_not_break_the_lines(folder, capsys):
    columns = good_columns(NUM)
    columns["id"][4] = "a\x1b[31m\nb"
    columns["label"][4] = None
    write_raw(columns)
    run()
    out = capsys.readouterr().out
    assert "\x1b" not in out
    assert r"set aside a\x1b[31m\nb: unlabelled" in out.splitlines()
    assert rows_of(QUARANTINE)[1] == ["a\x1b[31m\nb", "unlabelled"]


OWN = """\
expectations:
  - type: expect_column_values_to_be_between
    kwargs: {column: width, max_value: 40}
  - type: expect_table_row_count_to_equal
    kwargs: {value: 1}
    severity: warning
"""


def test_expectations_of_the_entry_count(folder):
    Path("data/catalog/pets.yaml").write_text(ENTRY + OWN)
    columns = good_columns(NUM)
    columns["width"] = [32] * (NUM - 1) + [41]
    write_raw(columns)
    found = run()
    assert (found["failed_warning"], found["quarantined"]) == (1, 1)
    assert rows_of(QUARANTINE)[1:] == [["e0199", "width: values to be between (max_value 40)"]]


def accept_profile() -> None:
    run()
    shutil.copy(PROFILE, "data/profiles/pets.json")


def test_no_drift_from_the_profile_of_the_same_data(folder):
    write_raw(good_columns(NUM))
    accept_profile()
    num = report("validation")["expectations"]
    found = run()
    assert (found["failed_warning"], found["success"]) == (0, True)
    assert found["expectations"] > num


def darker(columns: dict[str, list[Any]]) -> None:
    for name in ("brightness", "red", "green", "blue"):
        columns[name] = [value * 0.7 for value in columns[name]]


def fewer(columns: dict[str, list[Any]]) -> None:
    for values in columns.values():
        del values[:50]


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (darker, "measurements are as in the profile"),
        (fewer, "no examples were lost since the profile"),
    ],
)
def test_drift_from_the_profile_is_a_warning(
    folder, capsys, spoil: Callable[[dict[str, list[Any]]], None], says: str
):
    write_raw(good_columns(NUM))
    accept_profile()
    columns = good_columns(NUM)
    spoil(columns)
    write_raw(columns)
    capsys.readouterr()
    found = run()
    assert (found["success"], found["failed_critical"]) == (True, 0)
    assert found["failed_warning"] >= 1
    out = capsys.readouterr().out
    assert f"warning    {says}" in out
    assert out.splitlines()[-1] == (
        "validate: the data differ from their accepted profile; where that is meant: "
        "cp data/profile.json data/profiles/pets.json"
    )


def test_a_wider_limit_of_drift_is_kept_to(folder):
    write_raw(good_columns(NUM))
    accept_profile()
    columns = good_columns(NUM)
    darker(columns)
    write_raw(columns)
    assert run()["failed_warning"] > 0
    params = Path("params.yaml").read_text()
    Path("params.yaml").write_text(params.replace("max_drift: 0.1", "max_drift: 10"))
    assert run()["failed_warning"] == 0


def test_a_list_of_evidence_that_cannot_be_written_does_not_hide_what_is_wrong(folder, capfd):
    columns = good_columns(NUM)
    columns["group"][0] = columns["group"][7] = "one patient"
    write_raw(columns)
    EVIDENCE.mkdir(parents=True)  # where the file would be
    with pytest.raises(BrokenDataset, match="no group is in two splits"):
        run()
    assert capfd.readouterr().err.startswith(f"{EVIDENCE} cannot be written (Is a directory)")


def test_as_a_process_a_broken_dataset_publishes_nothing(folder):
    columns = good_columns(NUM)
    columns["group"][0] = columns["group"][7] = "one patient"
    write_raw(columns)
    result = subprocess.run(
        [sys.executable, "-m", "pipeline.validate"],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 1
    assert result.stderr.splitlines()[-1] == (
        "ERROR dataset pets fails 1 critical expectations, first: no group is in two splits; "
        "found 2 of 200 examples: e0000, e0007 | fix: mend the data or its catalog entry; "
        ".groundwork/failed_validation.csv lists the examples"
    )
    assert sorted(str(path) for path in Path("reports").glob("*")) == []
    assert not Path("data/quarantine.csv").exists()
    assert len(rows_of(EVIDENCE)) == 3
