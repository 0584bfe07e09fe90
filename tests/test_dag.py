"""dvc.yaml, params.yaml and the code say the same; imports point down."""

import ast
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from pipeline.commands.dag import with_code_deps
from pipeline.runtime.code import import_closure, imported_modules
from tests.support.repository import ROOT

STAGES = ["ingest", "validate", "clean", "augment", "train", "evaluate"]
FLOORS = [
    "",
    "runtime",
    "reporting",
    "dataset",
    "modalities",
    "params",
    "learning",
    "stages",
    "commands",
]
FILES = sorted(path.relative_to(ROOT) for path in (ROOT / "pipeline").rglob("*.py"))


def load_yaml(name: str) -> dict:
    return YAML(typ="safe").load((ROOT / name).read_text())


DVC, PARAMS = load_yaml("dvc.yaml"), load_yaml("params.yaml")


def test_the_stages_are_rooms_of_pipeline():
    assert list(DVC["stages"]) == STAGES
    rooms = {path.parent.name for path in (ROOT / "pipeline").glob("*/__main__.py")}
    assert rooms == set(STAGES)


def test_make_dag_would_change_nothing():
    text = (ROOT / "dvc.yaml").read_text()
    assert with_code_deps(text) == text, "run make dag"


@pytest.mark.parametrize("stage", STAGES)
def test_code_deps_are_the_import_closure(stage):
    """Written out, so that a fault of `cover` shows."""
    deps = [Path(dep) for dep in DVC["stages"][stage]["deps"] if dep.startswith("pipeline/")]
    files = [f for dep in deps for f in ([dep] if dep.suffix else dep.rglob("*.py"))]
    with_code = {file for file in files if file.read_text().strip()}
    assert with_code == import_closure(f"pipeline.{stage}.__main__")


@pytest.mark.parametrize("stage", STAGES)
def test_no_shell_stays_between_dvc_and_the_stage_which_knows_dvc(stage):
    assert DVC["stages"][stage]["cmd"] == f"exec env DVC_PID=$PPID python -m pipeline.{stage}"


def leaves(values: object, prefix: str = "") -> set[str]:
    if not isinstance(values, dict):
        return {prefix}
    return {leaf for key, v in values.items() for leaf in leaves(v, f"{prefix}.{key}".lstrip("."))}


def declared_params(stage: str) -> set[str]:
    declared = set()
    for entry in DVC["stages"][stage]["params"]:
        if isinstance(entry, str):
            declared |= leaves(PARAMS[entry], entry)
    return declared


def chain(node: ast.AST) -> list[str]:
    """`a.b.c` as its names."""
    if isinstance(node, ast.Attribute):
        return [*chain(node.value), node.attr]
    return [node.id] if isinstance(node, ast.Name) else [""]


def given_params(tree: ast.AST) -> set[Path]:
    """The modules that a stage gives all its params to, as in `Recipe.of(params, seed)`."""
    modules = {
        alias.name: node.module
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    given = {chain(c.func)[0] for c in calls if any(chain(a)[-1] == "params" for a in c.args)}
    return {
        ROOT.joinpath(*modules[name].split(".")).with_suffix(".py") for name in given & {*modules}
    }


def read_params(stage: str) -> set[str]:
    """Params that a stage's file reads, or a module to which it gives them."""
    path = ROOT / "pipeline" / stage / "__main__.py"
    files = {path, *given_params(ast.parse(path.read_text()))}
    return set.union(*(params_in(ast.parse(file.read_text())) for file in files))


def params_in(tree: ast.AST) -> set[str]:
    """Params that are read, as `params.lr`, `stage.params.clean.folds`, or by a name for a
    section: `clean = stage.params.clean`."""
    names = {"params": ""}  # a local name, and the section that it stands for
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Attribute):
            path = chain(node.value)
            if "params" in path and isinstance(node.targets[0], ast.Name):
                section = ".".join(path[path.index("params") + 1 :])
                names[node.targets[0].id] = section
    found = set()
    for node in ast.walk(tree):
        path = chain(node) if isinstance(node, ast.Attribute) else []
        if "params" in path:
            path = path[path.index("params") :]
        if path and path[0] in names:
            found.add(".".join(filter(None, [names[path[0]], *path[1:]])))
    found = {name.replace("validation", "validate") for name in found}  # see params.py
    every = leaves(PARAMS)
    return {leaf for leaf in every if leaf in found}


@pytest.mark.parametrize("stage", STAGES)
def test_every_param_read_is_declared_and_every_declared_one_read(stage):
    assert read_params(stage) == declared_params(stage)


def test_every_param_is_declared_by_a_stage():
    """A key that no stage lists would make experiments that change nothing, in silence."""
    assert set.union(*map(declared_params, STAGES)) == leaves(PARAMS)


def room_of(module: str) -> str:
    return ".".join(module.split(".")[1:2])


def floor_of(module: str) -> int:
    room = room_of(module)
    return FLOORS.index("stages" if room in STAGES else room)


@pytest.mark.parametrize("path", FILES, ids=str)
def test_imports_point_down_the_floors(path):
    """A room may import itself and floors below; stages meet on disk alone."""
    inside = ".".join(path.with_suffix("").parts)
    for module in imported_modules(path):
        if not module.startswith("pipeline.") or room_of(module) == room_of(inside):
            continue
        assert floor_of(module) < floor_of(inside), f"{path} imports {module}"


def test_what_git_tracks_keeps_the_run_cache():
    """`cache: false` on an out that is no metric and no plot disables it for its stage."""
    for name, stage in DVC["stages"].items():
        without = [out for out in stage["outs"] if not isinstance(out, str)]
        assert not without or name == "augment", f"{without} would take the run-cache from {name}"
        for report in [*stage.get("metrics", []), *stage.get("plots", [])]:
            assert all(options["cache"] is False for options in report.values())


def test_a_model_is_named():
    assert DVC["artifacts"]["classifier"]["path"] in DVC["stages"]["train"]["outs"]
