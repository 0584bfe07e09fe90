"""Outputs of the pipeline at another commit, branch, tag or experiment, as DVC keeps them."""

from pathlib import Path

from pipeline.runtime.errors import CompareError, MissingInput


def read_output(path: str, revision: str | None) -> bytes:
    """Content of a file that DVC tracks: in the workspace (None), or at a revision of git.

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
    from dvc.repo import Repo
    from dvc.scm import RevError, resolve_rev

    with Repo() as repository:
        try:
            commit = resolve_rev(repository.scm, revision)
        except RevError:
            raise CompareError(
                f"{revision} is no commit, branch, tag or experiment",
                fix="see git branch --all and dvc exp show; git fetch brings those of others",
            ) from None
    with Repo(rev=commit) as repository:
        # Of a folder whose list of files cannot be had, only the folder itself is known.
        if not (repository.dvcfs.exists(path) or repository.dvcfs.isdvc(str(Path(path).parent))):
            raise CompareError(
                f"{revision} has no {path}", fix="name a commit whose dvc.lock has it"
            )
        try:
            with repository.dvcfs.open(path, "rb") as file:
                content: bytes = file.read()
        except Exception as error:  # storage fails in as many ways as there are kinds of it
            raise MissingInput(
                f"{path} of {revision} is neither in the cache nor in a remote that can be read "
                f"({type(error).__name__})",
                fix=f"dvc push it from where it was made; or git checkout {revision} and dvc repro",
            ) from None
    return content
