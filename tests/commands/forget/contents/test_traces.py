"""Examples are recognised in any file, and others are not taken for them."""

import hashlib
import io
import sqlite3

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.commands.forget.contents import traces
from pipeline.commands.forget.contents.mentions import names_one
from pipeline.commands.forget.contents.traces import Forgotten
from pipeline.dataset.rows import HEADER, row_key
from pipeline.modalities.images.prepare.traces import trace
from tests.support.forgetting import jpeg


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def table(images: dict[str, bytes], **options: object) -> io.BytesIO:
    """A data/raw by id and image."""
    digests = [sha256(image) for image in images.values()]
    columns = {
        "id": list(images),
        "image": list(images.values()),
        "sha256": digests,
        "source_sha256": [sha256(b"source of " + image) for image in images.values()],
    }
    buffer = io.BytesIO()
    pq.write_table(pa.table(columns), buffer, **options)
    return buffer


def shard(ids: list[str]) -> io.BytesIO:
    buffer = io.BytesIO()
    pq.write_table(pa.table({"id": ids, "x": [id.encode() * 9 for id in ids]}), buffer)
    return buffer


A, B, C = jpeg(1), jpeg(2), jpeg(3)


def test_a_name_is_an_id_or_a_digest_of_an_id_or_image():
    for name in ("a", sha256(b"a"), sha256(A), sha256(b"source of " + A)):
        examples = Forgotten()
        assert examples.meet(table({"a": A, "b": B}), {name, "nobody"}) == {name}
        assert examples.ids == {"a"}
        assert examples.digests == {sha256(A), sha256(b"source of " + A)}


def test_the_same_picture_under_another_id_is_met_too():
    examples = Forgotten()
    file = table({"a": A, "b": B, "again": A})
    examples.meet(file, {"a"})
    examples.meet_copies(file)
    assert examples.ids == {"a", "again"}


def test_renumbered_ids_do_not_spread():
    """Where ids are row numbers, a row that is inserted gives every picture another id."""
    old = {"0": A, "1": B, "2": C}
    new = {"0": jpeg(0), "1": A, "2": B, "3": C}
    examples = Forgotten()
    examples.meet(table(new), {"1"})
    assert examples.in_file(table(old), examples.ids)
    assert examples.aliases == {"0"}
    assert examples.ids == {"1"}
    assert examples.digests == {sha256(A), sha256(b"source of " + A)}
    assert examples.in_file(shard(["0", "2"]), examples.ids | examples.aliases)
    assert not examples.in_file(table({"0": jpeg(0), "2": B}), examples.ids)  # rebuilt


@pytest.mark.parametrize("compression", ["none", "zstd"])
def test_rows_and_bytes(compression):
    examples = Forgotten()
    examples.meet(table({"a": A}), {"a"})
    assert examples.in_file(table({"other": A}, compression=compression), {"a"})
    assert len(examples.traces) == 1
    assert examples.in_file(table({"a": C}, compression=compression), {"a"})
    assert not examples.in_file(table({"b": B}, compression=compression), {"a"})
    assert examples.in_file(io.BytesIO(b"tar" + A[300:] + b"more"), ())
    assert not examples.in_file(io.BytesIO(b"tar" + B), ())


def test_a_file_that_is_an_image_is_known_by_its_digest():
    examples = Forgotten(digests={sha256(b"any bytes")})
    assert examples.in_file(io.BytesIO(b"any bytes"), ())


def test_an_image_across_two_blocks(monkeypatch):
    monkeypatch.setattr(traces, "BLOCK_BYTES", 1000)
    examples = Forgotten(traces={trace({"image": A})})
    for offset in range(0, 1000, 37):
        assert examples.in_file(io.BytesIO(bytes(offset) + A), ())


def test_many_traces_are_found_as_few_are():
    random = np.random.default_rng(0)
    many = [random.bytes(512) for _ in range(200)]
    examples = Forgotten(traces=set(many))
    noise = random.bytes(100_000)
    assert not examples.in_bytes(noise)
    assert not examples.in_bytes(b"")
    for number, one in enumerate(many):
        assert examples.in_bytes(noise[: 1000 + number] + one + noise[:number])
        assert not examples.in_bytes(noise[:1000] + one[:-1] + noise[:number])


