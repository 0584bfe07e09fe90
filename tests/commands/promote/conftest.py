"""A project with three runs, and the command in it."""

import shutil
from collections.abc import Callable

import pytest

from pipeline.commands.frame import run_command
from pipeline.commands.promote import __main__ as promote
from pipeline.commands.promote.arguments import parser
from tests.support.releases import Project
from tests.support.repository import ROOT, environment


@pytest.fixture(scope="session")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Commits `poor`, `good` and `best`, each better than the one before; nothing is promoted."""
    project = Project(tmp_path_factory.mktemp("runs"))
    for name, noise in (("poor", 0.3), ("good", 0.1), ("best", 0.0)):
        project.add_run(name, noise)
        project.run(f"git branch {name}")
    return project


@pytest.fixture
def project(
    runs: Project, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Project:
    """A copy of it; the current folder."""
    path = tmp_path_factory.mktemp("copy") / "project"
    shutil.copytree(runs.path, path, symlinks=True)
    copy = Project.__new__(Project)
    copy.__dict__ |= runs.__dict__ | {"path": path}
    monkeypatch.chdir(path)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    for name, value in environment().items():
        if name.startswith("GIT_"):
            monkeypatch.setenv(name, value)
    return copy


@pytest.fixture
def ask(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    """Runs the command; returns its status and what it printed."""

    def run(*arguments: str) -> tuple[int, str, str]:
        try:
            run_command(lambda: promote.main(parser().parse_args(arguments)))
        except SystemExit as end:
            return (int(end.code or 0), *capsys.readouterr())
        return (0, *capsys.readouterr())

    return run
