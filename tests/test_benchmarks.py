"""Every benchmark can be imported, and answers --help; packages of peers need not be there.

All are imported in one process, since most of the time goes into torch.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.repository import ROOT

FOLDER = ROOT / "benchmarks"
NAMES = sorted(path.stem for path in FOLDER.glob("*.py"))
WITHOUT_COMMAND = {
    "broken",
    "serving_peers",
    "table_breaks",
    "table_data",
    "table_networks",
    "table_peers",
    "text_breaks",
    "text_data",
    "cifar",
    "copies",
    "corruptions",
    "data_trials",
    "drafts",
    "interaction_trials",
    "ranked",
    "patches",
    "results",
}
"""What others import."""
RUN_ALONE = {"all", "figures", "loader_peers", "same_values", "stage_costs"}
PROBE = """
import ast, contextlib, importlib, io, json, sys, traceback
from pathlib import Path

folder, names = sys.argv[1], sys.argv[2:]
sys.path.insert(0, folder)


def unknown_names(name):
    "Imports from this project, also those within functions, that find nothing."
    for node in ast.walk(ast.parse(Path(folder, name + ".py").read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module.split(".")[0] in ("pipeline", "tests"):
            module = importlib.import_module(node.module)
            names = [alias.name for alias in node.names]
            yield from (f"{node.module}.{n}" for n in names if not hasattr(module, n))


def probe(name):
    found = {"error": "", "unknown": [], "help": None}
    try:
        main = getattr(importlib.import_module(name), "main", None)
        found["unknown"] = list(unknown_names(name))
        if main is not None:
            sys.argv = [name + ".py", "--help"]
            output = io.StringIO()
            with contextlib.redirect_stdout(output), contextlib.suppress(SystemExit):
                main()
            found["help"] = output.getvalue()
    except Exception:
        found["error"] = traceback.format_exc()
    return found


print(json.dumps({name: probe(name) for name in names}))
"""


@pytest.fixture(scope="module")
def probed() -> dict[str, dict]:
    command = [sys.executable, "-c", PROBE, str(FOLDER), *NAMES]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.parametrize("name", NAMES)
def test_a_benchmark_is_imported_and_answers_help(probed, name):
    found = probed[name]
    assert found["error"] == ""
    assert found["unknown"] == []
    if name in WITHOUT_COMMAND:
        assert found["help"] is None
    else:
        assert found["help"].startswith(f"usage: {name}.py")


def test_a_benchmark_says_how_it_is_run():
    for name in sorted({*NAMES} - WITHOUT_COMMAND):
        text = Path(FOLDER / f"{name}.py").read_text(encoding="utf-8")
        assert f"python benchmarks/{name}.py" in text.split('"""')[1], name


def test_make_bench_runs_every_benchmark_and_says_what_the_others_lack():
    environment = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    command = [sys.executable, str(FOLDER / "all.py"), "--list"]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=True)
    lines = done.stdout.splitlines()
    listed = {line.split()[1].removesuffix(".py") for line in lines}
    assert listed == {*NAMES} - WITHOUT_COMMAND - RUN_ALONE
    assert "runs    diff.py" in lines
    assert "skipped tables.py  GROUNDWORK_TABLES names no folder" in lines


def test_the_page_of_figures_is_made_of_the_results():
    code = "import figures; print(figures.page(), end='')"
    made = subprocess.run(
        [sys.executable, "-c", code], cwd=FOLDER, capture_output=True, text=True, check=True
    )
    assert (FOLDER / "README.md").read_text() == made.stdout, "run make figures"


@pytest.mark.parametrize("path", sorted(FOLDER.glob("results/*.json")), ids=lambda p: p.stem)
def test_a_result_names_its_command_machine_and_number_of_runs(path):
    result = json.loads(path.read_text())
    assert all(result[key] for key in ("command", "date", "machine", "figures"))
    for figure in result["figures"]:
        assert figure["n"] >= 1
        assert len(figure["ratio"]) in (0, 1, 3)
        assert figure["peer"] or not figure["ratio"]


def test_readme_shows_figures_of_the_results():
    code = (
        "import figures; text = figures.README.read_text(encoding='utf-8'); "
        "print(figures.readme(text) == text)"
    )
    command = [sys.executable, "-c", code]
    made = subprocess.run(command, cwd=FOLDER, capture_output=True, text=True, timeout=60)
    assert made.stdout == "True\n", f"run make figures {made.stderr}"
