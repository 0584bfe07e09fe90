"""A source is what its uri names, and what its digest says."""

import hashlib
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.runtime.errors import SettingsError, SourceError
from tests.support.entries import Entry, open_source


def entry(uri: Path | str, **more) -> Entry:
    return Entry(uri=str(uri), license="CC0-1.0", **more)


def test_a_uri_that_names_nothing(tmp_path):
    uri = tmp_path / "pets"
    with pytest.raises(SourceError) as caught:
        open_source(entry(uri))
    assert str(caught.value) == (
        f"ERROR uri {uri} does not exist | fix: correct it in the catalog entry"
    )


@pytest.mark.parametrize("algorithm", ["sha256", "md5"])
def test_a_file_is_compared_with_its_digest(tmp_path, algorithm):
    path = tmp_path / "train.parquet"
    pq.write_table(pa.table({"image": [b"1", b"2"], "label": ["cat", "dog"]}), path)
    right = hashlib.new(algorithm, path.read_bytes()).hexdigest()
    assert open_source(entry(path, **{algorithm: right})).num_examples == 2
    wrong = "0" * len(right)
    with pytest.raises(SourceError) as caught:
        open_source(entry(path, **{algorithm: wrong}))
    assert str(caught.value) == (
        f"ERROR {path} has the {algorithm} {right}, expected {wrong} | fix: fetch it again, or "
        f"correct {algorithm} in the catalog entry"
    )
    with pytest.raises(SourceError, match="is no single file"):
        open_source(entry(tmp_path, **{algorithm: right}))


def test_an_unknown_kind_is_refused_before_anything_is_read(tmp_path):
    with pytest.raises(SettingsError) as caught:
        open_source(entry(tmp_path, kind="zip"))
    assert str(caught.value) == (
        "ERROR kind must be auto, builtin, cifar, idx, npz, manifest, parquet, folders, "
        "found 'zip' | fix: set kind: auto in the catalog entry"
    )
