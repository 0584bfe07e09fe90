"""What `groundwork find` can ask about: the view `examples`, and the tables beside it.

A row of `examples` is an example of data/raw, with what clean made of it, what the model says of it
and what most annotators say. Its content is left out where it is bytes. Since data/clean, what was
removed and the pool are together all of data/raw, with all its columns, they are read instead of
it and nothing has to be joined; before clean has run, data/raw is.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.dataset.places import CLEAN, EVALUATION, FINDINGS, RAW
from pipeline.dataset.table import ANNOTATIONS, read_index
from pipeline.modalities.opening import package_of
from pipeline.runtime.errors import GroundworkError, MissingInput

EXAMPLES, ANNOTATED = "examples", "annotations"
PREDICTIONS = EVALUATION / "predictions.parquet"
OF_EXAMPLES = ("id", "group", "label", "target", "item", "split")
"""Columns of the predictions that examples have already."""
CONSENSUS = ("consensus", "num_annotations", "agreement")
"""What most annotators say, how many labels there are, and the share of them that say so."""
FIRST = ("id", "split", "label", "target", "item", "label_given", "target_given", "reason")
"""Columns that come before the others."""


@dataclass
class View:
    """A view as SQL, over files that it may read."""

    sql: str
    columns: list[str]
    files: list[Path] = field(default_factory=list)


def view_of_examples(query: str) -> View:
    """The view `examples`, with what a query mentions of that which has to be joined.

    Raises:
        MissingInput: data/raw is not there.
    """
    groups, columns = _whole()
    parts = [f"SELECT * FROM read_parquet({listed(files)})" for files in groups]
    sources = f"SELECT {_quoted_all(columns)} FROM ({' UNION ALL BY NAME '.join(parts)})"
    files = [file for group in groups for file in group]
    view = View(f"({sources}) AS e", [f"e.{quoted(name)}" for name in columns], files)
    names = list(columns)
    for name, expression in _within(columns).items():
        view.columns.append(f"{expression} AS {quoted(name)}")
        names.append(name)
    for add in (_with_predictions, _with_consensus):
        names += add(view, query, names)
    sql = f"SELECT {', '.join(view.columns)} FROM {view.sql}"
    return View(sql, names, view.files)


def view_of_values(columns: Sequence[str], rows: Sequence[tuple[str, float]]) -> View:
    """A few rows of a text and a number as a view."""
    values = ", ".join(f"({text(name)}, {number!r}::DOUBLE)" for name, number in rows)
    names = ", ".join(map(quoted, columns))
    source = f"(VALUES {values})" if rows else "(SELECT '', 0.0::DOUBLE WHERE false)"
    return View(f"SELECT * FROM {source} AS v({names})", list(columns))


def num_examples() -> int:
    """How many examples there are, with those that clean removed and those without a label."""
    index = read_index(RAW)
    pool = sum(file["rows"] for file in index.get("pool", ()))
    examples: int = index["examples"] + pool
    return examples


def other_views(query: str) -> dict[str, View]:
    """Tables of data/findings and data/evaluation, and annotations, that a query names."""
    paths = {
        path.stem: path for folder in (FINDINGS, EVALUATION) for path in folder.glob("*.parquet")
    }
    if (RAW / ANNOTATIONS).exists():
        paths[ANNOTATED] = RAW / ANNOTATIONS
    found = {}
    for name, path in paths.items():
        if name != EXAMPLES and mentions(query, name):
            columns = [f.name for f in pq.read_schema(path) if not is_bytes(f.type)]
            sql = f"SELECT {_quoted_all(columns)} FROM read_parquet({listed([path])})"
            found[name] = View(sql, columns, [path])
    return found


def mentions(query: str, *names: str) -> bool:
    """Whether a query may mean one of the columns or tables."""
    query = query.lower()
    words = set(re.findall(r"\w+", query))
    return "*" in query or any(
        name.lower() in (words if re.fullmatch(r"\w+", name) else query) for name in names
    )


def quoted(name: str) -> str:
    """A name in SQL, whatever it is made of."""
    return '"' + name.replace('"', '""') + '"'


def text(value: str) -> str:
    """A string in SQL."""
    return "'" + value.replace("'", "''") + "'"


def listed(files: Sequence[Path]) -> str:
    return "[" + ", ".join(text(str(file)) for file in files) + "]"


def is_bytes(type: pa.DataType) -> bool:
    return bool(
        pa.types.is_binary(type)
        or pa.types.is_large_binary(type)
        or pa.types.is_fixed_size_binary(type)
    )


def _whole() -> tuple[list[list[Path]], list[str]]:
    """Files that together have all examples, in groups of one schema, and their columns."""
    raw = read_index(RAW)
    pool = [RAW / file["name"] for file in raw.get("pool", ())]
    groups = [[RAW / file["name"] for file in raw["files"]]]
    clean = _cleaned(raw)
    if clean is not None:
        groups = [clean, [FINDINGS / "removed.parquet"]]
    groups = [group for group in [*groups, pool] if group]
    names: dict[str, None] = {}
    for group in groups:
        names |= dict.fromkeys(f.name for f in schema_of(group[0]) if not is_bytes(f.type))
    first = [name for name in FIRST if name in names]
    return groups, [*first, *(name for name in names if name not in first)]


def _within(columns: Sequence[str]) -> dict[str, str]:
    """Expressions for what is within contents, by new names, where the modality has any."""
    index = read_index(RAW)
    module = f"{package_of(index['modality'])}.show.cells"
    if not find_spec(module):
        return {}
    cells: dict[str, str] = import_module(module).cell_columns(index["content"])
    return {f"cell_{n}" if n in columns else n: sql for n, sql in cells.items()}


def _cleaned(raw: Mapping[str, Any]) -> list[Path] | None:
    """Files of data/clean, if it and what was removed are all of data/raw; else None."""
    try:
        clean, findings = read_index(CLEAN), read_index(FINDINGS)
    except GroundworkError:
        return None
    (removed,) = (file["rows"] for file in findings["files"] if file["name"] == "removed.parquet")
    is_whole = clean["examples"] + removed == raw["examples"]
    if not is_whole or clean["dataset"] != raw["dataset"]:
        return None
    return [CLEAN / file["name"] for file in clean["files"]]


def schema_of(path: Path) -> pa.Schema:
    """
    Raises:
        MissingInput: the file is missing or damaged.
    """
    try:
        return pq.read_schema(path)
    except (OSError, pa.ArrowException) as error:
        raise MissingInput(
            f"{path} cannot be read: {error}", fix="dvc repro, or dvc pull"
        ) from None


def _with_predictions(view: View, query: str, names: Sequence[str]) -> list[str]:
    """Join what the model says of examples of test; returns the names of its columns."""
    if not PREDICTIONS.exists():
        return []
    own = [name for name in schema_of(PREDICTIONS).names if name not in OF_EXAMPLES]
    added = {name: f"predicted_{name}" if name in names else name for name in own}
    as_named = [f"p.{quoted(name)} AS {quoted(new)}" for name, new in added.items()]
    if "probabilities" in own:
        added["confidence"] = "confidence"
        as_named.append("list_max(p.probabilities) AS confidence")
    if not mentions(query, *added.values()):
        return []
    view.sql += f" LEFT JOIN read_parquet({listed([PREDICTIONS])}) AS p ON p.id = e.id"
    view.columns += as_named
    view.files.append(PREDICTIONS)
    return list(added.values())


def _with_consensus(view: View, query: str, names: Sequence[str]) -> list[str]:
    """Join what most annotators say; returns the names of its columns."""
    path = RAW / ANNOTATIONS
    if not path.exists() or not mentions(query, *CONSENSUS):
        return []
    counted = (
        f"SELECT id, label, count(*) AS n FROM read_parquet({listed([path])}) GROUP BY id, label"
    )
    votes = (
        "SELECT id, first(label ORDER BY n DESC, label) AS consensus, "
        "sum(n)::INTEGER AS num_annotations, max(n) / sum(n) AS agreement "
        f"FROM ({counted}) GROUP BY id"
    )
    view.sql += f" LEFT JOIN ({votes}) AS v ON v.id = e.id"
    view.columns += [f"v.{name}" for name in CONSENSUS]
    view.files.append(path)
    return list(CONSENSUS)


def _quoted_all(names: Sequence[str]) -> str:
    return ", ".join(map(quoted, names))
