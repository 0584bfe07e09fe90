"""dvc.yaml, params.yaml, the rooms of pipeline/ and their tests say the same."""

import ast
import re
from collections.abc import Iterable
from importlib import import_module
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from pipeline.commands.dag import KINDS, opened_parts, settings_read, with_code_deps
from pipeline.runtime.code import import_closure, imported_modules
from pipeline.runtime.settings import Settings
from tests.support.repository import ROOT

STAGES = ["check", "ingest", "validate", "clean", "augment", "describe", "train", "export"]
STAGES += ["evaluate", "report"]
LEARNS = ["train", "export", "evaluate", "report"]  # what `dvc exp run -S lr=...` runs
FLOORS = ["runtime", "reporting", "dataset", "sources", "modalities", "targets", "entry"]
FLOORS += ["serving", "learning", "stages", "params", "commands"]
FILES = sorted(path.relative_to(ROOT) for path in (ROOT / "pipeline").rglob("*.py"))
MOST_FILES = 15
DRAWS_LATER = {
    Path("pipeline/modalities/images/show/interface.py"),
    Path("pipeline/modalities/interactions/show/interface.py"),
    Path("pipeline/modalities/tables/show/interface.py"),
    Path("pipeline/modalities/text/show/interface.py"),
    Path("pipeline/targets/classes/describe/suspected.py"),
    Path("pipeline/targets/numbers/describe/interface.py"),
}
"""What the review page opens too, which should not wait for Matplotlib."""


def load_yaml(name: str) -> dict:
    return YAML(typ="safe").load((ROOT / name).read_text())


DVC, PARAMS = load_yaml("dvc.yaml"), load_yaml("params.yaml")


def paths(stage: str, *sections: str) -> list[str]:
    """What a stage of dvc.yaml lists, without options."""
    entries = [entry for section in sections for entry in DVC["stages"][stage].get(section, [])]
    return [entry if isinstance(entry, str) else next(iter(entry)) for entry in entries]


# The rooms


def test_the_stages_are_rooms_of_pipeline():
    assert list(DVC["stages"]) == STAGES
    rooms = {path.parent.name for path in (ROOT / "pipeline").glob("*/__main__.py")}
    assert rooms == set(STAGES)


def room_of(module: str) -> str:
    return ".".join(module.split(".")[1:2])


def floor_of(module: str) -> int:
    room = room_of(module)
    return FLOORS.index("stages" if room in STAGES else room)


@pytest.mark.parametrize("path", FILES, ids=str)
def test_imports_point_down_the_floors(path):
    """Stages meet on disk alone. All of params.yaml is put together of what stages declare."""
    inside = ".".join(path.with_suffix("").parts)
    for module in imported_modules(path):
        if not module.startswith("pipeline.") or room_of(module) == room_of(inside):
            continue
        if room_of(inside) == "params":
            assert re.match(r"pipeline\.(\w+\.params|runtime)\b", module), module
        elif room_of(inside) == "check" and room_of(module) == "params":
            continue  # the stage that reads all of params.yaml
        else:
            assert floor_of(module) < floor_of(inside), f"{path} imports {module}"


def test_no_import_goes_in_a_circle():
    todo = {path: direct_imports(path) for path in FILES}
    while ready := [path for path, files in todo.items() if not files & todo.keys()]:
        for path in ready:
            del todo[path]
    assert not todo, "a circle is among these"


def direct_imports(path: Path) -> set[Path]:
    modules = {Path(*module.split(".")) for module in imported_modules(path)}
    files = {file for m in modules for file in (m.with_suffix(".py"), m / "__init__.py")}
    return (files & set(FILES)) - {path}


