"""Texts as people have them, read as ingest reads them."""

from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
import pyarrow as pa

from pipeline.entry import entry_type
from pipeline.ingest.rows import job_maker, make_rows
from pipeline.ingest.sources.opening import open_source
from pipeline.modalities.opening import modality_fields, open_prepare
from pipeline.runtime.settings import Kind, Settings, with_fields
from pipeline.sources.source import Source
from pipeline.targets.opening import open_labels

KIND = Kind(modality="text", target="classes")


class Ingest(Settings):
    max_file_mb: float = 64


class Limits(Settings):
    ingest: Ingest = Ingest()


class TextsRead(NamedTuple):
    """Texts as data/raw has them."""

    source: Source
    rows: pd.DataFrame
    """Examples of data/raw."""
    pool: pd.DataFrame
    said: str
    """What ingest says."""

    @property
    def labels(self) -> Counter[str]:
        return Counter(self.rows["label"].dropna())

    def text(self, id: str) -> str:
        (found,) = self.rows["text"][self.rows["id"] == id]
        return found


def read_texts(uri: Path, redact: tuple[str, ...] = (), **said: Any) -> TextsRead:
    """Read texts with what an entry says of them."""
    model = entry_type("text", "classes")
    content = {"uri": str(uri), "license": "CC0-1.0", "split": {"val": 0.2, "test": 0.2}, **said}
    entry = model.model_validate(content)
    prepare = open_prepare("text")
    source = open_source(entry, prepare, open_labels("classes"))
    fields = modality_fields("text", "prepare", "IngestFields")
    ingest = with_fields(Limits, ingest=[fields]).model_validate(
        {"ingest": {"redact": list(redact)}}
    )
    make_job = job_maker("t", entry, source, KIND, seed=0, limits=ingest.ingest, purpose="training")
    parts = [make_rows(make_job(batch)) for batch in source.batches]
    tally = prepare.new_tally()
    for part in parts:
        usable = part.table.filter(pa.compute.is_null(part.table["problem"]))
        tally.add(usable.drop_columns(["text"]))
    rows, pool = (
        pa.concat_tables([getattr(part, name) for part in parts]).unify_dictionaries().to_pandas()
        for name in ("table", "pool")
    )
    lines = (*source.notes, *source.doubts, *tally.remarks(entry))
    return TextsRead(source, rows, pool, "\n".join(lines))
