"""Two-line catalog entries: bad and good images made here, and CIFAR-10 where it is at hand."""

import io
import json
import os
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image
from sklearn.datasets import load_digits

from tests.support.repository import Repository

CIFAR10 = os.environ.get("GROUNDWORK_CIFAR10")
needs_cifar10 = pytest.mark.skipif(
    not CIFAR10, reason="GROUNDWORK_CIFAR10 does not name the folder with CIFAR-10"
)
PLANTED = range(20, 49)  # examples given a wrong label
CANARY = b"52.0907N 5.1214E canary"


def add_entry(repository: Repository, name: str, uri: str) -> None:
    entry = repository.path / f"data/catalog/{name}.yaml"
    entry.write_text(f"uri: {uri}\nlicense: CC-BY-4.0\n")
    repository.set_params({"dataset": name})


def jpeg(pixels: np.ndarray, *, with_gps: bool = False) -> bytes:
    exif = Image.Exif()
    if with_gps:
        exif.get_ifd(0x8825)[1] = "N"
        exif[0x010E] = CANARY.decode()  # ImageDescription
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=95, exif=exif)
    return buffer.getvalue()


def write_split(path: Path, rows: list[tuple[str, bytes, str]], names: list[str]) -> None:
    """Write rows (id, image, label) in the Hugging Face layout."""
    features = {"image": {"_type": "Image"}, "label": {"_type": "ClassLabel", "names": names}}
    metadata = {"huggingface": json.dumps({"info": {"features": features}})}
    table = pa.table(
        {
            "image": [{"bytes": image, "path": id} for id, image, _ in rows],
            "label": [names.index(label) for _, _, label in rows],
        }
    )
    pq.write_table(table.replace_schema_metadata(metadata), path)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """600 digits of three classes, with one of each thing that goes wrong planted in them."""
    digits = load_digits()
    chosen = np.flatnonzero(np.isin(digits.target, [0, 1, 4]))
    names = ["zero", "one", "four"]
    label = {0: "zero", 1: "one", 4: "four"}
    rows = []
    for position, row in enumerate(chosen):
        pixels = (digits.images[row] * 15.9).astype(np.uint8)
        image = jpeg(pixels, with_gps=position == 7)
        rows.append((f"{position:04d}.jpg", image, label[digits.target[row]]))
    train, test = rows[:450], rows[450:]
    for position in PLANTED:
        id, image, right = train[position]
        train[position] = (id, image, names[(names.index(right) + 1) % 3])
    assert train[20][2] == "four"
    assert train[50][2] == "four"
    train.append(("copy-of-0100.jpg", train[100][1], train[100][2]))
    train.append(("leak-of-test.jpg", test[0][1], test[0][2]))
    train.append(("half.jpg", train[30][1][:-20], "zero"))
    place = tmp_path / "my digits"
    place.mkdir()
    write_split(place / "train-00000-of-00001.parquet", train, names)
    write_split(place / "test-00000-of-00001.parquet", test, names)
    return place


@pytest.mark.slow  # a minute
def test_a_two_line_entry_goes_through_all_stages(clone, folder):
    add_entry(clone, "mine", str(folder))
    clone.set_params(
        {
            "epochs": 3,
            "clean": {"action": "drop"},
            "augment": {"copies": 2},
        }
    )
    (clone.path / "data/reviews/mine.csv").write_text(
        "id,given,decision,reviewer,note\n"
        "0021.jpg,zero,keep,ana,\n"  # about another label than the one given: does not count
        "0050.jpg,four,drop,ana,smudged\n"
        "0020.jpg,four,one,ana,\n"
    )
    output = clone.run("dvc repro")
    assert "ingest: removed gps metadata from 1 examples" in output
    assert "set aside half.jpg: unreadable: damaged pixels: image file is truncated" in output

    removed = pq.read_table(clone.path / "data/findings/removed.parquet").to_pylist()
    reasons = {row["id"]: (row["reason"], row["of"]) for row in removed}
    assert reasons.pop("copy-of-0100.jpg") == ("duplicate", "0100.jpg")
    assert reasons.pop("leak-of-test.jpg") == ("leak", "0450.jpg")
    assert reasons.pop("half.jpg") == ("unusable", None)
    assert reasons.pop("0050.jpg") == ("dropped", None)
    assert set(reasons.values()) <= {("label", None)}
    [detail] = [row["detail"] for row in removed if row["id"] == "half.jpg"]
    assert detail.startswith("unreadable: damaged pixels")
    planted = {f"{position:04d}.jpg" for position in PLANTED[1:]}  # 0020 is decided on
    found = pq.read_table(clone.path / "data/findings/suspected.parquet")["id"].to_pylist()
    assert len(planted & {*found}) >= 15
    assert len({*found} - planted) <= 3, "the label check suspects what is right"
    labels = json.loads((clone.path / "reports/labels.json").read_text())
    # Of so few examples it may not be able to tell how far it is to be trusted; then it lists.
    assert {*reasons} == ({*found} if labels["label_check_trusted"] else set())

    (kept,) = pq.read_table(
        clone.path / "data/clean/part-00000.parquet", filters=[("id", "=", "0020.jpg")]
    ).to_pylist()
    assert (kept["label"], kept["label_given"]) == ("one", "four")

    assert labels["duplicates"] == 1
    assert labels["leaks"] == 1
    assert labels["removed"] == len(removed)
    validation = json.loads((clone.path / "reports/validation.json").read_text())
    assert validation["quarantined"] == 1
    metrics = json.loads((clone.path / "reports/metrics.json").read_text())
    assert metrics["accuracy"] > 0.9

    for place in ("data", "models", "reports", ".dvc/cache"):
        for file in (clone.path / place).rglob("*"):
            assert not file.is_file() or CANARY not in file.read_bytes(), f"metadata in {file}"


