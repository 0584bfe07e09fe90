"""`groundwork` finds the project, runs its own code there, and says what it can do at once."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.commands import frame
from pipeline.commands.groundwork.listing import COMMANDS
from tests.support.repository import ROOT, Repository, environment, make_clone


@pytest.fixture(scope="module")
def project(tmp_path_factory) -> Repository:
    """Only to be read."""
    return make_clone(tmp_path_factory.mktemp("groundwork") / "clone")


def run_at(folder: Path, command: str, expect: int = 0) -> str:
    return Repository(folder).run(command, expect=expect)


def test_every_room_with_arguments_is_a_command():
    rooms = {path.parent.name for path in (ROOT / "pipeline/commands").glob("*/arguments.py")}
    assert rooms == set(COMMANDS)


def test_help_has_a_line_for_each_command(project):
    lines = project.run("groundwork --help").splitlines()
    for name, command in COMMANDS.items():
        assert f"  {name:<10}  {command.sentence}" in lines
    assert run_at(project.path / "docs", "groundwork").splitlines() == lines


@pytest.mark.parametrize("name", COMMANDS)
def test_help_of_a_command_is_its_own(project, name):
    printed = project.run(f"groundwork {name} --help")
    assert printed.startswith(f"usage: groundwork {name} [-h]")


def test_help_waits_for_no_large_package():
    code = """
import sys
from pathlib import Path
from pipeline.commands.groundwork.__main__ import run
run(["--help"], Path.cwd())
assert not {"numpy", "pyarrow", "pydantic", "dvc", "ruamel", "shtab"} & set(sys.modules)
"""
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True)


@pytest.mark.parametrize(
    ("given", "line"),
    [
        (
            "reveiw",
            "ERROR groundwork has no command reveiw "
            "| fix: did you mean groundwork review? see groundwork --help\n",
        ),
        ("xyz", "ERROR groundwork has no command xyz | fix: see groundwork --help\n"),
        ("--ids", "ERROR groundwork has no option --ids | fix: see groundwork --help\n"),
    ],
)
def test_an_unknown_command(project, given, line):
    assert project.run(f"groundwork {given}", expect=2) == line


def test_the_code_is_that_of_the_project_one_stands_in(project, tmp_path):
    other = Repository(tmp_path / "other")
    shutil.copytree(project.path, other.path)
    listing = other.path / "pipeline/commands/groundwork/listing.py"
    listing.write_text(listing.read_text().replace("make params.yaml ready", "another sentence"))
    assert "another sentence" in run_at(other.path / "docs", "groundwork --help")
    assert "another sentence" not in project.run("groundwork --help")
    for option in (f"--project {other.path}", f"--project={other.path}/docs"):
        assert "another sentence" in run_at(tmp_path, f"groundwork {option} --help")
        assert "another sentence" in project.run(f"groundwork {option} --help")


def test_outside_a_project(tmp_path):
    fix = " | fix: go to your project, or name it: groundwork --project DIR COMMAND ...\n"
    assert run_at(tmp_path, "groundwork use digits", expect=2) == (
        f"ERROR {tmp_path} is in no project: no folder from there upwards has dvc.yaml and "
        f"pipeline/{fix}"
    )
    assert run_at(tmp_path, "groundwork --help").startswith("usage: groundwork [--project DIR]")
    for option in ("--project", "--project nowhere", "--project="):
        name = option.removeprefix("--project").lstrip(" =")
        line = f"ERROR --project is {name!r}, which is no folder{fix}"
        assert run_at(tmp_path, f"groundwork {option}", expect=2) == line
    gone = "mkdir gone; cd gone; rmdir ../gone; groundwork use digits"
    assert run_at(tmp_path, gone, expect=2) == f"ERROR the current folder exists no longer{fix}"


def test_paths_start_where_one_stands(here, monkeypatch):
    monkeypatch.setattr(frame, "_start", Path())
    for folder, given, expected in [
        (here, "cat.jpg", "cat.jpg"),
        (here, "../cat.jpg", "../cat.jpg"),
        (here / "photos", "cat.jpg", "photos/cat.jpg"),
        (here / "photos", "../cat.jpg", "photos/../cat.jpg"),
        (here / "photos", "/data/cat.jpg", "/data/cat.jpg"),
        (Path("/elsewhere"), "cat.jpg", "/elsewhere/cat.jpg"),
    ]:
        frame.stand_in(folder)
        assert str(frame.from_start(given)) == expected
        assert str(frame.as_given(frame.from_start(given))) == given


def test_a_source_to_add_starts_where_one_stands(here, monkeypatch):
    from pipeline.commands.add.arguments import parser

    monkeypatch.setattr(frame, "_start", Path("notes"))
    for given, expected in [
        ("../pets", "pets"),
        ("pets", "notes/pets"),
        ("/data/pets", "/data/pets"),
        ("s3://bucket/pets", "s3://bucket/pets"),
        ("builtin:digits", "builtin:digits"),
    ]:
        assert parser().parse_args(["pets", given]).uri == expected


def test_an_interrupt_is_130(capsys):
    def interrupted() -> None:
        raise KeyboardInterrupt

    with pytest.raises(SystemExit) as caught:
        frame.run_command(interrupted)
    assert (caught.value.code, capsys.readouterr().err) == (130, "interrupted\n")


def test_a_reader_that_has_enough_is_no_error(project):
    read, write = os.pipe()
    os.close(read)
    with os.fdopen(write, "wb") as closed:
        result = subprocess.run(
            ["groundwork", "completion", "--datasets"],
            cwd=project.path,
            env=environment(),
            stdout=closed,
            stderr=subprocess.PIPE,
            check=False,
        )
    assert (result.returncode, result.stderr) == (141, b"")
