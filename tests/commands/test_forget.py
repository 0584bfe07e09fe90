"""What is forgotten is nowhere any more: not in the caches, not in a remote, not in git."""

import hashlib
import io
import subprocess
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from PIL import Image

from repository import Repository, make_clone

FORGET = "python -m pipeline.commands.forget"
CANARY = hashlib.sha256(b"canary").hexdigest().encode()  # stands in no file of the project
QUICK = {
    "dataset": "people",
    "model": "article_cnn",
    "epochs": 1,
    "clean": {"folds": 0},
    "augment": {"copies": 2},
    "validate": {"max_quarantined_fraction": 0.5},
}
FORGOTTEN = ["ada/003.jpg", "bob/007.jpg"]


def photo(number: int, hue: int) -> bytes:
    """A JPEG with a place in its EXIF and a canary in its comment."""
    random = np.random.default_rng(number)
    pixels = np.zeros((16, 16, 3), np.uint8)
    pixels[..., hue] = 160
    pixels += random.integers(0, 60, pixels.shape, dtype=np.uint8)
    exif = Image.Exif()
    exif.get_ifd(0x8825)[1] = "N"
    exif[0x010E] = CANARY.decode()
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=95, exif=exif, comment=CANARY)
    return buffer.getvalue()


@pytest.fixture
def people(tmp_path: Path) -> Path:
    root = tmp_path / "people"
    for person in range(2):
        folder = root / ["ada", "bob"][person]
        folder.mkdir(parents=True)
        for number in range(40):
            (folder / f"{number:03d}.jpg").write_bytes(photo(100 * person + number, person))
    return root


@pytest.fixture
def repository(tmp_path: Path, people: Path) -> Repository:
    """Two commits, an experiment and a remote that all have the photos."""
    clone = make_clone(tmp_path / "clone")
    entry = "uri: ../people\nlicense: CC-BY-4.0\nclasses: [ada, bob]\n"
    (clone.path / "data/catalog/people.yaml").write_text(entry)
    clone.set_params(QUICK)
    clone.run("dvc remote add --default store ../store")
    clone.commit("people")
    clone.run("dvc repro")
    clone.commit("results")
    clone.run("dvc exp run -S lr=0.002 --name faster")
    clone.run("git checkout -q . && dvc checkout -q --force")
    clone.run("dvc push -q --run-cache")
    return clone


def everything(repository: Repository) -> Iterator[tuple[str, bytes]]:
    """Every file of the clone and of its remote, and every object of git, inflated."""
    for root in (repository.path, repository.path.parent / "store"):
        for path in root.rglob("*"):
            if path.is_file() and ".git" not in path.parts:
                yield str(path), path.read_bytes()
    listed = repository.run("git cat-file --batch-all-objects --batch-check='%(objectname)'")
    for name in listed.split():
        content = subprocess.run(
            ["git", "cat-file", "--batch"],
            cwd=repository.path,
            input=name.encode(),
            capture_output=True,
            check=True,
        ).stdout
        yield f"git object {name}", content


def holders(repository: Repository, images: list[bytes], ids: list[str]) -> list[str]:
    """Where images or ids are: in bytes, or in the rows of a table."""
    found = []
    for name, content in everything(repository):
        hit = any(image in content for image in images)
        if content.startswith(b"PAR1"):
            table = pq.read_table(io.BytesIO(content))
            if "id" in table.column_names:
                hit |= bool(set(ids) & set(table["id"].to_pylist()))
            if "image" in table.column_names:
                hit |= bool(set(images) & set(table["image"].to_pylist()))
        if hit:
            found.append(name)
    return found


def stored(repository: Repository, ids: list[str]) -> list[bytes]:
    table = pq.read_table(repository.path / "data/raw/part-00000.parquet")
    return [row["image"] for row in table.to_pylist() if row["id"] in ids]


def test_erasure(repository, people):
    assert not [n for n, content in everything(repository) if CANARY in content]  # after ingest

    images = stored(repository, FORGOTTEN)
    assert len(images) == 2
    assert len(holders(repository, images, FORGOTTEN)) > 8  # raw, clean, shards: here and there
    old = repository.run("git rev-parse HEAD").strip()
    kept_before = stored(repository, ["ada/004.jpg"])

    before = {name: hashlib.md5(content).digest() for name, content in everything(repository)}
    said = repository.run(f"{FORGET} --ids {' '.join(FORGOTTEN)} --dry-run")
    assert "To forget in people: 2 examples" in said
    assert f"  - {old}" in said
    assert "  - refs/exps/" in said
    assert said.endswith("Nothing was changed (--dry-run).\n")
    after = {name: hashlib.md5(content).digest() for name, content in everything(repository)}
    assert {name for name in before | after if before.get(name) != after.get(name)} <= {
        name for name in before | after if "__pycache__" in name or "/.dvc/tmp/" in name
    }

    said = repository.run(f"{FORGET} --ids {' '.join(FORGOTTEN)} --reason 'asked for it'")
    assert holders(repository, images, FORGOTTEN) == []
    assert "Found: nothing." in said
    assert f"  - {old}" in said
    assert "- trained on them, and kept: 2 models" in said
    receipts = list((repository.path / ".groundwork").glob("forgotten-*.md"))
    assert len(receipts) == 1
    assert receipts[0].read_text() in said
    assert "ada/003.jpg" not in receipts[0].read_text()

    tombstones = (repository.path / "data/optout/people.csv").read_text()
    assert "ada/003.jpg" not in tombstones
    assert hashlib.sha256(b"ada/003.jpg").hexdigest() in tombstones
    assert "asked for it" in tombstones
    report = (repository.path / "reports/ingest.json").read_text()
    assert '"opted_out": 2' in report
    assert '"examples": 78' in report
    assert stored(repository, ["ada/004.jpg"]) == kept_before
    assert repository.run("dvc exp list --name-only") == ""
    repository.run("dvc status -q")
    repository.commit("forgotten")

    # The same photo under another name stays out, and nothing is left to do.
    (people / "ada/again.jpg").write_bytes((people / "ada/003.jpg").read_bytes())
    repository.run("dvc repro --force --single-item ingest && dvc repro")
    assert '"opted_out": 3' in (repository.path / "reports/ingest.json").read_text()
    assert holders(repository, images, [*FORGOTTEN, "ada/again.jpg"]) == []
    said = repository.run(f"{FORGET} --ids {FORGOTTEN[0]}")
    assert "Found: nothing." in said
    assert (repository.path / "data/optout/people.csv").read_text() == tombstones


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("", "ERROR no ids are given | fix: name them: --ids ID, or --ids-file FILE\n"),
        (
            "--ids nobody.jpg",
            "ERROR 1 of 1 ids are nowhere in data/raw, the cache or a remote, first: nobody.jpg "
            "| fix: check them (data/raw has ids and digests), or add --allow-unknown to keep "
            "them out of the future at least\n",
        ),
        ("--ids a --dataset nothing", "ERROR dataset is 'nothing', but data/catalog/nothing.yaml"),
    ],
)
def test_what_it_refuses(tmp_path, arguments, message):
    clone = make_clone(tmp_path / "clone")
    assert clone.run(f"{FORGET} {arguments}", expect=1).startswith(message)
    assert clone.run("git status --porcelain") == ""
