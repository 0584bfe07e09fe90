"""Recognising examples in any file: by rows of tables, by names in text, by bytes of images."""

import hashlib
import re
import zlib
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipeline.commands.forget.mentions import names_one, refers_to_one

PARQUET = b"PAR1"
JPEG, JPEG_SCAN = b"\xff\xd8\xff", b"\xff\xda"
HEADER_BYTES = 41  # of a PNG: signature, IHDR, and the length and name of what follows
END_BYTES = 16  # at most, of the end marker of a JPEG or PNG
TRACE_BYTES = 512  # of compressed pixels: no other image has them
MIN_TRACE_BYTES = 32
WINDOWS = 16
FEW = 50  # so many traces are looked for one by one: 1 to 50 in 16 MB take 1 to 90 ms
BLOCK_BYTES = 16 << 20
MAX_TEXT_BYTES = 64 << 20


@dataclass
class Forgotten:
    """Some examples, and all by which they can be recognised."""

    ids: set[str] = field(default_factory=set)
    aliases: set[str] = field(default_factory=set)
    """Ids that older versions of the data have for the same pictures, where ids may be numbers
    that have moved on since: in newer versions they may be those of others."""
    images: set[str] = field(default_factory=set)
    """SHA-256 of the images, as stored and as the source had them."""
    traces: set[bytes] = field(default_factory=set)
    """Bytes of each stored image."""
    _index: "Index | None" = field(default=None, init=False, repr=False, compare=False)

    def size(self) -> tuple[int, ...]:
        """Grows whenever more is known."""
        return len(self.ids), len(self.aliases), len(self.images), len(self.traces)

    def meet(self, file: BinaryIO, names: Collection[str]) -> set[str]:
        """Learn of the rows of a table that `names` mean; returns the names that were met.

        A name is an id, the SHA-256 of an id, or that of an image.
        """
        met: set[str] = set()
        table = read_keys(file)
        if table is None:
            return met
        wanted = set(names)
        for id, *images in zip(*(keys(table, name) for name in KEYS), strict=True):
            if id is None:
                continue
            found = wanted & {id, hashlib.sha256(id.encode()).hexdigest(), *images}
            if found:
                met |= found
                self.ids.add(id)
                self.images.update(image for image in images if image)
        return met

    def meet_copies(self, file: BinaryIO) -> None:
        """Learn the ids of further rows that have one of the images: the same picture."""
        table = read_keys(file)
        if table is not None:
            self.ids.update(id for id in keys(table.filter(self._pictures(table)), "id") if id)

    def learn_pixels(self, file: BinaryIO) -> None:
        """Learn bytes of the decoded images of `ids` from a shard."""
        with pq.ParquetFile(file) as parquet:
            if not {"id", "x"} <= set(parquet.schema_arrow.names):
                return
            table = parquet.read(["id", "x"])
        mine = pc.is_in(table["id"], pa.array(sorted(self.ids), pa.string()))
        found = {trace_of(x) for x in table["x"].filter(mine).to_pylist()}
        others = b"".join(table["x"].filter(pc.invert(mine)).to_pylist())
        self.traces.update(t for t in found if len(t) >= MIN_TRACE_BYTES and t not in others)

    def in_file(self, file: BinaryIO, ids: Collection[str], *, text: bool = True) -> bool:
        """Whether a file holds the images, or rows or (in text) names by one of `ids`.

        What older versions of the data call the images is remembered on the way. A file is read
        in blocks; text of more than MAX_TEXT_BYTES is searched for images alone.
        """
        table = read_keys(file)
        if table is not None:
            pictures = self._pictures(table)
            if pc.any(pictures).as_py():
                if ids:  # else it is a file of something else
                    self._learn(file, table.filter(pictures))
                return True
            if ids and pc.any(pc.is_in(table["id"], pa.array(sorted(ids), pa.string()))).as_py():
                return True
            if refers_to_one(file, ids):
                return True
        file.seek(0)
        digest = hashlib.sha256()
        before = content = b""
        size = 0
        while block := file.read(BLOCK_BYTES):
            digest.update(block)
            size += len(block)
            if self.in_bytes(before + block):
                return True
            before = block[-max(map(len, self.traces), default=1) :]
            content = content + block if size <= MAX_TEXT_BYTES else b""
        if digest.hexdigest() in self.images:
            return True
        return text and table is None and names_one(content, ids)

    def in_bytes(self, content: bytes) -> bool:
        """Whether some bytes hold an image."""
        if len(self.traces) <= FEW:
            return any(trace in content for trace in self.traces)
        if self._index is None or self._index.num_traces != len(self.traces):
            self._index = Index(self.traces)
        return self._index.in_bytes(content)

    def _pictures(self, table: pa.Table) -> pa.ChunkedArray:
        """Which rows have one of the images."""
        images = pa.array(sorted(self.images), pa.string())
        found = [pc.is_in(table[name], images) for name in KEYS[1:]]
        return pc.or_(*found)

    def _learn(self, file: BinaryIO, rows: pa.Table) -> None:
        """Remember of rows that have one of the images what else is known of it."""
        self.aliases.update(id for id in keys(rows, "id") if id)
        for name in KEYS[1:]:
            self.images.update(image for image in keys(rows, name) if image)
        file.seek(0)
        with pq.ParquetFile(file) as parquet:
            names = parquet.schema_arrow.names
            if "image" not in names or "sha256" not in names:
                return
            for batch in parquet.iter_batches(1024, columns=["sha256", "image"]):
                for digest, image in zip(*(column.to_pylist() for column in batch), strict=True):
                    if image and digest in self.images:
                        self.traces.add(trace_of(image))


