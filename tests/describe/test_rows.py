"""Every example has its line: what is kept, what was removed, and what waits for a label."""

import pyarrow as pa

from pipeline.dataset.rows import as_csv, row_key
from pipeline.dataset.table import write_index, write_part
from pipeline.describe.rows import all_rows
from tests.support.findings import write_found
from tests.support.image_schema import CLEAN_SCHEMA, RAW_SCHEMA
from tests.support.many_examples import ABOUT, as_clean, as_removed, made_up


def test_all_examples(here):
    raw = made_up(8)
    label = pa.nulls(8, RAW_SCHEMA.field("label").type)
    problem = pa.array([None] * 7 + ["no JPEG"])
    unlabelled = raw.set_column(2, RAW_SCHEMA.field("label"), label)
    unlabelled = unlabelled.set_column(raw.num_columns - 1, RAW_SCHEMA.field("problem"), problem)
    for name in ("raw", "clean"):
        (here / "data" / name).mkdir(parents=True)
    pool = write_part(here / "data/raw", 1, unlabelled.slice(6))
    files = [write_part(here / "data/raw", 0, raw.slice(0, 6))]
    write_index(here / "data/raw", files, RAW_SCHEMA, **ABOUT, pool=[pool])
    clean = as_clean(raw.slice(0, 4))
    write_index(
        here / "data/clean", [write_part(here / "data/clean", 0, clean)], CLEAN_SCHEMA, **ABOUT
    )
    removed = as_removed(raw.slice(4, 2), "outlier")
    write_found(here / "data/findings", {"removed": removed}, **ABOUT)

    rows = all_rows(here / "data/raw", here / "data/clean", here / "data/findings", "label")

    by_key = {row["key"]: row for row in rows.to_pylist()}
    ids = raw["id"].to_pylist()
    assert set(by_key) == set(map(row_key, ids))
    reasons = [by_key[row_key(id)]["reason"] for id in ids]
    assert reasons == ["", "", "", "", "outlier", "outlier", "unlabelled", "unusable"]
    assert [by_key[row_key(id)]["label"] for id in ids[6:]] == ["", ""]
    assert [by_key[row_key(id)]["content"] for id in ids] == [
        digest[:8] for digest in raw["sha256"].to_pylist()
    ]
    assert not any(id.encode() in as_csv(rows) for id in ids)
