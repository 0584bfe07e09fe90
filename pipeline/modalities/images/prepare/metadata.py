"""What an encoded image carries beside its pixels: keep what decoding needs, name the rest.

The compressed pixels are copied as they are. Only the structure is read here, so nothing in it
(compressed text, colour profiles, previews) is ever unpacked.

Kinds: exif, gps, xmp, iptc, comment, profile, thumbnail, trailer (bytes after the end, among them
second pictures), frames (further frames of an animation), tables (that no pixel needs), time, and
`app3` or `prVt`: the name of a block that is known by nothing else.
"""

import re
import struct
import zlib
from typing import NamedTuple

SOI, EOI = b"\xff\xd8", b"\xff\xd9"
DHT, SOS, DQT, DRI, COM = 0xC4, 0xDA, 0xDB, 0xDD, 0xFE
FRAMES = (0xC0, 0xC1, 0xC2)  # baseline, extended and progressive, coded by Huffman
PROGRESSIVE = 0xC2
TABLES = (DHT, DQT, DRI)
APP_KINDS = (
    (b"Exif", "exif"),
    (b"http://ns.adobe.com/x", "xmp"),
    (b"Photoshop", "iptc"),
    (b"ICC_PROFILE", "profile"),
    (b"JFXX", "thumbnail"),
    (b"MPF\0", "mpf"),
)
# A marker ends the compressed pixels, unless it restarts them (D0 to D7) or is no marker (00).
_end_of_scan = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]").search
# More scans than any encoder makes: each costs the decoder a pass over all pixels.
MAX_SCANS = 100


class Stripped(NamedTuple):
    """An image without what decoding does not need."""

    data: bytes
    width: int
    height: int
    channels: int
    """Of a JPEG: 1 grey, 3 colour, 4 CMYK. Of a PNG: samples of a pixel, 1 to 4."""
    removed: set[str]
    """Kinds of what is left out."""
    exif: bytes
    """What EXIF was there, and XMP, which tell how to turn the image; or nothing."""
    xmp: bytes


# The images of one encoder and size have all before the pixels alike, so it need not be read again:
# these bytes, of the last JPEG of which nothing was left out, and what they say.
_last_plain: list[tuple[bytes, Stripped]] = []