@pytest.mark.parametrize(
    ("content", "named"),
    [
        (b'{"worst": "cat/0001.jpg"}', True),
        (b"see cat/0001.jpg.", True),
        (b'{"worst": "cat/0001.jpg/x", "next": "bobcat/0001.jpg", "or": "a/cat/0001.jpg"}', False),
        (b"id,label\ncat/0001.jpg,cat\n", True),
        (b"id,label\n7,cat\n", True),
        (b"label,id\ncat,70\n", False),
        (b"id,split,kind,of\n8,train,near,7\n", True),
        (b"epoch,loss\n7,0.1\n", False),  # a number by chance
        (b'{"examples": 7}', False),
    ],
)
def test_names_in_text(content, named):
    assert names_one(content, {"cat/0001.jpg", "7"}) == named


@pytest.mark.parametrize(
    ("column", "value", "named"),
    [
        ("neighbours", ["8", "7"], True),
        ("neighbours", ["8", "70", "cat/0001.jpg/x"], False),
        ("of", "7", True),
        ("of", "cat/0001.jpg", True),
        ("of", "70", False),
        ("like", "7", True),
        ("like", "cat/0001.jpg/x", False),
        ("detail", "7", False),  # a number by chance
        # As earlier versions had them.
        ("reason", "duplicate of cat/0001.jpg", True),
        ("reason", "leak: same image as cat/0001.jpg in test", True),
        ("reason", "leak: looks like bobcat/0001.jpg in test", False),
        ("why", "It looks like cat/0001.jpg in train, which is dog.", True),
        ("why", "People do not agree: 7 cat. It looks like 8 in train, which is dog.", False),
    ],
)
def test_names_in_rows_of_others(column, value, named):
    """As the review queue and other tables of data/findings have them."""
    buffer = io.BytesIO()
    pq.write_table(pa.table({"id": ["8", "9"], column: [value, None]}), buffer)
    assert Forgotten().in_file(buffer, {"cat/0001.jpg", "7"}) == named


def test_names_in_a_database(tmp_path):
    with sqlite3.connect(tmp_path / "cache.db") as database:
        database.execute("create table files (path text)")
        database.execute("insert into files values ('people/cat/0001.jpg')")
        database.execute("insert into files values ('cat/0001.jpg')")
    database.close()
    with (tmp_path / "cache.db").open("rb") as file:
        assert Forgotten().in_file(file, {"cat/0001.jpg"})


def test_encoded_examples_are_known_when_no_other_has_them():
    random = np.random.default_rng(0)
    pixels = [random.bytes(768), random.bytes(768), bytes(768), bytes(768)]
    buffer = io.BytesIO()
    ids = ["noise", "other", "black", "black too"]
    x = pa.array(pixels, pa.binary(768))
    pq.write_table(pa.table({"id": ids, "x": x, "copy": [0] * 4}), buffer)
    examples = Forgotten(ids={"noise", "black"})
    examples.learn_inputs(buffer)
    assert examples.in_bytes(b"memory" + pixels[0])
    assert not examples.in_bytes(pixels[1] + pixels[2])


def test_rows_of_examples_are_known_by_their_keys():
    """In reports/rows.csv and its parts; the same digits elsewhere are no line of an example."""
    line = f"{row_key('ada/1.jpg')},0badcafe,cat,train,1,\n".encode()
    examples = Forgotten({"ada/1.jpg"})
    assert examples.in_file(io.BytesIO(HEADER + line), examples.ids)
    assert examples.in_file(io.BytesIO(HEADER + line), examples.ids, digests=False)
    assert not examples.in_file(io.BytesIO(HEADER + line), {"ada/2.jpg"})
    assert not examples.in_file(io.BytesIO(HEADER + line), ())
    assert not examples.in_file(io.BytesIO(HEADER), examples.ids)
    assert not examples.in_file(io.BytesIO(b"commit " + line), examples.ids)
    many = b"".join(b"%012x,00000000,cat,train,1,\n" % n for n in range(200_000))
    assert examples.in_file(io.BytesIO(HEADER + many + line), examples.ids)
    assert not examples.in_file(io.BytesIO(HEADER + many), examples.ids)
