"""The lines of reports/rows.csv, in the workspace or at a revision: from git alone."""

import re
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa

from pipeline.commands.history.commits import read_at, resolve
from pipeline.dataset.rows import PARTS_FOLDER, ROWS_FILE, parse_rows, parts_of
from pipeline.runtime.errors import HistoryError, MissingInput
from pipeline.runtime.settings import PARAMS_FILE

WORKSPACE = "workspace"
OF_DATASET = re.compile(r"^dataset: *[\"']?([^\s\"'#]+)", re.MULTILINE)


def read_rows(revision: str | None) -> pa.Table:
    """All rows at a revision; None for the workspace.

    Raises:
        MissingInput: the workspace has none, or they are damaged.
        HistoryError: there is no such revision, or it has none.
    """
    (content,) = read_files(revision, [ROWS_FILE])
    name = revision or WORKSPACE
    if content is None:
        raise missing(revision)
    parts = parts_of(content)
    if parts is None:
        return parse_rows(content, f"{ROWS_FILE} of {name}")
    paths = [PARTS_FOLDER / part for part in parts]
    tables = []
    for path, part in zip(paths, read_files(revision, paths), strict=True):
        if part is None:
            raise MissingInput(f"{name} has no {path}", fix="dvc repro describe, and commit it all")
        tables.append(parse_rows(part, f"{path} of {name}"))
    return pa.concat_tables(tables)


def missing(revision: str | None) -> MissingInput | HistoryError:
    """The error of a version without rows."""
    if revision is None:
        return MissingInput(f"{ROWS_FILE} does not exist", fix="dvc repro describe")
    return HistoryError(
        f"{revision} has no {ROWS_FILE}: it was made before the project wrote one",
        fix="name a later commit; or check it out, merge this version, dvc repro and commit",
    )


def read_files(revision: str | None, paths: Sequence[Path]) -> list[bytes | None]:
    """Content of files at a revision, or in the workspace."""
    if revision is None:
        return [path.read_bytes() if path.is_file() else None for path in paths]
    return read_at(resolve(revision), paths)


def dataset_at(revision: str | None) -> str:
    """The dataset that params.yaml names; empty where it does not say."""
    (content,) = read_files(revision, [PARAMS_FILE])
    found = OF_DATASET.search((content or b"").decode("utf-8", "replace"))
    return found[1] if found else ""
