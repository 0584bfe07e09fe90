"""Outputs of the pipeline at another commit, branch, tag or experiment, as DVC keeps them."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pipeline.runtime.errors import CompareError, MissingInput


def read_output(path: str, revision: str | None) -> bytes:
    """Content of a file that DVC or git tracks: in the workspace (None), or at a revision of git.

    It comes from the cache, or else from a remote.

    Raises:
        MissingInput: it is in none of these.
        CompareError: there is no such revision, or it has no such file.
    """
    if revision is None:
        try:
            return Path(path).read_bytes()
        except FileNotFoundError:
            raise MissingInput(f"{path} does not exist", fix=f"dvc pull {path}") from None
    with outputs_at(path, revision) as files, files.open(path, "rb") as file:
        content: bytes = file.read()
    return content


def copy_output(path: str, revision: str, place: Path) -> None:
    """Copy a folder of a revision to `place`, which is not there yet; errors as `read_output`."""
    with outputs_at(path, revision) as files:
        files.get(path, str(place), recursive=True)


@contextmanager
def outputs_at(path: str, revision: str) -> Iterator[Any]:
    """A file system (fsspec) with all files of a revision, of which `path` is wanted.

    Raises:
        MissingInput: reading from it fails, as it is neither in the cache nor in a remote.
        CompareError: there is no such revision, or it has no such file.
    """
    from dvc.repo import Repo

    with Repo(rev=commit_of(revision)) as repository:
        files = repository.dvcfs
        # Of a folder whose list of files cannot be had, only the folder itself is known.
        if not (files.exists(path) or files.isdvc(str(Path(path).parent))):
            raise CompareError(
                f"{revision} has no {path}", fix="name a commit whose dvc.lock has it"
            )
        try:
            yield files
        except Exception as error:  # storage fails in as many ways as there are kinds of it
            raise MissingInput(
                f"{path} of {revision} is neither in the cache nor in a remote that can be read "
                f"({type(error).__name__})",
                fix=f"dvc push it from where it was made; or git checkout {revision} and dvc repro",
            ) from None


def commit_of(revision: str) -> str:
    """The commit that a revision names.

    Raises:
        CompareError: there is none.
    """
    from dvc.repo import Repo
    from dvc.scm import RevError, resolve_rev

    with Repo() as repository:
        try:
            commit: str = resolve_rev(repository.scm, revision)
        except RevError:
            raise CompareError(
                f"{revision} is no commit, branch, tag or experiment",
                fix="see git branch --all and dvc exp show; git fetch brings those of others",
            ) from None
    return commit
