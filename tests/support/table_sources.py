"""Tables as people have them, read as ingest reads them."""

import json
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

import pandas as pd
import pyarrow as pa

from pipeline.dataset.catalog import Entry
from pipeline.entry import entry_type
from pipeline.ingest.rows import job_maker, make_rows
from pipeline.ingest.sources.opening import open_source
from pipeline.modalities.opening import open_prepare
from pipeline.runtime.settings import Kind, Settings
from pipeline.sources.source import Source
from pipeline.targets.opening import open_labels
from tests.support.repository import ROOT

CASES = ROOT / "tests/support/table_cases"


class Limits(Settings):
    max_file_mb: float = 64


class TableRead(NamedTuple):
    """A table as data/raw has it."""

    source: Source
    rows: pd.DataFrame
    """The columns of data/raw, those of the content as `c.<name>`, of examples and of the pool."""
    left_out: dict[str, int]

    @property
    def said(self) -> str:
        """What `add` and ingest say."""
        lines = (*self.source.notes, *self.source.doubts)
        return "\n".join((*lines, *self.source.entry_lines, *self.source.decisions))

    @property
    def kinds(self) -> dict[str, str]:
        return {c["name"]: c["kind"] for c in self.source.options["columns"]}

    @property
    def inputs(self) -> set[str]:
        return {c["name"] for c in self.source.options["columns"] if c.get("is_input", True)}


def make_case(name: str, folder: Path) -> Path:
    """The files of a case, made by its script of tests/support/table_cases."""
    folder.mkdir(parents=True)
    subprocess.run([sys.executable, CASES / f"{name}.py", folder], check=True)
    return folder


def entry_of(uri: Path, target: str, **said: Any) -> Entry:
    model = entry_type("tables", target)
    split = {"val": 0.2, "test": 0.2} | said.pop("split", {})
    return model.model_validate({"uri": str(uri), "license": "CC0-1.0", "split": split, **said})


def open_table_source(uri: Path, target: str = "classes", **said: Any) -> Source:
    entry = entry_of(uri, target, **said)
    return open_source(entry, open_prepare("tables"), open_labels(target))


def read_table(uri: Path, target: str = "classes", **said: Any) -> TableRead:
    """Read a table with what an entry says of it."""
    entry = entry_of(uri, target, **said)
    source = open_source(entry, open_prepare("tables"), open_labels(target))
    kind = Kind(modality="tables", target=target)
    make_job = job_maker("table", entry, source, kind, seed=0, limits=Limits(), purpose="training")
    parts = [make_rows(make_job(batch)) for batch in source.batches]
    table = pa.concat_tables([t for part in parts for t in (part.table, part.pool)])
    frame = table.to_pandas()
    content = [json.loads(text) if isinstance(text, str) else {} for text in frame["row"]]
    for name in source.options["columns"]:
        frame[f"c.{name['name']}"] = [row.get(name["name"]) for row in content]
    left_out: dict[str, int] = {}
    for part in parts:
        for reason, number in part.left_out.items():
            left_out[reason] = left_out.get(reason, 0) + number
    return TableRead(source, frame, left_out)


def write_table(path: Path, header: str, *lines: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
    return path


def limits_of(source: Source) -> SimpleNamespace:
    return SimpleNamespace(**source.options)
