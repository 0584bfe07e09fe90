"""reports/rows.csv to the letter, whatever labels are, and in parts where there are many."""

import hashlib
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from pipeline.dataset import rows
from pipeline.dataset.rows import (
    HEADER,
    LINE_OF_ROW,
    SCHEMA,
    as_csv,
    as_rows,
    labels_as_text,
    parse_rows,
    parts_of,
    row_key,
    weights_as_text,
    write_rows,
)
from pipeline.runtime.errors import MissingInput

DIGESTS = [f"{n:064x}" for n in (0xAB << 248, 0xCD << 248)]


def table(label: pa.Array, **more: object) -> pa.Table:
    columns = {"id": ["a", "b"], "sha256": DIGESTS, "split": ["train", None], "label": label}
    return pa.table(columns | more)


def written(some: pa.Table, folder: Path = Path()) -> bytes:
    write_rows(folder / "rows.csv", folder / "rows", some)
    return (folder / "rows.csv").read_bytes()


def test_to_the_letter(here):
    labels = pa.array(["cat", "a, b"]).dictionary_encode()
    kept = as_rows(table(labels, weight=pa.array([1, 0.456], pa.float32())), "label")
    gone = as_rows(table(labels, reason=["leak", None]).slice(0, 1), "label")
    assert written(pa.concat_tables([kept, gone])) == (
        b"key,content,label,split,weight,reason\n"
        b'3e23e8160039,cd000000,"a, b",,0.46,\n'
        b"ca978112ca1b,ab000000,cat,train,,leak\n"
        b"ca978112ca1b,ab000000,cat,train,1,\n"
    )


def test_a_key_is_the_begin_of_a_digest():
    assert row_key("a") == hashlib.sha256(b"a").hexdigest()[:12] == "ca978112ca1b"


@pytest.mark.parametrize(
    ("labels", "texts"),
    [
        (pa.array([0.1, -3e-9, None], pa.float64()), ["0.1", "-3e-9", None]),
        (pa.array([0.1, 2.0, 1 / 3], pa.float32()), ["0.1", "2", "0.33333334"]),
        (pa.array([3, -4], pa.int64()), ["3", "-4"]),
        (pa.array([[1, 2], None]), ["[1, 2]", None]),
        (
            pa.array(["=1+1", "-3.5", "-x", "a\nb", "\u202eevil", '"q"', None]),
            ["'=1+1", "-3.5", "'-x", "a\\nb", "\\u202eevil", '"q"', None],
        ),
    ],
    ids=lambda value: "" if isinstance(value, list) else str(value.type),
)
def test_labels_of_any_target(labels, texts):
    assert labels_as_text(pa.chunked_array([labels])).to_pylist() == texts


def test_weights_to_a_hundredth():
    weights = pa.chunked_array([pa.array([1.0, 0.0, 0.1, 0.999, 0.123], pa.float32()), [2.5]])
    assert weights_as_text(weights).to_pylist() == ["1", "0", "0.1", "1", "0.12", "2.5"]


def some_rows(num: int, seed: int = 0) -> pa.Table:
    random = np.random.default_rng(seed)
    return as_rows(
        pa.table(
            {
                "id": [f"e{n}" for n in range(num)],
                "sha256": [f"{n:064x}" for n in range(num)],
                "split": random.choice(["train", "val", "test"], num),
                "label": pa.array(random.choice(["cat", 'do"g', "a,b"], num)),
                "weight": random.random(num),
            }
        ),
        "label",
    )


def test_what_is_written_is_read_and_the_order_does_not_matter(here):
    made = some_rows(500)
    content = written(made)
    shuffled = made.take(pa.array(np.random.default_rng(1).permutation(500)))
    assert written(shuffled) == content
    assert parse_rows(content, "x").equals(made.sort_by("key"))
    assert len(LINE_OF_ROW.findall(content)) == 500
    assert parts_of(content) is None
    assert parse_rows(written(SCHEMA.empty_table()), "x").num_rows == 0


def test_many_lie_in_parts_by_their_keys(here, monkeypatch):
    monkeypatch.setattr(rows, "MOST_ROWS", 400)
    made = some_rows(500)
    parts = parts_of(written(made))
    assert parts is not None
    assert sorted(p.name for p in Path("rows").iterdir()) == list(parts)
    contents = {name: (Path("rows") / name).read_bytes() for name in parts}
    assert parts == {name: hashlib.sha256(c).hexdigest() for name, c in contents.items()}
    tables = [parse_rows(content, name) for name, content in contents.items()]
    assert pa.concat_tables(tables).equals(made.sort_by("key"))
    assert {t["key"][0].as_py()[:2] + ".csv" for t in tables} == set(parts)
    monkeypatch.setattr(rows, "MOST_ROWS", 500)  # so many fit into one again
    assert written(made, Path()).startswith(HEADER)


@pytest.mark.parametrize("content", [b"", b"id,label\na,b\n", HEADER + b"a,b\n"])
def test_what_is_no_file_of_rows(content):
    with pytest.raises(
        MissingInput, match=r"^ERROR there (is damaged: |does not begin with key,c)"
    ):
        parse_rows(content, "there")


def test_bytes_of_a_thousand_rows():
    """37 bytes a line, of which git packs a third."""
    assert len(as_csv(some_rows(1000))) < 45_000
