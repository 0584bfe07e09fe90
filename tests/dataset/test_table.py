"""A folder of tables reads back as it was written; what is damaged is noticed."""

import hashlib
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.dataset import parts as part_files
from pipeline.dataset import table as records
from pipeline.dataset.parts import write_tables
from pipeline.dataset.table import (
    MEND,
    read_folder,
    read_index,
    read_tables,
    words,
    write_examples,
    write_index,
)
from pipeline.runtime.errors import MissingInput
from tests.support.image_schema import CLEAN_SCHEMA, RAW_SCHEMA, WITHOUT_CONTENT

SCHEMA = pa.schema(
    [
        pa.field("id", pa.string(), nullable=False),
        pa.field("image", pa.binary()),
        pa.field("label", records.WORD),
    ]
)


def table(start: int, num: int, vocabulary: tuple[str, ...] = ("cat", "dog")) -> pa.Table:
    numbers = range(start, start + num)
    columns = [
        pa.array([f"id-{number}" for number in numbers]),
        pa.array([f"image {number}".encode() for number in numbers]),
        words([["cat", "dog"][number % 2] for number in numbers], list(vocabulary)),
    ]
    return pa.table(columns, schema=SCHEMA)


def write(folder, *tables: pa.Table) -> None:
    write_index(folder, write_tables(folder, tables, SCHEMA))


def test_the_schemas_of_the_contract():
    whose = "sha256 source_sha256 source license purposes"
    measured = "width height channels brightness contrast sharpness red green blue dhash mode"
    raw = f"id image label split group {whose} {measured} metadata_removed problem".split()
    assert RAW_SCHEMA.names == raw
    added = ["label_given", "label_quality", "suspected", "weight"]
    assert CLEAN_SCHEMA.names == [*raw[:-1], *added]
    assert [name for name in raw if name != "image"] == WITHOUT_CONTENT


def test_words_share_one_dictionary():
    encoded = words(["dog", None, "cat"], ["cat", "dog", "bird"])
    assert encoded.to_pylist() == ["dog", None, "cat"]
    assert encoded.dictionary.to_pylist() == ["cat", "dog", "bird"]
    with pytest.raises(KeyError, match="fish"):
        words(["fish"], ["cat"])


def test_a_folder_reads_back_in_order(tmp_path):
    write(tmp_path / "raw", table(0, 3), table(3, 0), table(3, 2, ("dog", "cat")))
    found = read_folder(tmp_path / "raw")
    assert found.schema == SCHEMA
    assert found.to_pylist() == table(0, 5).to_pylist()
    assert read_folder(tmp_path / "raw", ["label"]).schema.names == ["label"]


def test_the_index_says_what_there_is(tmp_path):
    files = write_tables(tmp_path / "raw", [table(0, 3)], SCHEMA)
    write_index(tmp_path / "raw", files, dataset="pets", classes=["cat", "dog"])
    content = (tmp_path / "raw" / "part-00000.parquet").read_bytes()
    assert read_index(tmp_path / "raw") == {
        "dataset": "pets",
        "classes": ["cat", "dog"],
        "examples": 3,
        "files": [
            {
                "name": "part-00000.parquet",
                "rows": 3,
                "sha256": hashlib.sha256(content).hexdigest(),
            }
        ],
    }


@pytest.mark.parametrize("tables", [[], [table(0, 0)]], ids=["none", "an empty one"])
def test_no_rows_are_one_empty_file(tmp_path, tables):
    write(tmp_path / "raw", *tables)
    assert [file["rows"] for file in read_index(tmp_path / "raw")["files"]] == [0]
    assert read_folder(tmp_path / "raw").schema == SCHEMA


