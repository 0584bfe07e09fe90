"""What git knows of one example: the commits in which it came, changed and left, and its models."""

import csv
import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from pipeline.commands.history.commits import Commit, blobs_of, commits_of, contents, git
from pipeline.commands.history.rows_at import read_files
from pipeline.dataset.places import MODELS
from pipeline.dataset.rows import COLUMNS, PARTS_FOLDER, ROWS_FILE, parts_of

LOCK_FILE = Path("dvc.lock")
MODEL = re.compile(rf"^ *- path: {MODELS}/model\.safetensors\n(?: +\w+: \S+\n)*? +md5: (\w+)", re.M)


class Row(NamedTuple):
    """The line of an example in reports/rows.csv."""

    key: str
    content: str
    label: str
    split: str
    weight: str
    reason: str


class Event(NamedTuple):
    """What became of the example in a commit."""

    commit: Commit | None
    """None for the workspace."""
    change: str


class Model(NamedTuple):
    """A model that was trained on the example."""

    digest: str
    """The digest by which DVC knows models/model.safetensors."""
    commits: tuple[Commit, Commit] | None
    """The first and the last that have it; None where none has."""


class OfGit(NamedTuple):
    """All that git knows."""

    events: list[Event]
    models: list[Model]
    row: Row | None
    """The row in the workspace."""


def search_git(key: str) -> OfGit:
    """Look an example up in all versions of rows.csv on this branch.

    Raises:
        HistoryError: this is no clone.
    """
    part = PARTS_FOLDER / f"{key[:2]}.csv"
    commits = commits_of([ROWS_FILE, part, LOCK_FILE])
    names = [c.name for c in commits] + [c.parent for c in commits if c.parent]
    versions = _versions(list(dict.fromkeys(names)), part)
    read = lru_cache(maxsize=None)(lambda blobs: _row_in(blobs, key))
    events, rows = [], {}
    for commit in commits:
        before = versions.get(commit.parent, _NONE)
        after = versions[commit.name]
        old, new = read(before.rows), read(after.rows)
        rows[commit.name] = new
        events += [Event(commit, change) for change in changes_between(old, new)]
    here = row_in(read_files(None, [ROWS_FILE, part]), key)
    head = rows[commits[-1].name] if commits else None
    events += [Event(None, change) for change in changes_between(head, here)]
    models = list(_models(commits, versions, rows))
    (lock,) = read_files(None, [LOCK_FILE])
    digest = model_in(lock) if lock and is_learnt(here) else None
    if digest and digest not in {model.digest for model in models}:
        models.append(Model(digest, None))
    return OfGit(events, models, here)


def is_learnt(row: Row | None) -> bool:
    """Whether a model of that version was trained on the example."""
    return row is not None and row.split == "train" and not row.reason


def changes_between(old: Row | None, new: Row | None) -> Iterator[str]:
    """What became of an example, in words."""
    if new is None:
        if old is not None:
            yield f"left (it was {described(old)})"
        return
    if old is None:
        yield f"came as {described(new)}"
        return
    if old.content != new.content:
        yield f"other content, {old.content or 'none'} -> {new.content or 'none'}"
    if old.label != new.label:
        yield f"relabelled {old.label or 'none'} -> {new.label or 'none'}"
    if old.split != new.split:
        yield f"moved {old.split or 'none'} -> {new.split or 'none'}"
    if old.reason != new.reason:
        yield f"left out: {new.reason}" if new.reason else f"taken in again (was {old.reason})"
    elif old.weight != new.weight:
        yield f"weight {old.weight} -> {new.weight}"


def described(row: Row) -> str:
    """`cat in train, weight 0.5`."""
    where = f"{row.label or 'an example without a label'} in {row.split or 'no split'}"
    if row.reason:
        return f"{where}, left out: {row.reason}"
    return where if row.weight == "1" else f"{where}, weight {row.weight}"


class _Blobs(NamedTuple):
    """Files at a commit, as git knows them."""

    rows: tuple[str | None, ...]
    """rows.csv, and the part in which the example would be."""
    lock: str | None


_NONE = _Blobs((None, None), None)


def _versions(commits: list[str], part: Path) -> dict[str, _Blobs]:
    paths = [path.as_posix() for path in (ROWS_FILE, part, LOCK_FILE)]
    found = blobs_of(f"{commit}:./{path}" for commit in commits for path in paths)
    triples = zip(found[::3], found[1::3], found[2::3], strict=True)
    return {
        commit: _Blobs((rows, of_part), lock)
        for commit, (rows, of_part, lock) in zip(commits, triples, strict=True)
    }


def _row_in(blobs: tuple[str | None, ...], key: str) -> Row | None:
    return row_in([next(contents([blob])) if blob else None for blob in blobs], key)


def row_in(files: list[bytes | None], key: str) -> Row | None:
    """The line of an example in rows.csv, or in its part where that lists parts."""
    rows, part = files
    content = part if rows is not None and parts_of(rows) is not None else rows
    if content is None:
        return None
    begin = content.find(f"\n{key},".encode())
    if begin < 0:
        return None
    line = content[begin + 1 : content.index(b"\n", begin + 1)].decode("utf-8", "replace")
    cells = next(csv.reader([line]))
    return Row(*cells) if len(cells) == len(COLUMNS) else None


def _models(
    commits: list[Commit], versions: dict[str, _Blobs], rows: dict[str, Row | None]
) -> Iterator[Model]:
    """Models of commits in which the example was one of train."""
    digest_in = lru_cache(maxsize=None)(lambda lock: model_in(git("cat-file", "blob", lock)))
    found: dict[str, Model] = {}
    for commit in commits:
        lock = versions[commit.name].lock
        digest = digest_in(lock) if lock else None
        if digest and is_learnt(rows[commit.name]):
            known = found[digest].commits if digest in found else None
            found[digest] = Model(digest, (known[0] if known else commit, commit))
    yield from found.values()


def model_in(lock: bytes) -> str | None:
    """What a dvc.lock knows the model by."""
    match = MODEL.search(lock.decode("utf-8", "replace"))
    return match[1] if match else None
