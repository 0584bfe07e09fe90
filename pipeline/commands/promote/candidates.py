"""A commit as a candidate: whether all is there that a server and the next gate need."""

import hashlib
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from pipeline.commands.compare.revisions import commit_of, copy_output
from pipeline.dataset.places import EVALUATION, SERVING
from pipeline.runtime.errors import ServingError
from pipeline.serving.folder import (
    MODEL_ONNX,
    REFERENCE_NPZ,
    folder_digest,
    read_about,
    read_file,
)
from pipeline.serving.releases.tags import Tag, git

HEAD = "HEAD"
OF_A_RUN = ("dvc.yaml", "dvc.lock", "params.yaml", "pipeline")
"""What makes a run; tags are of commits."""


def candidate_of(revision: str | None) -> str:
    """The commit to promote: of a revision, or of the workspace.

    Raises:
        CompareError: there is no such revision.
        ServingError: the workspace is not committed.
    """
    if revision is None:
        changed = git(Path(), "status", "--porcelain", "--untracked-files=no", "--", *OF_A_RUN)
        if changed.strip():
            names = ", ".join(line[3:] for line in changed.splitlines()[:3])
            raise ServingError(
                f"{names} differ from the last commit, and a tag is of a commit",
                fix="git commit them, or name what to promote: groundwork promote HEAD",
            )
    return commit_of(revision or HEAD)


def artifact_of(commit: str) -> str:
    """The name of the artifact of dvc.yaml that is the folder that is served.

    Raises:
        ServingError: there is none.
    """
    artifacts = _read_yaml(commit, "dvc.yaml").get("artifacts") or {}
    for name, about in artifacts.items():
        if Path(about.get("path", "")) == SERVING:
            return str(name)
    raise ServingError(
        f"dvc.yaml of {commit[:12]} has no artifact with the path {SERVING}",
        fix=f"add it: artifacts: {{classifier: {{path: {SERVING}, type: model}}}}",
    )


def fetch(commit: str, place: Path, tag: Tag | None = None) -> dict[str, Any]:
    """Copy what a commit serves to `place`, verified by its digests; returns serving.json.

    Raises:
        GroundworkError: it is not there, not whole, or not what was tagged.
    """
    copy_output(str(SERVING), commit, place)
    about = read_about(place)
    for name in (MODEL_ONNX, REFERENCE_NPZ):
        read_file(place, about, name)
    if tag is not None and tag.digest not in (None, folder_digest(place)):
        raise ServingError(
            f"{SERVING} of {commit[:12]} is not what the tag {tag.name} was given for",
            fix="someone moved the tag or changed storage; look at: git show --show-signature "
            f"'{tag.name}'",
        )
    return about


def refuse_unevaluated(commit: str, folder: Path) -> None:
    """Raises ServingError where dvc.lock says that another graph was evaluated."""
    lock = _read_yaml(commit, "dvc.lock")
    content = (folder / MODEL_ONNX).read_bytes()
    digest = hashlib.md5(content, usedforsecurity=False).hexdigest()
    deps = lock.get("stages", {}).get("evaluate", {}).get("deps", [])
    evaluated = {dep.get("md5") for dep in deps if Path(dep["path"]) == SERVING / MODEL_ONNX}
    if evaluated != {digest}:
        raise ServingError(
            f"{EVALUATION} of {commit[:12]} is not of the model that it would serve",
            fix="dvc repro evaluate, and commit dvc.lock",
        )


def refuse_unpushed(commit: str) -> bool:
    """Whether there is a remote; all that servers and the next gate read must be in it.

    Raises:
        ServingError: it is not.
    """
    from dvc.repo import Repo

    wanted = [str(SERVING), str(EVALUATION)]
    with Repo(rev=commit) as repository:
        if not repository.config["core"].get("remote"):
            return False
        used = repository.used_objs(wanted)
        objects = {one for hashes in used.values() for one in hashes}
        status = repository.cloud.status(objects)
    if absent := len(status.new | status.missing):
        raise ServingError(
            f"{absent} files of {' and '.join(wanted)} are not in the remote, where servers "
            "fetch them",
            fix=f"dvc push {' '.join(wanted)}",
        )
    return True


def _read_yaml(commit: str, name: str) -> dict[str, Any]:
    text = git(Path(), "show", f"{commit}:./{name}")
    try:
        values = YAML(typ="safe").load(text)
    except YAMLError as error:
        reason = str(error).splitlines()[0]
        what = f"{name} of {commit[:12]} is no YAML: {reason}"
        raise ServingError(
            what, fix="name a commit whose dvc.yaml and dvc.lock are whole"
        ) from None
    return dict(values or {})