def test_files_are_of_similar_size(tmp_path):
    num = part_files.ROWS_PER_FILE
    write(tmp_path / "raw", *(table(start, num // 2) for start in range(0, 2 * num + 1, num // 2)))
    index = read_index(tmp_path / "raw")
    assert [(file["name"], file["rows"]) for file in index["files"]] == [
        ("part-00000.parquet", num),
        ("part-00001.parquet", num),
        ("part-00002.parquet", num // 2),
    ]
    ids = read_folder(tmp_path / "raw")["id"].to_pylist()
    assert ids == [f"id-{number}" for number in range(index["examples"])]


def image_table(sizes: list[int | None]) -> pa.Table:
    columns = [
        pa.array([f"id-{number}" for number in range(len(sizes))]),
        pa.array([None if size is None else bytes(size) for size in sizes], pa.binary()),
        words([["cat", "dog"][number % 2] for number in range(len(sizes))], ["cat", "dog"]),
    ]
    return pa.table(columns, schema=SCHEMA)


@pytest.mark.parametrize(
    ("sizes", "rows"),
    [
        ([1 << 18] * 10, [4, 4, 2]),
        ([3 << 20] * 2, [1, 1]),
        ([100] * 5, [5]),
        ([None] * 3, [3]),
        ([], [0]),
    ],
)
def test_a_row_group_has_about_a_megabyte_of_images(tmp_path, sizes, rows):
    path = tmp_path / "part.parquet"
    whole = image_table(sizes)
    write_examples(whole, path)
    groups = pq.ParquetFile(path).metadata
    assert [groups.row_group(n).num_rows for n in range(groups.num_row_groups)] == rows
    assert pq.read_table(path).equals(whole)
    # As many rows in other chunks are the same bytes, and so is what was read.
    data = path.read_bytes()
    write_examples(pa.concat_tables([whole.slice(0, 1), whole.slice(1)]), path)
    assert path.read_bytes() == data
    write_examples(pq.read_table(tmp_path / "part.parquet"), path)
    assert path.read_bytes() == data


def test_the_same_tables_are_the_same_bytes(tmp_path):
    for name in ("a", "b"):
        write(tmp_path / name, table(0, 4), table(4, 4))
    for file in ("part-00000.parquet", "index.json"):
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes()


def test_a_folder_that_exists_is_not_written_over(tmp_path):
    with pytest.raises(FileExistsError):
        write_tables(tmp_path, [table(0, 1)], SCHEMA)


def refusal(folder) -> str:
    with pytest.raises(MissingInput) as caught:
        read_folder(folder)
    return str(caught.value)


@pytest.mark.parametrize("content", [None, b"", b'{"examples": 3', b"\xff\xfe"])
def test_a_folder_without_a_whole_index_is_not_read(tmp_path, content):
    write(tmp_path / "raw", table(0, 3))
    index = tmp_path / "raw" / "index.json"
    index.unlink()
    if content is not None:
        index.write_bytes(content)
    fix = "run dvc repro again" if content is None else MEND
    assert refusal(tmp_path / "raw") == f"ERROR {index} is missing or broken | fix: {fix}"


def test_a_file_with_other_rows_than_the_index_says(tmp_path):
    write(tmp_path / "raw", table(0, 3))
    path = tmp_path / "raw" / "part-00000.parquet"
    write_examples(table(0, 2), path)
    assert refusal(tmp_path / "raw") == (
        f"ERROR {path} is damaged: 2 rows, expected 3 | fix: groundwork repair --cache && dvc repro"
    )


def test_a_missing_file_is_named(tmp_path):
    write(tmp_path / "raw", table(0, 3))
    path = tmp_path / "raw" / "part-00000.parquet"
    path.unlink()
    assert refusal(tmp_path / "raw").startswith(f"ERROR {path} is damaged: ")


def test_a_flipped_bit_is_noticed_or_changes_nothing(tmp_path):
    write(tmp_path / "raw", table(0, 5))
    path = tmp_path / "raw" / "part-00000.parquet"
    whole, rows = path.read_bytes(), table(0, 5).to_pylist()
    refusals = []
    for position in range(len(whole)):
        flipped = bytearray(whole)
        flipped[position] ^= 1
        path.write_bytes(flipped)
        try:
            found = read_folder(tmp_path / "raw", SCHEMA.names).to_pylist()
        except MissingInput as error:
            refusals.append(str(error))
        else:
            assert found == rows, f"byte {position}"
    assert len(refusals) > len(whole) / 2
    assert all(refusal.startswith(f"ERROR {path} is damaged: ") for refusal in refusals)


def test_tables_are_read_one_file_at_a_time(tmp_path):
    write(tmp_path / "raw", table(0, 3))
    pq.write_table(table(3, 2), tmp_path / "raw" / "part-00001.parquet")
    index = read_index(tmp_path / "raw")
    second = {"name": "part-00001.parquet", "rows": 2, "sha256": ""}
    write_index(tmp_path / "raw", [*index["files"], second])
    tables = read_tables(tmp_path / "raw", ["id"])
    assert next(tables)["id"].to_pylist() == ["id-0", "id-1", "id-2"]
    assert next(tables)["id"].to_pylist() == ["id-3", "id-4"]
    assert json.loads((tmp_path / "raw" / "index.json").read_text())["examples"] == 5


def test_every_flipped_bit_and_truncation_of_an_index_is_noticed(tmp_path):
    write(tmp_path / "raw", table(0, 3))
    path = tmp_path / "raw" / "index.json"
    whole = path.read_bytes()
    for position in range(len(whole)):
        flipped = bytearray(whole)
        flipped[position] ^= 1 << position % 8
        for content in (flipped, whole[:position]):
            path.write_bytes(content)
            assert refusal(tmp_path / "raw") == (f"ERROR {path} is missing or broken | fix: {MEND}")


def test_whatever_bit_of_a_footer_flips_the_rows_are_those_written_or_refused(tmp_path):
    folder = tmp_path / "raw"
    write_index(folder, write_tables(folder, [table(0, 3)], SCHEMA), SCHEMA)
    path = folder / "part-00000.parquet"
    whole, rows = path.read_bytes(), table(0, 3).to_pylist()
    start = len(whole) - int.from_bytes(whole[-8:-4], "little") - 8
    for place in range(start, len(whole)):
        for bit in (0x80, 1 << place % 7):
            damage = bytearray(whole)
            damage[place] ^= bit
            path.write_bytes(damage)
            try:
                assert read_folder(folder).to_pylist() == rows, place
            except MissingInput:
                continue
