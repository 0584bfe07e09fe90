"""What is kept between runs is read back as it was, or is as good as not there."""

import errno
import os
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.runtime import cache as cache_module
from pipeline.runtime.cache import CACHE, key_of, read_cache, write_cache

MODULE = "pipeline.runtime.files"


def table(*values: int) -> pa.Table:
    words = pa.array([str(value) for value in values]).dictionary_encode()
    table = pa.table({"number": pa.array(values, pa.int64()), "word": words})
    return table.replace_schema_metadata({b"made of": b"values"})


def kept(folder: Path) -> list[str]:
    """Keys of the files of a name, and names of whatever else lies there."""
    return sorted(path.name.split("-")[0] for path in folder.iterdir())


def test_what_is_kept_is_read_back(here):
    write_cache("answers", "k1", table(1, 2))
    again = read_cache("answers", "k1")
    assert again.equals(table(1, 2), check_metadata=True)
    assert [path.parts[:3] for path in CACHE.rglob("*.parquet")] == [
        (".groundwork", "cache", "answers")
    ]


def test_another_name_or_key_has_nothing(here):
    assert read_cache("answers", "k1") is None
    write_cache("answers", "k1", table(1))
    assert read_cache("answers", "k2") is None
    assert read_cache("questions", "k1") is None
    write_cache("questions", "k1", table(3))
    assert read_cache("answers", "k1") == table(1)


def test_a_table_is_kept_instead_of_the_last_one(here):
    write_cache("answers", "k1", table(1))
    write_cache("answers", "k2", table(2))
    assert read_cache("answers", "k1") is None
    assert kept(CACHE / "answers") == ["k2"]
    write_cache("answers", "k2", table(3))  # by the same key too
    assert read_cache("answers", "k2") == table(3)
    assert kept(CACHE / "answers") == ["k2"]
    write_cache("answers", "k2", table(3))
    assert read_cache("answers", "k2") == table(3)


def test_keys_that_stay(here):
    for number in range(3):
        write_cache("answers", f"k{number}", table(number), keep=["k0"])
    assert kept(CACHE / "answers") == ["k0", "k2"]
    assert [read_cache("answers", f"k{number}") for number in range(3)] == [
        table(0),
        None,
        table(2),
    ]


def test_no_byte_can_be_another(here):
    write_cache("answers", "k1", table(*range(20)))
    [path] = (CACHE / "answers").iterdir()
    whole = path.read_bytes()
    for place in range(len(whole)):
        path.write_bytes(
            whole[:place] + bytes([whole[place] ^ 1 << place % 8]) + whole[place + 1 :]
        )
        assert read_cache("answers", "k1") is None
        path.write_bytes(whole[:place])
        assert read_cache("answers", "k1") is None
    path.write_bytes(whole)
    assert read_cache("answers", "k1") == table(*range(20))


def test_a_file_of_another_key_is_not_taken_for_it(here):
    write_cache("answers", "k1", table(1))
    [path] = (CACHE / "answers").iterdir()
    path.rename(path.with_name(path.name.replace("k1", "k2")))
    assert read_cache("answers", "k1") is None
    path.with_name("k1.parquet").write_bytes(b"")
    (CACHE / "answers" / "k1-folder.parquet").mkdir()
    assert read_cache("answers", "k1") is None


def test_a_damaged_file_does_not_hide_a_whole_one(here):
    write_cache("answers", "k1", table(1))
    for digest in ("0" * 64, "f" * 64):
        (CACHE / "answers" / f"k1-{digest}.parquet").write_bytes(b"damaged")
    assert read_cache("answers", "k1") == table(1)


def test_a_write_that_fails_leaves_what_was_there(here, monkeypatch):
    write_cache("answers", "k1", table(1))

    def write_half(table: pa.Table, path: Path, **options: object) -> None:
        Path(path).write_bytes(b"half")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(pq, "write_table", write_half)
    with pytest.raises(OSError, match="No space left on device"):
        write_cache("answers", "k2", table(2))
    assert read_cache("answers", "k1") == table(1)
    assert kept(CACHE / "answers") == ["k1"]


def test_what_another_run_leaves_half_written_goes_with_the_next(here, monkeypatch):
    (CACHE / "answers").mkdir(parents=True)
    (CACHE / "answers/4711.partial").write_bytes(b"half")
    assert read_cache("answers", "k1") is None
    write_cache("answers", "k1", table(1))
    assert kept(CACHE / "answers") == ["k1"]


def test_the_folder_may_lie_elsewhere(here):
    write_cache("answers", "k1", table(1), cache=here / "other")
    assert read_cache("answers", "k1") is None
    assert read_cache("answers", "k1", here / "other") == table(1)


def test_where_the_cache_should_be_is_something_else(here):
    CACHE.parent.mkdir()
    CACHE.touch()
    assert read_cache("answers", "k1") is None
    with pytest.raises(NotADirectoryError):
        write_cache("answers", "k1", table(1))


def test_a_key_is_of_code_libraries_and_inputs(monkeypatch):
    first = key_of(MODULE, shape=(4, 4), seed=0)
    assert len(bytes.fromhex(first)) == 32
    assert key_of(MODULE, seed=0, shape=(4, 4)) == first
    keys = {
        first,
        key_of("pipeline.runtime.errors", shape=(4, 4), seed=0),
        key_of(MODULE, shape=(4, 4), seed=1),
        key_of(MODULE, shape=(4, 4)),
        key_of(MODULE, shape=(4, 4), seed="0"),
        key_of(MODULE, form=(4, 4), seed=0),
    }
    with monkeypatch.context() as other:
        other.setattr(cache_module, "code_digest", lambda *modules: "of edited code")
        keys.add(key_of(MODULE, shape=(4, 4), seed=0))
    with monkeypatch.context() as other:
        other.setattr(cache_module, "library_versions", lambda *modules: ["numpy 1.0"])
        keys.add(key_of(MODULE, shape=(4, 4), seed=0))
    assert len(keys) == 8
    assert key_of(MODULE, shape=(4, 4), seed=0) == first


def test_a_key_may_be_of_names_that_are_no_text():
    assert key_of(MODULE, file=os.fsdecode(b"\xff")) != key_of(MODULE, file=os.fsdecode(b"\xfe"))
