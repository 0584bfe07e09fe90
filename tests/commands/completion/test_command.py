"""Shells complete commands, options, datasets and files, by scripts that they take."""

import shutil

import pytest

from pipeline.commands.completion.arguments import SHELLS
from pipeline.commands.groundwork.listing import COMMANDS
from tests.support.marks import slow
from tests.support.repository import Repository, make_clone

COMPLETE = """
source completion.bash
COMP_WORDS=({words} "{start}")
COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))
_shtab_groundwork
echo "${{COMPREPLY[*]}}"
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory) -> Repository:
    repository = make_clone(tmp_path_factory.mktemp("completion") / "clone")
    repository.run("groundwork completion bash > completion.bash")
    return repository


@pytest.mark.parametrize(
    ("words", "start", "expected"),
    [
        ("", "", " ".join(COMMANDS)),
        ("", "re", "review repair"),
        ("use", "ci", "cifar10 cifar100"),
        ("use cifar10", "--k", "--keep"),
        ("add", "dig", "digits"),
        ("forget --dataset", "dig", "digits"),
        ("forget --ids-file", "READ", "README.md"),
        ("predict", "READ", "README.md"),
        ("--project", "pipel", "pipeline"),
        ("--project .", "us", "use"),
        ("completion", "f", "fish"),
    ],
)
def test_bash_completes(project, words, start, expected):
    script = project.path / "complete.sh"
    script.write_text(COMPLETE.format(words=f"groundwork {words}", start=start))
    assert project.run("bash complete.sh").split() == expected.split()


@pytest.mark.parametrize("shell", SHELLS)
def test_there_is_a_script_for_each_shell(project, shell):
    script = project.run(f"groundwork completion {shell}")
    assert all(command.sentence in script or name in script for name, command in COMMANDS.items())
    assert "groundwork completion --datasets" in script
    if shutil.which(shell) and shell != "tcsh":
        (project.path / "script").write_text(script)
        project.run(f"{shell} -n script")


@pytest.mark.skipif(shutil.which("fish") is None, reason="needs fish")
@pytest.mark.parametrize(
    ("words", "expected"),
    [
        slow("re", ["repair", "review"]),
        ("use ci", ["cifar10", "cifar100"]),
        slow("use --k", ["--keep"]),
    ],
)
def test_fish_completes(project, words, expected):
    project.run("groundwork completion fish > completion.fish")
    command = f"source completion.fish; complete -C 'groundwork {words}'"
    lines = project.run(f'fish --no-config -c "{command}"').splitlines()
    assert sorted(line.split("\t")[0] for line in lines) == expected


def test_datasets_are_those_of_the_catalog(project):
    names = sorted(path.stem for path in (project.path / "data/catalog").glob("*.yaml"))
    assert project.run("groundwork completion --datasets").split() == names


def test_no_shell(project):
    assert project.run("groundwork completion", expect=1) == (
        "ERROR no shell is named "
        "| fix: name one of bash, zsh, fish, tcsh: groundwork completion bash\n"
    )
