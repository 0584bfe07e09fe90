"""The state after a killed `dvc exp run`: HEAD on a commit instead of a branch."""

import re
import subprocess
from collections.abc import Iterator

from pipeline.commands.repair.locks import DVC_TMP

MOVED = re.compile(r"checkout: moving from (\S+) to ([0-9a-f]{40})")
STASH = "stash@{0}"


def detached_head() -> Iterator[str]:
    """Say how to return HEAD to its branch, if an experiment may have detached it.

    DVC detaches HEAD while an experiment runs, and stashes uncommitted work for a moment. A commit
    that a person has checked out by its name is at the tip of no branch.
    """
    head = _git("rev-parse", "HEAD")
    if not head or _git("symbolic-ref", "-q", "HEAD") or not (DVC_TMP / "exps").is_dir():
        return
    moves = map(MOVED.fullmatch, (_git("reflog", "--format=%gs", "-n", "20") or "").splitlines())
    branch = next((move[1] for move in moves if move and move[2] == head), None)
    if branch is None or _git("rev-parse", "-q", "--verify", f"refs/heads/{branch}") != head:
        return
    yield (
        f"HEAD is on commit {head[:7]} instead of the branch {branch}, as a killed `dvc exp run` "
        f"leaves it; back, without a change to any file: git symbolic-ref HEAD refs/heads/{branch} "
        "(params.yaml may have values of the experiment: git diff HEAD params.yaml)"
    )
    if _git("rev-parse", "-q", "--verify", f"{STASH}^1") != head:
        return
    if _git("diff", "--quiet", STASH) is not None:
        yield f"{STASH} has your files as they are; you need it no longer: git stash drop {STASH}"
    else:
        yield (
            f"{STASH} has uncommitted work of then that your files lack: see git diff {STASH}, and "
            f"bring files back one by one: git checkout {STASH} -- FILE"
        )


def _git(*arguments: str) -> str | None:
    """The output of git; None if it fails, or is not there."""
    try:
        run = subprocess.run(["git", *arguments], capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return None
    return run.stdout.strip() if run.returncode == 0 else None
