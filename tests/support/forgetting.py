"""Photos of people to be forgotten, and a search for them that shares no code with the command."""

import hashlib
import io
import subprocess
from collections.abc import Iterator

import numpy as np
import pyarrow.parquet as pq
from PIL import Image

from tests.support.repository import Repository

CANARY = hashlib.sha256(b"canary").hexdigest().encode()  # stands in no file of the project
FORGET = "groundwork forget"
FORGOTTEN = ["ada/003.jpg", "bob/007.jpg"]
COPY = "ada/003 copy.jpg"  # the same picture as the first of them
IDS = " ".join(FORGOTTEN)


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


def jpeg(number: int) -> bytes:
    """A photo of noise."""
    pixels = np.random.default_rng(number).integers(0, 256, (256, 256, 3), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=80)
    return buffer.getvalue()


def everything(repository: Repository) -> Iterator[tuple[str, bytes]]:
    """Every file of the clone and of its remote, and every object of git, inflated."""
    for root in (repository.path, repository.path.parent / "store"):
        for path in root.rglob("*"):
            if path.is_file() and not {".git", "tests"} & set(path.relative_to(root).parts):
                yield str(path), path.read_bytes()
    listed = repository.run("git cat-file --batch-all-objects --batch-check='%(objectname)'")
    found = subprocess.run(
        ["git", "cat-file", "--batch"],
        cwd=repository.path,
        input=listed.encode(),
        capture_output=True,
        check=True,
    ).stdout
    yield "the objects of git", found


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
                values = table["image"].to_pylist()
                hit |= bool(
                    set(images) & {v["bytes"] if isinstance(v, dict) else v for v in values}
                )
            for column in {"neighbours", "of", "like"} & set(table.column_names):
                hit |= any(id in str(table[column].to_pylist()) for id in ids)
        elif name != "the objects of git":  # whose ids are those of the reviews and reports
            hit |= any(id.encode() in content for id in ids)
        if hit:
            found.append(name)
    return found


def stored(repository: Repository, ids: list[str]) -> list[bytes]:
    table = pq.read_table(repository.path / "data/raw/part-00000.parquet")
    return [row["image"] for row in table.to_pylist() if row["id"] in ids]