def strip_jpeg(data: bytes) -> Stripped | None:
    """A JPEG with only the segments that decoding needs; None where its structure is odd.

    Odd is what no decoder needs and few understand: several frames, unknown markers, bytes
    between segments, no end. Segments: ITU-T T.81, annex B.
    """
    if not data.startswith(SOI):
        return None
    for header, said in _last_plain:
        if not data.startswith(header):
            break
        scan = _end_of_scan(data, len(header))
        if scan is not None and scan.start() == len(data) - 2 and data.endswith(EOI):
            return said._replace(data=data)
    removed: set[str] = set()
    kept = [SOI]
    tables = _Tables()
    exif = xmp = b""
    frame = b""
    scans = 0
    progressive = has_jfif = has_adobe = False
    at = 2
    while at + 4 <= len(data) and data[at] == 0xFF:
        marker = data[at + 1]
        if marker == 0xFF:  # fill byte
            at += 1
            continue
        if marker == 0xD9:
            break
        end = at + 2 + (data[at + 2] << 8 | data[at + 3])
        segment = data[at:end]
        if len(segment) != end - at or len(segment) < 4:
            return None
        if marker in TABLES:
            if not tables.add(len(kept), marker, segment):
                return None
            kept.append(segment)
        elif marker == SOS:
            if not frame or scans == MAX_SCANS or not tables.use(segment, progressive):
                return None
            scans += 1
            kept.append(segment)
            scan = _end_of_scan(data, end)
            if scan is None:
                return None
            kept.append(data[end : scan.start()])
            end = scan.start()
        elif marker in FRAMES:
            if frame or len(segment) < 10 or len(segment) != 10 + 3 * segment[9]:
                return None
            frame = segment
            progressive = marker == PROGRESSIVE
            tables.wanted = {segment[i]: segment[i + 2] for i in range(10, len(segment), 3)}
            kept.append(segment)
        elif marker == 0xE0 and not has_jfif and len(segment) >= 18 and segment[4:9] == b"JFIF\0":
            has_jfif = True  # it may carry a thumbnail: keep version and density
            kept.append(b"\xff\xe0\x00\x10" + segment[4:16] + b"\0\0")
            removed |= {"thumbnail"} if len(segment) > 18 else set()
        elif marker == 0xEE and len(segment) >= 16 and segment[4:9] == b"Adobe":
            if has_adobe:
                return None
            has_adobe = True  # it says how colours are coded
            kept.append(b"\xff\xee\x00\x0e" + segment[4:16])
            removed |= {"app14"} if len(segment) > 16 else set()
        elif 0xE0 <= marker <= 0xEF or marker == COM:
            kind = _app_kind(marker, segment)
            removed.add(kind)
            if kind == "exif":
                exif = exif or segment[4:]
            elif kind == "xmp":
                xmp = xmp or segment[4:]
        else:
            return None
        at = end
    if data[at : at + 2] != EOI or not scans:
        return None
    if len(data) > at + 2:
        removed.add("trailer")
    if tables.drop_unused(kept):
        removed.add("tables")
    kept.append(EOI)
    height, width = struct.unpack_from(">HH", frame, 5)
    stripped = Stripped(b"".join(kept), width, height, frame[9], removed, exif, xmp)
    if scans == 1 and stripped.data == data:
        _last_plain[:] = [(data[: len(data) - len(kept[-2]) - len(EOI)], stripped)]
    return stripped


def _app_kind(marker: int, segment: bytes) -> str:
    if marker == COM:
        return "comment"
    for prefix, kind in APP_KINDS:
        if segment.startswith(prefix, 4):
            return kind
    return f"app{marker - 0xE0}"


class _Tables:
    """Which tables of a JPEG its scans use: one that none uses may hide anything."""

    def __init__(self) -> None:
        self.wanted: dict[int, int] = {}
        """The quantisation table of each component whose first scan is still to come."""
        # By what scans call a table: number of the segment that it is in, start and end there.
        self._waiting: dict[tuple[int, int], tuple[int, int, int]] = {}
        self._unused: list[tuple[int, int, int]] = []

    def add(self, number: int, marker: int, segment: bytes) -> bool:
        """Read the tables of a segment; whether they fill it."""
        at = 4
        while at < len(segment):
            name = segment[at]
            if marker == DQT:
                size, name = (129 if name >> 4 else 65), name & 15
            elif marker == DHT:
                size = 17 + sum(segment[at + 1 : at + 17])
            else:
                size, name = 2, 0
            if (marker, name) in self._waiting:
                self._unused.append(self._waiting[marker, name])
            self._waiting[marker, name] = (number, at, at + size)
            at += size
        return at == len(segment)

    def use(self, scan: bytes, progressive: bool) -> bool:
        """Note what a scan needs; whether its header is whole."""
        num = (len(scan) - 8) // 2
        if num < 1 or len(scan) != 8 + 2 * scan[4]:
            return False
        first, last, refined = scan[-3], scan[-2], scan[-1] >> 4
        waiting = self._waiting
        waiting.pop((DRI, 0), None)
        for at in range(5, 5 + 2 * num, 2):
            waiting.pop((DQT, self.wanted.pop(scan[at], -1)), None)
            huffman = scan[at + 1]
            if not progressive or (first == 0 and not refined):
                waiting.pop((DHT, huffman >> 4), None)
            if not progressive or last:
                waiting.pop((DHT, 16 | huffman & 15), None)
        return True

    def drop_unused(self, kept: list[bytes]) -> bool:
        """Cut the tables that no scan used out of their segments; whether there were any."""
        unused = self._unused + list(self._waiting.values())
        for number, start, end in sorted(unused, reverse=True):
            segment = kept[number]
            body = segment[4:start] + segment[end:]
            kept[number] = segment[:2] + struct.pack(">H", len(body) + 2) + body if body else b""
        return bool(unused)