def odd_image(number: int) -> tuple[str, bytes]:
    """One of 100 images that hardly share a size, a mode or a format; its suffix and its bytes."""
    random = np.random.default_rng(number)
    height, width = (int(side) for side in random.integers(17, 120, 2))
    stripes = np.sin(np.arange(width) / (2 if number % 2 else 6))[None, :, None] * 100 + 128
    pixels = (stripes + random.normal(0, 15, (height, width, 3))).clip(0, 255).astype(np.uint8)
    suffix, mode = [
        ("jpg", "RGB"), ("jpg", "L"), ("jpg", "CMYK"), ("png", "P"), ("png", "RGBA"),
        ("png", "I;16"), ("png", "1"), ("png", "LA"), ("gif", "P"), ("webp", "RGBA"),
        ("bmp", "RGB"), ("tiff", "CMYK"), ("tiff", "L"),
    ][number % 13]  # fmt: skip
    image = Image.fromarray(pixels)
    if mode == "I;16":
        image = Image.fromarray(np.asarray(image.convert("L")).astype(np.uint16) * 257)
    else:
        image = image.convert(mode)
    exif = Image.Exif()
    exif[0x010E] = CANARY.decode()
    exif[0x0112] = 1 + number % 8  # orientation
    buffer = io.BytesIO()
    image.save(buffer, {"jpg": "JPEG"}.get(suffix, suffix), exif=exif)
    return suffix, buffer.getvalue()


@pytest.mark.slow  # a minute
def test_a_folder_of_odd_sizes_and_modes_goes_through_all_stages(quick_clone, tmp_path):
    for number in range(100):
        suffix, data = odd_image(number)
        path = tmp_path / "odd" / ("wide" if number % 2 else "narrow") / f"{number}.{suffix}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    add_entry(quick_clone, "odd", "../odd")
    quick_clone.run("dvc repro")
    report = json.loads((quick_clone.path / "reports/ingest.json").read_text())
    assert report["examples"] == 100
    assert report["unreadable"] == 0
    assert report["with_exif"] > 50
    table = pq.read_table(quick_clone.path / "data/raw/part-00000.parquet")
    assert set(table["mode"].to_pylist()) >= {"RGB", "L", "CMYK", "P", "RGBA", "I;16", "1", "LA"}
    assert len(set(zip(*(table[name].to_pylist() for name in ("height", "width"))))) > 80  # noqa: B905
    predictions = pq.read_table(quick_clone.path / "data/evaluation/predictions.parquet")
    assert predictions.num_rows == report["test"]
    for place in ("data", "models", "reports", ".dvc/cache"):
        for file in (quick_clone.path / place).rglob("*"):
            assert not file.is_file() or CANARY not in file.read_bytes(), f"metadata in {file}"


@pytest.mark.slow  # 20 s
def test_too_many_unreadable_images_stop_the_run(quick_clone, tmp_path):
    place = tmp_path / "broken"
    place.mkdir()
    image = jpeg(np.tile(np.arange(16, dtype=np.uint8) * 15, (16, 1)))
    rows = [
        (f"{n}.jpg", image if n % 2 else b"GIF89a nonsense", "ab"[n % 4 // 2]) for n in range(40)
    ]
    write_split(place / "train.parquet", rows, ["a", "b"])
    add_entry(quick_clone, "broken", str(place))
    output = quick_clone.run("dvc repro", expect=255)
    assert (
        "ERROR 20 of 40 examples (50.0%) are to be set aside, at most 1.0% may be "
        "(validate.max_quarantined_fraction) | fix: mend what "
        ".groundwork/failed_validation.csv lists, or allow more\n"
    ) in output
    listed = (quick_clone.path / ".groundwork/failed_validation.csv").read_text().splitlines()
    assert sum("unreadable: " in line for line in listed) == 20
    assert listed[1].startswith("0.jpg,")
    assert "Running stage 'clean'" not in output
    assert not (quick_clone.path / "data/clean").exists()


def test_without_a_licence_nothing_is_ingested(quick_clone, folder):
    (quick_clone.path / "data/catalog/mine.yaml").write_text(f"uri: {folder}\n")
    quick_clone.set_params({"dataset": "mine"})
    output = quick_clone.run("dvc repro", expect=255)
    assert (
        "ERROR data/catalog/mine.yaml: key license is missing; data without a licence is not "
        "ingested | fix: add `license:` with the terms you hold the data under, such as CC-BY-4.0\n"
    ) in output
    assert not (quick_clone.path / "data/raw").exists()


@needs_cifar10
@pytest.mark.slow  # 20 s
def test_cifar10_is_ingested_and_valid(clone):
    add_entry(clone, "cifar10", os.path.relpath(CIFAR10, clone.path))
    output = clone.run("dvc repro validate")
    assert "ingest: 60000 examples of 10 classes: 45023 train, 4977 val, 10000 test\n" in output
    index = json.loads((clone.path / "data/raw/index.json").read_text())
    assert index["target"]["classes"][6] == "frog"
    ids = [
        id
        for f in index["files"]
        for id in pq.read_table(clone.path / "data/raw" / f["name"], columns=["id"])[
            "id"
        ].to_pylist()
    ]
    assert len(set(ids)) == 60000


@pytest.mark.slow
@needs_cifar10
def test_cifar10_is_learnt_with_a_two_line_entry(clone):
    add_entry(clone, "cifar10", CIFAR10)
    clone.run("dvc repro")
    metrics = json.loads((clone.path / "reports/metrics.json").read_text())
    assert metrics["accuracy"] >= 0.75
