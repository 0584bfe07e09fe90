"""Reuse of the last ingest: a file of data/raw is kept while its examples and settings stay.

A file of data/raw is a function of a batch of the source and of the settings. Whether a batch of
files in a folder has changed can be told without reading them (`FileBatch.stamp`). So after a few
files were added to many, only the batches near them are read, decoded and measured; the others come
from DVC's cache, by their cached digest.

The cached table has no ids and no contents. Nothing is reused if DVC's cache is another folder than
`.dvc/cache`, nor are files into which the labels of annotators were written afterwards.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa

from pipeline.modalities.opening import modality_interface
from pipeline.runtime.cache import key_of, read_cache, write_cache
from pipeline.sources.source import Batch
from pipeline.targets.opening import target_interface

MAKERS = ("pipeline.ingest.rows", "pipeline.ingest.sources.opening")
"""The modules whose code decides the content of a file of data/raw, besides those of the modality
and the target."""
UNSETTLED_NS = 2 * 10**9
"""The coarsest clock of a file system (FAT) ticks every two seconds."""
DVC_CACHE = Path(".dvc/cache/files/md5")


class KnownPart(NamedTuple):
    """The two files of data/raw made from a batch, which can be reused without reading it."""

    files: list[dict[str, Any] | None]
    """Entries of the index for its examples and for its pool; None for one that has no rows."""
    md5s: list[str | None]
    """Their digests in DVC's cache."""
    left_out: dict[str, int]
    """Number of examples of the batch in neither, by reason."""
    fingerprint: int
    """Fingerprint of the whole batch; see rows.py."""
    known_later: int = 0
    """See `SplitAssignment.known_later`."""


class KnownParts:
    """The results of the last ingest of a dataset by the same code and settings, by batch."""

    def __init__(self, dataset: str, settings: Mapping[str, Any]) -> None:
        """`settings` are all that a file depends on, except its batch, libraries and code.

        Among them are `modality` and `target`, whose code is part of the key.
        """
        makers = (
            *MAKERS,
            modality_interface(settings["modality"], "prepare"),
            target_interface(settings["target"], "labels"),
        )
        self._name = f"ingest-{dataset}"
        self._key = key_of(*makers, **{name: _plain(value) for name, value in settings.items()})
        kept = read_cache(self._name, self._key)
        rows = kept.to_pylist() if kept is not None else []
        self._parts = {row["stamp"]: KnownPart(*json.loads(row["part"])) for row in rows}

    def find(
        self, batches: Iterable[Batch], started: int
    ) -> Iterator[tuple[Batch, str | None, KnownPart | None]]:
        """Yield each batch, its stamp, and the files it became before.

        The stamp is None where a batch must be read: in archives, and where a file changed less
        than UNSETTLED_NS before `started`, in ns; within a tick of the file system's clock it may
        have changed twice.
        """
        for batch in batches:
            make_stamp = getattr(batch, "stamp", None)
            stamp = make_stamp(started - UNSETTLED_NS) if make_stamp else None
            yield batch, stamp, self._parts.get(stamp) if stamp else None

    def keep(self, parts: Mapping[str, KnownPart]) -> None:
        """Cache the results of this ingest, by stamp, in place of the last one's.

        Raises:
            OSError: it cannot be written.
        """
        table = pa.table(
            {
                "stamp": pa.array(list(parts), pa.string()),
                "part": pa.array(map(json.dumps, parts.values()), pa.string()),
            }
        )
        write_cache(self._name, self._key, table)


def _plain(value: Any) -> Any:
    """Convert a value so that its `repr` is the same in every process: sets and keys are sorted."""
    if is_dataclass(value):
        return [(field.name, _plain(getattr(value, field.name))) for field in fields(value)]
    if isinstance(value, Mapping):
        return sorted(value.items())
    return sorted(value) if isinstance(value, frozenset) else value


def read_cached(file: Mapping[str, Any], md5: str) -> bytes | None:
    """Read a file of data/raw from DVC's cache; None if it is not there."""
    try:
        data = (DVC_CACHE / md5[:2] / md5[2:]).read_bytes()
    except OSError:
        return None
    return data if hashlib.sha256(data).hexdigest() == file["sha256"] else None