@pytest.mark.parametrize("path", FILES, ids=str)
def test_nothing_of_ours_is_imported_inside_a_function(path):
    """That would hide a circle, or a room that is entered from below.

    Commands may, so that `--help` needs no torch: nothing is above them. So may DRAWS_LATER.
    """
    if path.parts[1] == "commands" or path in DRAWS_LATER:
        return
    for node in ast.walk(ast.parse((ROOT / path).read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            inside = [n for n in ast.walk(node) if isinstance(n, ast.ImportFrom)]
            assert not [n.lineno for n in inside if f"{n.module}".startswith("pipeline")]


@pytest.mark.parametrize("path", [p for p in FILES if p.name == "__init__.py"], ids=str)
def test_packages_have_no_code_of_their_own(path):
    """So that importing one module of a folder runs no other. The first one sets up the process."""
    if path == Path("pipeline/__init__.py"):
        assert set(imported_modules(path)) == {"atexit", "gc", "sys"}
    else:
        assert (ROOT / path).read_text() == ""


def test_no_folder_shows_more_than_one_can_see_at_a_glance():
    for folder in {path.parent for path in FILES}:
        files = {path.name for path in (ROOT / folder).iterdir() if path.is_file()}
        assert len(files - {"__init__.py"}) <= MOST_FILES, folder


def test_tests_mirror_the_rooms():
    for path in (ROOT / "tests").rglob("test_*.py"):
        folder = path.relative_to(ROOT / "tests").parent
        if folder.parts[:1] != ("whole",):
            assert (ROOT / "pipeline" / folder).is_dir(), f"{path} is of no room"


# Code that a stage runs


def test_make_dag_would_change_nothing():
    text = (ROOT / "dvc.yaml").read_text()
    assert with_code_deps(text) == text, "run make dag"


@pytest.mark.parametrize("stage", STAGES)
def test_code_deps_are_the_import_closure(stage):
    """Written out, so that a fault of `cover` shows.

    Of a modality and a target the sub-packages are listed whole that are opened, or that these use.
    """
    needed = import_closure(f"pipeline.{stage}.__main__")
    opened = opened_parts(needed)
    assert stage == "check" or opened, "a stage that opens nothing"
    modules = [(floor, f"{part}.interface") for floor, part in opened]
    if stage != "check":  # which can only refuse, also where a folder is missing
        modules += [(floor, f"{part}.settings") for floor, part in settings_read(needed)]
    for floor, module in modules:
        for package in KINDS[floor][1].values():
            needed |= import_closure(f"{package}.{module}")
    listed = files_of(dep for dep in paths(stage, "deps") if dep.startswith("pipeline/"))
    assert needed <= listed
    rest = listed - needed
    assert all(file.parts[1] in KINDS for file in rest), "more than the stage runs"


def files_of(deps: Iterable[str]) -> set[Path]:
    """Files with code of some paths in dvc.yaml, for every modality and target."""
    found: set[Path] = set()
    for dep in deps:
        for key, packages in KINDS.values():
            names = packages if "${" + key + "}" in dep else [""]
            for path in {Path(dep.replace("${" + key + "}", name)) for name in names}:
                if "$" not in str(path):
                    found |= {path} if path.suffix else set(path.rglob("*.py"))
    return {file for file in found if (ROOT / file).read_text()}


@pytest.mark.parametrize("floor", list(KINDS))
def test_every_package_that_is_opened_by_name_has_the_same_sub_packages(floor):
    """DVC asks for each that a stage lists, whatever the modality."""
    key, packages = KINDS[floor]
    listed = {
        m
        for s in STAGES
        for m in re.findall(rf"pipeline/{floor}/\$\{{{key}\}}/(\w+)", " ".join(paths(s, "deps")))
    }
    for name in packages:
        folder = ROOT / "pipeline" / floor / name
        assert {path.name for path in folder.iterdir() if path.is_dir()} - {"__pycache__"} == listed
        assert [path.name for path in folder.glob("*.py")] == ["__init__.py"]


@pytest.mark.parametrize("stage", STAGES)
def test_no_shell_stays_between_dvc_and_the_stage_which_knows_dvc(stage):
    assert DVC["stages"][stage]["cmd"] == (
        f"exec sh -c 'DVC_PID=$PPID exec python -m pipeline.{stage}'"
    )


@pytest.mark.parametrize("room", STAGES)
def test_an_edit_in_a_room_runs_its_stage_alone(room):
    """A new field of a section runs `check` too, which reads all of params.yaml, in a moment."""
    mine = {s: {d for d in paths(s, "deps") if is_in_room(d, room)} for s in STAGES}
    readers = {stage for stage, deps in mine.items() if deps}
    assert readers - {"check"} == {room} - {"check"}
    if room != "check":
        assert mine["check"] <= {f"pipeline/{room}/params.py"}


def is_in_room(path: str, room: str) -> bool:
    return path == f"pipeline/{room}" or path.startswith(f"pipeline/{room}/")


# Parameters


def params_type(stage: str, modality: str = "images", target: str = "classes") -> type[Settings]:
    """All that a stage reads of params.yaml."""
    made = getattr(import_module(f"pipeline.{stage}.params"), f"{stage}_params")
    return made(modality, target)


def keys_of(model: type[Settings]) -> dict[str, type]:
    return {field.alias or name: field.annotation for name, field in model.model_fields.items()}


@pytest.mark.parametrize("stage", STAGES[1:])
def test_a_stage_declares_the_params_that_it_may_read(stage):
    declared = [key for key in DVC["stages"][stage].get("params", []) if isinstance(key, str)]
    assert sorted(declared) == sorted(keys_of(params_type(stage)))


@pytest.mark.parametrize("stage", STAGES[1:])
def test_every_param_of_a_section_is_read(stage):
    """In its room, or where the modality or the target is that added it."""
    rooms = [ROOT / "pipeline" / stage, *((ROOT / "pipeline" / floor) for floor in KINDS)]
    code = "\n".join(
        p.read_text() for r in rooms for p in r.rglob("*.py") if p.name not in ("settings.py",)
    )
    for name, annotation in keys_of(params_type(stage)).items():
        is_section = isinstance(annotation, type) and issubclass(annotation, Settings)
        for key in annotation.model_fields if is_section else [name]:
            if key not in ("modality", "target"):  # the frame reads them
                assert re.search(rf"\.{key}\b|\"{key}\"", code), f"{stage} never reads {key}"


def test_every_param_is_declared_by_a_stage():
    """A key that no stage lists would make experiments that change nothing, in silence."""
    assert set().union(*(keys_of(params_type(stage)) for stage in STAGES[1:])) == set(PARAMS)


def test_check_reads_all_of_params_and_leaves_a_file_that_ingest_reads():
    assert {"params.yaml": None} in DVC["stages"]["check"]["params"]
    (output,) = DVC["stages"]["check"]["outs"]
    assert output in DVC["stages"]["ingest"]["deps"]


@pytest.mark.parametrize("stage", [s for s in STAGES if s not in LEARNS and s != "check"])
def test_params_of_training_run_nothing_before_it(stage):
    keys = {key for key in DVC["stages"][stage].get("params", []) if isinstance(key, str)}
    assert not keys & (keys_of(params_type("train")).keys() - {"seed", "modality", "target"})


# Outputs


def test_no_stage_reads_a_report():
    assert not [dep for stage in STAGES for dep in paths(stage, "deps") if "reports" in dep]


def test_reports_are_metrics_or_written_by_the_two_stages_that_present():
    for stage in STAGES:
        outs = [out for out in paths(stage, "outs") if out.startswith("reports/")]
        assert not outs or stage in ("describe", "report")


def test_plots_are_declared_at_the_top_alone():
    """DVC would draw one that a stage declares too a second time."""
    assert not [stage for stage in STAGES if "plots" in DVC["stages"][stage]]
    outs = [out for stage in ("describe", "report") for out in paths(stage, "outs")]
    for plot in DVC["plots"]:
        (options,) = plot.values()
        for path in options["y"]:
            assert any(path.startswith(f"{out}/") for out in outs), f"no stage writes {path}"


def test_no_dear_stage_goes_without_the_run_cache():
    """`cache: false` on an out that is no metric and no plot takes it away, as does `persist`."""
    for name, stage in DVC["stages"].items():
        with_options = [out for out in stage.get("outs", []) if not isinstance(out, str)]
        assert not with_options or name in ("augment", "describe", "report")
        for report in stage.get("metrics", []):
            assert all(options == {"cache": False} for options in report.values())


def test_what_is_served_is_named():
    assert DVC["artifacts"]["classifier"]["path"] in DVC["stages"]["export"]["outs"]