class Index:
    """Many traces, looked for all at once: a search for each in turn takes as many times as long.

    Where two bytes begin one of them, and then two more do, the rest is compared.
    """

    def __init__(self, traces: Collection[bytes]) -> None:
        self.num_traces = len(traces)
        self._starts: dict[bytes, list[bytes]] = {}
        for trace in traces:
            self._starts.setdefault(trace[:4], []).append(trace)
        self._words = np.frombuffer(b"".join(self._starts), "<u4")
        self._begins = np.zeros(1 << 16, bool)
        self._begins[self._words & 0xFFFF] = True

    def in_bytes(self, content: bytes) -> bool:
        for shift in range(min(4, len(content))):
            words = np.frombuffer(content, "<u4", (len(content) - shift) // 4, shift)
            places = np.flatnonzero(self._begins[words & 0xFFFF])
            places = places[np.isin(words[places], self._words)]
            for place in (4 * places + shift).tolist():
                for trace in self._starts[content[place : place + 4]]:
                    if content.startswith(trace, place):
                        return True
        return False


KEYS = ("id", "sha256", "source_sha256")


def read_keys(file: BinaryIO) -> pa.Table | None:
    """The columns KEYS of a table, null where there is none; None when it is no table of ours."""
    file.seek(0)
    if file.read(len(PARQUET)) != PARQUET:
        return None
    try:
        with pq.ParquetFile(file) as parquet:
            schema = parquet.schema_arrow
            there = [name for name in KEYS if name in schema.names]
            if "id" not in there:
                return None
            table = parquet.read(there)
            return pa.table(
                {
                    name: table[name].cast(pa.string())
                    if name in there
                    else pa.nulls(table.num_rows, pa.string())
                    for name in KEYS
                }
            )
    except (pa.ArrowException, OSError):
        return None  # not whole, or something else


def keys(table: pa.Table, name: str) -> list[str | None]:
    values: list[str | None] = table[name].to_pylist()
    return values


def trace_of(image: bytes) -> bytes:
    """Bytes by which to know an image: of its pixels, those that compress the least.

    Tables and end markers are alike in many images, and so are pixels of a white background.
    """
    start = image.rfind(JPEG_SCAN) if image.startswith(JPEG) else HEADER_BYTES
    pixels = image[start : len(image) - END_BYTES]
    if len(pixels) < MIN_TRACE_BYTES:
        return image
    step = max(1, (len(pixels) - TRACE_BYTES) // (WINDOWS - 1))
    windows = [pixels[at : at + TRACE_BYTES] for at in range(0, step * WINDOWS, step)]
    return max((w for w in windows if w), key=lambda window: len(zlib.compress(window)))


def tombstones(examples: Forgotten, unknown: Iterable[str]) -> set[str]:
    """Digests that keep the examples out, and what is given but unknown."""
    return {digest_of(name) for name in {*examples.ids, *unknown}} | examples.images


def digest_of(name: str) -> str:
    """SHA-256 of a name; one that looks like such a digest is taken for it."""
    if re.fullmatch(r"[0-9a-f]{64}", name):
        return name
    return hashlib.sha256(name.encode()).hexdigest()
