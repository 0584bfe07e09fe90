"""What tests of data made to do harm share: the way of ingest, and a canary beside the data.

Everything goes through `open_source`, then `make_rows`.
"""

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from pipeline.dataset.splits.rule import SplitRule
from pipeline.ingest.admission import Terms
from pipeline.ingest.rows import IngestJob, make_rows
from pipeline.runtime.errors import GroundworkError
from tests.support.entries import KIND, Entry, open_source
from tests.support.hostile_images import SECRET, encode, noise

JPEG = encode(noise(16, 16, 3), "JPEG")
PNG = encode(noise(16, 16, 3), "PNG")
MAX_BYTES = 8e6
MAX_PIXELS = 4e6
NARROW = "\N{NARROW NO-BREAK SPACE}"


def ingest(uri: Path, **more) -> list[dict]:
    """Rows of the example table."""
    source = open_source(Entry(uri=str(uri), license="CC0-1.0", **more), MAX_BYTES)
    rows: list[dict] = []
    for batch in source.batches:
        job = IngestJob(
            read=batch,
            modality=KIND.modality,
            target=KIND.target,
            index=dict(source.target),
            splits_given=source.splits,
            fractions=SplitRule(),
            seed=0,
            limits=SimpleNamespace(max_megapixels=MAX_PIXELS / 1e6),
            source="here",
            terms=Terms(
                license="CC0-1.0",
                purposes=None,
                purpose="training",
                opted_out=frozenset(),
                pseudonym_key=None,
            ),
        )
        rows += make_rows(job).table.to_pylist()
    return rows


def problems(uri: Path) -> dict[str, str | None] | str:
    """Why each example cannot be used, None where it can; or why none can."""
    try:
        found = {row["id"]: row["problem"] for row in ingest(uri)}
    except GroundworkError as error:
        found = str(error)
    lines = [found] if isinstance(found, str) else [*found, *filter(None, found.values())]
    assert all(line.replace(NARROW, "").isprintable() for line in lines)
    return found


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The repository's folder, where the data is in `data`; around it, nothing may change."""
    (tmp_path / "canary").write_bytes(SECRET)
    (tmp_path / "here" / "data").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "here")
    yield tmp_path / "here"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["canary", "here"]
    assert (tmp_path / "canary").read_bytes() == SECRET
    left = {path.name for path in (tmp_path / "here").iterdir()}
    assert left <= {"data", ".groundwork", "params.yaml"}
    unpacked = list((tmp_path / "here").glob(".groundwork/unpacked/*"))
    assert all(path.suffix == ".tar" for path in unpacked)  # nothing half written


def put(folder: Path, **files: bytes) -> Path:
    """Files of the class cat, by name without suffix."""
    (folder / "cat").mkdir(exist_ok=True)
    for name, data in files.items():
        (folder / "cat" / f"{name}.jpg").write_bytes(data)
    return folder
