"""data/raw as it was at a revision, where DVC's cache has it; nothing is fetched."""

import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from pipeline.commands.history.commits import read_at, resolve
from pipeline.dataset.places import RAW
from pipeline.dataset.table import ANNOTATIONS, read_index
from pipeline.runtime.errors import GroundworkError
from pipeline.runtime.stage import INDEX

LOCK_FILE = Path("dvc.lock")


@dataclass(frozen=True)
class RawFiles:
    """The files of one version of data/raw that are on this machine."""

    index: dict[str, Any]
    parts: dict[str, Path]
    """Files of examples by their names in data/raw: those of the pool too."""
    annotations: Path | None


def raw_at(revision: str | None) -> RawFiles | None:
    """data/raw at a revision, or in the workspace (None); None where it is not here."""
    if revision is None:
        return _in_workspace()
    (lock,) = read_at(resolve(revision), [LOCK_FILE])
    digest = _digest_of_raw(lock)
    if digest is None:
        return None
    files = _cached_files(digest)
    if files is not None and INDEX in files:
        with suppress(OSError, ValueError):
            index = json.loads(files[INDEX].read_text(encoding="utf-8"))
            return _listed(index, files)
    here = LOCK_FILE.read_bytes() if LOCK_FILE.is_file() else None
    return _in_workspace() if digest == _digest_of_raw(here) else None


def _in_workspace() -> RawFiles | None:
    try:
        index = read_index(RAW)
    except GroundworkError:
        return None
    return _listed(index, {path.name: path for path in RAW.iterdir()})


def tables_of(raw: RawFiles, columns: list[str]) -> Iterator[tuple[str, pa.Table]]:
    """Some columns of each part, with its name; those that it lacks are left out."""
    for name, path in raw.parts.items():
        there = [column for column in columns if column in pq.read_schema(path).names]
        yield name, pq.read_table(path, columns=there)


def _listed(index: dict[str, Any], files: dict[str, Path]) -> RawFiles | None:
    """What an index names; None where a file is missing."""
    names = [file["name"] for key in ("files", "pool") for file in index.get(key, ())]
    if not set(names) <= files.keys():
        return None
    return RawFiles(index, {name: files[name] for name in names}, files.get(ANNOTATIONS))


def _digest_of_raw(lock: bytes | None) -> str | None:
    """What a dvc.lock knows data/raw by; None where it does not name it."""
    try:
        stages = YAML(typ="safe").load((lock or b"").decode("utf-8"))["stages"]
        (digest,) = (out["md5"] for out in stages["ingest"]["outs"] if out["path"] == str(RAW))
    except (YAMLError, ValueError, KeyError, TypeError):
        return None
    return str(digest)


def _cached_files(digest: str) -> dict[str, Path] | None:
    """Files of a folder in DVC's cache by their names there; None where it has no such folder."""
    from dvc.exceptions import DvcException
    from dvc.repo import Repo

    try:
        with Repo() as repository:
            cache = repository.cache.local
            listing = Path(cache.oid_to_path(digest))
            members = json.loads(listing.read_text(encoding="utf-8"))
            paths = {m["relpath"]: Path(cache.oid_to_path(m["md5"])) for m in members}
    except (DvcException, OSError, ValueError, KeyError, TypeError):
        return None
    return {name: path for name, path in paths.items() if path.is_file()}
