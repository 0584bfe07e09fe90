"""Records of what a server answered: files of fixed-size rows, each with a CRC of itself.

A file begins with MAGIC, the length of a JSON header, the header and their CRC-32; rows follow,
little-endian, each written by one `write`. So a killed process leaves all that it wrote, and at
most its last row is torn: readers leave out torn rows. Servers have no Arrow, so this uses none.

    time        float64     seconds since 1970, UTC
    id          16 bytes    UUID of the answer
    digest      64 bytes    hex SHA-256 of the content as data/raw would have it, in newlines, so
                            that `forget` finds it; zeros where a request had no content
    seconds     float32     from the whole request to its answer
    outputs     float16 × K of the network, or float32
    measured    float32 × M
    embedding   float16 × D
    crc         uint32      CRC-32 of all before it
"""

import json
import struct
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

MAGIC = b"GWSERVED"
ANSWERS, TRUTHS = "answers", "truths"
LABEL_BYTES = 200
"""The longest label that `/feedback` takes, in UTF-8."""
LENGTH = struct.Struct("<I")
MOST_HEADER_BYTES = 1 << 20
OUTPUT_TYPES = ("<f2", "<f4")


class Layout(NamedTuple):
    """The layout of the rows of a file."""

    kind: str
    """ANSWERS, or TRUTHS: labels that came later."""
    model: str
    """Digest of the model."""
    num_outputs: int = 0
    num_embedding: int = 0
    measured: tuple[str, ...] = ()
    """Names of measurements."""
    outputs_type: str = "<f2"
    """The type of each output; float16, or float32 where outputs are codes."""

    def dtype(self) -> np.dtype:
        """Type of a row."""
        if self.kind == TRUTHS:
            fields: list[Any] = [("time", "<f8"), ("id", "V16"), ("label", f"S{LABEL_BYTES}")]
        else:
            fields = [
                ("time", "<f8"),
                ("id", "V16"),
                ("before", "S1"),
                ("digest", "S64"),
                ("after", "S1"),
                ("seconds", "<f4"),
                ("outputs", self.outputs_type, (self.num_outputs,)),
                ("measured", "<f4", (len(self.measured),)),
                ("embedding", "<f2", (self.num_embedding,)),
            ]
        return np.dtype([*fields, ("crc", "<u4")])

    def header(self) -> bytes:
        text = json.dumps(self._asdict()).encode()
        start = MAGIC + LENGTH.pack(len(text)) + text
        return start + LENGTH.pack(zlib.crc32(start))


class Records(NamedTuple):
    """Rows of a file."""

    layout: Layout
    rows: NDArray
    """The whole rows, a structured array `(N,)`."""
    num_torn: int
    """Torn rows, mostly the last one of a server that was killed."""


HEAD = struct.Struct("<d16sc64scf")
TRUTH = struct.Struct(f"<d16s{LABEL_BYTES}s")


def answer_row(time: float, id: bytes, digest: str | None, seconds: float, values: bytes) -> bytes:
    """A row of ANSWERS; `values` are outputs, measured and embedding as they are stored."""
    row = HEAD.pack(time, id, b"\n", (digest or "").encode(), b"\n", seconds) + values
    return row + LENGTH.pack(zlib.crc32(row))


def truth_row(time: float, id: bytes, label: str) -> bytes:
    """A row of TRUTHS; `label` has at most LABEL_BYTES."""
    row = TRUTH.pack(time, id, label.encode())
    return row + LENGTH.pack(zlib.crc32(row))


def read_records(path: Path) -> Records:
    """The whole rows of a file, which a server may still be writing.

    Raises:
        OSError: it cannot be read.
        ValueError: its header is not whole, or it is another file.
    """
    content = path.read_bytes()
    layout, start = read_layout(content)
    dtype = layout.dtype()
    num_rows = (len(content) - start) // dtype.itemsize
    rows = np.frombuffer(content, dtype, num_rows, start)
    end = dtype.itemsize - LENGTH.size
    view = memoryview(content)[start:]
    places = range(0, num_rows * dtype.itemsize, dtype.itemsize)
    crcs = [zlib.crc32(view[at : at + end]) for at in places]
    whole = rows["crc"] == np.array(crcs, np.uint32)
    has_rest = (len(content) - start) % dtype.itemsize > 0
    return Records(layout, rows[whole], int(num_rows - whole.sum()) + has_rest)


def read_layout(content: bytes) -> tuple[Layout, int]:
    """Read the layout of a file's rows, and where they begin.

    Raises:
        ValueError: its header is not whole, or it is another file.
    """
    if not content.startswith(MAGIC):
        raise ValueError("no file of records")
    length_end = len(MAGIC) + LENGTH.size
    if len(content) < length_end:
        raise ValueError("its header is not whole")
    (length,) = LENGTH.unpack_from(content, len(MAGIC))
    end = length_end + length
    if length > MOST_HEADER_BYTES or len(content) < end + LENGTH.size:
        raise ValueError("its header is not whole")
    if LENGTH.unpack_from(content, end)[0] != zlib.crc32(content[:end]):
        raise ValueError("its header is damaged")
    values: Mapping[str, Any] = json.loads(content[length_end:end])
    layout = Layout(**values)._replace(measured=tuple(values["measured"]))
    if layout.outputs_type not in OUTPUT_TYPES:
        raise ValueError("its outputs are of an unknown type")
    return layout, end + LENGTH.size
