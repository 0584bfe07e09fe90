"""Tables of labels beside folders, and why they are not used."""

import re
from collections.abc import Collection, Iterator, Mapping
from pathlib import PurePosixPath

from pipeline.ingest.sources.kinds.folders.others import start_of
from pipeline.modalities.protocols.prepare import Prepare, content_column
from pipeline.sources.places.files import Files
from pipeline.sources.places.trees import UnusableFile
from pipeline.targets.protocols.labels import Labels

SUFFIXES = (".csv", ".tsv", ".txt", ".jsonl", ".ndjson", ".json", ".data", ".list")
OTHER_TABLES = (".xlsx", ".xls", ".ods", ".parquet", ".mat", ".sqlite")
"""These are not opened."""
MAX_TABLES = 20
MAX_TOLD = 3
START_BYTES = 64 << 10
ROWS_LOOKED_AT = 100
MIN_SHARE = 0.5
"""Least share of the rows of a table that name a file."""
CELL = re.compile(r"""[^,;\t|"'{}\[\]:\n]+""")
MAX_COLUMNS_LISTED = 8


def tables_beside(
    files: Files, folders: Mapping[str, list[str]], prepare: Prepare, labels: Labels
) -> Iterator[str]:
    """Sentences about files that name examples but are not used, for the first few.

    `folders` are those of examples, with their names.
    """
    candidates = [
        name
        for name, member in files.others.items()
        if name.lower().endswith(SUFFIXES + OTHER_TABLES) and not member.problem
    ]
    if not candidates:
        return
    examples = {name for names in folders.values() for name in names}
    stems = {_stem(name): name for name in examples}
    candidates = [name for name in candidates if _stem(name) not in stems]  # else of one example
    candidates.sort(key=lambda name: (name.count("/"), name))
    num_told = 0
    for name in candidates[:MAX_TABLES]:
        reason: str | None = "only CSV, JSON Lines and Parquet are read, by kind: manifest"
        if not name.lower().endswith(OTHER_TABLES):
            reason = _why_not_used(files, name, stems, examples, prepare, labels)
        if reason is not None:
            yield f"{name} looks like a table of labels, but is not used: {reason}"
            num_told += 1
        if num_told == MAX_TOLD:
            return


def _why_not_used(
    files: Files,
    name: str,
    stems: dict[str, str],
    examples: Collection[str],
    prepare: Prepare,
    labels: Labels,
) -> str | None:
    """Why a table is not used; None if it names no examples."""
    lines = _lines(files, name)
    named: list[tuple[str, str]] = []
    rows = lines[: ROWS_LOOKED_AT + 1]
    for line in rows:
        cells = [cell.strip() for cell in CELL.findall(line)]
        cells += [word for cell in cells for word in cell.split() if word != cell]
        match = next(((c, stems[_stem(c)]) for c in cells if _stem(c) in stems), None)
        if match is not None:
            named.append(match)
    if len(named) < max(1, MIN_SHARE * (len(rows) - 1)):
        return None
    header = [cell.strip() for cell in CELL.findall(lines[0])]
    if rows and _stem(named[0][0]) in {_stem(cell) for cell in header}:
        header = []
    missing = [
        role
        for role, usual in (
            (content_column(prepare), prepare.USUAL_NAMES),
            (labels.COLUMN, labels.USUAL_NAMES),
        )
        if not {cell.lower() for cell in header} & {*usual}
    ]
    key, number = " and ".join(missing), f"{len(named)} of its first {len(rows)} lines name files"
    if not header:
        return f"{number}, and it has no header that names its columns"
    folder = name[: name.rfind("/") + 1]
    wrong = [pair for pair in named if folder + pair[0].replace("\\", "/") not in examples]
    if not missing and wrong:
        return f"{number}, but not as they are: it has {wrong[0][0]}, there is {wrong[0][1]}"
    has = ", ".join(header[:MAX_COLUMNS_LISTED])
    if missing:
        return (
            f"{number}, but no column is called {key} as usual; it has {has} "
            "(columns: in the catalog entry names them)"
        )
    return f"{number}, but it is not read as a table; save it with commas and a header in one line"


def _lines(files: Files, name: str) -> list[str]:
    """The first lines of a file that are not blank."""
    try:
        start = start_of(files, name, START_BYTES)
    except (UnusableFile, OSError):
        return [""]
    text = start.decode("utf-8-sig", "replace")
    if text.startswith(("[", "{")) and text.count("\n") < ROWS_LOOKED_AT:
        text = re.sub(r"\}\s*,", "},\n", text)  # a list of objects
    lines = [line for line in text.splitlines() if line.strip()]
    return [line for line in lines if not line.lower().startswith("sep=")] or [""]


def _stem(name: str) -> str:
    return PurePosixPath(name.replace("\\", "/")).stem.casefold()
