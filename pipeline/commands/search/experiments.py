"""Trials as experiments of DVC: commits on HEAD under refs/exps, which `dvc exp show` lists.

Such a commit has params.yaml and reports/training.json of a trial. `dvc exp run` would need two
seconds for each before anything is computed; writing the commit takes a millisecond.
"""

from collections.abc import Mapping
from typing import Any

import pygit2
from dvc.repo.experiments.refs import ExpRefInfo

from pipeline.runtime.errors import MissingInput
from pipeline.runtime.json_files import json_text

PARAMS, REPORT = "params.yaml", "reports/training.json"


class Experiments:
    """Experiments of the commit that is HEAD."""

    def __init__(self) -> None:
        """Open the repository of the current folder.

        Raises:
            MissingInput: there is none, or it has no commit.
        """
        try:
            self._repository = pygit2.Repository(".")
            self._base = self._repository.revparse_single("HEAD").peel(pygit2.Commit)
        except (pygit2.GitError, KeyError):
            raise MissingInput(
                "there is no commit here that experiments could be based on",
                fix="git init && git add -A && git commit -m start",
            ) from None
        try:
            self._author = self._repository.default_signature
        except KeyError:
            self._author = pygit2.Signature("groundwork", "groundwork@localhost")

    def names(self) -> set[str]:
        """Names of the experiments that there are."""
        prefix = str(ExpRefInfo(str(self._base.id)))
        refs = self._repository.references
        return {ref.rpartition("/")[2] for ref in refs if ref.startswith(f"{prefix}/")}

    def write(self, name: str, params: str, report: Mapping[str, Any]) -> None:
        """Write one with the text of its params.yaml, unless it is there."""
        ref = str(ExpRefInfo(str(self._base.id), name))
        if ref in self._repository.references:
            return
        entries = {PARAMS: params, REPORT: json_text(report)}
        index = pygit2.Index()
        index.read_tree(self._base.tree)
        for path, text in entries.items():
            blob = self._repository.create_blob(text.encode())
            index.add(pygit2.IndexEntry(path, blob, pygit2.enums.FileMode.BLOB))
        tree = index.write_tree(self._repository)
        # The form of a message by which DVC knows an experiment of its own.
        message = f"dvc: commit experiment {name}"
        parents = [self._base.id]
        self._repository.create_commit(ref, self._author, self._author, message, tree, parents)