PNG_START = b"\x89PNG\r\n\x1a\n"
PNG_END = b"\0\0\0\0IEND\xaeB`\x82"
PNG_SAMPLES = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}  # of a pixel, by colour type
PNG_INDEXED = 3
PNG_KINDS = {
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
XMP_IN_PNG = b"XML:com.adobe.xmp\0"
# Of each of the 7 passes of an interlaced image: first row and column, steps down and right.
ADAM7 = (
    (0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1)
)  # fmt: skip


def strip_png(data: bytes) -> Stripped | None:
    """A PNG with only the chunks that decoding needs; None where its structure is odd."""
    if not data.startswith(PNG_START + b"\0\0\0\rIHDR") or len(data) < 33:
        return None
    width, height, _, colour = struct.unpack_from(">IIBB", data, 16)
    if colour not in PNG_SAMPLES:
        return None
    # How long each chunk may be that stands there once.
    once = {b"tRNS": {0: 2, 2: 6}.get(colour, 0)}
    if colour == PNG_INDEXED:
        once = {b"PLTE": 3 * 256, b"tRNS": 256}
    removed: set[str] = set()
    kept, exif, xmp, at = [data[:33]], b"", b"", 33
    while at + 12 <= len(data):
        end = at + 12 + int.from_bytes(data[at : at + 4])
        name = data[at + 4 : at + 8]
        if name == b"IEND":
            if len(data) > at + 12:
                removed.add("trailer")
            kept.append(PNG_END)
            samples = PNG_SAMPLES[colour]
            return Stripped(b"".join(kept), width, height, samples, removed, exif, xmp)
        if name == b"IHDR" or end > len(data):
            return None
        if name == b"IDAT":
            kept.append(data[at:end])
        elif name in once:
            if end - at - 12 > once[name]:
                return None
            once[name] = 0
            kept.append(data[at:end])
        else:
            kind = PNG_KINDS.get(name) or (name.decode() if name.isalpha() else "other")
            if name == b"eXIf":
                exif = exif or data[at + 8 : end - 4]
            elif name == b"iTXt" and data.startswith(XMP_IN_PNG, at + 8):
                kind = "xmp"
                xmp = xmp or data[at + 8 : end - 4]
            removed.add(kind)
        at = end
    return None


def hides_bytes(png: bytes) -> bool:
    """Whether the compressed stream of a stripped PNG goes on after its last pixel.

    Decoders never look there; screenshots that were cropped in place once kept what had been cut
    off there (CVE-2023-21036). A stream that is damaged hides nothing: it does not decode.
    """
    stream = _png_stream(png)
    expected = _png_stream_bytes(png)
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


def _png_stream(png: bytes) -> bytes:
    found, at = [], 33
    while at < len(png):
        length = int.from_bytes(png[at : at + 4])
        if png[at + 4 : at + 8] == b"IDAT":
            found.append(png[at + 8 : at + 8 + length])
        at += 12 + length
    return found[0] if len(found) == 1 else b"".join(found)


def _png_stream_bytes(png: bytes) -> int:
    """Size of the decompressed rows, each with the byte that names its filter."""
    width, height, depth, colour, _, _, interlaced = struct.unpack_from(">IIBBBBB", png, 16)
    passes = ADAM7 if interlaced else ((0, 0, 1, 1),)
    total = 0
    for top, left, down, right in passes:
        rows, columns = -((top - height) // down), -((left - width) // right)
        if rows > 0 and columns > 0:
            total += rows * (1 + (columns * depth * PNG_SAMPLES[colour] + 7) // 8)
    return total
