"""The state of data/reviews/<dataset>.csv in git and DVC.

`dvc exp run` stashes the workspace, moves HEAD, and restores the stash; this fails if somebody
writes to the file meanwhile. So nothing is written into it then.
"""

import fcntl
import json
import subprocess
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import psutil  # type: ignore[import-untyped]

from pipeline.dataset.review.decisions import bare, split_records
from pipeline.runtime.errors import ReviewError

DVC_TMP = Path(".dvc/tmp")
DVC_LOCK = DVC_TMP / "lock"
PID_FILES = (DVC_LOCK, DVC_TMP / "exps/run/workspace/workspace.json")
"""Files in which DVC notes the process that runs an experiment in this workspace."""
EXPERIMENT_REFS = ("refs/exps/stash", "refs/exps/exec/EXEC_BASELINE")
"""References that exist while an experiment begins, and while one runs."""


def is_version_of_git(path: Path) -> bool:
    """Whether git has the content of a file, so that git may have put it there."""
    hashed = _git("hash-object", "--", str(path))
    return hashed is not None and _git("cat-file", "-e", hashed.decode().strip()) is not None


def lines_of_branches(path: Path) -> list[Counter[str]]:
    """The lines of a CSV file at the tip of each branch, with their counts."""
    tips = _git("for-each-ref", "--format=%(objectname)", "refs/heads", "refs/remotes") or b""
    return _lines(path, sorted(set(tips.decode().split())))


def lines_of_branch(path: Path) -> Counter[str] | None:
    """The lines of a CSV file on the branch of HEAD; None when HEAD is detached."""
    if _git("symbolic-ref", "-q", "HEAD") is None:
        return None
    return next(iter(_lines(path, ["HEAD"])), None)


def is_detached() -> bool:
    """Whether HEAD is on no branch, as after an experiment that was killed."""
    return _git("rev-parse", "-q", "--verify", "HEAD") is not None and (
        _git("symbolic-ref", "-q", "HEAD") is None
    )


@contextmanager
def left_alone_by_dvc() -> Iterator[bool]:
    """Whether no experiment of DVC runs; inside the block none can begin."""
    try:
        lock = DVC_LOCK.open("r+b")
    except OSError:  # DVC has never run here
        yield not _experiment_runs()
        return
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield not _experiment_runs()


def _experiment_runs() -> bool:
    """Whether an experiment runs in this workspace, or is about to."""
    paths = _paths_of_refs(Path.cwd())
    return any(path.exists() for path in paths) and any(map(_is_alive, PID_FILES))


@cache
def _paths_of_refs(_root: Path) -> list[Path]:
    """Paths of the references of experiments."""
    found = [_git("rev-parse", "--git-path", ref) for ref in EXPERIMENT_REFS]
    return [Path(path.decode().strip()) for path in found if path]


def _is_alive(path: Path) -> bool:
    """Whether the process noted in a file of DVC lives, and is not a later one with its number."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))  # the lock has the number alone
        number = content["pid"] if isinstance(content, dict) else int(content)
        created: float = psutil.Process(number).create_time()
        return created <= path.stat().st_mtime + 1
    except (OSError, ValueError, KeyError, TypeError, psutil.Error):
        return False


def _lines(path: Path, revisions: list[str]) -> list[Counter[str]]:
    named = "".join(f"{revision}:./{path.as_posix()}\n" for revision in revisions)
    found = _git("cat-file", "--batch-check=%(objectname) %(objecttype)", stdin=named.encode())
    blobs = {line.split()[0] for line in (found or b"").splitlines() if line.endswith(b" blob")}
    contents = [_git("cat-file", "blob", blob.decode()) for blob in sorted(blobs)]
    return [_counted(content, path) for content in contents if content is not None]


def _counted(content: bytes, path: Path) -> Counter[str]:
    try:
        text = content.decode("utf-8-sig")
        return Counter(bare(record.text) for record in split_records(text, path))
    except (UnicodeDecodeError, ReviewError):  # counts as none
        return Counter()


def _git(*arguments: str, stdin: bytes = b"") -> bytes | None:
    """The output of git; None when it fails, or is not there."""
    try:
        done = subprocess.run(["git", *arguments], input=stdin, capture_output=True, check=False)
    except FileNotFoundError:
        return None
    return done.stdout if done.returncode == 0 else None
