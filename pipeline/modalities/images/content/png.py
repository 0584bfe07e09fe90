"""PNG: keep the chunks that decoding needs, name the others.

A PNG is a sequence of chunks: four bytes of length, a name of four letters, content, and four bytes
of checksum.
"""

import struct
import zlib

from pipeline.modalities.images.content.stripped_image import ImageHeader, StrippedImage

START = b"\x89PNG\r\n\x1a\n"
END = b"\0\0\0\0IEND\xaeB`\x82"
FIRST_CHUNK = len(START) + 25  # after the header, IHDR
SAMPLES = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}  # of a pixel, by colour type
INDEXED = 3
CHUNK_KINDS = {
    b"eXIf": "exif",
    b"tEXt": "comment",
    b"zTXt": "comment",
    b"iTXt": "comment",
    b"tIME": "time",
    b"iCCP": "profile",
    b"acTL": "frames",
    b"fcTL": "frames",
    b"fdAT": "frames",
    b"PLTE": "tables",  # of an image that has no indices
}
XMP_START = b"XML:com.adobe.xmp\0"
# Of each of the 7 passes of an interlaced image: first row and column, steps down and right.
ADAM7 = (
    (0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1)
)  # fmt: skip


def strip_png(data: bytes) -> StrippedImage | None:
    """Keep the chunks that decoding needs; None if the structure is odd."""
    if not data.startswith(START + b"\0\0\0\rIHDR") or len(data) < FIRST_CHUNK:
        return None
    width, height, _, colour = struct.unpack_from(">IIBB", data, 16)
    if colour not in SAMPLES:
        return None
    # Largest size of the chunks that decoding needs beside the pixels, each of them once.
    max_size = {b"tRNS": {0: 2, 2: 6}.get(colour, 0)}
    if colour == INDEXED:
        max_size = {b"PLTE": 3 * 256, b"tRNS": 256}
    removed: set[str] = set()
    kept, exif, xmp, at = [data[:FIRST_CHUNK]], b"", b"", FIRST_CHUNK
    while at + 12 <= len(data):
        end = at + 12 + int.from_bytes(data[at : at + 4])
        name = data[at + 4 : at + 8]
        if name == b"IEND":
            if len(data) > at + 12:
                removed.add("trailer")
            kept.append(END)
            header = ImageHeader(width, height, SAMPLES[colour], exif, xmp)
            return StrippedImage(b"".join(kept), frozenset(removed), header)
        if name == b"IHDR" or end > len(data):
            return None
        if name == b"IDAT":
            kept.append(data[at:end])
        elif name in max_size:
            if end - at - 12 > max_size[name]:
                return None
            max_size[name] = 0
            kept.append(data[at:end])
        else:
            kind = CHUNK_KINDS.get(name) or (name.decode() if name.isalpha() else "other")
            if name == b"eXIf":
                exif = exif or data[at + 8 : end - 4]
            elif name == b"iTXt" and data.startswith(XMP_START, at + 8):
                kind = "xmp"
                xmp = xmp or data[at + 8 : end - 4]
            removed.add(kind)
        at = end
    return None


def is_deep_png(data: bytes) -> bool:
    """Whether this is a PNG of 16 bits a channel."""
    return data.startswith(START) and data[24:25] == b"\x10"


def hides_bytes(png: bytes) -> bool:
    """Return whether the compressed stream of a stripped PNG continues after its last pixel.

    Decoders never look there; screenshots cropped in place once kept the removed part there
    (CVE-2023-21036). A damaged stream hides nothing: it does not decode.
    """
    stream = _compressed_stream(png)
    expected = _num_row_bytes(png)
    inflater = zlib.decompressobj()
    num_bytes = 0
    try:
        for start in range(0, len(stream), 1 << 16):
            block = stream[start : start + (1 << 16)]
            while block:
                num_bytes += len(inflater.decompress(block, 1 << 20))
                if num_bytes > expected or inflater.unused_data:
                    return True
                block = inflater.unconsumed_tail
    except zlib.error:
        return False
    return False


def _compressed_stream(png: bytes) -> bytes:
    """Join the contents of all IDAT chunks."""
    parts, at = [], FIRST_CHUNK
    while at < len(png):
        length = int.from_bytes(png[at : at + 4])
        if png[at + 4 : at + 8] == b"IDAT":
            parts.append(png[at + 8 : at + 8 + length])
        at += 12 + length
    return parts[0] if len(parts) == 1 else b"".join(parts)


def _num_row_bytes(png: bytes) -> int:
    """Size of the decompressed rows, each with the byte that names its filter."""
    width, height, depth, colour, _, _, interlaced = struct.unpack_from(">IIBBBBB", png, 16)
    passes = ADAM7 if interlaced else ((0, 0, 1, 1),)
    num_bytes = 0
    for top, left, down, right in passes:
        rows, columns = -((top - height) // down), -((left - width) // right)
        if rows > 0 and columns > 0:
            num_bytes += rows * (1 + (columns * depth * SAMPLES[colour] + 7) // 8)
    return num_bytes
