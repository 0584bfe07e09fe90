"""The cache between runs: tables in `.groundwork/cache`, each under a name and a key.

A key is a digest of all that determines the table: the code that made it (`key_of`), its inputs
and settings. A table that is missing, damaged or of another key is made again, so deleting the
folder only costs time. DVC does not track it.
"""

import hashlib
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.runtime.code import code_digest, library_versions

CACHE = Path(".groundwork/cache")


def key_of(*modules: str, **inputs: Any) -> str:
    """Hex digest of the code that `modules` run, of the libraries it imports, and of `inputs`.

    Inputs count by their `repr`, whatever their order: digests, numbers, settings.
    """
    text = repr([code_digest(*modules), library_versions(*modules), sorted(inputs.items())])
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()


def read_cache(name: str, key: str, cache: Path = CACHE) -> pa.Table | None:
    """Read the table cached under this name and key; None if there is none, or it is damaged."""
    for path in (cache / name).glob(f"{key}-*.parquet"):
        try:
            with path.open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
            if path.stem == f"{key}-{digest}":
                return pq.read_table(path)
        except (OSError, pa.ArrowException):
            continue
    return None


def write_cache(
    name: str, key: str, table: pa.Table, *, keep: Iterable[str] = (), cache: Path = CACHE
) -> None:
    """Cache a table; others under this name are removed, except those of the keys `keep`.

    Raises:
        OSError: it cannot be written; earlier tables stay.
    """
    folder = cache / name
    folder.mkdir(parents=True, exist_ok=True)
    partial = folder / f"{os.getpid()}.partial"
    try:
        pq.write_table(table, partial, compression="zstd", use_dictionary=False)
        with partial.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        path = partial.replace(folder / f"{key}-{digest}.parquet")
    finally:
        partial.unlink(missing_ok=True)
    stay = {key, *keep}
    for old in folder.iterdir():
        if old != path and (old.name.split("-")[0] not in stay or old.name.startswith(key)):
            old.unlink(missing_ok=True)
