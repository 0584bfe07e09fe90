"""Every plot that dvc.yaml declares shows data, of classes with names, also in a browser."""

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, sync_playwright

from pipeline.runtime.settings import read_yaml
from tests.support.evaluations import CLASSES, EVALUATION
from tests.support.repository import ROOT, Repository

CHROMIUM = shutil.which("chromium")
VEGA = os.environ.get("GROUNDWORK_VEGA")
"""A folder `node_modules` with the versions that DVC loads from the web:
npm install vega@5.20.2 vega-lite@5.2.0 vega-embed@6.18.2"""
PLOTS = [next(iter(plot)) for plot in read_yaml(ROOT / "dvc.yaml")["plots"]]
WITH_NAMES = {
    "confusion": CLASSES,
    "f1 by class": CLASSES,
    "accuracy by slice": [row["slice"] for row in EVALUATION.tables["slices"]],
    "metrics": [row["metric"] for row in EVALUATION.tables["intervals"]],
    "robustness": ["noise", "blur"],
}
MARKS = {  # what a plot is drawn with, and how many of them one run has at least
    "loss": ("line", 2),
    "accuracy by epoch": ("line", 2),
    "speed": ("line", 1),
    "confusion": ("rect", len(CLASSES) ** 2),
    "calibration": ("symbol", 2),
    "f1 by class": ("rect", len(CLASSES)),
    "accuracy by slice": ("rule", len(EVALUATION.tables["slices"])),
    "metrics": ("rule", len(EVALUATION.tables["intervals"])),
    "robustness": ("line", 2),
}


@pytest.fixture(scope="module")
def repository(written_report: Path, tmp_path_factory: pytest.TempPathFactory) -> Repository:
    """Two runs, of which the first is committed."""
    folder = tmp_path_factory.mktemp("plots") / "project"
    shutil.copytree(written_report, folder, symlinks=True)
    shutil.copytree(ROOT / ".dvc/plots", folder / ".dvc/plots")
    (folder / ".dvc/config").touch()
    repository = Repository(folder)
    repository.run("git init -q -b main")
    repository.commit("the first run")
    for file in folder.glob("reports/model/*.csv"):
        file.write_text(file.read_text().replace("0.9", "0.8"))
    return repository


def specs(repository: Repository, command: str) -> dict[str, dict[str, Any]]:
    """The Vega-Lite specification of each plot."""
    found = json.loads(repository.run(f"{command} --json").strip().splitlines()[-1])
    assert not found.get("errors")
    return {name: plot["content"] for name, (plot,) in found["data"].items()}


@pytest.fixture(scope="module")
def shown(repository: Repository) -> dict[str, dict[str, Any]]:
    return specs(repository, "dvc plots show")


@pytest.fixture(scope="module")
def compared(repository: Repository) -> dict[str, dict[str, Any]]:
    return specs(repository, "dvc plots diff main")


def encodings(spec: Any) -> Iterator[dict[str, Any]]:
    """Everything in a specification that names a field."""
    if isinstance(spec, dict):
        if "field" in spec and "type" in spec:
            yield spec
        for key, value in spec.items():
            if key != "data":
                yield from encodings(value)
    elif isinstance(spec, list):
        for value in spec:
            yield from encodings(value)


@pytest.mark.parametrize("name", PLOTS)
def test_names_are_nominal_and_numbers_are_numbers(shown, name):
    rows = shown[name]["data"]["values"]
    assert len(rows) >= 2
    for encoding in encodings(shown[name]):
        values = [row[encoding["field"]] for row in rows if encoding["field"] in row]
        if encoding["type"] == "quantitative":
            assert all(map(is_number, values)), encoding
        elif encoding["field"] in ("class", "actual", "predicted"):
            assert set(values) == set(CLASSES)
    assert shown[name].keys() >= {"title", "data"}


def is_number(value: Any) -> bool:
    float(value)
    return True


def test_both_runs_are_in_a_diff(compared):
    assert list(compared) == PLOTS
    for spec in compared.values():
        assert {row["rev"] for row in spec["data"]["values"]} == {"workspace", "main"}


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    if CHROMIUM is None:
        pytest.skip("chromium is not installed")
    if VEGA is None:
        pytest.skip("GROUNDWORK_VEGA names no folder with Vega, which DVC loads from the web")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page()
        for name in ("vega", "vega-lite", "vega-embed"):
            page.add_script_tag(path=Path(VEGA) / name / f"build/{name}.min.js")
        yield page
        browser.close()


def drawn(page: Page, spec: dict[str, Any]) -> tuple[dict[str, int], str]:
    """How many marks of each kind a plot has that take up space, and all its text."""
    page.set_content('<div id="plot"></div>')
    page.evaluate("spec => vegaEmbed('#plot', spec, {renderer: 'svg'}).then(() => null)", spec)
    found: dict[str, int] = page.evaluate(
        """() => {
            const found = {};
            for (const mark of document.querySelectorAll("#plot .mark-group g[class*='mark-']")) {
                const kind = mark.classList[0].replace("mark-", "");
                if (!mark.classList.contains("role-mark")) continue;
                for (const shape of mark.querySelectorAll("path, line")) {
                    const box = shape.getBoundingClientRect();
                    if (box.width + box.height > 0) found[kind] = (found[kind] || 0) + 1;
                }
            }
            return found;
        }"""
    )
    return found, page.locator("#plot").inner_text()


@pytest.mark.parametrize("name", PLOTS)
@pytest.mark.parametrize("command", ["shown", "compared"])
def test_a_plot_is_drawn_in_a_browser(page, request, command, name):
    marks, text = drawn(page, request.getfixturevalue(command)[name])
    kind, num = MARKS[name]
    assert marks.get(kind, 0) >= num * (2 if command == "compared" else 1), marks
    for word in WITH_NAMES.get(name, []):
        assert word in text
    if command == "compared":
        assert "workspace" in text
