"""docs/reference.md says what the code does."""

import json
import re
import sys

import pytest

from pipeline.commands.reference import PAGE, page
from pipeline.commands.report_keys import is_known
from pipeline.runtime.code import ROOT
from pipeline.runtime.settings import read_yaml

TEXT = (ROOT / PAGE).read_text(encoding="utf-8")
HELP = re.compile(r"```.*?```", re.S)


def test_the_page_is_made_of_the_code(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    made = page()
    if sys.version_info[:2] != (3, 11):  # argparse words its help otherwise
        assert HELP.sub("", made) == HELP.sub("", TEXT), "run make reference"
    else:
        assert made == TEXT, "run make reference"


def test_every_key_of_params_has_a_row() -> None:
    params = read_yaml(ROOT / "params.yaml")
    keys = [key for key, value in params.items()] + [
        f"{section}.{key}"
        for section, value in params.items()
        if isinstance(value, dict)
        for key in value
    ]
    assert len(keys) > 30
    assert [key for key in keys if f"| `{key}` |" not in TEXT] == []


@pytest.mark.parametrize(
    "report", ["ingest", "validation", "labels", "training", "export", "metrics"]
)
def test_every_key_of_a_report_has_a_meaning(report: str) -> None:
    written = json.loads((ROOT / f"reports/{report}.json").read_text(encoding="utf-8"))
    name = {"metrics": "metrics, classes"}.get(report, report)
    assert [key for key in written if not is_known(name, key)] == []
    assert not is_known("validation", "accuracy")
