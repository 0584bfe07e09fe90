"""What is installed is pinned by its digest, and what runs foreign code has no right to write."""

import re
from pathlib import Path
from typing import Any

import pytest

from pipeline.runtime.settings import read_yaml

ROOT = Path(__file__).parents[1]
LOCKS = ["requirements.txt", ".github/requirements.txt", "requirements-serve.txt"]
WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))


@pytest.mark.parametrize("name", LOCKS)
def test_every_package_of_a_lock_has_a_version_and_hashes(name: str) -> None:
    requirements = re.split(r"\n(?=\S)", (ROOT / name).read_text().strip())
    assert len(requirements) > 15
    for requirement in requirements:
        assert re.match(r"[a-z0-9._-]+(\[[a-z0-9,-]+\])?==\S+", requirement), requirement
        assert "--hash=sha256:" in requirement, requirement


def test_locks_have_the_same_versions() -> None:
    versions = [
        dict(re.findall(r"^([a-z0-9._-]+)(?:\[\S+\])?==(\S+)", (ROOT / name).read_text(), re.M))
        for name in LOCKS
    ]
    for some in versions[1:]:
        assert {name: versions[0].get(name) for name in some} == some


def test_a_server_needs_no_more_than_it_asks_for() -> None:
    """No torch, Arrow or pandas, whose absence is most of its 220 MB."""
    names = re.findall(r"^([a-z0-9._-]+)==", (ROOT / "requirements-serve.txt").read_text(), re.M)
    assert not {"torch", "pyarrow", "pandas", "scipy", "dvc", "onnx"} & set(names)
    assert len(names) < 30


def test_set_up_requires_the_hashes() -> None:
    assert "--require-hashes --requirement requirements.txt" in (ROOT / "Makefile").read_text()


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_actions_are_pinned_by_commit(path: Path) -> None:
    used = re.findall(r"uses: (\S+)", path.read_text())
    assert used
    for action in used:
        assert re.fullmatch(r"[\w./-]+@[0-9a-f]{40}", action)


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_a_job_that_checks_out_code_can_write_nothing_and_keeps_no_token(path: Path) -> None:
    workflow = read_yaml(path)
    assert workflow["permissions"] == {"contents": "read"}
    for name, job in workflow["jobs"].items():
        steps: list[dict[str, Any]] = job["steps"]
        checkouts = [step for step in steps if "checkout@" in step.get("uses", "")]
        if checkouts:
            assert "permissions" not in job, name
            assert all(step["with"]["persist-credentials"] is False for step in checkouts), name
        else:
            assert not any("pip" in step.get("run", "") for step in steps), name
