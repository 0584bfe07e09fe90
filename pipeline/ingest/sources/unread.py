"""Sources in formats that are not read: what they hold, and how to convert it."""

from collections import Counter
from collections.abc import Sequence
from pathlib import PurePosixPath

from pipeline.modalities.protocols.prepare import Prepare
from pipeline.runtime.errors import SourceError
from pipeline.sources.places.archives import ARCHIVE_SUFFIXES
from pipeline.sources.places.files import Files
from pipeline.sources.places.members import has_suffix
from pipeline.sources.places.problems import UnusableFile
from pipeline.sources.places.trees import Folder

CONTAINERS = {
    ".tfrecord": "a TFRecord file", ".tfrecords": "a TFRecord file", ".rec": "a RecordIO file",
    ".h5": "an HDF5 file", ".hdf5": "an HDF5 file", ".mat": "a file of MATLAB",
    ".npy": "an array of NumPy", ".npz": "arrays of NumPy", ".pkl": "a Python pickle",
    ".pickle": "a Python pickle", ".pt": "a file of PyTorch", ".pth": "a file of PyTorch",
    ".arrow": "an Arrow file", ".feather": "a Feather file", ".avro": "an Avro file",
    ".orc": "an ORC file", ".mdb": "an LMDB database", ".lmdb": "an LMDB database",
    ".sqlite": "an SQLite database", ".db": "a database", ".xlsx": "a sheet of Excel",
    ".xls": "a sheet of Excel", ".ods": "a sheet of a table", ".beton": "a file of FFCV",
    ".mds": "a shard of MosaicML",
}  # fmt: skip
MAX_NAMED = 3


def refuse_unread(files: Files, prepare: Prepare, max_bytes: float) -> None:
    """Refuse a source whose examples are all of one format that is known and not read.

    Raises:
        SourceError: names the format, and how to convert it.
    """
    examples = [member for name, member in files.members.items() if name not in files.others]
    if not examples or any(has_suffix(member.name, prepare.SUFFIXES) for member in examples):
        return
    try:
        found = prepare.unread_format(files.tree.read(examples[0], max_bytes))
    except UnusableFile:
        return
    if found is not None:
        raise SourceError(
            f"{len(examples)} of {len(files.members)} files of {files.where} are not read: each is "
            f"{found.name}",
            fix=f"convert them ({found.convert})",
        )


def unknown_kind(files: Files, known: Sequence[str]) -> SourceError:
    """The error for a source that no kind recognises: its content, as far as it is known."""
    by_suffix = Counter(map(_suffix, files.members))
    if not by_suffix:
        return SourceError(f"{files.where} holds no files", fix="correct uri in the catalog entry")
    for suffix, number in by_suffix.most_common():
        names = _names([name for name in files.members if _suffix(name) == suffix])
        if suffix in ARCHIVE_SUFFIXES:
            return SourceError(
                f"{files.where} holds {names}, which {_are(number)} archives in it and not looked "
                "into",
                fix="unpack them first"
                + (", or point uri at one of them" if isinstance(files.tree, Folder) else ""),
            )
        if suffix in CONTAINERS:
            return SourceError(
                f"{files.where} holds {names}, {CONTAINERS[suffix]}, which is not read",
                fix="write its examples as files in a folder for each label, or as Parquet",
            )
    kinds = ", ".join(
        f"{n} {suffix or 'without a suffix'}" for suffix, n in by_suffix.most_common(5)
    )
    return SourceError(
        f"uri {files.where} is of no known kind; known: {', '.join(known)}; of its "
        f"{len(files.members)} files ({kinds}) none is an example or a table",
        fix="see docs/bring-your-own-data.md for what a source may look like",
    )


def _suffix(name: str) -> str:
    return PurePosixPath(name).suffix.lower()


def _names(names: Sequence[str]) -> str:
    more = len(names) - MAX_NAMED
    shown = [*names[:MAX_NAMED], *([f"{more} more"] if more > 0 else [])]
    return " and ".join(filter(None, [", ".join(shown[:-1]), shown[-1]]))


def _are(number: int) -> str:
    return "are" if number != 1 else "is"
